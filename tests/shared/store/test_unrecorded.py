"""What a write tells of itself in a trace that is recorded, and in one that is not."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler

from shared.store import Database


def span_ids(sampler: Sampler) -> tuple[int, int]:
    """Of a request's span, and of what is current within the request's write."""
    provider = TracerProvider(sampler=ParentBased(sampler))
    database = Database("mongodb://127.0.0.1:1/", "trial", provider)
    try:
        with (
            provider.get_tracer("trial").start_as_current_span("request") as request,
            database.write("boxes", "update", "vodafone"),
        ):
            write = trace.get_current_span().get_span_context()
    finally:
        database.close()
    assert write.trace_id == request.get_span_context().trace_id
    return request.get_span_context().span_id, write.span_id


@pytest.mark.parametrize(("sampler", "own"), [(ALWAYS_ON, True), (ALWAYS_OFF, False)])
def test_a_write_has_a_span_of_its_own_where_somebody_will_see_it(sampler, own):
    request, write = span_ids(sampler)
    assert (write != request) is own
