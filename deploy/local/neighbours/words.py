"""What neighbours write about themselves, in German and in French."""

from random import Random

from deploy.local.neighbours.people import Person

_HEADLINES = {
    "de": {
        "wifi": (
            "WLAN, das bis in die Küche reicht",
            "Router, Mesh und guter Empfang",
            "Internet, das wieder läuft",
        ),
        "tv": (
            "Fernseher aufhängen und einrichten",
            "TV, Soundbar und Streaming",
            "Sender finden, Kabel ordnen",
        ),
        "computer": (
            "Hilfe bei Windows, Mac und Backup",
            "Computer wieder flott gemacht",
            "Ruhige Hilfe am Computer",
        ),
        "smartphone": (
            "Handywechsel ohne Datenverlust",
            "Smartphone verständlich erklärt",
            "Android und iPhone einrichten",
        ),
        "smart_home": ("Smart Home ohne Frust", "Licht, Heizung, Kamera vernetzt"),
        "printer": ("Drucker, die wieder drucken", "Drucken und Scannen im WLAN"),
    },
    "fr": {
        "wifi": ("Un Wi-Fi qui couvre tout le logement", "Routeur, mesh et bonne réception"),
        "tv": ("Installation de votre téléviseur", "TV, barre de son et streaming"),
        "computer": ("De l’aide pour votre ordinateur", "Windows, Mac et sauvegardes"),
        "smartphone": ("Changer de téléphone sans rien perdre", "Le smartphone, tout simplement"),
        "smart_home": ("La maison connectée sans souci",),
        "printer": ("Imprimer et numériser en Wi-Fi",),
    },
}

_JOBS = (
    ("Netzwerktechniker", "Netzwerktechnikerin"),
    ("Elektroniker", "Elektronikerin"),
    ("Lehrer", "Lehrerin"),
    ("Softwareentwickler", "Softwareentwicklerin"),
    ("Mediengestalter", "Mediengestalterin"),
    ("Fachinformatiker", "Fachinformatikerin"),
    ("Pflegefachmann", "Pflegefachfrau"),
    ("Systemadministrator", "Systemadministratorin"),
    ("Veranstaltungstechniker", "Veranstaltungstechnikerin"),
    ("Buchhändler", "Buchhändlerin"),
)
_JOBS_FR = (
    ("technicien réseau", "technicienne réseau"),
    ("électronicien", "électronicienne"),
    ("informaticien", "informaticienne"),
    ("enseignant", "enseignante"),
)
_STUDIES = ("Informatik", "Elektrotechnik", "Medientechnik", "Physik", "Wirtschaftsinformatik")
_STUDIES_FR = ("l’informatique", "l’électrotechnique", "la physique")

_LIVES = {
    "de": {
        "student": "Ich studiere {study} und helfe nebenbei gern in {quarter}.",
        "employed": "Tagsüber arbeite ich als {job}, nach Feierabend helfe ich in {quarter}.",
        "retired": "Ich war viele Jahre {job} und habe jetzt Zeit für meine Nachbarschaft.",
        "parent": "Ich bin gerade in Elternzeit, gelernt habe ich {job}, und wohne in {quarter}.",
        "trader": "Ich bin mit einem kleinen IT-Service in {quarter} selbständig.",
    },
    "fr": {
        "student": "J’étudie {study} et j’aide volontiers mes voisins, quartier {quarter}.",
        "employed": "Je travaille comme {job} et j’aide après le travail, quartier {quarter}.",
        "retired": "J’ai longtemps travaillé comme {job} ; j’ai maintenant du temps à offrir.",
        "parent": "Je suis en congé parental ; mon métier, c’est {job}, quartier {quarter}.",
        "trader": "Je dirige une petite entreprise de services informatiques, quartier {quarter}.",
    },
}

_SKILLS = {
    "de": {
        "wifi": (
            "Beim WLAN messe ich zuerst nach, bevor ich etwas umstelle.",
            "Router, Repeater und Mesh richte ich so ein, dass auch das Schlafzimmer Empfang hat.",
            "Ich finde heraus, ob es an der Leitung, am Router oder am Gerät liegt.",
        ),
        "tv": (
            "Fernseher hänge ich mit passenden Dübeln auf und räume den Karton weg.",
            "Sendersuchlauf, Streaming und Soundbar sind danach in einer Fernbedienung vereint.",
            "Ich sortiere Sender und Kabel so, dass man sich wieder auskennt.",
        ),
        "computer": (
            "Am Computer sichere ich zuerst die Daten, dann räume ich auf.",
            "Ich richte Updates, Virenschutz und ein Backup ein, das von selbst läuft.",
            "Langsame Notebooks bekommen von mir eine SSD und ein frisches System.",
        ),
        "smartphone": (
            "Beim Handywechsel ziehen Fotos, Chats und Kontakte vollständig mit um.",
            "Am Smartphone üben wir die Dinge, die man wirklich braucht.",
            "Passwörter tippen Sie selbst ein, ich schaue so lange weg.",
        ),
        "smart_home": (
            "Im Smart Home achte ich auf Datenschutz und einfache Bedienung.",
            "Lampen, Thermostate und Sensoren bringe ich in eine einzige App.",
        ),
        "printer": (
            "Auch störrische Drucker finde ich im Netz wieder.",
            "Drucken und Scannen geht danach von Computer und Handy.",
        ),
    },
    "fr": {
        "wifi": (
            "Pour le Wi-Fi, je mesure d’abord avant de changer quoi que ce soit.",
            "J’installe routeur, répéteurs et mesh pour que chaque pièce soit couverte.",
        ),
        "tv": (
            "Je fixe le téléviseur avec les bonnes chevilles et je range les câbles.",
            "Chaînes, streaming et barre de son : une seule télécommande suffit ensuite.",
        ),
        "computer": (
            "Sur l’ordinateur, je sauvegarde d’abord vos données.",
            "Je règle les mises à jour et une sauvegarde automatique.",
        ),
        "smartphone": (
            "Photos, messages et contacts passent entiers sur le nouveau téléphone.",
            "Vos mots de passe, vous les saisissez vous-même.",
        ),
        "smart_home": ("Pour la maison connectée, je veille à la protection des données.",),
        "printer": ("Je remets aussi les imprimantes récalcitrantes sur le réseau.",),
    },
}

_CLOSINGS = {
    "de": (
        "Ich erkläre jeden Schritt und lasse eine kurze Notiz da.",
        "Fragen sind ausdrücklich erwünscht.",
        "Wenn ich etwas nicht lösen kann, sage ich es gleich.",
        "Geduld bringe ich mit, Werkzeug auch.",
        "Schreiben Sie mir vorher kurz, welches Gerät es ist.",
        "Was wir besprechen und was ich sehe, bleibt bei Ihnen.",
        "Am liebsten zeige ich es so, dass Sie es beim nächsten Mal selbst können.",
    ),
    "fr": (
        "J’explique chaque étape et je laisse une petite note.",
        "Toutes les questions sont les bienvenues.",
        "Si je ne peux pas résoudre le problème, je le dis tout de suite.",
    ),
}


def headline(person: Person, skill: str, quarter: str, dice: Random) -> str:
    """One line about the main skill, in the person's first language."""
    return f"{dice.choice(_HEADLINES[person.languages[0]][skill])} – {quarter}"


def bio(person: Person, skills: tuple[str, ...], quarter: str, dice: Random) -> str:
    """Who they are, what they do well, how they work: three to six sentences."""
    language = person.languages[0]
    jobs, studies = (_JOBS_FR, _STUDIES_FR) if language == "fr" else (_JOBS, _STUDIES)
    life = _LIVES[language][person.life].format(
        job=dice.choice(jobs)[person.feminine], study=dice.choice(studies), quarter=quarter
    )
    able = [dice.choice(_SKILLS[language][skill]) for skill in skills]
    closing = dice.choice(_CLOSINGS[language])
    return _spaced(" ".join([life, *able, closing]), language)


def _spaced(text: str, language: str) -> str:
    """French sets a no-break space before its high punctuation."""
    if language != "fr":
        return text
    return text.replace(" ;", "\u00a0;").replace(" :", "\u00a0:")
