"""The platform with one guarantee taken out: a chaos run that passes with one of them is worthless.

Each function changes the shared code of the process that calls it.
"""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from faststream import AckPolicy
from pymongo import UpdateOne

from shared.contracts.base import Delivered
from shared.outbox import Entry, Outbox
from shared.rabbit import runner
from shared.store.outboxes import Outboxes
from shared.store.projections import Projection


def guard_off() -> None:
    """The last event to come wins, not the newest."""

    async def put(self: Any, row: Any, delivered: Delivered[Any]) -> bool:
        document = self._codec.encode(row)
        document |= {"tenant": self.tenant, "sequence": delivered.sequence}
        await self._documents.replace_one({"_id": document["_id"]}, document, upsert=True)
        return True

    Projection.put = put  # type: ignore[method-assign]


def clear_before_confirm() -> None:
    """The outbox forgets events that the broker may never get."""
    publish_and_clear = Outbox._publish_and_clear

    async def too_early(self: Any, key: Any, work: Any, entries: list[Entry]) -> bool:
        cleared = await publish_and_clear(cast(Outbox, _Silent(self)), key, work, entries)
        for entry in entries:
            await self._publish(self._outgoing(entry))
        return cleared

    Outbox._publish_and_clear = too_early  # type: ignore[method-assign]


class _Silent:
    """A relay that publishes nothing."""

    def __init__(self, relay: Any) -> None:
        self._relay = relay

    def __getattr__(self, name: str) -> Any:
        return getattr(self._relay, name)

    async def _publish(self, _: Any) -> None:
        await asyncio.sleep(0)


def ack_before_write() -> None:
    """Deliveries are settled before they are applied, which takes its time."""
    put = Projection.put

    async def slowly(self: Any, row: Any, delivered: Delivered[Any]) -> bool:
        await asyncio.sleep(0.3)
        return await put(self, row, delivered)

    Projection.put = slowly  # type: ignore[method-assign]
    runner.AckPolicy = SimpleNamespace(  # type: ignore[assignment,attr-defined]
        REJECT_ON_ERROR=AckPolicy.ACK_FIRST
    )


def clear_without_version() -> None:
    """The outbox is emptied whatever came into it meanwhile."""

    async def clear(self: Any, published: dict[str, int]) -> set[str]:
        everything = {"$unset": {"outbox": "", "outbox_since": ""}}
        await self._documents.bulk_write(
            [UpdateOne({"_id": id}, everything) for id in published], ordered=False
        )
        return set()

    Outboxes.clear = clear  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (guard_off, clear_before_confirm, ack_before_write, clear_without_version)
}
