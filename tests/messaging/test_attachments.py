import asyncio
import io
import zipfile
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from PIL import Image

from services.messaging.commands import Orphans
from services.messaging.model import ORPHANED, Attachment
from services.messaging.store import AttachmentFiles, Attachments, Messages
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from tests.harness import Harness
from tests.messaging.builders import Talk, a_helper, a_talk, get, post, words
from tests.profiles.builders import a_pdf, an_image

PATH = "/v1/attachments"


async def upload(
    messaging: Harness,
    who: str,
    content: bytes | None = None,
    kind: str = "image/jpeg",
    *,
    query: str = "",
    tenant: str = "vodafone",
    **headers: str,
) -> httpx.Response:
    content = an_image() if content is None else content
    async with messaging.client(who, tenant=tenant) as client:
        sent = {"Content-Type": kind, **headers}
        return await client.post(PATH + query, content=content, headers=sent)


async def uploaded(messaging: Harness, who: str, **options: Any) -> str:
    answer = await upload(messaging, who, **options)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


async def send(talk: Talk, who: str, *ids: str, text: str = "Look") -> httpx.Response:
    return await talk.say(who, text, attachments=list(ids))


def is_refused(answer: httpx.Response, pointer: str, code: str) -> bool:
    problem = answer.json()
    return (answer.status_code, problem["code"], problem["errors"][0]["pointer"]) == (
        422,
        code,
        pointer,
    )


async def test_a_picture_is_sent_and_seen_by_both_and_nobody_else(messaging: Harness):
    talk = await a_talk(messaging)
    answer = await upload(messaging, talk.customer, query="?name=K%C3%BCche.jpg")
    id, view = answer.json()["id"], answer.json()
    assert (view["content_type"], view["name"]) == ("image/jpeg", "Küche.jpg")
    assert (await get(messaging, f"{PATH}/{id}", talk.helper)).status_code == 404
    sent = await send(talk, talk.customer, id)
    assert sent.json()["attachments"] == [view]
    assert (await talk.heard_by(talk.helper))[-1]["attachments"] == [view]
    for who in (talk.customer, talk.helper):
        file = await get(messaging, f"{PATH}/{id}", who)
        assert (file.status_code, len(file.content)) == (200, view["size"])
        assert file.headers["Content-Type"] == "image/jpeg"
        assert file.headers["Content-Disposition"].startswith("attachment;")
        assert file.headers["X-Content-Type-Options"] == "nosniff"
    for who in (await messaging.person(), await a_helper(messaging)):
        assert (await get(messaging, f"{PATH}/{id}", who)).status_code == 404
    abroad = await messaging.person(tenant="swisscom")
    assert (await get(messaging, f"{PATH}/{id}", abroad, tenant="swisscom")).status_code == 404


async def test_a_picture_loses_its_metadata_and_a_pdf_stays_as_it_is(messaging: Harness):
    who = await messaging.person()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    id = await uploaded(messaging, who, content=an_image(exif=exif))
    kept = Image.open(io.BytesIO((await get(messaging, f"{PATH}/{id}", who)).content))
    assert not kept.getexif()
    pdf = a_pdf()
    id = await uploaded(messaging, who, content=pdf, kind="application/pdf")
    assert (await get(messaging, f"{PATH}/{id}", who)).content == pdf


async def test_a_conversation_may_begin_with_a_picture_alone(messaging: Harness):
    customer, helper = await messaging.person(), await a_helper(messaging)
    id = await uploaded(messaging, customer)
    body = words("", helper_id=helper, attachments=[id])
    answer = await post(messaging, "/v1/conversations", body, customer)
    assert answer.status_code == 201, answer.text
    talk = Talk(messaging, answer.json()["id"], customer, helper, "vodafone")
    assert [each["id"] for each in (await talk.heard_by(helper))[0]["attachments"]] == [id]


async def test_ten_may_be_sent_and_eleven_not(messaging: Harness):
    talk = await a_talk(messaging)
    image = an_image(size=(60, 40))
    ids = [await uploaded(messaging, talk.customer, content=image) for _ in range(11)]
    answer = await send(talk, talk.customer, *ids)
    assert is_refused(answer, "/attachments", "invalid_request")
    assert (await send(talk, talk.customer, *ids[:10])).status_code == 201


async def test_what_cannot_be_sent_is_refused_by_its_place_and_nothing_is_taken(
    messaging: Harness,
):
    talk = await a_talk(messaging)
    mine, foreign = await uploaded(messaging, talk.customer), await uploaded(messaging, talk.helper)
    other = await a_talk(messaging, customer=talk.customer)
    sent = await uploaded(messaging, talk.customer)
    await send(other, talk.customer, sent)
    for bad in (foreign, sent, "att_nothing"):
        answer = await send(talk, talk.customer, mine, bad)
        assert is_refused(answer, "/attachments/1", "unknown_attachment"), bad
    assert is_refused(
        await send(talk, talk.customer, mine, mine), "/attachments/1", "invalid_request"
    )
    assert is_refused(await talk.say(talk.customer, ""), "/text", "invalid_request")
    assert len(await talk.heard_by(talk.customer)) == 1
    assert (await send(talk, talk.customer, mine)).status_code == 201


async def test_a_repeated_message_has_its_files_still(messaging: Harness):
    talk = await a_talk(messaging)
    id = await uploaded(messaging, talk.customer)
    body = words("Look", attachments=[id])
    first, again = [
        await post(messaging, f"{talk.path}/messages", body, talk.customer) for _ in range(2)
    ]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 50_000_000)
    return packed.getvalue()


def huge_image() -> bytes:
    made = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (zipped(), "image/png", 415),
        (b"GIF89a" + b"\0" * 100, "image/jpeg", 415),
        (b"<html><script>alert(1)</script>", "image/jpeg", 415),
        (b"MZ" + b"\0" * 200, "application/pdf", 415),
        (huge_image(), "image/png", 413),
        (an_image()[:500], "image/jpeg", 422),
        (b"%PDF-1.7\n%nothing", "application/pdf", 422),
        (b"", "image/jpeg", 422),
        (b"x" * (10 * 2**20 + 1), "image/jpeg", 413),
        (an_image(), "image/gif", 415),
        (an_image(), "multipart/form-data", 415),
    ],
)
async def test_bad_files_are_refused_and_leave_nothing(
    messaging: Harness, content: bytes, kind: str, status: int
):
    who = await messaging.person()
    answer = await upload(messaging, who, content, kind)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert await messaging.scope().store(Attachments).of(who) == []


async def test_what_a_file_is_is_seen_from_its_bytes(messaging: Harness):
    who = await messaging.person()
    png = an_image("PNG")
    answer = await upload(messaging, who, png, "application/pdf", query="?name=a.pdf")
    assert (answer.status_code, answer.json()["content_type"]) == (201, "image/jpeg")


async def test_somebody_unverified_uploads_nothing(messaging: Harness):
    answer = await upload(messaging, await messaging.person(verified=False))
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")


async def test_so_many_wait_to_be_sent_and_no_more(messaging: Harness):
    who, attachments = await messaging.person(), messaging.scope().store(Attachments)
    for number in range(20):
        await attachments.create(waiting(f"att_{who}_{number}", who), [])
    answer = await upload(messaging, who)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attachments")
    assert answer.headers["Retry-After"]


def waiting(id: str, owner: str) -> Attachment:
    now = utc_now()
    return Attachment(
        id=id,
        owner_id=owner,
        content_type="image/jpeg",
        size=3,
        uploaded_at=now,
        waiting_since=now,
    )


async def test_the_same_idempotency_key_uploads_once(messaging: Harness):
    who, image = await messaging.person(), an_image()
    first, again = [await upload(messaging, who, image, **{"Idempotency-Key": "k"}) for _ in "ab"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()
    assert len(await messaging.scope().store(Attachments).of(who)) == 1


async def test_what_a_blocked_person_sends_is_not_seen(messaging: Harness):
    talk = await a_talk(messaging)
    before = await uploaded(messaging, talk.customer)
    await send(talk, talk.customer, before)
    await post(messaging, f"{talk.path}/block", None, talk.helper)
    after = await uploaded(messaging, talk.customer)
    assert (await send(talk, talk.customer, after)).status_code == 201
    seen = [
        (await get(messaging, f"{PATH}/{id}", talk.helper)).status_code for id in (before, after)
    ]
    assert seen == [200, 404]
    assert (await get(messaging, f"{PATH}/{after}", talk.customer)).status_code == 200


async def test_what_nobody_sends_is_thrown_away_and_what_was_sent_is_kept(messaging: Harness):
    talk = await a_talk(messaging)
    unsent, sent, halfway = [await uploaded(messaging, talk.customer) for _ in range(3)]
    await send(talk, talk.customer, sent)
    await send(talk, talk.customer, halfway)
    attachments = messaging.scope().store(Attachments)

    def as_if_the_process_had_died(attachment: Attachment) -> None:
        attachment.message_id, attachment.waiting_since = None, attachment.uploaded_at

    await attachments.update(halfway, as_if_the_process_had_died)
    orphans = Orphans(messaging.runtime.database, utc_now)
    await orphans.look(utc_now() + ORPHANED - timedelta(minutes=5))
    assert await attachments.find(unsent) is not None
    later = utc_now() + ORPHANED + timedelta(minutes=1)
    await asyncio.gather(*(orphans.look(later) for _ in range(2)))
    assert await attachments.find(unsent) is None
    with pytest.raises(NotFound):
        await messaging.scope().store(AttachmentFiles).get(unsent)
    for id in (sent, halfway):
        assert (await get(messaging, f"{PATH}/{id}", talk.helper)).status_code == 200
    message = await messaging.scope().store(Messages).find(f"{talk.id}:00000003")
    found = await attachments.get(halfway)
    assert message is not None
    assert (found.message_id, found.waiting_since) == (message.id, None)


async def test_files_wait_by_the_clock_that_they_were_uploaded_by(messaging: Harness):
    id = await uploaded(messaging, await messaging.person())
    attachments = messaging.scope().store(Attachments)

    def tomorrow() -> datetime:
        return utc_now() + ORPHANED + timedelta(minutes=1)

    sweeping = asyncio.create_task(Orphans(messaging.runtime.database, tomorrow, 0.01).run())

    async def gone() -> bool:
        return await attachments.find(id) is None

    try:
        await messaging.eventually(gone)
    finally:
        sweeping.cancel()
