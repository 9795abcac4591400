"""Uploaded files made safe: sniffed, bounded in bytes and pixels, images encoded anew."""

import asyncio
import io
import logging
from dataclasses import dataclass

import puremagic
from PIL import Image, ImageOps, UnidentifiedImageError

from shared import pdf
from shared.http.problems import BadMedia, TooLarge
from shared.kernel.errors import Invalid

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
PHOTO_EDGE = 1024
"""Pixels of a photo's longer side at most."""

SCAN_EDGE = 2400
"""Likewise of a scanned document: about 200 dots an inch of an A4 page, which can be read."""

JPEG = "image/jpeg"
PDF = "application/pdf"
IMAGE_TYPES = (JPEG, "image/png", "image/webp")

_FORMATS = ("JPEG", "PNG", "WEBP")
_HEAD = 4096
"""Bytes that are enough to tell a type."""

_WORKERS = 2
"""Images decoded at the same time: each may need 160 MB for its pixels."""


@dataclass(frozen=True)
class Clean:
    """A file that is fit to be kept and shown."""

    content: bytes
    content_type: str


class Studio:
    """Takes uploads and gives back what may be kept; the work is done off the event loop.

    Raises BadMedia for a type that is not taken, TooLarge past MAX_BYTES or MAX_PIXELS, Invalid
    for what cannot be decoded. What a client says about the type is not listened to. pointer
    tells where in the request the file is.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_WORKERS)
        # It would write a line of log for each fault in a damaged file: as many as somebody likes.
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)

    async def photo(self, content: bytes, pointer: str = "") -> Clean:
        """A JPEG of at most 1024 pixels a side, without metadata, from JPEG, PNG or WebP."""
        _sniff(content, IMAGE_TYPES, pointer)
        return await self._encoded(content, PHOTO_EDGE, pointer)

    async def picture(self, content: bytes, pointer: str = "") -> Clean:
        """The same at most 2400 pixels a side, in which details can be seen."""
        _sniff(content, IMAGE_TYPES, pointer)
        return await self._encoded(content, SCAN_EDGE, pointer)

    async def document(self, content: bytes, pointer: str = "") -> Clean:
        """Images as JPEG of at most 2400 pixels a side; a PDF as it is, if nothing in it acts."""
        if _sniff(content, (*IMAGE_TYPES, PDF), pointer) == PDF:
            async with self._places:
                fault = await asyncio.to_thread(pdf.fault_of, content)
            if fault is not None:
                raise Invalid(fault, pointer=pointer)
            return Clean(content, PDF)
        return await self._encoded(content, SCAN_EDGE, pointer)

    async def _encoded(self, content: bytes, edge: int, pointer: str) -> Clean:
        async with self._places:
            return Clean(await asyncio.to_thread(_as_jpeg, content, edge, pointer), JPEG)


def _sniff(content: bytes, taken: tuple[str, ...], pointer: str) -> str:
    if not content:
        raise Invalid("the file is empty", pointer=pointer)
    if len(content) > MAX_BYTES:
        raise TooLarge(f"a file here has at most {MAX_BYTES} bytes")
    try:
        found = puremagic.from_string(content[:_HEAD], mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    if found not in taken:
        raise BadMedia("this file is none of " + ", ".join(taken))
    return str(found)


def _as_jpeg(content: bytes, edge: int, pointer: str) -> bytes:
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            # Before a single pixel is decoded: the header alone tells the size.
            if image.width * image.height > MAX_PIXELS:
                raise TooLarge(f"an image here has at most {MAX_PIXELS} pixels")
            # Telephones put previews behind a JPEG (MPO): many pictures, but no animation.
            if image.format != "MPO" and getattr(image, "is_animated", False):
                raise Invalid("animated images are not taken", pointer=pointer)
            image.draft("RGB", (edge, edge))
            upright = ImageOps.exif_transpose(image)
            if upright.mode == "P":
                upright = upright.convert("RGBA")
            upright.thumbnail((edge, edge))
            return _written(upright)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLarge(f"an image here has at most {MAX_PIXELS} pixels") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise Invalid("this image cannot be decoded", pointer=pointer) from None


def _written(image: Image.Image) -> bytes:
    """The pixels alone, on white where they are transparent: no profile, comment or position."""
    if image.has_transparency_data:
        pixels = image.convert("RGBA")
        image = Image.new("RGBA", pixels.size, "white")
        image.alpha_composite(pixels)
    plain = Image.new("RGB", image.size)
    plain.paste(image.convert("RGB"))
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()
