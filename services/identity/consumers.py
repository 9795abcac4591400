"""What identity hears: its own registrations, and helpers that were listed."""

from contextlib import suppress
from typing import Any

from services.identity.commands import GrantHelper, MailCode, grant_helper, mail_code
from shared.contracts.base import Delivered
from shared.contracts.identity import AccountRegistered
from shared.contracts.profiles import HelperEvent, HelperListed, HelperSnapshot
from shared.rabbit import Consumers
from shared.replicas import add_replicas
from shared.scope import Scope
from shared.store import Buried

consumers = Consumers("identity")
add_replicas(consumers)


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
