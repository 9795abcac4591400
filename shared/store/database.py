"""The connection to a service's own database, and the driver's errors in our words."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind
from pymongo import IndexModel, WriteConcern, monitoring
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
    WTimeoutError,
)

from shared import telemetry
from shared.kernel.errors import Unavailable

Document = dict[str, Any]

DriverError = PyMongoError
"""For edges that must say in one line what they did not expect."""

_AWAY = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    ServerSelectionTimeoutError,
    WriteConcernError,
    WTimeoutError,
)


@contextmanager
def driver_errors() -> Iterator[None]:
    """A database that is away or slow becomes Unavailable; every other error is a defect."""
    try:
        yield
    except _AWAY as error:
        raise Unavailable("the database does not answer", code="database_unavailable") from error


@dataclass(frozen=True)
class Index:
    """fields: (name, 1 or -1) in order. sparse: only documents that have the field.

    expire_after: the database removes a document this long after the moment in its one field (the
    earliest, if it holds several); never for aggregates with events or facts worth keeping.
    """

    fields: tuple[tuple[str, int], ...]
    sparse: bool = False
    unique: bool = False
    expire_after: timedelta | None = None

    def model(self) -> IndexModel:
        options: dict[str, Any] = {"sparse": True} if self.sparse else {}
        if self.unique:
            options["unique"] = True
        if self.expire_after is not None:
            options["expireAfterSeconds"] = int(self.expire_after.total_seconds())
        return IndexModel(list(self.fields), **options)


class Indexed:
    """What keeps one collection."""

    collection: ClassVar[str]

    @classmethod
    def all_indexes(cls) -> tuple[Index, ...]:
        """None unless the class has some."""
        return ()

    @classmethod
    def index_plan(cls) -> dict[str, tuple[Index, ...]]:
        """Collection -> its indexes."""
        return {cls.collection: cls.all_indexes()}


class _Reach(monitoring.TopologyListener):
    """Whether there is a server to write to, by the driver's own watch; lost only once it was."""

    lost = False

    def opened(self, event: monitoring.TopologyOpenedEvent) -> None: ...

    def description_changed(self, event: monitoring.TopologyDescriptionChangedEvent) -> None:
        before, now = event.previous_description, event.new_description
        if now.has_writable_server():
            self.lost = False
        elif before.has_writable_server():
            self.lost = True

    def closed(self, event: monitoring.TopologyClosedEvent) -> None: ...


class Database:
    """One service's database; writes are acknowledged by a majority and journalled."""

    def __init__(self, url: str, name: str, provider: TracerProvider | None = None) -> None:
        self._reach = _Reach()
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            event_listeners=[self._reach],
            heartbeatFrequencyMS=2000,
            tz_aware=True,
            serverSelectionTimeoutMS=2000,
            connectTimeoutMS=2000,
            socketTimeoutMS=8000,
            maxPoolSize=32,
            appname="helphood",
        )
        self.name = name
        self.provider = provider or TracerProvider()
        self._database = self._client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True),
            write_concern=WriteConcern(w="majority", j=True),
        )
        self._collections: dict[str, Any] = {}
        self.writes: Counter[str] = Counter()
        """Collection -> how many writes of this process's stores have ended. Whoever looks for
        something there again and again finds by it when a look is worth it."""

    @property
    def lost(self) -> bool:
        """Whether the server was there and is not: nothing asked now would be answered soon."""
        return self._reach.lost

    def collection(self, name: str) -> Any:
        """The driver's collection; used within shared.store and the relay only.

        Unavailable while the server is lost: hundreds of requests that wait for it would only wait
        for each other. Who reads regularly keeps a collection, and notices first when the server
        is back.
        """
        if self.lost:
            raise Unavailable("the database does not answer", code="database_unavailable")
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = self._database[name]
        return found

    @property
    def handle(self) -> Any:
        """The driver's database, for GridFS."""
        return self._database

    @contextmanager
    def write(self, collection: str, operation: str, tenant: str) -> Iterator[None]:
        """A client span in the database conventions around one write, errors translated.

        In a trace that is not recorded there is no span: nobody would see it, and whoever follows
        learns from the caller's context as well that nothing is recorded.
        """
        around = trace.get_current_span().get_span_context()
        recorded = around.trace_flags.sampled or not around.is_valid
        told = self._span(collection, operation, tenant) if recorded else driver_errors()
        try:
            with telemetry.STORE_SECONDS.labels(collection).time(), told:
                yield
        finally:
            self.writes[collection] += 1

    @contextmanager
    def _span(self, collection: str, operation: str, tenant: str) -> Iterator[None]:
        """A duplicate is an answer, not a failure: so it is known that an effect is there."""
        attributes = {
            "db.system.name": "mongodb",
            "db.namespace": self.name,
            "db.collection.name": collection,
            "db.operation.name": operation,
            "tenant.id": tenant,
        }
        name = f"{operation} {collection}"
        with (
            telemetry.span(self.provider, name, SpanKind.CLIENT, attributes) as span,
            driver_errors(),
        ):
            try:
                yield
                return
            except DuplicateKeyError as error:
                span.set_attribute("db.response.status_code", str(error.code))
                duplicate = error
        raise duplicate

    async def ping(self) -> bool:
        """Whether the database answers within a second."""
        try:
            async with asyncio.timeout(1.0):
                await self._database.command("ping")
        except (TimeoutError, PyMongoError):
            return False
        return True

    async def ensure_indexes(self, collection: str, indexes: Sequence[Index]) -> None:
        """Create what is missing; harmless when repeated."""
        if indexes:
            with driver_errors():
                await self.collection(collection).create_indexes([i.model() for i in indexes])

    async def keep_latest(self, collection: str, document: Document) -> None:
        """Insert, or replace what has its ``_id``; for records that belong to no tenant's store."""
        with driver_errors():
            try:
                await self.collection(collection).insert_one(document)
            except DuplicateKeyError:
                # Somebody may have removed it since: then it is inserted after all.
                same = {"_id": document["_id"]}
                await self.collection(collection).replace_one(same, document, upsert=True)

    async def drop(self) -> None:
        """Forget everything; for tests and trials."""
        await self._client.drop_database(self.name)

    def close(self) -> None:
        self._client.close()
