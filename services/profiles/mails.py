"""The mails profiles writes, in the person's language and the tenant's name."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from services.profiles.model.standing import demanded
from shared.contracts.identity import TenantFacts
from shared.contracts.profiles import Expiry
from shared.mail import Mail, mail_for
from shared.replicas import Person

FALLBACK = "en"

_SUBJECT = {
    "en": "{what}: valid until {date}",
    "de": "{what}: gültig bis {date}",
    "fr": "{what} : valable jusqu’au {date}",
    "it": "{what} scade il {date}",
}

_TEXT = {
    "en": "Hello {name},\n\n{what} is valid until {date}. {then} {todo}",
    "de": "Guten Tag {name},\n\n{what} gilt bis {date}. {then} {todo}",
    "fr": "Bonjour {name},\n\n{what} est valable jusqu’au {date}. {then} {todo}",
    "it": "Buongiorno {name},\n\n{what} scade il {date}. {then} {todo}",
}

_WHAT = {
    "insurance": {
        "en": "Your proof of insurance",
        "de": "Ihr Versicherungsnachweis",
        "fr": "Votre attestation d’assurance",
        "it": "Il suo certificato di assicurazione",
    },
    "identity": {
        "en": "Your proof of identity",
        "de": "Ihr Identitätsnachweis",
        "fr": "Votre pièce d’identité",
        "it": "Il suo documento d’identità",
    },
    "qualification": {
        "en": "Your qualification “{skill}”",
        "de": "Ihre Qualifikation „{skill}“",
        "fr": "Votre qualification « {skill} »",
        "it": "La sua qualifica «{skill}»",
    },
}

_THEN = {
    "unlisted": {
        "en": "Afterwards your profile can no longer be found.",
        "de": "Danach ist Ihr Profil nicht mehr zu finden.",
        "fr": "Ensuite, votre profil ne pourra plus être trouvé.",
        "it": "Dopo, il suo profilo non potrà più essere trovato.",
    },
    "unlabelled": {
        "en": "Afterwards your profile stays listed, but no longer shows it.",
        "de": "Danach bleibt Ihr Profil sichtbar, zeigt ihn aber nicht mehr.",
        "fr": "Ensuite, votre profil restera visible, mais ne l’indiquera plus.",
        "it": "Dopo, il suo profilo resterà visibile, ma non lo mostrerà più.",
    },
}

_TODO = {
    "document": {
        "en": "Please hand in a new one in good time, as somebody looks at it first.",
        "de": "Bitte reichen Sie rechtzeitig einen neuen ein, denn er wird zuerst geprüft.",
        "fr": "Merci d’en déposer une nouvelle à temps, car elle est d’abord examinée.",
        "it": "La preghiamo di presentarne uno nuovo per tempo, perché sarà prima esaminato.",
    },
    "qualification": {
        "en": "You can answer the questions again from now on; until then it stays valid.",
        "de": "Sie können die Fragen ab jetzt neu beantworten; bis dahin gilt sie weiter.",
        "fr": "Vous pouvez dès maintenant répondre à nouveau aux questions ; d’ici là, elle reste "
        "valable.",
        "it": "Può già rispondere di nuovo alle domande; fino ad allora resta valida.",
    },
}


_CLOSING = "\n\n{programme}\n{brand}\n{support}\n"


def expiry_warning(person: Person, expiry: Expiry, tenant: TenantFacts) -> Mail:
    """Once for each warning of each thing that runs out."""
    language = person.language if person.language in _TEXT else FALLBACK
    source, _, name = expiry.what.partition(":")
    kind = name if source == "document" else source
    needed = source == "qualification" or name in demanded(tenant.rules)
    zone = ZoneInfo(tenant.time_zone)
    last_moment = (expiry.valid_until - timedelta(milliseconds=1)).astimezone(zone)
    values = {
        "what": _WHAT[kind][language].format(skill=_category(tenant, name, language)),
        "date": format_date(last_moment, "long", locale=language),
        "then": _THEN["unlisted" if needed else "unlabelled"][language],
        "todo": _TODO[source][language],
        "name": person.display_name,
        "programme": tenant.brand.programme_name,
        "brand": tenant.brand.name,
        "support": tenant.brand.support_email,
    }
    return mail_for(
        tenant,
        recipient=person.email,
        subject=_SUBJECT[language].format(**values),
        text=(_TEXT[language] + _CLOSING).format(**values),
        key=("expiry", person.id, expiry.what, expiry.valid_until.isoformat(), str(expiry.days)),
    )


def _category(tenant: TenantFacts, slug: str, language: str) -> str:
    names = next((each.names for each in tenant.categories if each.slug == slug), {})
    return names.get(language) or names.get(tenant.locales[0]) or slug
