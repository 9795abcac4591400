"""A text as the patterns want it, and where in the original each of its characters stands."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

Span = tuple[int, int]

Edit = tuple[int, int, int]
"""Where something began and ended that was replaced, and the length of what stands there now."""

_FOREIGN = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True)
class Plain:
    """A text that was made of the one before by edits, in order; the original has none before."""

    text: str
    before: "Plain | None" = None
    edits: Sequence[Edit] = ()

    def origin(self, start: int, end: int) -> Span:
        """The original's characters that became text[start:end]."""
        last, plain = end - 1, self
        while plain.before is not None:
            begins, ends = plain._places
            edit = bisect_right(begins, start)
            if (edit == len(begins) or end < begins[edit]) and (
                edit == 0 or start >= ends[edit - 1]
            ):
                # Nothing was edited in here, so all of it moves alike.
                moved = plain.edits[edit - 1][1] - ends[edit - 1] if edit else 0
                start, last, end = start + moved, last + moved, end + moved
            else:
                start, last, end = plain._back(start), plain._back(last), plain._back(end)
            plain = plain.before
        return start, max(last + 1, end)

    def _back(self, at: int) -> int:
        """Where in the text before this character comes from."""
        begins, ends = self._places
        edit = bisect_right(begins, at) - 1
        if edit < 0:
            return at
        start, end, _ = self.edits[edit]
        return start if at < ends[edit] else end + at - ends[edit]

    @cached_property
    def _places(self) -> tuple[list[int], list[int]]:
        """Where the edits begin and end in the new text; wanted when something was found."""
        begins, ends, shift = [], [], 0
        for start, end, length in self.edits:
            begins.append(start + shift)
            ends.append(start + shift + length)
            shift += length - (end - start)
        return begins, ends

    def replaced(
        self,
        pattern: re.Pattern[str],
        replacement: Callable[[re.Match[str]], str],
        after: int = 0,
    ) -> "Plain":
        """With every match of pattern replaced; the new characters come from where it began.

        The first characters of each match, as many as after says, stay.
        """
        edits: list[Edit] = []

        def edited(match: re.Match[str]) -> str:
            new = replacement(match)
            start, end = match.span()
            edits.append((start + after, end, len(new)))
            return match[0][:after] + new if after else new

        text = pattern.sub(edited, self.text)
        return Plain(text, self, edits) if edits else self


def folded(text: str) -> Plain:
    """Lower case, compatibility forms resolved, marks and invisible characters left out."""
    if text.isascii():
        return Plain(text.lower())
    plain = Plain(text).replaced(_FOREIGN, lambda match: _resolved(match[0]))
    same = all(length == 1 for _, _, length in plain.edits)
    # Whatever is not ASCII by now is in lower case already, and keeps its length.
    lower = plain.text.lower()
    return Plain(lower) if same else Plain(lower, plain.before, plain.edits)


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
