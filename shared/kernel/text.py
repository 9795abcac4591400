"""Text from outside: normalised, trimmed and free of characters that deceive the eye."""

import re
import unicodedata

_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORBIDDEN_IN_NAMES = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str, *, one_line: bool = False) -> str:
    """NFC and trimmed. ValueError on control, bidi-override or surrogate characters.

    Line feed and tab are allowed unless one_line (names, titles).
    """
    if (_FORBIDDEN_IN_NAMES if one_line else _FORBIDDEN).search(text):
        raise ValueError("must not contain control or bidirectional formatting characters")
    return unicodedata.normalize("NFC", text).strip()
