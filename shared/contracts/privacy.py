"""A person's wish to be forgotten: identity asks every service, every service answers."""

from collections.abc import Mapping
from datetime import datetime

from shared.contracts.audit import AUDITED
from shared.contracts.base import Event, Facts


class ErasureFacts(Facts):
    """A wish to be forgotten; nothing of the person but the id. The event's subject is the wish.

    state: checking, waiting (something is open), leaving (the account is closed), erasing, finished
    or withdrawn. round counts how often was asked; an answer names the round that it answers.
    """

    person_id: str
    state: str
    round: int
    asked_at: datetime
    deadline_at: datetime
    finished_at: datetime | None = None


class ErasureEvent(
    Event[ErasureFacts], publisher="identity", aggregate="erasure", facts=ErasureFacts
):
    """Base of the erasure's events."""


class ErasureRequested(ErasureEvent):
    """Say whether something is open that this person is needed for. Asked again until clear."""


class ErasureWithdrawn(ErasureEvent): ...


class ErasureAdmitted(ErasureEvent):
    """Forget the person now. Asked again until everybody has."""


class ErasureFinished(ErasureEvent): ...


class ErasureSnapshot(ErasureEvent): ...


class PersonalDataFacts(Facts):
    """A service's answer; the event's subject is the answer.

    state: checked or erased. open_matters: ``<kind>:<id>`` of what the person is needed for.
    """

    erasure_id: str
    person_id: str
    round: int
    state: str
    open_matters: list[str] = []


class PersonalDataEvent(
    Event[PersonalDataFacts], publisher="every", aggregate="personal_data", facts=PersonalDataFacts
):
    """Base of all services' answers; the services' own bases are below."""


def _published_by(service: str) -> tuple[type[PersonalDataEvent], ...]:
    class Answered(
        PersonalDataEvent, publisher=service, aggregate="personal_data", facts=PersonalDataFacts
    ):
        """Base of this service's answers."""

    class PersonalDataChecked(Answered): ...

    class PersonalDataErased(Answered): ...

    class PersonalDataSnapshot(Answered): ...

    return PersonalDataChecked, PersonalDataErased, PersonalDataSnapshot


_EVENTS = {service: _published_by(service) for service in AUDITED}

CHECKED: Mapping[str, type[PersonalDataEvent]] = {name: each[0] for name, each in _EVENTS.items()}
ERASED_BY: Mapping[str, type[PersonalDataEvent]] = {name: each[1] for name, each in _EVENTS.items()}
ANSWER_SNAPSHOTS: Mapping[str, type[PersonalDataEvent]] = {
    name: each[2] for name, each in _EVENTS.items()
}
"""Service -> what it publishes; the keys are all who must answer."""


class ExportFacts(Facts):
    """A wish to get one's data. The event's subject is the wish.

    seal_to is the wish's own X25519 public key (base64): what is sent is readable for whoever holds
    the other half, which is forgotten when the archive is made. state: collecting, ready, expired
    or forgotten. round counts how often was asked.
    """

    person_id: str
    state: str
    round: int
    seal_to: str
    asked_at: datetime
    deadline_at: datetime


class ExportEvent(Event[ExportFacts], publisher="identity", aggregate="export", facts=ExportFacts):
    """Base of the export's events."""


class ExportRequested(ExportEvent):
    """Send what you know of the person, sealed."""


class ExportCompleted(ExportEvent): ...


class ExportExpired(ExportEvent): ...


class ExportSnapshot(ExportEvent): ...


class ExportPartFacts(Facts):
    """Part number (from 1) of count of what a service knows; the event's subject is the part.

    sealed is base64, at most half a megabyte, and empty in a snapshot: nothing of it is kept.
    """

    export_id: str
    person_id: str
    round: int
    number: int
    count: int
    sealed: str = ""


class ExportPartEvent(
    Event[ExportPartFacts], publisher="every", aggregate="export_part", facts=ExportPartFacts
):
    """Base of all services' parts; the services' own bases are below."""


def _parts_of(service: str) -> tuple[type[ExportPartEvent], type[ExportPartEvent]]:
    class Sent(ExportPartEvent, publisher=service, aggregate="export_part", facts=ExportPartFacts):
        """Base of this service's parts."""

    class PersonalDataExported(Sent): ...

    class ExportPartSnapshot(Sent): ...

    return PersonalDataExported, ExportPartSnapshot


_PARTS = {service: _parts_of(service) for service in AUDITED}

EXPORTED: Mapping[str, type[ExportPartEvent]] = {name: each[0] for name, each in _PARTS.items()}
PART_SNAPSHOTS: Mapping[str, type[ExportPartEvent]] = {
    name: each[1] for name, each in _PARTS.items()
}
"""Service -> what it sends; the keys are all who must send."""
