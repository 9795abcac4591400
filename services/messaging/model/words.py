"""The words of a message, as they are looked for."""

import re
import unicodedata

LONGEST = 40
"""Characters of a word that count."""

MOST = 100
"""Different words of one message by which it is found."""

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Different words in their order; neither case nor accents matter (``Größe`` is ``grosse``)."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return list(dict.fromkeys(word[:LONGEST] for word in _WORD.findall(plain)))[:MOST]


def name_of(reader: str, word: str) -> str:
    """What a message that this reader can see is found by."""
    return f"{reader}|{word}"
