"""Numbers as people say them, in the languages of the tenants, and as digits."""

import re
from collections.abc import Mapping
from typing import Any

_DIGITS = {
    "0": "null zero o oh",
    "1": "eins ein eis one un uno",
    "2": "zwei zwo zwoi two deux due",
    "3": "drei dru three trois tre",
    "4": "vier four quatre quattro",
    "5": "funf fuenf foif fuf five cinq cinque",
    "6": "sechs sachs six sei",
    "7": "sieben sibe seven sept sette",
    "8": "acht eight huit otto",
    "9": "neun nun nine neuf nove",
}
"""Without accents, Swiss German included."""

_TEENS = {
    "10": "zehn ten dix dieci",
    "11": "elf eleven onze undici",
    "12": "zwolf zwoelf twelve douze dodici",
    "13": "dreizehn thirteen treize tredici",
    "14": "vierzehn fourteen quatorze quattordici",
    "15": "funfzehn fuenfzehn fifteen quinze quindici",
    "16": "sechzehn sixteen seize sedici",
    "17": "siebzehn seventeen dix-sept diciassette",
    "18": "achtzehn eighteen dix-huit diciotto",
    "19": "neunzehn nineteen dix-neuf diciannove",
}
_HUNDRED = "hundert hundred cent cento"
"""What comes before it, and after, are digits of their own."""

_GERMAN_ONES = ["ein", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun"]
_GERMAN_TENS = [
    "zwanzig",
    "dreissig",
    "vierzig",
    "funfzig",
    "sechzig",
    "siebzig",
    "achtzig",
    "neunzig",
]
_ENGLISH_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_ENGLISH_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_FRENCH_ONES = ["un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"]
_FRENCH_TEENS = [
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
    "dix-sept",
    "dix-huit",
    "dix-neuf",
]
_FRENCH_TENS = {
    "2": "vingt",
    "3": "trente",
    "4": "quarante",
    "5": "cinquante",
    "6": "soixante",
    "7": "septante",
    "8": "huitante",
    "9": "nonante",
}
_ITALIAN_ONES = ["uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"]
_ITALIAN_TENS = [
    "venti",
    "trenta",
    "quaranta",
    "cinquanta",
    "sessanta",
    "settanta",
    "ottanta",
    "novanta",
]


def _spoken() -> dict[str, str]:
    words = {word: digits for digits, said in (_DIGITS | _TEENS).items() for word in said.split()}
    words |= dict.fromkeys(_HUNDRED.split(), "1")
    for ten, (german, english, italian) in enumerate(
        zip(_GERMAN_TENS, _ENGLISH_TENS, _ITALIAN_TENS, strict=True), start=2
    ):
        words |= {german: f"{ten}0", english: f"{ten}0", italian: f"{ten}0"}
        words[german.replace("ss", "ß")] = f"{ten}0"
        for one in range(1, 10):
            number = f"{ten}{one}"
            for spelled in (german, german.replace("ss", "ß")):
                words[f"{_GERMAN_ONES[one - 1]}und{spelled}"] = number
                words[f"zwound{spelled}"] = f"{ten}2"
            for joint in ("-", " ", ""):
                words[f"{english}{joint}{_ENGLISH_ONES[one - 1]}"] = number
            said = _ITALIAN_ONES[one - 1]
            words[(italian[:-1] if said in ("uno", "otto") else italian) + said] = number
    return words | _french()


def _french() -> dict[str, str]:
    words = {}
    for ten, french in _FRENCH_TENS.items():
        words[french] = f"{ten}0"
        words |= {f"{french}-{said}": f"{ten}{one}" for one, said in enumerate(_FRENCH_ONES, 1)}
        words |= {f"{french} et un": f"{ten}1", f"{french}-et-un": f"{ten}1"}
    for one, said in enumerate(_FRENCH_TEENS):
        words[f"soixante-{said}"] = f"7{one}"
        words[f"quatre-vingt-{said}"] = f"9{one}"
    words |= {f"quatre-vingt-{said}": f"8{one}" for one, said in enumerate(_FRENCH_ONES, 1)}
    words |= dict.fromkeys(("quatre-vingt", "quatre-vingts"), "80")
    return words | {word.replace("-", " "): digits for word, digits in words.items()}


DIGITS_OF = _spoken()
"""Word -> its digits; the word in lower case and without accents."""


def _trie(words: Mapping[str, str]) -> dict[str, Any]:
    trie: dict[str, Any] = {}
    for word in words:
        node = trie
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return trie


def _pattern(trie: Mapping[str, Any]) -> str:
    """The longest word of the trie; each character decides, so that nothing is tried twice."""
    branches = [
        re.escape(letter) + _pattern(rest) for letter, rest in sorted(trie.items()) if letter
    ]
    if not branches:
        return ""
    return f"(?>{'|'.join(branches)})" + ("?" if "" in trie else "")


_TRIE = _trie(DIGITS_OF)
_WORD = _pattern(_TRIE)
_FIRST = "|".join(rf"{letter}(?<![a-z].){_pattern(rest)}" for letter, rest in sorted(_TRIE.items()))
"""A word at the beginning of one; the letter comes first, as that is what is searched fast."""

NUMBER_WORDS = re.compile(rf"(?:{_FIRST})(?>{_WORD})*+(?![a-z])")
"""Number words, also several written as one."""

_ONE = re.compile(_WORD)


def digits_of(words: re.Match[str]) -> str:
    """The digits of what NUMBER_WORDS found."""
    said = words[0]
    known = DIGITS_OF.get(said)
    return known or "".join(DIGITS_OF[word] for word in _ONE.findall(said))
