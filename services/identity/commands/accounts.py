"""Registering, verifying and editing an account."""

import asyncio
from dataclasses import dataclass

from services.identity import mails
from services.identity.credentials import Codes, Passwords, check_strength
from services.identity.model import Account, EmailClaim, normalise_email
from services.identity.model.account import InvalidCode
from services.identity.store import AccountStore, EmailClaimStore
from shared.contracts.identity import AccountEvent
from shared.kernel.clock import utc_now
from shared.kernel.errors import Limited
from shared.kernel.ids import new_id
from shared.mail import MailStore
from shared.scope import Scope
from shared.store import AlreadyExists


@dataclass(frozen=True)
class Register:
    """id is the new account's; email as written, valid; password in clear."""

    id: str
    email: str
    password: str
    display_name: str
    language: str


async def register(cmd: Register, scope: Scope) -> Account:
    """The new account, or its like for a taken address, whose owner gets a mail instead.

    The address is claimed first. A claim whose account was never written (the process ended in
    between) is taken over under the id it names, so that no address is lost.
    """
    about = (cmd.email, cmd.display_name, scope.tenant.brand.name)
    await asyncio.to_thread(check_strength, cmd.password, *about)
    hashed = await scope.the(Passwords).hash(cmd.password)
    now = utc_now()
    owner = await _claim(cmd, scope)
    account, events = Account.register(
        id=owner,
        email=cmd.email,
        display_name=cmd.display_name,
        language=cmd.language,
        password_hash=hashed,
        at=now,
    )
    accounts = scope.store(AccountStore)
    if owner == cmd.id or await accounts.find(owner) is None:
        try:
            await accounts.create(account, events)
        except AlreadyExists:
            # Somebody took the claim over under this very id: it is theirs now.
            return await _taken(account, new_id("acc"), scope)
        await _mail_code(account, scope)
        return account
    return await _taken(account, cmd.id, scope)


async def _claim(cmd: Register, scope: Scope) -> str:
    """Who owns the address now: the new account or the one that was there."""
    claims = scope.store(EmailClaimStore)
    key = EmailClaim.key(scope.tenant.slug, normalise_email(cmd.email))
    claim = EmailClaim(id=key, account_id=cmd.id, claimed_at=utc_now())
    if await claims.ensure(claim, []):
        return cmd.id
    return (await claims.get(key)).account_id


async def _taken(account: Account, fresh_id: str, scope: Scope) -> Account:
    owner = await scope.store(AccountStore).get(account.id)
    if owner.email_verified:
        await scope.store(MailStore).ensure(mails.address_taken(owner, scope.tenant, utc_now()), [])
    else:
        await _send_another_code(owner.id, scope)
    account.id = fresh_id
    return account


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
    claim = await find_claim(cmd.email, scope)
    accounts = scope.store(AccountStore)
    if claim is None or await accounts.find(claim.account_id) is None:
        raise InvalidCode
    events: list[AccountEvent] = []

    def answer(account: Account) -> list[AccountEvent]:
        nonlocal events
        events = account.answer(right=scope.the(Codes).is_right(account, cmd.code), at=utc_now())
        return events

    account = await accounts.update(claim.account_id, answer)
    if not events:
        raise InvalidCode
    return account


async def find_claim(email: str, scope: Scope) -> EmailClaim | None:
    key = EmailClaim.key(scope.tenant.slug, normalise_email(email))
    return await scope.store(EmailClaimStore).find(key)


@dataclass(frozen=True)
class ResendCode:
    email: str


async def resend_code(cmd: ResendCode, scope: Scope) -> None:
    """Mail another code if there is anything to verify; tells nobody whether there was."""
    claim = await find_claim(cmd.email, scope)
    if claim is not None and await scope.store(AccountStore).find(claim.account_id):
        await _send_another_code(claim.account_id, scope)


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
