"""A text as the patterns want it, and where in the original each of its characters stands."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

Span = tuple[int, int]

_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_FOREIGN = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True)
class Plain:
    """starts[i] is where in the original text[i] comes from; one more entry marks the end."""

    text: str
    starts: Sequence[int]

    def origin(self, start: int, end: int) -> Span:
        """The original's characters that became text[start:end]."""
        last = self.starts[end - 1] + 1
        return self.starts[start], max(last, self.starts[end])

    def replaced(
        self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
    ) -> "Plain":
        """With every match of pattern replaced; the new characters come from where it began."""
        pieces: list[str] = []
        starts: list[int] = []
        done = 0
        for match in pattern.finditer(self.text):
            new = replacement(match)
            pieces += [self.text[done : match.start()], new]
            starts += self.starts[done : match.start()]
            starts += [self.starts[match.start()]] * len(new)
            done = match.end()
        if not done:
            return self
        pieces.append(self.text[done:])
        starts += self.starts[done:]
        return Plain("".join(pieces), starts)


def folded(text: str) -> Plain:
    """Lower case, compatibility forms resolved, marks and invisible characters left out."""
    whole = range(len(text) + 1)
    if text.isascii():
        return Plain(text.lower(), whole)
    plain = Plain(text, whole).replaced(_FOREIGN, lambda match: _resolved(match[0]))
    # Whatever is not ASCII by now is in lower case already, and keeps its length.
    return Plain(plain.text.translate(_LOWER), plain.starts)


@lru_cache(maxsize=4096)
def _resolved(character: str) -> str:
    """A character that is not ASCII as what it stands for; nothing if it cannot be seen."""
    parts = []
    for part in unicodedata.normalize("NFKD", character):
        if unicodedata.category(part) in ("Mn", "Me", "Cf"):
            continue
        digit = unicodedata.digit(part, None)
        parts.append(part.lower() if digit is None else str(digit))
    return "".join(parts)
