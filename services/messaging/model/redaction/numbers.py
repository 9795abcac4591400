"""Telephone numbers and bank accounts, and the many numbers that are neither."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

import phonenumbers

from services.messaging.model.redaction.plain import Plain, Span
from services.messaging.model.redaction.words import NUMBER_WORDS, digits_of

_FEWEST = 7
"""Digits below which nothing is a telephone number."""

_ENOUGH = re.compile(rf"(?:[0-9][^0-9]*+){{{_FEWEST}}}")

_PLUS = re.compile(r"p(?<![a-z].)(?:lus|iu)[\W_]{1,2}(?=[1-9])")
_DIGIT_LIKE = {"o": "0", "l": "1", "i": "1", "|": "1", "s": "5"}
_LOOKALIKE = re.compile(r"[olis|](?=[0-9])(?:(?<=[0-9].)|(?<![a-z].))")
"""Letters that pass for digits among digits."""

_FILLER = re.compile(
    r"[0-9][\W_]{1,3}+(?:dann|danach|then|puis|poi|minus|strich|bindestrich|dash|tiret"
    r"|trattino|slash|schragstrich|pause|double|doppel|doppelt|triple|doppio)[\W_]{1,3}(?=[0-9])"
)
"""Words that people put between the digits of a number, and the digit before them."""

_RUN = re.compile(r"[0-9]++(?:[\W_]{1,4}[0-9]++)*+")
"""Digits with nothing between them that would part a number."""

_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV6_HINT = re.compile(r":[0-9a-f]{0,4}:[0-9a-f]{0,4}:[0-9a-f]{0,4}:")
_IPV6 = re.compile(r"(?<![\w:])(?=[0-9:]{0,39}[a-f])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){4,7}(?![\w:])")
_PRIVATE = rf"(?:10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|255\.255)(?:\.{_OCTET})"
_HARMLESS = re.compile(
    r"(?<!\d)(?=[0-9]{1,4}\s?[./:,'\u2013-]|[0-9]{5},|[0-9]{1,3} 000)(?:"  # in short
    rf"{_DAY}[./-]{_MONTH}[./-]20\d\d(?!\d)"  # 24.12.2026
    rf"|(?<!\d[./-]){_DAY}([./-]){_MONTH}\1\d\d(?![\d./-]\d|\d)"  # 24.12.26
    r"|20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"  # 2026-12-24
    rf"|(?<!\d[./-]){_DAY}\.(?:0[1-9]|1[0-2])\.(?=\W*(?:$|[^\d\s]|\s))(?!\d)"  # 05.06.
    r"|(?<![\d:])(?:[01]?\d|2[0-4]):[0-5]\d(?![\d:])"  # 14:30
    r"|(?<![\d.:])(?:[01]\d|2[0-4])[.:]?[0-5]\d\s?[-\u2013]\s?(?:[01]\d|2[0-4])[.:]?[0-5]\d(?![\d.:-])"
    r"|(?<![\d.])\d{1,3}(?:[.,]\d\d)?\s?[-\u2013]\s?\d{1,3}[.,]\d\d(?!\d)"  # 0,50 - 1,00
    rf"|(?<![\d.]){_PRIVATE}{{1,3}}(?:/\d\d?)?(?![\d.]\d|\d)"  # 192.168.178.1
    r"|(?<![\d.])(?<!\d[\W_])(?<!\d[\W_]{2})(?<!\d[\W_]{3})"  # no part of a longer number:
    rf"(?!0){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.])(?![\W_]{{0,3}}\d)"  # 91.13.4.200
    r"|(?<![\d.])(?:\d{2,3}\.)?\d\d\.\d\d-\d{5,6}(?!\d)"  # 07.90-112233
    r"|(?<![\d.])(?:6\.[1-3]|10\.0)\.\d{4,5}(?:\.\d{1,5})?(?![\d.])"  # Windows 10.0.22631.4460
    r"|(?<![\d,.])\d{5}(?:,\s?\d{5})+(?![\d,.])"  # postcodes
    r"|\d{1,3}(?:[.' ]000)+(?!\d))"  # 1 000 000
)
"""Dates, times, sums and network addresses: what people must be able to write."""

_PARTED = re.compile(r"[./:,'\u2013-]| 000")
"""What each of those holds."""

_MAC = re.compile(r"\s*\d\d([:-])\d\d(?:\1\d\d){4}\s*\Z")

_PREFIX = re.compile(r"(?<!\d)(?:\+[\W_]{0,2}[1-9]|0[\W_]{0,4}(?:0[\W_]{0,4})?[1-9])")
"""Where in a run of digits an international or trunk prefix stands."""

_WITH_PREFIX = 9
"""Digits from the prefix on that are a telephone number, valid or not."""

_CALLS = (
    r"handy|telefon|telephon|telefoni|tel\b|mobil|natel|whats|ruf|anruf|nummer|erreich|festnetz"
    "|call|phone|cell|text me|sms|numer|portable|appel|chiam|signal|threema|viber|kontakt|contact"
    "|contatt|luut|lut mer"
)
_LABELS = (
    "serie|serial|s/n|seriale|kunden|client|customer|auftrag|ticket|bestell|order|command|ordin"
    "|vertrag|contra|rechnung|invoice|fattur|factur|artikel|article|articol|zahler|ean|isbn|imei"
    "|mac|firmware|version|fehler|error|erreur|errore|code|codice|modell|model|modele|pin|kanal"
    "|channel|canal|case|fall|referen|vorgang|steuer|chip|build|kb|sendung|paket|paquet|colis|pacco"
    "|parcel|tracking"
)
_CALLED = frozenset(_CALLS.replace(r"\b", "").split("|"))


def _rests(first: str, names: str) -> str:
    """What of the names follows their first letter; matches nothing if none begins so."""
    rests = [name[1:] for name in names.split("|") if name[0] == first]
    return "|".join(sorted(rests, key=len, reverse=True)) or "(?!)"


_NAMES = re.compile(
    "|".join(
        rf"{first}(?:{_rests(first, _LABELS)}|(?<![a-z].)(?:{_rests(first, _CALLS)}))"
        for first in sorted({name[0] for name in f"{_LABELS}|{_CALLS}".split("|")})
    )
)
"""What a number may be, somewhere in a word, or that it may be called, at the start of one."""

_NEIGHBOURS = frozenset({33, 39, 41, 43, 49, 423})
"""Country codes of the languages that are spoken here."""

_LOOK_BACK = 32
"""Characters before a number in which a word says what it is."""


def numbers_in(plain: Plain, region: str) -> list[Span]:
    """Telephone numbers and IBANs in the original text."""
    spelled = plain.replaced(NUMBER_WORDS, digits_of)
    if spelled is not plain:
        spelled = spelled.replaced(_PLUS, lambda _: "+")
    spelled = spelled.replaced(_FILLER, lambda _: " ", after=1)
    text = _LOOKALIKE.sub(lambda found: _DIGIT_LIKE[found[0]], spelled.text)
    if _IPV6_HINT.search(text):
        text = _IPV6.sub(lambda found: "x" * len(found[0]), text)
    if _ENOUGH.search(text) is None:
        return []
    runs = list(_RUN.finditer(text))
    own = runs if text == spelled.text else _RUN.finditer(spelled.text)
    found = [*_ibans(spelled.text, own), *_telephones(text, runs, region)]
    return [spelled.origin(start, end) for start, end in found]


def _telephones(text: str, runs: Iterable[re.Match[str]], region: str) -> list[Span]:
    spans: list[Span] = []
    for run in runs:
        start, end = run.span()
        if end - start < _FEWEST or _count(run[0]) < _FEWEST:
            continue
        start = _plus_before(text, start)
        parts = [(start, end)]
        if _PARTED.search(text, start, end) is not None:
            harmless = [each.span() for each in _HARMLESS.finditer(text, start, end)]
            parts = _others(text, harmless, start, end) if harmless else parts
            whole = _PREFIX.search(text, start, end) if harmless and parts else None
            if whole is not None and _is_valid(text[whole.start() : end], region):
                parts = []
                spans.append((whole.start(), end))
        spans += filter(None, (_telephone(text, *part, region) for part in parts))
    return spans


def _others(text: str, harmless: list[Span], start: int, end: int) -> list[Span]:
    """The parts of a run with digits besides its dates, times, sums and addresses."""
    places = [start, *chain(*harmless), end]
    parts = zip(places[::2], places[1::2], strict=True)
    return [part for part in parts if _count(text[slice(*part)])]


def _plus_before(text: str, start: int) -> int:
    """Where the run begins with the plus before it, if there is one."""
    plus = text.rfind("+", max(0, start - 3), start)
    return start if plus < 0 or text[plus + 1 : start].strip(" (") else plus


def _telephone(text: str, start: int, end: int, region: str) -> Span | None:
    """The number in this run of digits, if there is one."""
    run = text[start:end]
    count = _count(run)
    if count < _FEWEST:
        return None
    names: list[str] = _NAMES.findall(text[max(0, start - _LOOK_BACK) : start])
    called = bool(names) and names[-1] in _CALLED
    prefix = _PREFIX.search(text, start, end)
    if (names and not called) or _MAC.match(run):
        known = prefix and _is_valid(text[prefix.start() : end], region, _NEIGHBOURS)
        return (prefix.start(), end) if prefix and known else None
    if prefix is not None:
        dialled = run[prefix.start() - start :]
        if _count(dialled) >= _WITH_PREFIX or _is_valid(dialled, region):
            return _opened(text, prefix.start()), end
    if (called and count <= 14) or (10 <= count <= 15 and _is_abroad(run)):
        return start, end
    return None


_NO_DIGITS = bytes(set(range(128)) - set(b"0123456789"))


def _count(run: str) -> int:
    return len(run.encode("ascii", "ignore").translate(None, _NO_DIGITS))


def _opened(text: str, start: int) -> int:
    """With the bracket that a number like (030) begins with."""
    return start - 1 if start and text[start - 1] == "(" else start


def _is_abroad(run: str) -> bool:
    """Whether these digits are an international number that lost its plus.

    Numbers of one or two digits side by side are a list.
    """
    groups = re.findall(r"\d+", run)
    if not re.match(r"[34]\d", groups[0]) or max(map(len, groups)) < 3:
        return False
    return _is_valid("+" + run, "ZZ")


def _is_valid(run: str, region: str, countries: frozenset[int] = frozenset()) -> bool:
    digits = "".join(filter(str.isdecimal, run))
    try:
        number = phonenumbers.parse(("+" if "+" in run else "") + digits[:17], region)
    except phonenumbers.NumberParseException:
        return False
    if countries and number.country_code not in countries:
        return False
    return phonenumbers.is_valid_number(number)


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
_CHECK = re.compile(r"[0-9][\W_]{0,2}[0-9]")
"""The two digits behind the country."""

_COUNTRY = re.compile(r"[a-z](?:(?<![a-z0-9].)|(?<=iban.))[\W_]{0,2}[a-z][\W_]{0,2}\Z")
_ACCOUNTS = {
    country: re.compile(rf"(?:[\W_]{{0,3}}[a-z0-9]){{{length - 4}}}")
    for length, group in _IBAN_COUNTRIES
    for country in group
}
"""ISO 13616 registry: country -> what follows its check digits."""

_IBAN_DIGITS = 0.7
"""Share of digits behind the country that tells an account from a sentence; letters are few."""


def _ibans(text: str, runs: Iterable[re.Match[str]]) -> Iterator[Span]:
    for run in runs:
        begin = run.start()
        start = _COUNTRY.search(text, max(0, begin - 6), begin)
        if start is None:
            continue
        follows = _ACCOUNTS.get("".join(filter(str.isalpha, start[0])))
        check = _CHECK.match(text, begin)
        account = follows.match(text, check.end()) if follows and check else None
        if account is not None:
            characters = sum(map(str.isalnum, account[0]))
            if _count(account[0]) >= _IBAN_DIGITS * characters:
                yield start.start(), account.end()
