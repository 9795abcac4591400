"""The mails reviews writes, in the person's language and the tenant's name."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from services.reviews.model import ReviewPair
from shared.contracts.identity import TenantFacts
from shared.mail import Mail, mail_for
from shared.replicas import Person

FALLBACK = "en"

_SUBJECT = {
    "en": "How was it with {peer}?",
    "de": "Wie war es mit {peer}?",
    "fr": "Comment cela s’est-il passé avec {peer} ?",
    "it": "Com’è andata con {peer}?",
}

_TEXT = {
    "en": "Hello {name},\n\nyou can review your job with {peer} until {date}. Neither of you sees "
    "the other’s review before both are written, or the time is over.",
    "de": "Guten Tag {name},\n\nSie können Ihren Auftrag mit {peer} bis {date} bewerten. Keine "
    "Seite sieht die Bewertung der anderen, bevor beide geschrieben sind oder die Zeit um ist.",
    "fr": "Bonjour {name},\n\nvous pouvez évaluer votre mission avec {peer} jusqu’au {date}. Aucun "
    "de vous ne voit l’avis de l’autre avant que les deux soient écrits ou le délai écoulé.",
    "it": "Buongiorno {name},\n\npuò valutare il suo incarico con {peer} fino al {date}. Nessuno "
    "dei due vede la valutazione dell’altro prima che entrambe siano scritte o il tempo scada.",
}

_CLOSING = "\n\n{programme}\n{brand}\n{support}\n"


def invitation(person: Person, peer: str, pair: ReviewPair, tenant: TenantFacts) -> Mail:
    """Once for each side of a job; peer is the other side's display name."""
    wanted = (person.language, *tenant.locales, FALLBACK)
    language = next(each for each in wanted if each in _TEXT)
    last_moment = pair.window_ends - timedelta(milliseconds=1)
    values = {
        "name": person.display_name,
        "peer": peer,
        "date": format_date(
            last_moment.astimezone(ZoneInfo(tenant.time_zone)), "long", locale=language
        ),
        "programme": tenant.brand.programme_name,
        "brand": tenant.brand.name,
        "support": tenant.brand.support_email,
    }
    return mail_for(
        tenant,
        recipient=person.email,
        subject=_SUBJECT[language].format(**values),
        text=(_TEXT[language] + _CLOSING).format(**values),
        key=("review_invitation", pair.id, person.id),
    )
