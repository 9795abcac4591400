"""Telling again what is the case, for consumers that were not there when it happened."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.rabbit import Outgoing
from shared.store import Database, Store
from shared.store.snapshots import Snapshots

Publish = Callable[[Outgoing], Awaitable[None]]


def publishing(stores: Sequence[type[Any]]) -> list[type[Store[Any]]]:
    """Those whose aggregates publish events, in the service's own order."""
    return [kind for kind in stores if issubclass(kind, Store) and kind.snapshot is not None]


async def republish(
    database: Database,
    kind: type[Store[Any]],
    publish: Publish,
    *,
    tenant: str | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """A snapshot of every aggregate of this kind, each confirmed by the broker; how many.

    tenant None means all of them. told hears after each page how many there were so far. When it
    ends early (Unavailable, Invalid) it can simply be begun again: repeats are the same messages.
    """
    number = 0
    async for page in Snapshots(database, kind).pages(tenant):
        outcomes = await asyncio.gather(*map(publish, page), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        number += len(page)
        told(number)
    return number
