"""The mails messaging writes, in the person's language and the tenant's name.

They say that somebody wrote, and never what: mails pass through many hands.
"""

from services.messaging.links import Links
from shared.contracts.identity import TenantFacts
from shared.mail import Mail, mail_for
from shared.replicas import Person

FALLBACK = "en"

_SUBJECT = {
    "en": "{peer} has written to you",
    "de": "{peer} hat Ihnen geschrieben",
    "fr": "{peer} vous a écrit",
    "it": "{peer} le ha scritto",
}

_TEXT = {
    "en": "Hello {name},\n\n{count} from {peer} on {programme}.\n\nRead and answer: {link}\n\n"
    "You do not want to be told by e-mail? Then use the unsubscribe button of your mail program.",
    "de": "Guten Tag {name},\n\n{count} von {peer} bei {programme}.\n\nLesen und antworten: {link}"
    "\n\nSie möchten keine E-Mails dazu? Dann bestellen Sie sie mit der Schaltfläche Ihres "
    "Mailprogramms ab.",
    "fr": "Bonjour {name},\n\n{count} de {peer} sur {programme}.\n\nLire et répondre : {link}\n\n"
    "Vous ne souhaitez plus ces e-mails ? Désabonnez-vous avec le bouton de votre messagerie.",
    "it": "Buongiorno {name},\n\n{count} da {peer} su {programme}.\n\nLeggere e rispondere: {link}"
    "\n\nNon desidera più queste e-mail? Annulli l'iscrizione con il pulsante del suo programma "
    "di posta.",
}

_COUNT = {
    "en": ("There is an unread message", "There are {number} unread messages"),
    "de": ("Es gibt eine ungelesene Nachricht", "Es gibt {number} ungelesene Nachrichten"),
    "fr": ("Vous avez un message non lu", "Vous avez {number} messages non lus"),
    "it": ("Ha un messaggio non letto", "Ha {number} messaggi non letti"),
}

_CLOSING = "\n\n{programme}\n{brand}\n{support}\n"


def unread_notice(
    person: Person,
    peer: str,
    unread: int,
    conversation_id: str,
    number: int,
    tenant: TenantFacts,
    links: Links,
) -> Mail:
    """One for all that is unread; the same for the same number, so that it is written once.

    peer is the other side's display name.
    """
    wanted = (person.language, *tenant.locales, FALLBACK)
    language = next(each for each in wanted if each in _TEXT)
    one, many = _COUNT[language]
    values = {
        "name": person.display_name,
        "peer": peer,
        "count": one if unread == 1 else many.format(number=unread),
        "link": f"{links.origin(tenant)}/conversations/{conversation_id}",
        "programme": tenant.brand.programme_name,
        "brand": tenant.brand.name,
        "support": tenant.brand.support_email,
    }
    return mail_for(
        tenant,
        recipient=person.email,
        subject=_SUBJECT[language].format(**values),
        text=(_TEXT[language] + _CLOSING).format(**values),
        key=("unread", conversation_id, person.id, str(number)),
        headers={
            "List-Unsubscribe": f"<{links.unsubscribe(tenant, person.id)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
