"""A change's trace goes on whatever becomes of its message."""

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from shared.contracts.base import Delivered
from shared.kernel.errors import Invalid, NotFound
from shared.scope import Scope
from tests.shared.rabbit.trial import Trial, an_event, empty, eventually, running

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def of_the_trace(trial: Trial) -> list[ReadableSpan]:
    """By their beginning: a consumer may be done before the publisher has its confirmation."""
    spans = sorted(trial.spans.get_finished_spans(), key=lambda span: span.start_time or 0)
    return [span for span in spans if f"{span.context.trace_id:032x}" == TRACE]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_every_attempt_is_a_span_of_the_changes_trace(url: str) -> None:
    trial = Trial(url)
    attempts = 0

    async def fail_twice(delivered: Delivered[Any], scope: Scope) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise NotFound("not here yet")
        await trial.note(delivered, scope)

    async with running(trial, fail_twice):
        await trial.publisher.publish(an_event(traceparent=PARENT))
        await eventually(lambda: trial.applied)
        await empty(trial)
    publish, *tries = of_the_trace(trial)
    assert publish.name == "publish events"
    assert [span.name for span in tries] == [f"process {trial.queue}"] * 3
    assert all(span.parent and span.parent.span_id == publish.context.span_id for span in tries)
    codes = [span.status.status_code for span in tries]
    assert codes == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert [attributes(span).get("helphood.retry.round") for span in tries] == [None, 1, 2]
    assert attributes(tries[0])["error.type"] == "NotFound"


async def test_parking_is_the_last_span_of_the_changes_trace(url: str) -> None:
    trial = Trial(url)

    async def refuse(delivered: Delivered[Any], scope: Scope) -> None:
        raise Invalid("never")

    async with running(trial, refuse):
        await trial.publisher.publish(an_event(traceparent=PARENT, tenant="swisscom"))
        await eventually(lambda: trial.parked)
        await empty(trial)
    publish, attempt, parking = of_the_trace(trial)
    assert attempt.status.status_code is StatusCode.ERROR
    assert (parking.name, parking.kind) == (f"process {trial.queue}.parked", SpanKind.CONSUMER)
    assert parking.parent is not None
    assert parking.parent.span_id == publish.context.span_id
    assert parking.status.status_code is StatusCode.ERROR
    assert attributes(parking)["helphood.parked.reason"] == "refused"
    assert attributes(parking)["tenant.id"] == "swisscom"


async def test_a_replay_goes_on_with_the_changes_trace(url: str) -> None:
    trial = Trial(url)

    async def refuse_once(delivered: Delivered[Any], scope: Scope) -> None:
        if not trial.parked:
            raise Invalid("not before it was parked")
        await trial.note(delivered, scope)

    async with running(trial, refuse_once):
        await trial.publisher.publish(an_event(traceparent=PARENT))
        await eventually(lambda: trial.parked)
        await empty(trial)
        await trial.publisher.replay(trial.parked[0])
        await eventually(lambda: trial.applied)
        await empty(trial)
    last = of_the_trace(trial)[-1]
    assert (last.name, last.status.status_code) == (f"process {trial.queue}", StatusCode.UNSET)
