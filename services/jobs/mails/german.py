"""Jobs' mails in German."""

GERMAN = {
    "tax_requested": (
        "Ihre Steuerdaten werden bis {due} benötigt",
        "Ihr erster bezahlter Termin steht bevor. Betreiber müssen dem Finanzamt melden, wer "
        "wie viel verdient hat; dafür brauchen wir Ihren amtlichen Namen, Geburtsdatum, "
        "Adresse, Steuernummer und Konto. Bitte tragen Sie alles bis {due} ein; danach kann "
        "Sie sonst niemand mehr buchen. Die Daten sind verschlüsselt und nur für Sie und die "
        "Meldung sichtbar.",
    ),
    "tax_reminded": (
        "Erinnerung: Ihre Steuerdaten fehlen",
        "Ihre Steuerdaten fehlen uns noch. Ohne sie kann Sie nach dem {due} niemand mehr buchen.",
    ),
    "tax_overdue": (
        "Sie können zurzeit nicht gebucht werden",
        "Ihre Steuerdaten fehlen weiterhin. Bis Sie sie eintragen, kann Sie niemand buchen; "
        "gebuchte Termine bleiben bestehen.",
    ),
    "request": (
        "Neue Anfrage: {title}",
        "{other} bittet um Ihre Hilfe: {title} ({category}) in {city}. Bitte antworten Sie "
        "bis {until}.",
    ),
    "offer": (
        "Ein Angebot für: {title}",
        "{other} bietet {slot} für {price} an. Das Angebot gilt bis {until}.",
    ),
    "counter": (
        "Ein Gegenangebot für: {title}",
        "{other} schlägt stattdessen {slot} für {price} vor. Bitte antworten Sie bis {until}.",
    ),
    "declined": (
        "Abgelehnt: {title}",
        "Die angefragte Person kann Ihre Anfrage nicht übernehmen. Sie können sie an die "
        "Nachbarschaft senden.",
    ),
    "expired": (
        "Keine Antwort: {title}",
        "Auf Ihre Anfrage hat niemand rechtzeitig geantwortet. Sie können sie an die "
        "Nachbarschaft senden.",
    ),
    "booked": (
        "Gebucht: {title}",
        "{slot} mit {other}, für {price}. Die Vereinbarung liegt für Sie bereit.",
    ),
    "reschedule": (
        "Anderer Termin? {title}",
        "{other} möchte den Termin auf {slot} verlegen. Bitte antworten Sie bis {until}; ohne "
        "Antwort bleibt alles, wie es ist.",
    ),
    "rescheduled": (
        "Verlegt: {title}",
        "Der neue Termin mit {other} ist {slot}.",
    ),
    "confirm": (
        "Bitte bestätigen: {title}",
        "Ihr Termin mit {other} ist {slot}. Bitte bestätigen Sie, dass Sie kommen.",
    ),
    "change": (
        "Es wird mehr gebraucht: {title}",
        "{other} schlägt {minutes} Minuten mehr und Material für {materials} vor. Berechnet "
        "wird nur, was Sie genehmigen.",
    ),
    "delivered": (
        "Erledigt: {title}",
        "{other} meldet die Arbeit als erledigt. Bitte nehmen Sie sie ab oder beanstanden Sie "
        "sie; nach 48 Stunden gilt sie als abgenommen.",
    ),
    "unsuccessful": (
        "Nicht gelungen: {title}",
        "{other} konnte die Arbeit nicht ausführen. Sehen Sie das anders, können Sie es "
        "beanstanden.",
    ),
    "cancelled": (
        "Abgesagt: {title}",
        "{other} hat abgesagt. Wird ein Grund genannt, den Sie nicht teilen, antworten Sie "
        "bitte darauf.",
    ),
    "no_show": (
        "Sie wurden vermisst: {title}",
        "{other} sagt, dass Sie nicht gekommen sind. Sie können das innerhalb von 48 Stunden "
        "beanstanden.",
    ),
    "disputed": (
        "Beanstandet: {title}",
        "{other} beanstandet den Auftrag. Bitte schlagen Sie eine Lösung vor; auch der "
        "Support kann entscheiden.",
    ),
    "settlement": (
        "Ein Vorschlag zur Einigung: {title}",
        "{other} schlägt eine Lösung vor. Sie gilt, wenn Sie dasselbe sagen.",
    ),
    "resolved": (
        "Beigelegt: {title}",
        "Die Beanstandung ist beigelegt. Was entschieden wurde, steht beim Auftrag.",
    ),
    "line_fault": (
        "Die Leitung ist gestört: {title}",
        "Unsere Prüfung hat eine Störung der Leitung gefunden. Vor Ort wäre am {slot} wenig "
        "auszurichten: Bitte vereinbaren Sie einen anderen Termin, das kostet nichts.",
    ),
}
