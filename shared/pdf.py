"""PDFs that are handed in: whole, of some pages, and with nothing in them that acts by itself."""

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

MAX_PAGES = 50
MAX_PARTS = 50_000
"""Of a document of this many pages; it bounds the work of looking at each of them."""

_ACTIVE_KEYS = frozenset(
    {"/JS", "/JavaScript", "/XFA", "/EmbeddedFiles", "/EF", "/RichMediaContent"}
)
"""Scripts, forms that compute, and files within the file (ISO 32000-2, 7.11.4, 12.6.4, 12.7.8)."""

_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/Rendition"}
)
"""What a dictionary's /S may not be: actions that run, send or open something (12.6.4)."""

_ATTACHED = frozenset({"/FileAttachment", "/RichMedia", "/3D", "/Movie", "/Sound", "/Screen"})
"""What an annotation's /Subtype may not be (12.5.6)."""


def fault_of(content: bytes) -> str | None:
    """Why this PDF is not taken, or None.

    The library undoes every disguise of a name (#4a for J, objects within compressed streams)
    and refuses streams that unpack to more than it allows.
    """
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-2048:]:
        return "this PDF is damaged"
    try:
        return _fault_of(PdfReader(io.BytesIO(content)))
    except Exception:
        # A damaged file makes the library raise whatever it stumbles over.
        return "this PDF is damaged"


def _fault_of(reader: PdfReader) -> str | None:
    if reader.is_encrypted:
        return "this PDF is protected by a password"
    if not 1 <= len(reader.pages) <= MAX_PAGES:
        return f"a PDF here has 1 to {MAX_PAGES} pages"
    for number, each in enumerate(_parts(reader)):
        if number > MAX_PARTS:
            return "this PDF has too many parts"
        if isinstance(each, DictionaryObject) and _acts(each):
            return "a PDF here has no scripts, attachments or actions"
    return None


def _acts(each: DictionaryObject) -> bool:
    return (
        not _ACTIVE_KEYS.isdisjoint(each)
        or each.get("/S") in _ACTIONS
        or each.get("/Subtype") in _ATTACHED
    )


def _parts(reader: PdfReader) -> Iterator[Any]:
    """Every object, dictionary and array of the file, whether anything refers to it or not."""
    known = {number: kind for kind, table in reader.xref.items() for number in table}
    known |= dict.fromkeys(reader.xref_objStm, 0)
    waiting: list[Any] = [reader.trailer]
    waiting += [IndirectObject(number, kind, reader) for number, kind in known.items()]
    while waiting:
        each = waiting.pop()
        if isinstance(each, IndirectObject):
            each = each.get_object()
        yield each
        if isinstance(each, DictionaryObject):
            waiting += _direct(each.values())
        elif isinstance(each, ArrayObject):
            waiting += _direct(each)


def _direct(values: Any) -> list[Any]:
    """What indirect objects are is looked at once, in the table of all of them."""
    return [each for each in values if isinstance(each, DictionaryObject | ArrayObject)]
