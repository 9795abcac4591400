"""Contact details are taken out of what two people write before they have booked anything.

Every pattern is linear in the length of the text: alternatives cannot match the same characters
in two ways, and repetitions are possessive where they could.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

MASK = "\u2022\u2022\u2022"
"""What stands where something was taken out."""

_TRIES = 500
"""Invalid candidates the number matcher looks at before it gives up."""

_DIGIT_WORDS = {
    "0": "null zero o oh",
    "1": "eins ein one un uno",
    "2": "zwei zwo two deux due",
    "3": "drei three trois tre",
    "4": "vier four quatre quattro",
    "5": "funf fuenf five cinq cinque",
    "6": "sechs six sei",
    "7": "sieben seven sept sette",
    "8": "acht eight huit otto",
    "9": "neun nine neuf nove",
}
"""In the languages of the tenants, without accents."""

_DIGIT_OF = {word: digit for digit, words in _DIGIT_WORDS.items() for word in words.split()}
_LONGEST_FIRST = "|".join(sorted(_DIGIT_OF, key=lambda word: (-len(word), word)))
_SPELLED = re.compile(rf"(?<![a-z])(?>{_LONGEST_FIRST})++(?![a-z])")
_SPELLED_ONE = re.compile(_LONGEST_FIRST)

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_HARMLESS = re.compile(
    r"(?<!\d)(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|1[0-2])[./-]20\d\d(?!\d)"  # 24.12.2026
    r"|(?<!\d)20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"  # 2026-12-24
    r"|(?<![\d:])(?:[01]?\d|2[0-3]):[0-5]\d(?![\d:])"  # 14:30
    r"|(?<![\d.])(?<!\d[\W_])(?<!\d[\W_]{2})(?<!\d[\W_]{3})"  # no part of a longer number:
    rf"(?!0){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.])(?![\W_]{{0,3}}\d)"  # 192.168.178.1
)
"""Dates, times and network addresses: what people must be able to write, full of digits."""

_NUMBER_RUN = re.compile(r"(?<!\d)(?:\+|0)(?:[\W_]{0,4}\d){8,}+")
"""An international or trunk prefix and at least eight digits more, however they are spaced."""

_COUNTRY_RUN = re.compile(r"(?<!\d)(?:4[0-9]|3[0-9])(?:[\W_]{0,4}\d){8,13}+(?![\W_]{0,4}\d)")
"""Digits that may be an international number without its prefix."""

_TOP = (
    "com|net|org|info|biz|eu|de|at|ch|li|fr|it|nl|be|es|uk|io|me|app|dev|shop|online|site|xyz"
    "|link|page|live|club|berlin|swiss|ly|gg"
)
_POINT = "dot|punkt|point|punto"
_DOT = rf"(?:\.|\s\.\s?|\s?[(\[{{<]\s?(?:{_POINT}|\.)\s?[)\]}}>]\s?|\s(?:{_POINT})\s)"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,62}+)"
_TOKEN = r"(?<![a-z0-9._%+-])[a-z0-9._%+-]++"
_SIGN = r"(?:\s{0,2}@\s{0,2}|\s?[(\[{<]\s?(?:at|a|@)\s?[)\]}>]\s?)"
_ADDRESS = re.compile(
    rf"{_TOKEN}{_SIGN}(?:{_LABEL}{_DOT}){{1,5}}[a-z]{{2,24}}"
    rf"|{_TOKEN}\s(?:at|klammeraffe|arroba|arobase|chiocciola)\s(?:{_LABEL}{_DOT}){{1,5}}"
    rf"(?:{_TOP})(?![a-z0-9-])"
)
_LINK = re.compile(
    r"(?<![a-z0-9])(?:https?|ftp):/{1,2}\S++"
    r"|(?<![a-z0-9])www\d?\.\S++"
    rf"|(?<![a-z0-9@.-])(?:{_LABEL}{_DOT}){{1,5}}(?:{_TOP})(?![a-z0-9-])(?:[/?#:]\S*+)?"
)

_PUNCTUATION = ".,;:!?)]}>'\""

_SENTENCE = re.compile(r"\w\.(?:Es|It|At|Me|Be|Live|Online|Page|Link|Club|Shop)")
"""A sentence that begins without a space, not a domain."""

_IBAN_COUNTRIES = (
    (15, ("no",)),
    (16, ("be",)),
    (18, ("dk", "fi", "nl")),
    (19, ("si",)),
    (20, ("at", "ee", "lt", "lu")),
    (21, ("ch", "hr", "li", "lv")),
    (22, ("bg", "de", "gb", "ie")),
    (24, ("cz", "es", "ro", "se", "sk")),
    (25, ("pt",)),
    (26, ("tr",)),
    (27, ("fr", "gr", "it")),
    (28, ("cy", "hu", "pl")),
    (29, ("ua",)),
    (31, ("mt",)),
)
_IBAN_LENGTHS = {country: length for length, group in _IBAN_COUNTRIES for country in group}
"""ISO 13616 registry: country -> characters in all."""

_IBAN_START = re.compile(r"(?:(?<![a-z0-9])|(?<=iban))[a-z][\W_]{0,2}[a-z](?:[\W_]{0,2}\d){2}")
_SEPARATED = re.compile(r"[\W_]{0,2}([a-z0-9])")
_IBAN_DIGITS = 0.7
"""Share of digits behind the country that tells an account from a sentence; letters are few."""

Span = tuple[int, int]


@dataclass(frozen=True)
class _Plain:
    """Text as the patterns want it, and where in the original each character comes from."""

    text: str
    origins: list[Span]

    def origin(self, start: int, end: int) -> Span:
        return self.origins[start][0], self.origins[end - 1][1]


def redact(text: str, region: str) -> tuple[str, bool]:
    """text without telephone numbers, e-mail addresses, URLs and IBANs; whether any was there.

    region (ISO 3166 alpha-2) is where numbers without a country code belong. Spaced and spelled
    digits, digits of other scripts and invisible characters between them are seen through.
    """
    plain = _without_words(_folded(text))
    if not plain.text:
        return text, False
    found = [*_matches(_ADDRESS, plain.text), *_links(text, plain)]
    numbers = _HARMLESS.sub(lambda match: "x" * len(match[0]), plain.text)
    found += [*_ibans(numbers), *_matches(_NUMBER_RUN, numbers), *_telephones(numbers, region)]
    if not found:
        return text, False
    return _masked(text, [plain.origin(start, end) for start, end in found]), True


def _folded(text: str) -> _Plain:
    """Lower case, compatibility forms resolved, marks and invisible characters left out."""
    if text.isascii():
        return _Plain(text.lower(), [(place, place + 1) for place in range(len(text))])
    characters: list[str] = []
    origins: list[Span] = []
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFKD", character):
            if unicodedata.category(part) in ("Mn", "Me", "Cf"):
                continue
            digit = unicodedata.digit(part, None)
            for plain in part.lower() if digit is None else str(digit):
                characters.append(plain)
                origins.append((place, place + 1))
    return _Plain("".join(characters), origins)


def _without_words(plain: _Plain) -> _Plain:
    """Spelled digits as digits: ``null eins`` is ``0 1``."""
    pieces: list[str] = []
    origins: list[Span] = []
    done = 0
    for run in _SPELLED.finditer(plain.text):
        pieces.append(plain.text[done : run.start()])
        origins += plain.origins[done : run.start()]
        for word in _SPELLED_ONE.finditer(plain.text, run.start(), run.end()):
            pieces.append(_DIGIT_OF[word[0]])
            origins.append(plain.origin(word.start(), word.end()))
        done = run.end()
    pieces.append(plain.text[done:])
    return _Plain("".join(pieces), origins + plain.origins[done:])


def _matches(pattern: re.Pattern[str], text: str) -> list[Span]:
    return [match.span() for match in pattern.finditer(text)]


def _links(text: str, plain: _Plain) -> list[Span]:
    """Without the punctuation that follows a link in a sentence."""
    spans = []
    for match in _LINK.finditer(plain.text):
        span = match.start(), match.start() + len(match[0].rstrip(_PUNCTUATION))
        if not _ends_as_sentence(text, plain.origin(*span)):
            spans.append(span)
    return spans


def _ends_as_sentence(text: str, origin: Span) -> bool:
    start, end = origin
    point = text.rfind(".", start, end)
    return point > start and _SENTENCE.fullmatch(text, point - 1, end) is not None


def _telephones(text: str, region: str) -> list[Span]:
    found = PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=_TRIES)
    spans = [(match.start, match.end) for match in found]
    return spans + [run.span() for run in _COUNTRY_RUN.finditer(text) if _is_number(run[0])]


def _is_number(run: str) -> bool:
    """Whether these digits are a valid number once a plus is put before them."""
    digits = "".join(filter(str.isdecimal, run))
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return False


def _ibans(text: str) -> Iterable[Span]:
    for start in _IBAN_START.finditer(text):
        country = "".join(filter(str.isalpha, start[0]))
        end, account = start.end(), ""
        while country in _IBAN_LENGTHS and len(account) < _IBAN_LENGTHS[country] - 4:
            following = _SEPARATED.match(text, end)
            if following is None:
                break
            account, end = account + following[1], following.end()
        else:
            digits = sum(map(str.isdecimal, account))
            if account and digits >= _IBAN_DIGITS * len(account):
                yield start.start(), end


def _masked(text: str, spans: list[Span]) -> str:
    """The text with one MASK for each group of spans that touch."""
    pieces: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start > done or not pieces:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])
