"""One process of a service: commands, relay, consumers; it can die at any moment."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any

from shared.contracts.base import Delivered
from shared.contracts.identity import TenantFacts
from shared.kernel.clock import utc_now
from shared.outbox import Outbox
from shared.rabbit import Outgoing, read
from shared.rabbit.envelope import to_message
from shared.republish import republish
from shared.scope import Scope
from shared.store import Database
from shared.store.outboxes import Outboxes
from tests.properties.errands import ErrandStore, RewardStore, follow
from tests.properties.network import Broker, Copy, Network, SteppedDatabase

Tasks = set[asyncio.Task[Any]]
Publish = Callable[[Outgoing], Awaitable[None]]

_MINE: ContextVar[Tasks] = ContextVar("_MINE")


@dataclass(frozen=True)
class Parts:
    """What a process is made of: the real things, unless a mutant puts a broken one in."""

    outbox: type[Outbox] = Outbox
    outboxes: type[Outboxes] = Outboxes
    errands: type[ErrandStore] = ErrandStore
    follow: Callable[[Delivered[Any], Scope], Awaitable[None]] = follow
    publish: Callable[[Publish], Publish] = lambda publish: publish
    acknowledges_first: bool = False


def remembering_owners(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> Any:
    """A task factory: whatever a process begins is known to be the process's."""
    task = asyncio.Task(work, loop=loop, **options)
    if (mine := _MINE.get(None)) is not None:
        mine.add(task)
        task.add_done_callback(mine.discard)
    return task


class Process:
    """Made within the running loop. It relays and sweeps from the start."""

    def __init__(
        self,
        name: str,
        real: Database,
        network: Network,
        broker: Broker,
        tenant: TenantFacts,
        parts: Parts,
    ) -> None:
        self.name = name
        self._broker = broker
        self._parts = parts
        self._tasks: Tasks = set()
        self._context = copy_context()
        self._context.run(_MINE.set, self._tasks)
        self.database = SteppedDatabase(real, network, name)
        self._publish = parts.publish(lambda message: broker.publish(name, message))
        self.outbox = parts.outbox(
            "tests",
            rows=lambda collection: parts.outboxes(self.database, collection),
            publish=self._publish,
            connected=lambda: broker.connected,
        )
        self.scope = Scope(tenant, utc_now(), self.database, self.outbox)
        self._context.run(self.outbox.start, [ErrandStore.collection, RewardStore.collection])

    def run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self._context.run(asyncio.create_task, work)

    @property
    def errands(self) -> ErrandStore:
        return self.scope.store(self._parts.errands)

    async def die(self) -> None:
        """At once, wherever it is; what it has sent may still arrive."""
        tasks: Sequence[asyncio.Task[Any]] = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._broker.forget(self.name)

    async def consume(self, copy: Copy) -> None:
        """Applies, then acknowledges. Whatever goes wrong, the message comes again."""
        delivery = self._broker.deliver(copy, self.name)
        delivered = read(to_message(copy.message, None))
        try:
            if self._parts.acknowledges_first:
                await self._broker.acknowledge(copy, delivery)
            await self._parts.follow(delivered, self.scope)
            if not self._parts.acknowledges_first:
                await self._broker.acknowledge(copy, delivery)
        finally:
            self._broker.give_back(copy, delivery)

    async def republish(self) -> None:
        slug = self.scope.tenant.slug
        await republish(self.database, ErrandStore, self._publish, tenant=slug)
