"""What is handed in and is not what it should be."""

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.annotations import Link
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)

from services.profiles.store import DocumentFiles
from shared import pdf
from tests.harness import Harness
from tests.profiles.builders import a_pdf, an_image, describe, hand_in, show_photo

Change = Callable[[PdfWriter], Any]


def action(kind: str, **entries: str) -> DictionaryObject:
    made = DictionaryObject({NameObject("/S"): NameObject(kind)})
    made |= {NameObject(f"/{key}"): TextStringObject(value) for key, value in entries.items()}
    return made


def on_opening(kind: str, **entries: str) -> Change:
    def change(writer: PdfWriter) -> None:
        writer.root_object[NameObject("/OpenAction")] = action(kind, **entries)

    return change


def on_a_page(writer: PdfWriter) -> None:
    script = writer._add_object(action("/JavaScript", JS="app.alert(1)"))
    pages = DictionaryObject({NameObject("/O"): script})
    writer.pages[0][NameObject("/AA")] = pages


def by_name(writer: PdfWriter) -> None:
    """As in the table of scripts that a reader runs when it opens the file."""
    script = writer._add_object(action("/JavaScript", JS="app.alert(1)"))
    table = DictionaryObject({NameObject("/Names"): ArrayObject([TextStringObject("a"), script])})
    names = DictionaryObject({NameObject("/JavaScript"): table})
    writer.root_object[NameObject("/Names")] = names


def annotation(kind: str) -> Change:
    def change(writer: PdfWriter) -> None:
        made = DictionaryObject({NameObject("/Subtype"): NameObject(kind)})
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(made)])

    return change


def a_form_that_computes(writer: PdfWriter) -> None:
    form = DictionaryObject({NameObject("/XFA"): TextStringObject("<xdp/>")})
    writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)


@pytest.mark.parametrize(
    "change",
    [
        by_name,
        on_opening("/JavaScript", JS="app.alert(1)"),
        on_opening("/Launch", F="calc.exe"),
        on_opening("/SubmitForm", F="https://evil.example"),
        on_a_page,
        lambda writer: writer.add_attachment("evil.exe", b"MZ"),
        annotation("/FileAttachment"),
        annotation("/RichMedia"),
        a_form_that_computes,
    ],
    ids=["names", "js", "launch", "submit", "page", "attached", "clip", "media", "xfa"],
)
def test_a_pdf_in_which_something_acts_is_refused(change: Change):
    assert pdf.fault_of(a_pdf(change)) == "a PDF here has no scripts, attachments or actions"


def test_a_script_whose_name_is_written_in_code_is_found():
    content = a_pdf(on_opening("/JavaScript", JS="app.alert(1)"))
    hidden = content.replace(b"/JavaScript", b"/J#61v#61Scrip#74").replace(b"/JS", b"/J#53")
    assert b"/JavaScript" not in hidden
    assert pdf.fault_of(hidden) == "a PDF here has no scripts, attachments or actions"


def test_a_script_within_a_compressed_stream_of_objects_is_found():
    packed = _in_object_stream(b"<< /Type /Action /S /JavaScript /JS (app.alert(1)) >>")
    assert b"JavaScript" not in packed
    assert pdf.fault_of(packed) == "a PDF here has no scripts, attachments or actions"
    assert pdf.fault_of(_in_object_stream(b"<< /Type /Action >>")) is None


def _in_object_stream(inner: bytes) -> bytes:
    """PDF 1.5: the object is inside a deflated stream, the table is a stream too."""
    parts = [b"%PDF-1.5\n"]
    places: list[int] = []

    def add(number: int, body: bytes) -> None:
        places.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def stream(entries: bytes, content: bytes) -> bytes:
        content = zlib.compress(content)
        head = b"<< %s /Filter /FlateDecode /Length %d >>" % (entries, len(content))
        return head + b"\nstream\n" + content + b"\nendstream"

    add(1, b"<< /Type /Catalog /Pages 2 0 R /OpenAction 5 0 R >>")
    add(2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
    add(3, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>")
    add(4, stream(b"/Type /ObjStm /N 1 /First 4", b"5 0 " + inner))
    table = sum(map(len, parts))
    rows = b"".join(struct.pack(">BHB", 1, place, 0) for place in places)
    rows = struct.pack(">BHB", 0, 0, 255) + rows + struct.pack(">BHB", 2, 4, 0)
    rows += struct.pack(">BHB", 1, table, 0)
    add(6, stream(b"/Type /XRef /Size 7 /W [1 2 1] /Root 1 0 R", rows))
    parts.append(b"startxref\n%d\n%%%%EOF\n" % table)
    return b"".join(parts)


def a_link(writer: PdfWriter) -> None:
    writer.add_annotation(0, Link(rect=(0, 0, 9, 9), url="https://insurer.example"))


def test_an_ordinary_pdf_with_text_and_a_link_is_taken():
    assert pdf.fault_of(a_pdf(a_link, pages=3)) is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (a_pdf(lambda writer: writer.encrypt("secret")), "this PDF is protected by a password"),
        (a_pdf(pages=0), "a PDF here has 1 to 50 pages"),
        (a_pdf(pages=51), "a PDF here has 1 to 50 pages"),
        (a_pdf()[:200], "this PDF is damaged"),
        (a_pdf()[:100] + b"%%EOF", "this PDF is damaged"),
        (b"%PDF-1.7\n" + random.Random(1).randbytes(2000) + b"\n%%EOF", "this PDF is damaged"),
        (b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n", "this PDF is damaged"),
    ],
    ids=["encrypted", "empty", "long", "cut", "head", "noise", "nothing"],
)
def test_a_pdf_that_nobody_could_read_is_refused(content: bytes, fault: str):
    assert pdf.fault_of(content) == fault


def test_a_pdf_of_very_many_parts_is_refused():
    def crowd(writer: PdfWriter) -> None:
        inner = [DictionaryObject() for _ in range(pdf.MAX_PARTS + 1)]
        writer.root_object[NameObject("/Crowd")] = ArrayObject(inner)

    assert pdf.fault_of(a_pdf(crowd)) == "this PDF has too many parts"


def test_a_stream_that_unpacks_to_gigabytes_is_not_unpacked():
    def bomb(writer: PdfWriter) -> None:
        stream = DecodedStreamObject()
        stream.set_data(bytes(200_000_000))
        writer.root_object[NameObject("/Bomb")] = writer._add_object(stream.flate_encode())

    content = a_pdf(bomb)
    assert len(content) < 1_000_000
    assert pdf.fault_of(content) is None


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(20_000_000))
    return out.getvalue()


def frames(kind: str) -> bytes:
    images = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    images[0].save(out, kind, save_all=True, append_images=images[1:], duration=100)
    return out.getvalue()


BAD = [
    (a_zip(), 415),
    (gzip.compress(bytes(20_000_000)), 415),
    (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", 415),
    (b"<html><script>x()</script></html>", 415),
    (b"\x7fELF" + bytes(200), 415),
    (an_image("GIF"), 415),
    (an_image("TIFF"), 415),
    (frames("PNG"), 422),
    (frames("WEBP"), 422),
    (an_image("PNG")[:-200], 422),
    (an_image("JPEG")[:400], 422),
    (b"\xff\xd8\xff\xe0" + bytes(500), 422),
]
NAMES = [
    *("zip", "gzip", "svg", "html", "program", "gif", "tiff"),
    *("apng", "moving webp", "cut png", "cut jpeg", "empty jpeg"),
]


@pytest.mark.parametrize(("file", "status"), BAD, ids=NAMES)
async def test_a_wrong_file_with_the_right_suffix_is_refused_and_leaves_nothing(
    profiles: Harness, file: bytes, status: int
):
    person = await profiles.person()
    await describe(profiles, person)
    files = profiles.runtime.database.handle[f"{DocumentFiles.bucket}.files"]
    before = await files.count_documents({})
    answer = await hand_in(profiles, person, file=file)
    photo = await show_photo(profiles, person, file)
    assert (answer.status_code, photo.status_code) == (status, status), answer.text
    if status == 422:
        assert answer.json()["errors"][0]["pointer"] == "/file"
    assert await files.count_documents({}) == before


async def test_a_pdf_with_a_script_is_refused_by_its_field(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    script = a_pdf(on_opening("/JavaScript", JS="app.alert(1)"))
    answer = await hand_in(profiles, person, file=script)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/file"
    assert "scripts" in error["detail"]


async def test_a_pdf_is_no_photo(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    assert (await show_photo(profiles, person, a_pdf())).status_code == 415


async def test_documents_lie_encrypted(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    document = (await hand_in(profiles, person)).json()["id"]
    database = profiles.runtime.database
    row = await database.collection("documents").find_one({"_id": document})
    key = f"vodafone|{row['file_id']}"
    kept = await database.handle[f"{DocumentFiles.bucket}.files"].find_one({"_id": key})
    [chunk] = (
        await database.handle[f"{DocumentFiles.bucket}.chunks"]
        .find({"files_id": key})
        .to_list(None)
    )
    assert len(kept["metadata"]["key_id"]) == 16
    assert b"%PDF" not in chunk["data"]


YEAR = datetime.now(UTC).year


@pytest.mark.parametrize(
    ("until", "status"),
    [
        ("2000-02-29", 422),
        (f"{YEAR + 31}-12-31", 422),
        (f"{YEAR + 1}-02-30", 422),
        (f"{YEAR + 29}-02-28", 201),
    ],
)
async def test_a_proof_says_a_date_that_can_be(profiles: Harness, until: str, status: int):
    person = await profiles.person()
    await describe(profiles, person)
    answer = await hand_in(profiles, person, valid_until=until)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["errors"][0]["pointer"] == "/valid_until"
