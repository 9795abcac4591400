"""The words of identity's mails: kind -> language -> subject and text."""

HELLO = {"en": "Hello", "de": "Guten Tag", "fr": "Bonjour", "it": "Buongiorno"}

TEXTS = {
    "verification": {
        "en": (
            "Your code for {programme}: {code}",
            "your code is {code}. It is valid for 10 minutes.\n\n"
            "If you did not register at {programme}, ignore this mail.",
        ),
        "de": (
            "Ihr Code für {programme}: {code}",
            "Ihr Code lautet {code}. Er gilt 10 Minuten.\n\n"
            "Wenn Sie sich nicht bei {programme} registriert haben, ignorieren Sie diese "
            "Nachricht.",
        ),
        "fr": (
            "Votre code pour {programme} : {code}",
            "votre code est {code}. Il est valable 10 minutes.\n\n"
            "Si vous ne vous êtes pas inscrit à {programme}, ignorez ce message.",
        ),
        "it": (
            "Il suo codice per {programme}: {code}",
            "il suo codice è {code}. È valido per 10 minuti.\n\n"
            "Se non si è registrato a {programme}, ignori questo messaggio.",
        ),
    },
    "verification_again": {
        "en": (
            "Your new code for {programme}: {code}",
            "your address was registered at {programme} once more, with another password. Your "
            "new code is {code}. It is valid for 10 minutes, and codes from before are not valid "
            "any more.\n\nEnter it only if it was you who registered last: it confirms the latest "
            "password. Otherwise register again yourself.",
        ),
        "de": (
            "Ihr neuer Code für {programme}: {code}",
            "Ihre Adresse wurde bei {programme} noch einmal registriert, mit einem anderen "
            "Passwort. Ihr neuer Code lautet {code}. Er gilt 10 Minuten, frühere Codes gelten "
            "nicht mehr.\n\nGeben Sie ihn nur ein, wenn Sie selbst sich zuletzt registriert haben: "
            "Er bestätigt das letzte Passwort. Registrieren Sie sich andernfalls selbst noch "
            "einmal.",
        ),
        "fr": (
            "Votre nouveau code pour {programme} : {code}",
            "votre adresse a été inscrite encore une fois à {programme}, avec un autre mot de "
            "passe. Votre nouveau code est {code}. Il est valable 10 minutes ; les codes "
            "précédents ne le sont plus.\n\nNe le saisissez que si la dernière inscription est de "
            "vous : il confirme le dernier mot de passe. Sinon, inscrivez-vous à nouveau.",
        ),
        "it": (
            "Il suo nuovo codice per {programme}: {code}",
            "il suo indirizzo è stato registrato un'altra volta a {programme}, con un'altra "
            "password. Il suo nuovo codice è {code}. È valido per 10 minuti; i codici precedenti "
            "non lo sono più.\n\nLo inserisca solo se è stato lei a registrarsi per ultimo: "
            "conferma l'ultima password. Altrimenti si registri di nuovo.",
        ),
    },
    "address_taken": {
        "en": (
            "Somebody tried to register at {programme} with your address",
            "you have an account at {programme} already. If it was you, just log in. If it was "
            "not, you need not do anything.",
        ),
        "de": (
            "Registrierung bei {programme} mit Ihrer Adresse",
            "Sie haben bereits ein Konto bei {programme}. Waren Sie es selbst, melden Sie sich "
            "einfach an. Wenn nicht, müssen Sie nichts tun.",
        ),
        "fr": (
            "Inscription à {programme} avec votre adresse",
            "vous avez déjà un compte chez {programme}. Si c'était vous, connectez-vous "
            "simplement. Sinon, vous n'avez rien à faire.",
        ),
        "it": (
            "Registrazione a {programme} con il suo indirizzo",
            "ha già un conto presso {programme}. Se era lei, acceda semplicemente. Altrimenti non "
            "deve fare nulla.",
        ),
    },
    "password_reset": {
        "en": (
            "A new password for {programme}",
            "with the code {code} you can choose a new password. It is valid for 30 minutes.\n\n"
            "If you did not ask for it, ignore this mail: your password stays as it is.",
        ),
        "de": (
            "Ein neues Passwort für {programme}",
            "mit dem Code {code} können Sie ein neues Passwort wählen. Er gilt 30 Minuten.\n\n"
            "Wenn Sie nicht darum gebeten haben, ignorieren Sie diese Nachricht: Ihr Passwort "
            "bleibt, wie es ist.",
        ),
        "fr": (
            "Un nouveau mot de passe pour {programme}",
            "avec le code {code}, vous pouvez choisir un nouveau mot de passe. Il est valable "
            "30 minutes.\n\nSi vous ne l'avez pas demandé, ignorez ce message : votre mot de passe "
            "reste inchangé.",
        ),
        "it": (
            "Una nuova password per {programme}",
            "con il codice {code} può scegliere una nuova password. È valido per 30 minuti.\n\n"
            "Se non l'ha chiesto, ignori questo messaggio: la sua password resta com'è.",
        ),
    },
    "password_changed": {
        "en": (
            "Your password for {programme} was changed",
            "your password was changed just now, and all other devices were logged out. If it was "
            "not you, choose a new password at once and write to us.",
        ),
        "de": (
            "Ihr Passwort für {programme} wurde geändert",
            "Ihr Passwort wurde soeben geändert, alle anderen Geräte wurden abgemeldet. Waren Sie "
            "es nicht selbst, wählen Sie sofort ein neues Passwort und schreiben Sie uns.",
        ),
        "fr": (
            "Votre mot de passe pour {programme} a été modifié",
            "votre mot de passe vient d'être modifié et tous les autres appareils ont été "
            "déconnectés. Si ce n'était pas vous, choisissez tout de suite un nouveau mot de passe "
            "et écrivez-nous.",
        ),
        "it": (
            "La sua password per {programme} è stata cambiata",
            "la sua password è stata appena cambiata e tutti gli altri dispositivi sono stati "
            "disconnessi. Se non è stato lei, scelga subito una nuova password e ci scriva.",
        ),
    },
    "new_address": {
        "en": (
            "Your code for {programme}: {code}",
            "with the code {code} this becomes the address of your account. It is valid for "
            "10 minutes.\n\nIf you have no account at {programme}, ignore this mail.",
        ),
        "de": (
            "Ihr Code für {programme}: {code}",
            "mit dem Code {code} wird dies die Adresse Ihres Kontos. Er gilt 10 Minuten.\n\n"
            "Wenn Sie kein Konto bei {programme} haben, ignorieren Sie diese Nachricht.",
        ),
        "fr": (
            "Votre code pour {programme} : {code}",
            "avec le code {code}, cette adresse devient celle de votre compte. Il est valable "
            "10 minutes.\n\nSi vous n'avez pas de compte chez {programme}, ignorez ce message.",
        ),
        "it": (
            "Il suo codice per {programme}: {code}",
            "con il codice {code} questo diventa l'indirizzo del suo conto. È valido per "
            "10 minuti.\n\nSe non ha un conto presso {programme}, ignori questo messaggio.",
        ),
    },
    "address_leaving": {
        "en": (
            "Another e-mail address for your account at {programme}",
            "somebody who knows your password asked that {masked} become the address of your "
            "account. If it was not you, change your password at once and write to us.",
        ),
        "de": (
            "Eine andere E-Mail-Adresse für Ihr Konto bei {programme}",
            "jemand, der Ihr Passwort kennt, möchte {masked} zur Adresse Ihres Kontos machen. "
            "Waren Sie es nicht selbst, ändern Sie sofort Ihr Passwort und schreiben Sie uns.",
        ),
        "fr": (
            "Une autre adresse e-mail pour votre compte chez {programme}",
            "une personne qui connaît votre mot de passe a demandé que {masked} devienne l'adresse "
            "de votre compte. Si ce n'était pas vous, changez tout de suite votre mot de passe et "
            "écrivez-nous.",
        ),
        "it": (
            "Un altro indirizzo e-mail per il suo conto presso {programme}",
            "qualcuno che conosce la sua password ha chiesto che {masked} diventi l'indirizzo del "
            "suo conto. Se non è stato lei, cambi subito la password e ci scriva.",
        ),
    },
    "address_changed": {
        "en": (
            "Your e-mail address at {programme} was changed",
            "the address of your account is {masked} now; nothing more will come here. If it was "
            "not you, write to us at once.",
        ),
        "de": (
            "Ihre E-Mail-Adresse bei {programme} wurde geändert",
            "die Adresse Ihres Kontos ist jetzt {masked}; hierher kommt nichts mehr. Waren Sie es "
            "nicht selbst, schreiben Sie uns sofort.",
        ),
        "fr": (
            "Votre adresse e-mail chez {programme} a été modifiée",
            "l'adresse de votre compte est maintenant {masked} ; rien n'arrivera plus ici. Si ce "
            "n'était pas vous, écrivez-nous tout de suite.",
        ),
        "it": (
            "Il suo indirizzo e-mail presso {programme} è stato cambiato",
            "l'indirizzo del suo conto è ora {masked}; qui non arriverà più nulla. Se non è stato "
            "lei, ci scriva subito.",
        ),
    },
}
