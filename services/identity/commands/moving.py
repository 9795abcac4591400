"""Changing the e-mail address: a code to the new one, a notice to the old one."""

from dataclasses import dataclass

from services.identity import mails
from services.identity.commands.addresses import (
    claim_address,
    find_account,
    release_address,
)
from services.identity.commands.passwords import check_password
from services.identity.credentials import Codes
from services.identity.model import Account, normalise_email
from services.identity.model.codes import InvalidCode
from services.identity.store import AccountStore
from shared.contracts.identity import AccountEvent
from shared.kernel.clock import utc_now
from shared.kernel.errors import Invalid
from shared.mail import MailStore
from shared.scope import Scope


class SameAddress(Invalid):
    code = "same_address"


@dataclass(frozen=True)
class AskMove:
    """email is the new address; address is the client's network address."""

    account_id: str
    email: str
    password: str
    address: str


async def ask_move(cmd: AskMove, scope: Scope) -> None:
    """Mail a code to the new address. WrongPassword, SameAddress, or Limited within a minute.

    An address that somebody has is answered alike: its owner is told instead.
    """
    accounts = scope.store(AccountStore)
    account = await accounts.get(cmd.account_id)
    await check_password(account, cmd.password, cmd.address, scope)
    if account.holds(normalise_email(cmd.email)):
        raise SameAddress("this is your address already", pointer="/email")
    owner = await find_account(cmd.email, scope)
    now = utc_now()
    account = await accounts.update(account.id, lambda it: it.ask_email_change(cmd.email, now))
    written = [mails.address_leaving(account, scope.tenant)]
    if owner is None:
        written.append(mails.new_address(account, scope.the(Codes), scope.tenant))
    elif owner.email_verified:
        written.append(mails.address_taken(owner, scope.tenant, now))
    for mail in written:
        await scope.store(MailStore).ensure(mail, [])


@dataclass(frozen=True)
class Move:
    account_id: str
    code: str


async def move(cmd: Move, answering: AccountStore, scope: Scope) -> Account:
    """The account at its new address. InvalidCode for every reason why not.

    The new address is claimed, then the account moves by one write, then the old address is
    released. Whatever a crash leaves behind is seen through: a claim counts only if its account
    holds the address, and may be taken over if it does not.
    """
    accounts = scope.store(AccountStore)
    seen = await accounts.get(cmd.account_id)
    right = scope.the(Codes).is_moving(seen, cmd.code)
    number, before = 0, seen.email
    if right and seen.email_change is not None and seen.email_change.challenge.alive(utc_now()):
        owner = await claim_address(seen.email_change.email, seen.id, scope)
        number = seen.email_change.challenge.number if owner == seen.id else 0

    def carry_out(account: Account) -> list[AccountEvent]:
        nonlocal before
        before = account.email
        return account.move(number=number, at=utc_now())

    try:
        moved = await answering.update(seen.id, carry_out)
    except InvalidCode:
        if not right:
            await accounts.update(seen.id, lambda account: account.miss_email_change())
        raise
    await release_address(before, moved.id, scope)
    await scope.store(MailStore).ensure(mails.address_changed(moved, scope.tenant, before), [])
    return moved
