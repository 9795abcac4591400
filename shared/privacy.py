"""A person's rights to their data: what every service does alike, and what each fills in."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import structlog

from shared.contracts.base import Delivered, Event
from shared.contracts.identity import AccountErased
from shared.contracts.privacy import (
    ANSWER_SNAPSHOTS,
    CHECKED,
    ERASED_BY,
    EXPORTED,
    ErasureAdmitted,
    ErasureFacts,
    ErasureRequested,
    ExportRequested,
    PersonalDataFacts,
)
from shared.export import Exported, ExportPart, packed, parts_of
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id
from shared.mail import MailStore
from shared.parked import ParkedMessages
from shared.rabbit import Consumers
from shared.replicas import People
from shared.scope import Scope
from shared.store import Store

log = structlog.get_logger()


@dataclass(kw_only=True)
class Answer(Aggregate):
    """What was answered to one round of one wish; the fields are those of PersonalDataFacts."""

    erasure_id: str
    person_id: str
    round: int
    state: str
    open_matters: list[str] = field(default_factory=list)

    def facts(self) -> PersonalDataFacts:
        return PersonalDataFacts(
            erasure_id=self.erasure_id,
            person_id=self.person_id,
            round=self.round,
            state=self.state,
            open_matters=self.open_matters,
        )


class PersonalData(ABC):
    """What one service knows of people. Every method may be called again, and half-way again."""

    async def open_matters(self, person_id: str, scope: Scope) -> list[str]:
        """``<kind>:<id>`` of what the person is needed for; erasure waits for its end."""
        return []

    @abstractmethod
    async def export(self, person_id: str, scope: Scope) -> Exported:
        """What this service's own stores know of the person, as the person may see it."""

    @abstractmethod
    async def erase(self, person_id: str, scope: Scope) -> None:
        """Forget what this service's own stores know of the person.

        The replica of people, mails and parked messages are forgotten for all services alike.
        """


def answers_of(service: str) -> type[Store[Answer]]:
    """The store of this service's answers, one class for each service."""

    class Answers(Store[Answer]):
        kind, collection, noun = Answer, "privacy_answers", "answer"
        snapshot: ClassVar[type[Event[Any]] | None] = ANSWER_SNAPSHOTS[service]

    return Answers


def add_privacy(
    consumers: Consumers,
    service: str,
    answers: type[Store[Answer]],
    parts: type[Store[ExportPart]],
    known: PersonalData,
) -> None:
    """Subscribe a service to people's wishes to be forgotten, and to get their data."""

    @consumers.on("exports", ExportRequested, prefetch=2)
    async def send(delivered: Delivered[ExportRequested], scope: Scope) -> None:
        facts = delivered.event.facts
        exported = await known.export(facts.person_id, scope)
        content = await asyncio.to_thread(packed, service, exported)
        sealed = parts_of(
            content,
            facts.seal_to,
            export_id=delivered.subject,
            person_id=facts.person_id,
            round=facts.round,
            service=service,
        )
        for part, text in sealed:
            await scope.store(parts).ensure(part, [EXPORTED[service](part.facts(text))])

    @consumers.on("privacy", ErasureRequested, ErasureAdmitted, AccountErased, prefetch=4)
    async def answer(delivered: Delivered[Any], scope: Scope) -> None:
        event = delivered.event
        if isinstance(event, AccountErased):
            # What came late, and was parked since the service answered.
            await forget_everywhere(delivered.subject, scope)
            return
        facts: ErasureFacts = event.facts
        if isinstance(event, ErasureRequested):
            state, told = "checked", CHECKED[service]
            matters = await known.open_matters(facts.person_id, scope)
        else:
            state, told, matters = "erased", ERASED_BY[service], []
            await known.erase(facts.person_id, scope)
            await forget_everywhere(facts.person_id, scope)
        answered = Answer(
            id=derived_id("answer", delivered.subject, state, str(facts.round)),
            erasure_id=delivered.subject,
            person_id=facts.person_id,
            round=facts.round,
            state=state,
            open_matters=matters,
        )
        await scope.store(answers).ensure(answered, [told(answered.facts())])


async def forget_everywhere(person_id: str, scope: Scope) -> None:
    """Queued mails and parked messages; the replica goes with AccountErased."""
    person = await scope.store(People).find(person_id)
    named = [person_id]
    if person is not None:
        named.append(person.email)
        await scope.store(MailStore).withdraw_to(person.email)
    removed = await ParkedMessages(scope.database).forget(scope.tenant.slug, named)
    if removed:
        log.info("privacy.parked_forgotten", count=removed)
