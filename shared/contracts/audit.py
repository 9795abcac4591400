"""Published by every service: who looked into another person's data, who acted by their office."""

from collections.abc import Mapping
from datetime import datetime

from shared.contracts.base import Event, Facts


class AccessFacts(Facts):
    """A look that was granted, nothing of what was seen; or an administrative act that took place.

    A look's event has the look's id as its subject. An act is told in the same write as the change
    by what was changed: that is the event's subject, kind the operation, act is True.

    actor_id looked in this role at the data of subject_ids (account ids): at the thing of this
    kind with thing_id, or at a list of them (None). purpose is a word of the service's own, never
    anybody's text; case_id is there where a case gave the right to look.
    """

    actor_id: str
    role: str
    subject_ids: list[str]
    kind: str
    thing_id: str | None = None
    purpose: str = ""
    case_id: str | None = None
    at: datetime
    act: bool = False


class LookEvent(Event[AccessFacts], publisher="every", aggregate="look", facts=AccessFacts):
    """Base of all services' looks; the services' own bases are below."""


def _published_by(service: str) -> tuple[type[LookEvent], type[LookEvent]]:
    """``<service>.access_audited.v1`` and ``<service>.look_snapshot.v1``."""

    class Looked(LookEvent, publisher=service, aggregate="look", facts=AccessFacts):
        """Base of this service's looks."""

    class AccessAudited(Looked): ...

    class LookSnapshot(Looked): ...

    return AccessAudited, LookSnapshot


_EVENTS = {
    service: _published_by(service)
    for service in ("identity", "profiles", "jobs", "messaging", "reviews")
}

AUDITED: Mapping[str, type[LookEvent]] = {name: each for name, (each, _) in _EVENTS.items()}
"""Service -> its AccessAudited."""

SNAPSHOTS: Mapping[str, type[LookEvent]] = {name: each for name, (_, each) in _EVENTS.items()}
"""Service -> what repeats its looks."""
