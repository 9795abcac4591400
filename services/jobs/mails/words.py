"""The words of jobs' mails: language -> kind -> subject and text."""

from services.jobs.mails.english import ENGLISH
from services.jobs.mails.french import FRENCH
from services.jobs.mails.german import GERMAN
from services.jobs.mails.italian import ITALIAN

CLOSING = {
    "en": "Hello {{name}},\n\n{text}\n\n{{programme}}\n{{brand}}\n{{support}}\n",
    "de": "Guten Tag {{name}},\n\n{text}\n\n{{programme}}\n{{brand}}\n{{support}}\n",
    "fr": "Bonjour {{name}},\n\n{text}\n\n{{programme}}\n{{brand}}\n{{support}}\n",
    "it": "Buongiorno {{name}},\n\n{text}\n\n{{programme}}\n{{brand}}\n{{support}}\n",
}

TEXTS = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "it": ITALIAN}
