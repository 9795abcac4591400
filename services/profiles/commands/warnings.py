"""Telling helpers in time what runs out."""

from dataclasses import dataclass

from services.profiles import mails
from shared.contracts.profiles import Expiry
from shared.mail import MailStore
from shared.replicas import People
from shared.scope import Scope


@dataclass(frozen=True)
class WarnHelper:
    """Of something that is still valid."""

    helper_id: str
    expiry: Expiry


async def warn_helper(cmd: WarnHelper, scope: Scope) -> None:
    """A mail, written once. Nobody is warned too late, nor who was suspended or is no more."""
    person = await scope.store(People).find(cmd.helper_id)
    if person is None or person.status != "active" or cmd.expiry.valid_until <= scope.now:
        return
    mail = mails.expiry_warning(person, cmd.expiry, scope.tenant)
    await scope.store(MailStore).ensure(mail, [])
