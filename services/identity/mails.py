"""The mails identity writes, in the person's language and the tenant's name."""

from datetime import datetime

from services.identity.credentials import Codes
from services.identity.model import Account
from shared.contracts.identity import TenantFacts
from shared.mail import Mail, mail_for

FALLBACK = "en"

_VERIFY = {
    "en": (
        "Your code for {programme}: {code}",
        "Hello {name},\n\nyour code is {code}. It is valid for 10 minutes.\n\n"
        "If you did not register at {programme}, ignore this mail.\n\n{brand}\n{support}\n",
    ),
    "de": (
        "Ihr Code für {programme}: {code}",
        "Guten Tag {name},\n\nIhr Code lautet {code}. Er gilt 10 Minuten.\n\n"
        "Wenn Sie sich nicht bei {programme} registriert haben, ignorieren Sie diese Nachricht."
        "\n\n{brand}\n{support}\n",
    ),
    "fr": (
        "Votre code pour {programme} : {code}",
        "Bonjour {name},\n\nvotre code est {code}. Il est valable 10 minutes.\n\n"
        "Si vous ne vous êtes pas inscrit à {programme}, ignorez ce message."
        "\n\n{brand}\n{support}\n",
    ),
    "it": (
        "Il suo codice per {programme}: {code}",
        "Buongiorno {name},\n\nil suo codice è {code}. È valido per 10 minuti.\n\n"
        "Se non si è registrato a {programme}, ignori questo messaggio.\n\n{brand}\n{support}\n",
    ),
}

_TAKEN = {
    "en": (
        "Somebody tried to register at {programme} with your address",
        "Hello {name},\n\nyou have an account at {programme} already. If it was you, just log in. "
        "If it was not, you need not do anything.\n\n{brand}\n{support}\n",
    ),
    "de": (
        "Registrierung bei {programme} mit Ihrer Adresse",
        "Guten Tag {name},\n\nSie haben bereits ein Konto bei {programme}. Waren Sie es selbst, "
        "melden Sie sich einfach an. Wenn nicht, müssen Sie nichts tun.\n\n{brand}\n{support}\n",
    ),
    "fr": (
        "Inscription à {programme} avec votre adresse",
        "Bonjour {name},\n\nvous avez déjà un compte chez {programme}. Si c'était vous, "
        "connectez-vous simplement. Sinon, vous n'avez rien à faire.\n\n{brand}\n{support}\n",
    ),
    "it": (
        "Registrazione a {programme} con il suo indirizzo",
        "Buongiorno {name},\n\nha già un conto presso {programme}. Se era lei, acceda "
        "semplicemente. Altrimenti non deve fare nulla.\n\n{brand}\n{support}\n",
    ),
}


def verification(account: Account, codes: Codes, tenant: TenantFacts) -> Mail:
    """The code in force, once per code."""
    number = account.challenge.number if account.challenge else 0
    subject, text = _VERIFY.get(account.language, _VERIFY[FALLBACK])
    values = _values(account, tenant) | {"code": codes.of(account.id, number)}
    return mail_for(
        tenant,
        recipient=account.email,
        subject=subject.format(**values),
        text=text.format(**values),
        key=("verification", account.id, str(number)),
    )


def address_taken(account: Account, tenant: TenantFacts, at: datetime) -> Mail:
    """To the owner of an address that somebody tried to register again; at most one an hour."""
    subject, text = _TAKEN.get(account.language, _TAKEN[FALLBACK])
    values = _values(account, tenant)
    return mail_for(
        tenant,
        recipient=account.email,
        subject=subject.format(**values),
        text=text.format(**values),
        key=("address_taken", account.id, f"{at:%Y-%m-%dT%H}"),
    )


def _values(account: Account, tenant: TenantFacts) -> dict[str, str]:
    return {
        "name": account.display_name,
        "programme": tenant.brand.programme_name,
        "brand": tenant.brand.name,
        "support": tenant.brand.support_email,
    }
