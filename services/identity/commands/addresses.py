"""Whose an e-mail address is: claimed first, believed only when the account agrees."""

from services.identity.model import Account, EmailClaim, normalise_email
from services.identity.store import AccountStore, EmailClaimStore
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from shared.scope import Scope


async def find_account(email: str, scope: Scope) -> Account | None:
    """The account whose address this is.

    A claim alone says little: it may be of an account that was never written, of one that is
    moving here and has not proved the address yet, or of one that has moved away.
    """
    address = normalise_email(email)
    claim = await scope.store(EmailClaimStore).find(EmailClaim.key(scope.tenant.slug, address))
    if claim is None or not claim.account_id:
        return None
    account = await scope.store(AccountStore).find(claim.account_id)
    return account if account is not None and account.holds(address) else None


async def claim_address(email: str, account_id: str, scope: Scope) -> str:
    """Who owns the address now: this account, or the one that was there before."""
    address, now = normalise_email(email), utc_now()
    claims = scope.store(EmailClaimStore)
    key = EmailClaim.key(scope.tenant.slug, address)
    if await claims.ensure(EmailClaim(id=key, account_id=account_id, claimed_at=now), []):
        return account_id
    try:
        found = await claims.get(key)
        if not await _abandoned(found, address, scope):
            return found.account_id

        def take(claim: EmailClaim) -> None:
            if claim.account_id == found.account_id:
                claim.take(account_id, now)

        return (await claims.update(key, take)).account_id
    except NotFound:
        # Released in this moment.
        return await claim_address(email, account_id, scope)


async def release_address(email: str, account_id: str, scope: Scope) -> None:
    """Somebody else may have it from now on, and nothing says who had it. A process that ends
    before this does no harm."""
    key = EmailClaim.key(scope.tenant.slug, normalise_email(email))
    claims = scope.store(EmailClaimStore)
    await claims.forget(key, lambda claim: claim.account_id == account_id)


async def _abandoned(claim: EmailClaim, address: str, scope: Scope) -> bool:
    """A claim without an account is none: it is taken over under the id that it names."""
    if not claim.account_id:
        return True
    account = await scope.store(AccountStore).find(claim.account_id)
    if account is None:
        return False
    return not (account.holds(address) or account.moves_to(address, utc_now()))
