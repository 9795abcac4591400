"""Contact details are taken out of what two people write before they have booked anything.

A text is folded first (``plain``), then searched for addresses (``addresses``) and for numbers
(``numbers``). Every pattern is linear in the length of the text: each begins at something that
stands out (a digit, a point before a top-level domain, a sign), repetitions are bounded or
possessive, and what was looked at once is not looked at again.
"""

from services.messaging.model.redaction.addresses import addresses_in
from services.messaging.model.redaction.numbers import numbers_in
from services.messaging.model.redaction.plain import Span, folded

__all__ = ["MASK", "redact"]

MASK = "\u2022\u2022\u2022"
"""What stands where something was taken out."""


def redact(text: str, region: str) -> tuple[str, bool]:
    """text without telephone numbers, e-mail addresses, URLs and IBANs; whether any was there.

    region (ISO 3166 alpha-2) is where numbers without a country code belong. Spaced and spelled
    digits, digits of other scripts, spelled signs and invisible characters are seen through in
    German, English, French and Italian.
    """
    plain = folded(text)
    found = addresses_in(text, plain) + numbers_in(plain, region)
    return (_masked(text, found), True) if found else (text, False)


def _masked(text: str, spans: list[Span]) -> str:
    """The text with one MASK for each group of spans that touch."""
    pieces: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start > done or not pieces:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])
