"""Jobs' mails in Italian."""

ITALIAN = {
    "tax_requested": (
        "I suoi dati fiscali servono entro il {due}",
        "il suo primo appuntamento retribuito si avvicina. Gli operatori devono comunicare al "
        "fisco chi ha guadagnato quanto; per questo servono nome ufficiale, data di nascita, "
        "indirizzo, codice fiscale e conto. Li inserisca entro il {due}; in seguito nessuno "
        "potrà più prenotarla. Sono cifrati e visibili solo a lei e alla comunicazione.",
    ),
    "tax_reminded": (
        "Promemoria: mancano i suoi dati fiscali",
        "ci mancano ancora i suoi dati fiscali. Senza di essi nessuno potrà prenotarla dopo "
        "il {due}.",
    ),
    "tax_overdue": (
        "Al momento non può essere prenotato/a",
        "i suoi dati fiscali mancano ancora. Finché non li inserisce, nessuno può prenotarla; "
        "gli appuntamenti già fissati restano.",
    ),
    "request": (
        "Nuova richiesta: {title}",
        "{other} chiede il suo aiuto: {title} ({category}) a {city}. Risponda entro il {until}.",
    ),
    "offer": (
        "Un’offerta per: {title}",
        "{other} offre {slot} per {price}. L’offerta vale fino al {until}.",
    ),
    "counter": (
        "Una controfferta per: {title}",
        "{other} propone invece {slot} per {price}. Risponda entro il {until}.",
    ),
    "declined": (
        "Rifiutata: {title}",
        "la persona richiesta non può accettare la sua richiesta. Può inviarla al vicinato.",
    ),
    "expired": (
        "Nessuna risposta: {title}",
        "nessuno ha risposto in tempo alla sua richiesta. Può inviarla al vicinato.",
    ),
    "booked": (
        "Prenotato: {title}",
        "{slot} con {other}, per {price}. L’accordo è a sua disposizione.",
    ),
    "reschedule": (
        "Un altro orario? {title}",
        "{other} vorrebbe spostare l’appuntamento al {slot}. Risponda entro il {until}; senza "
        "risposta tutto resta com’è.",
    ),
    "rescheduled": (
        "Spostato: {title}",
        "il nuovo appuntamento con {other} è {slot}.",
    ),
    "confirm": (
        "Confermi per favore: {title}",
        "il suo appuntamento con {other} è {slot}. Confermi che verrà.",
    ),
    "change": (
        "Serve di più: {title}",
        "{other} propone {minutes} minuti in più e materiale per {materials}. Nulla è dovuto "
        "senza il suo consenso.",
    ),
    "delivered": (
        "Fatto: {title}",
        "{other} segnala il lavoro come concluso. Lo accetti o lo contesti; dopo 48 ore vale "
        "come accettato.",
    ),
    "unsuccessful": (
        "Non riuscito: {title}",
        "{other} non ha potuto svolgere il lavoro. Se la pensa diversamente, può contestare.",
    ),
    "cancelled": (
        "Disdetto: {title}",
        "{other} ha disdetto. Se viene indicato un motivo che non condivide, risponda.",
    ),
    "no_show": (
        "La aspettavano: {title}",
        "{other} dice che non è venuto/a. Può contestarlo entro 48 ore.",
    ),
    "disputed": (
        "Contestato: {title}",
        "{other} contesta l’incarico. Proponga una soluzione; può decidere anche l’assistenza.",
    ),
    "settlement": (
        "Una proposta di accordo: {title}",
        "{other} propone una soluzione. Vale quando lei dice lo stesso.",
    ),
    "resolved": (
        "Risolto: {title}",
        "la contestazione è risolta. La decisione si trova nell’incarico.",
    ),
    "line_fault": (
        "La linea è guasta: {title}",
        "il nostro controllo ha rilevato un guasto della linea. Sul posto il {slot} si "
        "potrebbe fare poco: concordi un altro appuntamento, non costa nulla.",
    ),
}
