"""What identity hears: its own registrations, helpers that were listed, and who looked or acted."""

from contextlib import suppress
from typing import Any

from services.identity.commands import GrantHelper, MailCode, grant_helper, mail_code
from services.identity.commands.audit import ChainEnds, write_down
from services.identity.commands.erasure import HearAnswer, hear_answer
from services.identity.commands.export import TakePart, expire_export, take_part
from services.identity.model.audit import Observation
from services.identity.privacy import IdentityData
from services.identity.store import Answers, AuditLog, Parts
from shared.contracts.audit import LookEvent
from shared.contracts.base import Delivered
from shared.contracts.identity import AccountRegistered
from shared.contracts.privacy import (
    CHECKED,
    ERASED_BY,
    EXPORTED,
    ExportExpired,
    ExportPartEvent,
    PersonalDataEvent,
)
from shared.contracts.profiles import HelperEvent, HelperListed, HelperSnapshot
from shared.offboarding import add_offboarding
from shared.privacy import add_privacy
from shared.rabbit import Consumers
from shared.replicas import add_replicas
from shared.scope import Scope
from shared.store import Buried

consumers = Consumers("identity")
add_replicas(consumers)
add_offboarding(consumers)
add_privacy(consumers, "identity", Answers, Parts, IdentityData())


@consumers.on("mail_codes", AccountRegistered)
async def mail_first_code(delivered: Delivered[Any], scope: Scope) -> None:
    """Not by a snapshot: what is told again must not be mailed again."""
    with suppress(Buried):
        await mail_code(MailCode(delivered.subject), scope)


@consumers.on("helpers", HelperListed, HelperSnapshot)
async def make_helper(delivered: Delivered[HelperEvent], scope: Scope) -> None:
    """Whoever was ever listed is a helper."""
    if delivered.event.facts.listed_at is not None:
        with suppress(Buried):
            await grant_helper(GrantHelper(delivered.subject), scope)


@consumers.on("audit", LookEvent, prefetch=1)
async def keep_audit(delivered: Delivered[LookEvent], scope: Scope) -> None:
    """A look that is told again has the number of its only event, so it is the same entry."""
    facts = delivered.event.facts
    named = {"thing": facts.thing_id, "purpose": facts.purpose, "case": facts.case_id}
    seen = Observation(
        ref=f"{delivered.event.publisher}|{delivered.subject}|{delivered.sequence}",
        kind=facts.kind,
        actor_id=facts.actor_id,
        role=facts.role,
        at=facts.at,
        subject_ids=facts.subject_ids,
        detail={name: text for name, text in named.items() if text},
    )
    await write_down(seen, scope.store(AuditLog), scope.the(ChainEnds))


@consumers.on("answers", *CHECKED.values(), *ERASED_BY.values(), prefetch=1)
async def hear_service(delivered: Delivered[PersonalDataEvent], scope: Scope) -> None:
    """What the services say to a wish to be forgotten."""
    facts = delivered.event.facts
    heard = HearAnswer(
        erasure_id=facts.erasure_id,
        service=delivered.event.publisher,
        round=facts.round,
        state=facts.state,
        open_matters=facts.open_matters,
    )
    await hear_answer(heard, scope)


@consumers.on("export_parts", *EXPORTED.values(), prefetch=2)
async def take_exported(delivered: Delivered[ExportPartEvent], scope: Scope) -> None:
    facts = delivered.event.facts
    part = TakePart(
        export_id=facts.export_id,
        service=delivered.event.publisher,
        round=facts.round,
        number=facts.number,
        count=facts.count,
        sealed=facts.sealed,
    )
    await take_part(part, scope)


@consumers.on("export_ends", ExportExpired)
async def drop_archive(delivered: Delivered[ExportExpired], scope: Scope) -> None:
    await expire_export(delivered.subject, scope)
