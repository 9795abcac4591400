"""Looks into other people's data: written down, and so published, before anything is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shared.contracts.audit import AccessFacts, LookEvent
from shared.http.call import Call
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.store import Store


@dataclass(kw_only=True)
class Look(Aggregate):
    """Written once and never changed; the fields are those of AccessFacts."""

    actor_id: str
    role: str
    subject_ids: list[str]
    kind: str
    thing_id: str | None = None
    purpose: str = ""
    case_id: str | None = None
    at: datetime

    def facts(self) -> AccessFacts:
        return AccessFacts(
            actor_id=self.actor_id,
            role=self.role,
            subject_ids=self.subject_ids,
            kind=self.kind,
            thing_id=self.thing_id,
            purpose=self.purpose,
            case_id=self.case_id,
            at=self.at,
        )


class Looks(Store[Look]):
    """A service's own looks; the subclass names audited and snapshot (shared.contracts.audit).

    They are kept: the log that hears of them can be filled again by a republish.
    """

    kind = Look
    collection = "looks"
    noun = "look"
    acts = False
    audited: ClassVar[type[LookEvent]]


async def record_look(
    call: Call,
    looks: type[Looks],
    *,
    kind: str,
    subjects: Iterable[str],
    thing_id: str | None = None,
    purpose: str = "",
    case_id: str | None = None,
) -> None:
    """To be called once by a route, before it answers: it raises (Unavailable) when the look
    cannot be recorded, and then nothing is shown.

    kind and thing_id say what is looked at (a list without thing_id), subjects are the account
    ids of those whose data it is. One's own data is no look; a repeated request is another look.
    """
    others = sorted(set(subjects) - {call.person.id})
    if not others:
        return
    look = Look(
        id=new_id("look"),
        actor_id=call.person.id,
        role=call.person.office,
        subject_ids=others,
        kind=kind,
        thing_id=thing_id,
        purpose=purpose,
        case_id=case_id,
        at=utc_now(),
    )
    await call.store(looks).create(look, [looks.audited(look.facts())])
