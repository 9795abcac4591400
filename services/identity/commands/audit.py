"""Writing the audit log, and reading whether it is still what was written."""

import asyncio
import random
import secrets
from dataclasses import dataclass

from services.identity.model.audit import Entry, Observation, Reading, Verdict
from services.identity.store import AuditLog
from shared.kernel.errors import Conflict
from shared.store import AlreadyExists

ATTEMPTS = 50
"""Each that is lost was won by another writer's entry."""

PAGE = 500


class ChainEnds:
    """Where each tenant's chain ended when this process looked last; it may have grown since.

    Only what is behind is read: the cost of an entry does not rise with the length of the log.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    async def end(self, log: AuditLog) -> Entry | None:
        known = self._numbers.get(log.tenant)
        behind = await log.from_number(known, 0) if known else []
        # Nothing there: a tenant's log ends with the tenant, and may begin anew.
        last = behind[-1] if behind else await log.last()
        if last is not None:
            self._numbers[log.tenant] = last.number
        return last


async def write_down(seen: Observation, log: AuditLog, ends: ChainEnds) -> None:
    """One entry at the chain's end, unless it is there. Conflict after many lost races.

    The end is read before it is asked whether the event was heard. Whoever wrote it since then has
    taken the next number, which is then refused here, so no event gets two.
    """
    for attempt in range(ATTEMPTS):
        last = await ends.end(log)
        if await log.knows(seen.ref):
            return
        try:
            await log.create(Entry.after(last, seen, log.tenant, secrets.token_hex()), [])
        except AlreadyExists:
            await asyncio.sleep(random.uniform(0, 0.002 * (attempt + 1)))  # noqa: S311
        else:
            return
    raise Conflict("the audit log is growing too fast, try again", code="busy")


@dataclass(frozen=True)
class BlankSubject:
    """account_id of somebody who is to be forgotten."""

    account_id: str


async def blank_subject(cmd: BlankSubject, log: AuditLog) -> int:
    """How many entries were about that account; who acted, and when, is kept."""
    entries = await log.about(cmd.account_id)
    for entry in entries:
        await log.update(entry.id, lambda each: each.blank(cmd.account_id))
    return len(entries)


async def verify_chain(log: AuditLog) -> Verdict:
    """From the first entry to the last, or to the first that is not what it was."""
    reading = Reading()
    while page := await log.from_number(reading.next, PAGE):
        if not reading.read(page):
            break
    return reading.verdict()
