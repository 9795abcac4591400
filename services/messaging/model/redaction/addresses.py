"""E-mail addresses and links, with their signs written out or not."""

import re
from collections.abc import Iterable

from services.messaging.model.redaction.plain import Plain, Span

_TOP = (
    "com|net|org|info|biz|eu|de|at|ch|li|fr|it|nl|be|es|uk|io|me|app|dev|shop|online|site|xyz"
    "|link|page|live|club|berlin|swiss|ly|gg|wien|cloud|blog|cc|us|pl|cz|dk|se|lu"
)
_END = r"(?![a-z0-9-])"

_PROVIDERS = (
    "gmail|googlemail|gmx|web|yahoo|hotmail|outlook|icloud|bluewin|t-online|libero|tiscali|orange"
    "|wanadoo|laposte|sunrise|proton|protonmail|posteo|mailbox|freenet|aol|live|msn|me|hispeed"
)
_OPEN, _CLOSE = r"[(\[{<]", r"\s?[)\]}>]\s?"
_AT_NAMES = "at|klammeraffe|affenschwanz|at-zeichen|arroba|arobase|chiocciola"
_AT_WORD = rf"(?:\s(?:{_AT_NAMES})\s|\s?{_OPEN}\s?(?:a|{_AT_NAMES}|@){_CLOSE}|\s?@\s?)"

_SPELLED_TOP = (
    r"(?:punkt\s(?:com|net|org|info|biz|eu|de|at|ch|li|fr|berlin|swiss|io)"
    r"|dot\s(?:com|net|org|info|biz|eu|de|ch|fr|io|co|uk|app|dev)"
    r"|point\s(?:com|org|info|biz|eu|ch|fr|io)"
    rf"|punto\s(?:com|net|org|info|biz|eu|ch|it|io)){_END}"
)
"""No top-level domain that would go on with a sentence: ``point de vente``, ``the dot at``."""

_DOT_WORD = "(?:dot|punkt|point|punto)"
_POINT = re.compile(
    rf"[\s(\[{{<.](?=[\s(\[{{<.]|dot|pun|poi)(?:(?<={_OPEN})\s?(?:{_DOT_WORD}|\.){_CLOSE}"
    rf"|(?<=\s){_OPEN}\s?(?:{_DOT_WORD}|\.){_CLOSE}"
    rf"|(?<=\s)\.\s?(?=(?:{_TOP}){_END}|[a-z0-9-]{{1,40}}\s?\.\s?(?:{_TOP}){_END})"
    rf"|(?<=[a-z0-9]\.)\s(?=[a-z0-9-]{{1,40}}\s\.\s?(?:{_TOP}){_END})"
    rf"|(?<=\s)(?={_SPELLED_TOP}){_DOT_WORD}\s"
    rf"|(?<=\s){_DOT_WORD}\s"
    rf"(?=[a-z0-9._-]{{1,40}}(?:{_AT_WORD}|\s{_SPELLED_TOP})))"
)
_JOINT = re.compile(
    r"\s(?=[umbtd])(?:underscore|unterstrich|tiret bas|trattino basso|minus|bindestrich|tiret"
    r"|trattino|dash)"
    rf"\s(?=[a-z0-9._-]{{1,40}}{_AT_WORD})"
)
_JOINT_HINTS = ("underscore", "strich", "tiret", "trattino", "minus", "dash")
_HOST = rf"[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}}){{0,3}}\.(?:{_TOP}){_END}"
_AT = re.compile(
    rf"[\s(\[{{<@](?=[\s(\[{{<@]|a[tfr\s)\]}}>]|kl|ch|bei|pr)"
    rf"(?:(?<={_OPEN})\s?(?:a|{_AT_NAMES}|@){_CLOSE}"
    rf"|(?<=\s){_OPEN}\s?(?:a|{_AT_NAMES}|@){_CLOSE}"
    rf"|(?<=\s)\s?@\s{{0,2}}(?=[a-z0-9-]{{1,63}}\.|(?:{_PROVIDERS}){_END})"
    rf"|(?<=@)\s{{1,2}}(?=[a-z0-9-]{{1,63}}\.|(?:{_PROVIDERS}){_END})"
    rf"|(?<=\s)(?:{_AT_NAMES})\s(?={_HOST})"
    rf"|(?<=\s)(?:{_AT_NAMES}|bei|chez|presso)\s(?=(?:{_PROVIDERS})[\s.](?:{_TOP}){_END})"
    rf"|(?<=\s)(?P<alone>{_AT_NAMES})\s(?=(?:{_PROVIDERS}){_END}))"
)
_POINT_HINT = re.compile(rf"[(\[{{<\s](?:{_DOT_WORD}|\.)")
_AT_HINT = re.compile(rf"[(\[{{<\s](?:a|{_AT_NAMES}|@|bei|chez|presso)[\s)\]}}>]|@\s")
"""Whether there may be anything to write as a sign at all."""

_LIKE_A_NAME = re.compile(r"[a-z0-9._-]*[0-9._-][a-z0-9._-]*\Z")

_MAIL = re.compile(
    rf"@(?:[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}}){{0,4}}\.[a-z]{{2,24}}"
    rf"|(?:{_PROVIDERS})(?:\s(?:{_TOP}))?){_END}"
)
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789._%+-"
_LABEL = "abcdefghijklmnopqrstuvwxyz0123456789.-"

_AFTER_WWW = rf"\s?w\s?w\s?\d?\.\s?(?:[a-z0-9-]{{1,63}}\.(?:{_TOP}){_END}\S*|\S+)"
_WWW = re.compile(rf"w(?<![a-z0-9].){_AFTER_WWW}")
_SCHEME = re.compile(
    r"[hfw](?<![a-z0-9].)(?:(?:(?<=h)\s?(?:t\s?t|x\s?x)\s?p\s?s?|(?<=f)tp)"
    rf"\s?:\s?(?:/\s?){{1,2}}(?P<rest>\S+)|(?<=w){_AFTER_WWW})"
)
_SCHEME_HINT = re.compile(r":\s?/")

_DOMAIN = re.compile(rf"\.(?:{_TOP}){_END}(?::\d{{1,5}})?(?:[/?#]\S*+)?")

_PUNCTUATION = ".,;:!?)]}>'\""

_SENTENCE = re.compile(
    r"\w\.(?:Es|It|At|Me|Be|Live|Online|Page|Link|Club|Shop|De|Se|Us|Li|App|Site|Cloud|Blog)"
)
"""A sentence that begins without a space, not a domain."""

_AT_HOME = re.compile(
    r"(?:10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+(?![\w.])"
    r"|(?:[a-z0-9-]{1,63}\.)?(?:[a-z0-9]{2,20}\.box|fritz\.(?:nas|repeater)|speedport\.ip"
    r"|local|home|lan|localhost)(?![a-z0-9-]|\.[a-z0-9])"
)
"""Devices in the house: what a browser opens to set up a router."""

_NO_DOMAINS = frozenset({"asp.net", "vb.net", "ado.net"})


def addresses_in(text: str, plain: Plain) -> list[Span]:
    """E-mail addresses and links in the original text."""
    if _POINT_HINT.search(plain.text):
        plain = plain.replaced(_POINT, lambda _: ".")
    if _AT_HINT.search(plain.text):
        if any(map(plain.text.__contains__, _JOINT_HINTS)):
            plain = plain.replaced(_JOINT, lambda _: "_")
        plain = plain.replaced(_AT, _at_sign)
    mails = _mails(plain.text)
    spans = [plain.origin(start, end) for start, end in (*mails, *_schemes(plain.text))]
    beginning = {end: start for start, end in mails}
    for start, end in _domains(plain.text):
        if beginning.get(end, end) <= start:
            continue  # It is the domain of an address.
        span = plain.origin(start, end)
        if not _ends_as_sentence(text, span):
            spans.append(span)
    return spans


def _at_sign(sign: re.Match[str]) -> str:
    """A provider without its domain needs a name before it that is no word of a sentence."""
    before = sign.string[max(0, sign.start() - 40) : sign.start()]
    return "@" if sign["alone"] is None or _LIKE_A_NAME.search(before) else sign[0]


def _mails(text: str) -> list[Span]:
    spans, done = [], 0
    for match in _MAIL.finditer(text):
        start = _walked_back(text, match.start(), done, _NAME)
        if start < match.start():
            spans.append((start, match.end()))
        done = match.end()
    return spans


def _schemes(text: str) -> list[Span]:
    found: Iterable[re.Match[str]] = _WWW.finditer(text)
    if _SCHEME_HINT.search(text):
        links = _SCHEME.finditer(text)
        found = (each for each in links if not each["rest"] or not _AT_HOME.match(each["rest"]))
    return [(each.start(), each.start() + len(each[0].rstrip(_PUNCTUATION))) for each in found]


def _domains(text: str) -> list[Span]:
    spans, done = [], 0
    for match in _DOMAIN.finditer(text):
        start = _walked_back(text, match.start(), done, _LABEL)
        end = match.start() + len(match[0].rstrip(_PUNCTUATION))
        if start < match.start() and text[start:end] not in _NO_DOMAINS:
            spans.append((start, end))
        done = match.end()
    return spans


def _walked_back(text: str, place: int, least: int, allowed: str) -> int:
    """Where the characters before place that are allowed begin; never before least."""
    return least + len(text[least:place].rstrip(allowed))


def _ends_as_sentence(text: str, origin: Span) -> bool:
    start, end = origin
    point = text.rfind(".", start, end)
    return point > start and _SENTENCE.fullmatch(text, point - 1, end) is not None
