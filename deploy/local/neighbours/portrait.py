"""A friendly drawn face for somebody who does not exist."""

import io
import math
from random import Random

from PIL import Image, ImageColor, ImageDraw

SIZE = 512
_SCALE = 2
"""Drawn larger and shrunk, so that curves are smooth."""

_BACKDROPS = (
    ("#f6d8ae", "#f2b880"),
    ("#cde7f0", "#9cc9dd"),
    ("#d8ecd1", "#a8d0a0"),
    ("#e9dbf2", "#c6aadd"),
    ("#fbdcd6", "#f0a99b"),
    ("#f4ecc2", "#e3d07c"),
    ("#d5e3dc", "#8fb8a6"),
)
_SKINS = ("#f3cfb3", "#e5b48d", "#c98f65", "#a56b46", "#7c4b30", "#f7dcc8")
_HAIRS = ("#2b2019", "#4a3222", "#7a5230", "#b98b50", "#8d8d8d", "#5b2d22", "#14161b")
_CLOTHES = ("#2f5d8a", "#7b3f61", "#3f7d58", "#c2572f", "#44505c", "#b08a2e", "#5a4b8a")
_INK = "#2a2320"


def draw(seed: str, *, feminine: bool) -> bytes:
    """A JPEG of 512 x 512 pixels, always the same one for the same seed."""
    dice = Random(f"portrait:{seed}")  # noqa: S311 - it guards nothing
    image = Image.new("RGB", (SIZE * _SCALE, SIZE * _SCALE))
    pen = _Pen(ImageDraw.Draw(image))
    _backdrop(pen, dice)
    skin, cloth = dice.choice(_SKINS), dice.choice(_CLOTHES)
    hair = dice.choice([each for each in _HAIRS if _difference(each, skin) > 110])
    style = dice.choice(("short", "long", "bun", "curly") if feminine else ("short", "curly"))
    if not feminine and dice.random() < 0.15:
        style = "bald"
    _hair_behind(pen, style, hair)
    pen.ellipse(256, 520, 190, 150, cloth)
    shade = _darker(skin)
    pen.box(222, 330, 290, 410, shade)
    pen.ellipse(256, 400, 46, 30, shade)
    pen.ellipse(256, 250, 98, 118, skin)
    _hair_in_front(pen, style, hair)
    _face(pen, dice, hair)
    return _encoded(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


class _Pen:
    """Draws in pixels of the finished picture; ellipses by centre and radii."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: str) -> None:
        self._draw.ellipse(self._scaled(x - rx, y - ry, x + rx, y + ry), fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: str) -> None:
        self._draw.rectangle(self._scaled(left, top, right, bottom), fill=fill)

    def polygon(self, points: list[tuple[float, float]], fill: str) -> None:
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=fill)

    def cap(self, x: float, y: float, rx: float, ry: float, fill: str) -> None:
        """The upper part of an ellipse."""
        self._draw.chord(self._scaled(x - rx, y - ry, x + rx, y + ry), 185, 355, fill=fill)

    def smile(self, x: float, y: float, rx: float, ry: float) -> None:
        box = self._scaled(x - rx, y - ry, x + rx, y + ry)
        self._draw.arc(box, 25, 155, fill=_INK, width=6 * _SCALE)

    def ring(self, x: float, y: float, radius: float) -> None:
        box = self._scaled(x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse(box, outline=_INK, width=4 * _SCALE)

    @staticmethod
    def _scaled(*numbers: float) -> list[float]:
        return [number * _SCALE for number in numbers]


def _backdrop(pen: _Pen, dice: Random) -> None:
    light, dark = dice.choice(_BACKDROPS)
    pen.box(0, 0, SIZE, SIZE, light)
    if dice.random() < 0.5:
        pen.ellipse(256, 270, 215, 215, dark)
    else:
        tilt = dice.choice((0, 120, -120))
        pen.polygon([(0, 300 + tilt), (SIZE, 300 - tilt), (SIZE, SIZE), (0, SIZE)], dark)


def _hair_behind(pen: _Pen, style: str, hair: str) -> None:
    if style == "long":
        pen.ellipse(256, 240, 126, 132, hair)
        pen.box(130, 240, 382, 390, hair)
    elif style == "bun":
        pen.ellipse(256, 108, 48, 44, hair)
        pen.ellipse(256, 238, 110, 122, hair)
    elif style == "curly":
        for step in range(11):
            angle = math.pi * (1 + step / 10)
            pen.ellipse(256 + 100 * math.cos(angle), 232 + 104 * math.sin(angle), 42, 42, hair)


def _hair_in_front(pen: _Pen, style: str, hair: str) -> None:
    if style in ("short", "long", "bun"):
        pen.cap(256, 232, 104, 108, hair)
        pen.cap(232, 190, 70, 62, hair)
    elif style == "curly":
        pen.cap(256, 232, 102, 112, hair)
        for step in range(5):
            pen.ellipse(186 + 35 * step, 160, 28, 24, hair)


def _face(pen: _Pen, dice: Random, hair: str) -> None:
    for x in (216, 296):
        pen.ellipse(x, 254, 9, 11, _INK)
        pen.box(x - 18, 228, x + 18, 233, hair if hair != "#8d8d8d" else _INK)
    if dice.random() < 0.3:
        pen.ring(216, 255, 30)
        pen.ring(296, 255, 30)
        pen.box(246, 252, 266, 256, _INK)
    pen.smile(256, 292, 38, dice.choice((20, 26, 32)))


def _difference(one: str, other: str) -> int:
    """Of two colours, summed over red, green and blue."""
    pair = zip(ImageColor.getrgb(one), ImageColor.getrgb(other), strict=True)
    return sum(abs(a - b) for a, b in pair)


def _darker(colour: str) -> str:
    return "#" + "".join(f"{channel * 88 // 100:02x}" for channel in ImageColor.getrgb(colour))


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
