"""The mails identity writes, in the person's language and the tenant's name."""

from datetime import datetime

from services.identity.credentials import Codes
from services.identity.mails.texts import HELLO, TEXTS
from services.identity.model import Account
from shared.contracts.identity import TenantFacts
from shared.mail import Mail, mail_for

FALLBACK = "en"


def verification(account: Account, codes: Codes, tenant: TenantFacts) -> Mail:
    """The code in force, once per code; of a later registration with a warning."""
    number = account.challenge.number if account.challenge else 0
    kind = "verification" if account.tokens_valid_from is None else "verification_again"
    code = codes.of(account.id, number)
    return _written(kind, account, tenant, key=("verification", str(number)), code=code)


def address_taken(account: Account, tenant: TenantFacts, at: datetime) -> Mail:
    """To the owner of an address that somebody tried to use again; at most one an hour."""
    return _written("address_taken", account, tenant, key=("address_taken", f"{at:%Y-%m-%dT%H}"))


def password_reset(account: Account, codes: Codes, tenant: TenantFacts, at: datetime) -> Mail:
    """The code for a new password; at most one a minute is asked for."""
    number = account.reset.number if account.reset else 0
    code = codes.resetting(account.id, number)
    key = ("password_reset", str(number), at.isoformat())
    return _written("password_reset", account, tenant, key=key, code=code)


def password_changed(account: Account, tenant: TenantFacts, at: datetime) -> Mail:
    return _written("password_changed", account, tenant, key=("password", at.isoformat()))


def new_address(account: Account, codes: Codes, tenant: TenantFacts) -> Mail:
    """The code, to the address that the person is moving to."""
    change = account.email_change
    assert change is not None, "nobody moves without a new address"
    number = change.challenge.number
    code = codes.moving(account.id, number)
    key = ("new_address", str(number))
    return _written("new_address", account, tenant, key=key, to=change.email, code=code)


def address_leaving(account: Account, tenant: TenantFacts) -> Mail:
    """A notice to the address in force that somebody wants another one."""
    change = account.email_change
    assert change is not None, "nobody moves without a new address"
    key = ("address_leaving", str(change.challenge.number))
    return _written("address_leaving", account, tenant, key=key, masked=masked(change.email))


def address_changed(account: Account, tenant: TenantFacts, before: str) -> Mail:
    """A notice to the address that was given up."""
    key = ("address_changed", str(account.codes_issued))
    return _written(
        "address_changed", account, tenant, key=key, to=before, masked=masked(account.email)
    )


def masked(email: str) -> str:
    """``a***@people.example``: enough for the owner to know it, no more."""
    user, _, domain = email.rpartition("@")
    return f"{user[:1]}***@{domain}"


def _written(
    kind: str,
    account: Account,
    tenant: TenantFacts,
    *,
    key: tuple[str, ...],
    to: str = "",
    **values: str,
) -> Mail:
    language = _language(account, tenant)
    subject, text = TEXTS[kind][language]
    known = {
        "hello": HELLO[language] + _name(account),
        "programme": tenant.brand.programme_name,
        "brand": tenant.brand.name,
        "support": tenant.brand.support_email,
    } | values
    footer = "\n\n{brand}\n{support}\n"
    return mail_for(
        tenant,
        recipient=to or account.email,
        subject=subject.format(**known),
        text=("{hello},\n\n" + text + footer).format(**known),
        key=(key[0], account.id, *key[1:]),
    )


def _language(account: Account, tenant: TenantFacts) -> str:
    """The person's, else the tenant's, else one of last resort."""
    wanted = (account.language, *tenant.locales, FALLBACK)
    return next(language for language in wanted if language in HELLO)


def _name(account: Account) -> str:
    """No name before the address is verified: whoever registers a stranger's address would have
    us mail their words to the stranger."""
    return f" {account.display_name}" if account.email_verified else ""
