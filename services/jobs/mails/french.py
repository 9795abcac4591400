"""Jobs' mails in French."""

FRENCH = {
    "tax_requested": (
        "Vos données fiscales sont attendues d’ici au {due}",
        "votre premier rendez-vous rémunéré approche. Les opérateurs doivent déclarer à "
        "l’administration fiscale qui a gagné combien ; il nous faut pour cela votre nom "
        "officiel, date de naissance, adresse, numéro fiscal et compte. Merci de les saisir "
        "d’ici au {due} ; ensuite, plus personne ne pourra vous réserver. Elles sont "
        "chiffrées et visibles de vous et de la déclaration seulement.",
    ),
    "tax_reminded": (
        "Rappel : vos données fiscales manquent",
        "vos données fiscales nous manquent encore. Sans elles, plus personne ne pourra vous "
        "réserver après le {due}.",
    ),
    "tax_overdue": (
        "Vous ne pouvez pas être réservé(e) actuellement",
        "vos données fiscales manquent toujours. Tant que vous ne les saisissez pas, personne "
        "ne peut vous réserver ; les rendez-vous pris sont maintenus.",
    ),
    "request": (
        "Nouvelle demande : {title}",
        "{other} vous demande de l’aide : {title} ({category}) à {city}. Merci de répondre "
        "d’ici au {until}.",
    ),
    "offer": (
        "Une offre pour : {title}",
        "{other} propose {slot} pour {price}. L’offre est valable jusqu’au {until}.",
    ),
    "counter": (
        "Une contre-offre pour : {title}",
        "{other} propose plutôt {slot} pour {price}. Merci de répondre d’ici au {until}.",
    ),
    "declined": (
        "Refusée : {title}",
        "la personne sollicitée ne peut pas prendre votre demande. Vous pouvez l’envoyer au "
        "voisinage.",
    ),
    "expired": (
        "Sans réponse : {title}",
        "personne n’a répondu à temps à votre demande. Vous pouvez l’envoyer au voisinage.",
    ),
    "booked": (
        "Réservé : {title}",
        "{slot} avec {other}, pour {price}. L’accord est à votre disposition.",
    ),
    "reschedule": (
        "Un autre horaire ? {title}",
        "{other} souhaite déplacer le rendez-vous au {slot}. Merci de répondre d’ici au "
        "{until} ; sans réponse, rien ne change.",
    ),
    "rescheduled": (
        "Déplacé : {title}",
        "le nouveau rendez-vous avec {other} est le {slot}.",
    ),
    "confirm": (
        "Merci de confirmer : {title}",
        "votre rendez-vous avec {other} est le {slot}. Merci de confirmer votre venue.",
    ),
    "change": (
        "Un supplément est nécessaire : {title}",
        "{other} propose {minutes} minutes de plus et du matériel pour {materials}. Rien "
        "n’est facturé sans votre accord.",
    ),
    "delivered": (
        "Terminé : {title}",
        "{other} déclare le travail terminé. Merci de l’accepter ou de le contester ; après "
        "48 heures, il est considéré comme accepté.",
    ),
    "unsuccessful": (
        "Sans succès : {title}",
        "{other} n’a pas pu effectuer le travail. Si vous n’êtes pas d’accord, vous pouvez "
        "contester.",
    ),
    "cancelled": (
        "Annulé : {title}",
        "{other} a annulé. Si un motif ne vous semble pas juste, merci d’y répondre.",
    ),
    "no_show": (
        "Vous étiez attendu(e) : {title}",
        "{other} dit que vous n’êtes pas venu(e). Vous pouvez le contester dans les 48 heures.",
    ),
    "disputed": (
        "Contesté : {title}",
        "{other} conteste l’intervention. Merci de proposer une solution ; le support peut "
        "aussi trancher.",
    ),
    "settlement": (
        "Une proposition d’accord : {title}",
        "{other} propose une solution. Elle vaut dès que vous dites la même chose.",
    ),
    "resolved": (
        "Réglé : {title}",
        "la contestation est réglée. La décision figure dans l’intervention.",
    ),
    "line_fault": (
        "La ligne est en panne : {title}",
        "notre contrôle a détecté une panne de la ligne. Sur place, il n’y aurait guère à "
        "faire le {slot} : merci de convenir d’un autre rendez-vous, c’est gratuit.",
    ),
}
