"""Registering, verifying and editing an account."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.identity import mails
from services.identity.commands.addresses import claim_address, find_account
from services.identity.credentials import Codes, Passwords, check_strength
from services.identity.model import Account
from services.identity.model.codes import InvalidCode
from services.identity.model.tenant import check_versions
from services.identity.store import AccountStore
from shared.contracts.identity import AccountEvent
from shared.kernel.clock import utc_now
from shared.kernel.errors import Limited
from shared.kernel.ids import new_id
from shared.mail import MailStore
from shared.scope import Scope
from shared.store import AlreadyExists


@dataclass(frozen=True)
class Register:
    """id is the new account's; email as written, valid; password in clear.

    accepts: kind of document -> version, which must be the one in force.
    """

    id: str
    email: str
    password: str
    display_name: str
    language: str
    accepts: Mapping[str, str] = field(default_factory=dict)


async def register(cmd: Register, scope: Scope) -> Account:
    """The new account, or its like for a taken address, whose owner gets a mail instead.

    The address is claimed first. A claim whose account was never written (the process ended in
    between) is taken over under the id it names, so that no address is lost. The password is
    compared with a known one's or nobody's: the work is the same whether the address is taken.
    """
    check_versions(scope.tenant.documents, cmd.accepts)
    about = (cmd.email, cmd.display_name, scope.tenant.brand.name)
    await asyncio.to_thread(check_strength, cmd.password, *about)
    known = await find_account(cmd.email, scope)
    passwords = scope.the(Passwords)
    hashed, same = await asyncio.gather(
        passwords.hash(cmd.password), passwords.matches(known, cmd.password)
    )
    owner = await claim_address(cmd.email, cmd.id, scope)
    account, events = Account.register(
        id=owner,
        email=cmd.email,
        display_name=cmd.display_name,
        language=cmd.language,
        password_hash=hashed,
        at=utc_now(),
        agreed=cmd.accepts,
    )
    accounts = scope.store(AccountStore)
    if owner == cmd.id or await accounts.find(owner) is None:
        try:
            await accounts.create(account, events)
        except AlreadyExists:
            # Somebody took the claim over under this very id: it is theirs now.
            return await _taken(account, cmd, new_id("acc"), None, scope)
        await _mail_code(account, scope)
        return account
    compared = same if known is not None and known.id == owner else None
    return await _taken(account, cmd, cmd.id, compared, scope)


async def _taken(
    account: Account, cmd: Register, fresh_id: str, same: bool | None, scope: Scope
) -> Account:
    """As if it were new. same: whether the owner's password was given, None if not looked at."""
    accounts = scope.store(AccountStore)
    owner = await accounts.get(account.id)
    if owner.email_verified:
        await scope.store(MailStore).ensure(mails.address_taken(owner, scope.tenant, utc_now()), [])
    else:
        if same is None:
            same = await scope.the(Passwords).matches(owner, cmd.password)
        await (_send_another_code(owner.id, scope) if same else _replace(account, scope))
    account.id = fresh_id
    return account


async def _replace(account: Account, scope: Scope) -> None:
    """The latest registration of an unverified address is the one that counts."""
    mailing = False

    def register_again(owner: Account) -> list[AccountEvent]:
        nonlocal mailing
        mailing = False
        if owner.email_verified:
            return []
        mailing, events = owner.register_again(
            display_name=account.display_name,
            language=account.language,
            password_hash=account.password_hash,
            at=utc_now(),
        )
        return [*owner.agree(account.agreed, utc_now()), *events]

    owner = await scope.store(AccountStore).update(account.id, register_again)
    if mailing:
        await _mail_code(owner, scope)


async def _mail_code(account: Account, scope: Scope) -> None:
    mail = mails.verification(account, scope.the(Codes), scope.tenant)
    await scope.store(MailStore).ensure(mail, [])


async def _send_another_code(account_id: str, scope: Scope) -> None:
    accounts = scope.store(AccountStore)
    try:
        account = await accounts.update(
            account_id, lambda account: account.challenge_again(utc_now())
        )
    except Limited:
        return
    if account.challenge is not None:
        await _mail_code(account, scope)


@dataclass(frozen=True)
class MailCode:
    """account_id of an account that has just been registered."""

    account_id: str


async def mail_code(cmd: MailCode, scope: Scope) -> None:
    """The first code's mail, should the process have ended before it was written."""
    account = await scope.store(AccountStore).get(cmd.account_id)
    if account.challenge is not None:
        await _mail_code(account, scope)


@dataclass(frozen=True)
class VerifyEmail:
    email: str
    code: str


async def verify_email(cmd: VerifyEmail, scope: Scope) -> Account:
    """The verified account. InvalidCode for every reason why not."""
    known = await find_account(cmd.email, scope)
    if known is None:
        raise InvalidCode
    events: list[AccountEvent] = []

    def answer(account: Account) -> list[AccountEvent]:
        nonlocal events
        events = account.answer(right=scope.the(Codes).is_right(account, cmd.code), at=utc_now())
        return events

    account = await scope.store(AccountStore).update(known.id, answer)
    if not events:
        raise InvalidCode
    return account


@dataclass(frozen=True)
class ResendCode:
    email: str


async def resend_code(cmd: ResendCode, scope: Scope) -> None:
    """Mail another code if there is anything to verify; tells nobody whether there was."""
    known = await find_account(cmd.email, scope)
    if known is not None:
        await _send_another_code(known.id, scope)


@dataclass(frozen=True)
class EditAccount:
    account_id: str
    display_name: str | None
    language: str | None


async def edit_account(cmd: EditAccount, accounts: AccountStore) -> Account:
    return await accounts.update(
        cmd.account_id,
        lambda account: account.edit(display_name=cmd.display_name, language=cmd.language),
    )


@dataclass(frozen=True)
class Agree:
    """accepts: kind of document -> version; in_force: what the tenant has now."""

    account_id: str
    accepts: Mapping[str, str]
    in_force: Mapping[str, str]


async def agree(cmd: Agree, accounts: AccountStore) -> Account:
    """UnknownVersion for what is not in force."""
    check_versions(cmd.in_force, cmd.accepts)
    return await accounts.update(
        cmd.account_id, lambda account: account.agree(cmd.accepts, utc_now())
    )
