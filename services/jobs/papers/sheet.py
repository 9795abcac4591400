"""How papers look: the tenant's colour and contact around rows of labels and values."""

import logging
from datetime import datetime
from importlib.resources import as_file, files
from typing import Any

from fpdf import FPDF
from fpdf.enums import Align, WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

from services.jobs.papers.letterhead import Letterhead

_FONT = "OpenSans"
_LABEL, _VALUE, _AMOUNT = 45.0, 95.0, 30.0
"""Millimetres of the columns; together as wide as the text of an A4 page."""

_MARGIN = 20.0
_DARK = 128
"""Luma below which white letters stand on a colour (ITU-R BT.601)."""

_BESIDE: dict[str, Any] = {"new_x": XPos.RIGHT, "new_y": YPos.TOP}
_BELOW: dict[str, Any] = {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}


class Sheet(FPDF):
    """made_at stands for the time of making, so that the same facts make the same bytes."""

    def __init__(self, head: Letterhead, title: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._head = head
        # It warns of each letter that a font lacks; such letters are replaced here.
        logging.getLogger("fpdf").setLevel(logging.ERROR)
        logging.getLogger("fontTools").setLevel(logging.ERROR)
        for style, name in (("", "Regular"), ("B", "Bold")):
            with as_file(files("ttf_opensans") / "ttf" / f"OpenSans-{name}.ttf") as path:
                self.add_font(_FONT, style, path)
        self.set_creation_date(made_at)
        self.set_producer("Helphood")
        self.set_title(title)
        self.set_author(head.tenant.brand.programme_name)
        self.set_lang(head.language)
        self.set_margins(_MARGIN, 34, _MARGIN)
        self.set_auto_page_break(True, margin=28)
        self.add_page()
        self._font("B", 18)
        self._write(title, 10)
        self.ln(2)

    def header(self) -> None:
        brand = self._head.tenant.brand
        colour = tuple(int(brand.primary_colour[at : at + 2], 16) for at in (1, 3, 5))
        luma = (299 * colour[0] + 587 * colour[1] + 114 * colour[2]) / 1000
        self.set_fill_color(*colour)
        self.rect(0, 0, self.w, 22, style="F")
        self.set_xy(_MARGIN, 7)
        self.set_text_color(255 if luma < _DARK else 0)
        self._font("B", 14)
        self.cell(0, 8, self._shown(brand.programme_name))
        self.set_text_color(0)
        self.set_xy(_MARGIN, 34)

    def footer(self) -> None:
        head, tenant = self._head, self._head.tenant
        contact = " · ".join(
            each
            for each in (tenant.brand.name, tenant.brand.support_email, tenant.brand.support_phone)
            if each
        )
        imprint = f"{head.say('imprint')}: {tenant.hosts[0]}/v1/tenant/documents/imprint"
        if version := tenant.documents.get("imprint"):
            imprint += f" ({version})"
        self.set_y(-24)
        self._font("", 8)
        for line in (contact, imprint, head.say("page", page=self.page_no(), pages="{nb}")):
            self.cell(0, 4, self._shown(line), align=Align.C, **_BELOW)

    def heading(self, text: str) -> None:
        self.ln(3)
        self._font("B", 11)
        self._write(text, 7)

    def row(self, label: str, value: str, amount: str = "", *, bold: bool = False) -> None:
        """A label, a value of any length, and an amount at the right."""
        self._font("B", 9)
        top = self.get_y()
        if top > self.h - 40:
            self.add_page()
            top = self.get_y()
        page = self.page
        self.cell(_LABEL, 6, self._shown(label), **_BESIDE)
        if amount:
            self._font("B" if bold else "", 10)
            self.set_x(_MARGIN + _LABEL + _VALUE)
            self.cell(_AMOUNT, 6, self._shown(amount), align=Align.R)
        self._font("B" if bold else "", 10)
        self.set_xy(_MARGIN + _LABEL, top)
        self.multi_cell(_VALUE if amount else 0, 6, self._shown(value) or " ", **_BELOW)
        if self.page == page:
            self.set_y(max(self.get_y(), top + 6))

    def note(self, text: str) -> None:
        self._font("", 9)
        self._write(text, 5)

    def code(self, text: str) -> None:
        """JSON to the letter, broken anywhere; what the font lacks is written as its escape."""
        self._font("", 8)
        self._write(
            "".join(each if self._has(each) else _escaped(each) for each in text),
            4,
            wrapmode=WrapMode.CHAR,
        )

    def bytes(self) -> bytes:
        return bytes(self.output())

    def _font(self, style: Any, size: float) -> None:
        self.set_font(_FONT, style, size)

    def _write(self, text: str, height: float, **options: Any) -> None:
        self.multi_cell(0, height, self._shown(text), align=Align.L, **options, **_BELOW)

    def _shown(self, text: str) -> str:
        return "".join(each if self._has(each) else "?" for each in text)

    def _has(self, letter: str) -> bool:
        font = self.fonts[_FONT.lower()]
        assert isinstance(font, TTFFont), "it was added from a file"
        return letter == "\n" or ord(letter) in font.cmap


def _escaped(letter: str) -> str:
    """As JSON may write it (RFC 8259, 7)."""
    units = letter.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
