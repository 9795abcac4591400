"""A write's span says how it went, as whoever reads traces needs it."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client import REGISTRY
from pymongo.errors import AutoReconnect, DuplicateKeyError

from shared.kernel.errors import Unavailable
from shared.store import Database

spans = InMemorySpanExporter()


@pytest.fixture
def database() -> Iterator[Database]:
    """Nobody is asked anything at its address."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    database = Database("mongodb://127.0.0.1:1", "boxes", provider)
    spans.clear()
    yield database
    database.close()


def test_a_duplicate_is_no_failure(database: Database) -> None:
    with pytest.raises(DuplicateKeyError), database.write("boxes", "insert", "vodafone"):
        raise DuplicateKeyError("there already", 11000)
    [span] = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes or {})["db.response.status_code"] == "11000"


def test_a_database_that_is_away_is_one(database: Database) -> None:
    with pytest.raises(Unavailable), database.write("boxes", "insert", "vodafone"):
        raise AutoReconnect("away")
    [span] = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR


def test_every_write_is_measured_however_it_ends(database: Database) -> None:
    def count() -> float:
        name, labels = "store_write_duration_seconds_count", {"collection": "measured"}
        return REGISTRY.get_sample_value(name, labels) or 0.0

    before = count()
    with database.write("measured", "update", "vodafone"):
        pass
    with pytest.raises(Unavailable), database.write("measured", "update", "vodafone"):
        raise AutoReconnect("away")
    assert count() == before + 2
