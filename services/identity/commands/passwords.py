"""Changing a password, and getting a new one by mail."""

import asyncio
from dataclasses import dataclass

from services.identity import mails
from services.identity.commands.addresses import find_account
from services.identity.commands.sessions import end_all_but
from services.identity.commands.throttle import Throttle
from services.identity.credentials import Codes, Passwords, check_strength
from services.identity.model import Account
from services.identity.model.account import WrongPassword
from services.identity.model.codes import InvalidCode
from services.identity.store import AccountStore
from shared.contracts.identity import AccountEvent
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from shared.mail import MailStore
from shared.scope import Scope


@dataclass(frozen=True)
class ChangePassword:
    """session is the one that goes on; address is the client's network address."""

    account_id: str
    current: str
    new: str
    session: str
    address: str


async def change_password(cmd: ChangePassword, scope: Scope) -> Account:
    """Every other session ends. WrongPassword, weak_password, or Limited after many guesses."""
    accounts = scope.store(AccountStore)
    account = await accounts.get(cmd.account_id)
    await check_password(account, cmd.current, cmd.address, scope)
    about = (account.email, account.display_name, scope.tenant.brand.name)
    await asyncio.to_thread(check_strength, cmd.new, *about, pointer="/new_password")
    hashed, now = await scope.the(Passwords).hash(cmd.new), utc_now()
    changed = await accounts.update(
        account.id,
        lambda it: it.change_password(
            known_as=account.password_hash, password_hash=hashed, at=now, session=cmd.session
        ),
    )
    await end_all_but(changed, scope)
    notice = mails.password_changed(changed, scope.tenant, now)
    await scope.store(MailStore).ensure(notice, [])
    return changed


async def check_password(account: Account, password: str, address: str, scope: Scope) -> None:
    """WrongPassword; a stolen token is no way to guess the password any faster than a login."""
    throttle = Throttle(account.email, address, scope)
    await throttle.check(account)
    right = await scope.the(Passwords).matches(account, password)
    await throttle.check(account)
    if not right:
        await throttle.count()
        raise WrongPassword


@dataclass(frozen=True)
class AskReset:
    email: str


async def ask_reset(cmd: AskReset, scope: Scope) -> None:
    """Mail a code for a new password, if there is an account; tells nobody whether there was."""
    known = await find_account(cmd.email, scope)
    if known is None:
        return
    now, mailing = utc_now(), False

    def ask(account: Account) -> list[AccountEvent]:
        nonlocal mailing
        mailing = account.ask_reset(now)
        return []

    account = await scope.store(AccountStore).update(known.id, ask)
    if mailing:
        mail = mails.password_reset(account, scope.the(Codes), scope.tenant, now)
        await scope.store(MailStore).ensure(mail, [])


@dataclass(frozen=True)
class ResetPassword:
    email: str
    code: str
    password: str


async def reset_password(cmd: ResetPassword, scope: Scope) -> None:
    """Every session ends. InvalidCode for every reason why not, after the same work."""
    await asyncio.to_thread(check_strength, cmd.password, cmd.email, scope.tenant.brand.name)
    hashed, now = await scope.the(Passwords).hash(cmd.password), utc_now()
    known = await find_account(cmd.email, scope)
    codes = scope.the(Codes)
    if not codes.is_resetting(known, cmd.code) or known is None:
        raise InvalidCode

    def reset(account: Account) -> list[AccountEvent]:
        right = codes.is_resetting(account, cmd.code)
        return account.reset_password(right=right, password_hash=hashed, at=now)

    try:
        account = await scope.store(AccountStore).update(known.id, reset)
    except NotFound:
        raise InvalidCode from None
    await end_all_but(account, scope)
    notice = mails.password_changed(account, scope.tenant, now)
    await scope.store(MailStore).ensure(notice, [])
