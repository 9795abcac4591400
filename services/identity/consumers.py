"""What identity hears: its own registrations, and helpers that were listed."""

from typing import Any

from services.identity.commands import GrantHelper, MailCode, grant_helper, mail_code
from shared.contracts.base import Delivered
from shared.contracts.identity import AccountRegistered
from shared.contracts.profiles import HelperListed
from shared.rabbit import Consumers
from shared.replicas import add_replicas
from shared.scope import Scope

consumers = Consumers("identity")
add_replicas(consumers)


@consumers.on("mail_codes", AccountRegistered)
async def mail_first_code(delivered: Delivered[Any], scope: Scope) -> None:
    await mail_code(MailCode(delivered.subject), scope)


@consumers.on("helpers", HelperListed)
async def make_helper(delivered: Delivered[Any], scope: Scope) -> None:
    await grant_helper(GrantHelper(delivered.subject), scope)
