"""What system messages say, in the languages of the tenants."""

from services.messaging.model import Notice

FALLBACK = "en"

TEXTS = {
    "en": {
        "offered": "There is an offer for the job.",
        "declined": "The job was declined.",
        "withdrawn": "The request was withdrawn.",
        "expired": "The request has expired.",
        "booked": "The job is booked.",
        "confirmed": "The appointment is confirmed.",
        "en_route": "The helper is on the way.",
        "in_progress": "The work has begun.",
        "delivered": "The work is done.",
        "completed": "The job is completed.",
        "unsuccessful": "The job could not be done.",
        "cancelled": "The job was cancelled.",
        "no_show": "Somebody did not show up.",
        "disputed": "There is a dispute about the job.",
        "resolved": "The dispute is resolved.",
    },
    "de": {
        "offered": "Es gibt ein Angebot für den Auftrag.",
        "declined": "Der Auftrag wurde abgelehnt.",
        "withdrawn": "Die Anfrage wurde zurückgezogen.",
        "expired": "Die Anfrage ist abgelaufen.",
        "booked": "Der Auftrag ist gebucht.",
        "confirmed": "Der Termin ist bestätigt.",
        "en_route": "Der Helfer ist unterwegs.",
        "in_progress": "Die Arbeit hat begonnen.",
        "delivered": "Die Arbeit ist getan.",
        "completed": "Der Auftrag ist abgeschlossen.",
        "unsuccessful": "Der Auftrag konnte nicht ausgeführt werden.",
        "cancelled": "Der Auftrag wurde abgesagt.",
        "no_show": "Jemand ist nicht erschienen.",
        "disputed": "Es gibt eine Reklamation zum Auftrag.",
        "resolved": "Die Reklamation ist erledigt.",
    },
    "fr": {
        "offered": "Il y a une offre pour cette mission.",
        "declined": "La mission a été refusée.",
        "withdrawn": "La demande a été retirée.",
        "expired": "La demande a expiré.",
        "booked": "La mission est réservée.",
        "confirmed": "Le rendez-vous est confirmé.",
        "en_route": "L'aide est en route.",
        "in_progress": "Le travail a commencé.",
        "delivered": "Le travail est fait.",
        "completed": "La mission est terminée.",
        "unsuccessful": "La mission n'a pas pu être effectuée.",
        "cancelled": "La mission a été annulée.",
        "no_show": "Quelqu'un n'est pas venu.",
        "disputed": "Il y a un litige au sujet de la mission.",
        "resolved": "Le litige est réglé.",
    },
    "it": {
        "offered": "C'è un'offerta per l'incarico.",
        "declined": "L'incarico è stato rifiutato.",
        "withdrawn": "La richiesta è stata ritirata.",
        "expired": "La richiesta è scaduta.",
        "booked": "L'incarico è prenotato.",
        "confirmed": "L'appuntamento è confermato.",
        "en_route": "L'aiutante è in arrivo.",
        "in_progress": "Il lavoro è iniziato.",
        "delivered": "Il lavoro è fatto.",
        "completed": "L'incarico è concluso.",
        "unsuccessful": "Non è stato possibile svolgere l'incarico.",
        "cancelled": "L'incarico è stato annullato.",
        "no_show": "Qualcuno non si è presentato.",
        "disputed": "C'è una controversia sull'incarico.",
        "resolved": "La controversia è risolta.",
    },
}
"""Language -> state of the job -> sentence."""


def text_of(notice: Notice, language: str) -> str:
    """In the reader's language, or in FALLBACK."""
    return TEXTS.get(language, TEXTS[FALLBACK])[notice.state]
