"""A life on the platform with data that nobody else has; it ends, and nothing is left of it."""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aio_pika
import bson
import pytest
from PIL import Image
from pymongo import MongoClient

from deploy.local.people import Person
from deploy.local.stack import SERVICES
from deploy.local.story import BERLIN, ZURICH, Cast, Story
from deploy.topology import FILE
from shared.kernel.ids import new_id
from shared.rabbit.depth import depths
from tests.platform import Platform

CUSTOMER = {
    "name": "Zoraida Quendelmann",
    "street": "Quendelgässchen 77b",
    "message": "Meine Quendelnummer ist 0171 5550173",
    "title": "Quendelrouter spinnt",
    "description": "Im Quendelzimmer kein Netz",
    "review": "Quendelig gut, gern wieder",
}
HELPER = {
    "name": "Xaverl Birkenzeller",
    "headline": "Birkenzeller macht Netze",
    "bio": "Seit der Birkenzellerschule dabei",
    "message": "Birkenzeller kommt um zehn",
    "summary": "Birkenzellerkabel gezogen",
    "review": "Birkenzeller sagt: nett",
    "insurer": "Birkenzellersche Assekuranz",
    "policy": "BIRK-993-771",
}


class MarkedStory(Story):
    """A story in which every word of the two can be told from everybody else's."""

    def _profile(self) -> dict[str, Any]:
        return super()._profile() | {"headline": HELPER["headline"], "bio": HELPER["bio"]}

    def _command(self, person: Person, command: str, body: dict[str, Any] | None = None) -> Any:
        if command == "deliver":
            body = (body or {}) | {"summary": HELPER["summary"]}
        return super()._command(person, command, body)

    def _marks(self, text: str) -> dict[str, Any]:
        customers = text.startswith("Pünktlich")
        return super()._marks((CUSTOMER if customers else HELPER)["review"])


@pytest.fixture(params=[BERLIN, ZURICH], ids=lambda cast: str(cast.tenant))
def story(request: pytest.FixtureRequest, platform: Platform) -> Iterator[MarkedStory]:
    cast: Cast = replace(
        request.param,
        customer=CUSTOMER["name"],
        helper=HELPER["name"],
        address=(CUSTOMER["street"], *request.param.address[1:]),
    )
    story = MarkedStory(
        cast,
        gateway=platform.stack.address(),
        port=platform.stack.ports.gateway,
        mails=platform.stack.mail_folder,
        admin=platform.admin.request,
        photo=platform.photo,
    )
    story.tell()
    yield story
    platform.stack.clock_file.write_text("0")
    for person in (story.customer, story.helper, story.support):
        person.close()


def test_who_is_forgotten_is_nowhere(platform: Platform, story: MarkedStory) -> None:
    customer, helper = story.customer, story.helper
    photo = _more_words(story)
    customers = {**CUSTOMER, "email": customer.address}
    helpers = {**HELPER, "email": helper.address}
    for name, datum in {**customers, **helpers}.items():
        assert _found(platform, datum.encode()), f"{name} was never there"
    assert _found(platform, photo), "the photo was never there"
    receipt = customer.get(f"/v1/jobs/{story.job_id}/receipt")

    # Before, they take their data with them.
    _export(customer, customers, {"jobs": "street", "messaging": "message", "reviews": "review"})
    _export(helper, helpers, {"profiles": "bio", "jobs": "summary", "identity": "email"})

    # What is open holds it up, and says so.
    assert customer.ask("DELETE", "/v1/me").status == 202
    waiting = customer.until(lambda: _waits(customer), "the reason why it waits")
    assert waiting["waiting_for"] == [{"kind": "job", "id": story.job_id}]
    assert customer.get("/v1/me")["display_name"] == CUSTOMER["name"]

    # When the windows are over it goes by itself.
    days = 16
    platform.stack.clock_file.write_text(str(timedelta(days=days).total_seconds()))
    helper.until(
        lambda: helper.get(f"/v1/jobs/{story.job_id}")["state"] == "closed", "the closing", 20
    )
    _until_gone(platform, helper, customers, timedelta(days=days))
    assert customer.ask("GET", "/v1/me").status == 401

    # The other side keeps what is theirs.
    [talk] = helper.get("/v1/conversations")["data"]
    assert talk["peer"] == {"id": customer.id, "display_name": ""}
    said = helper.get(f"/v1/conversations/{talk['id']}/messages")["data"]
    texts = [message["text"] for message in said if message["text"]]
    assert HELPER["message"] in texts
    assert not any("Quendel" in text for text in texts)
    assert helper.get(f"/v1/jobs/{story.job_id}/receipt") == receipt

    assert helper.ask("DELETE", "/v1/me").status == 202
    _until_gone(platform, story.stranger, helpers, timedelta(days=days + 1))
    assert not _found(platform, photo)
    assert story.stranger.ask("GET", f"/v1/helpers/{helper.id}").status == 404
    assert _documents(platform, "jobs", "receipts", {"job_id": story.job_id}) == 1


def _more_words(story: MarkedStory) -> bytes:
    """Messages, a job that leads to nothing, a document and a photo; the photo as it is stored."""
    customer, helper = story.customer, story.helper
    [talk] = customer.get("/v1/conversations")["data"]
    for person, words in ((customer, CUSTOMER), (helper, HELPER)):
        body = {"text": words["message"], "client_message_id": new_id("m")}
        person.post(f"/v1/conversations/{talk['id']}/messages", body)
    _request_and_withdraw(story)
    helper.post(
        "/v1/helpers/me/documents",
        data={
            "kind": "insurance",
            "insurer": HELPER["insurer"],
            "policy_number": HELPER["policy"],
            "sum_minor": "500000000",
            "covers_paid_work": "true",
            "valid_until": "2031-12-31",
        },
        files={"file": ("police.jpg", _a_picture(1), "image/jpeg")},
    )
    headers = {"Content-Type": "image/jpeg"}
    helper.put("/v1/helpers/me/photo", content=_a_picture(2), headers=headers)
    shown = helper._client.get(f"/v1/helpers/{helper.id}/photo")
    assert shown.status_code == 200
    return bytes(shown.content[-200:])


def _export(person: Person, data: dict[str, str], where: dict[str, str]) -> None:
    """One JSON of each service, what was said in it, and nobody else's words of the same kind."""
    person.post("/v1/me/export")
    person.until(lambda: person.get("/v1/me/export")["state"] == "ready", "the archive", 30)
    answer = person._client.get("/v1/me/export/archive")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        texts = {
            name: archive.read(name).decode() for name in archive.namelist() if "/" not in name
        }
        pictures = [name for name in archive.namelist() if name.endswith(".jpg")]
    assert set(texts) == {f"{service}.json" for service in SERVICES}
    for service, name in where.items():
        assert data[name] in texts[f"{service}.json"], f"{name} is not in {service}"
    assert ("profiles" in where) == (len(pictures) >= 2), "photo and document"


def _request_and_withdraw(story: MarkedStory) -> None:
    slot = story.slot
    street, postcode, city = story.cast.address
    job = story.customer.post(
        "/v1/jobs",
        {
            "broadcast": True,
            "category": "wifi",
            "title": CUSTOMER["title"],
            "description": CUSTOMER["description"],
            "address": {"street": street, "postcode": postcode, "city": city},
            "place": {"lat": story.cast.home[0], "lon": story.cast.home[1]},
            "slots": [slot],
        },
    )
    story.customer.post(f"/v1/jobs/{job['id']}/withdraw")


def _a_picture(seed: int) -> bytes:
    """Unlike any other."""
    image = Image.new("RGB", (400, 400))
    image.putdata([((x * seed) % 256, (x // 7) % 256, (x * x) % 256) for x in range(160_000)])
    written = io.BytesIO()
    image.save(written, "JPEG")
    return written.getvalue()


def _waits(person: Person) -> Any:
    told = person.get("/v1/me/erasure")
    return told if told["state"] == "waiting" else None


def _until_gone(platform: Platform, anybody: Any, data: dict[str, str], ahead: timedelta) -> None:
    """From every database, queue and log; the clock of the business runs fast meanwhile."""

    def gone() -> bool:
        nonlocal ahead
        ahead += timedelta(minutes=1)
        platform.stack.clock_file.write_text(str(ahead.total_seconds()))
        return not left()

    def left() -> list[str]:
        return [
            f"{name} in {place}"
            for name, datum in data.items()
            for place in _found(platform, datum.encode())
        ]

    try:
        anybody.until(gone, "the end of all data", 90)
    except Exception as error:
        raise AssertionError(f"still there: {left()}") from error
    queues = [each["name"] for each in json.loads(FILE.read_text())["queues"]]
    waiting = asyncio.run(_waiting(platform.stack.broker_url, queues))
    for name, datum in data.items():
        found = [queue for queue, body in waiting if datum.encode() in body]
        assert not found, f"{name} in {found}"
    for file in platform.stack.home.rglob("*.log"):
        content = file.read_bytes()
        found = [name for name, datum in data.items() if datum.encode() in content]
        assert not found, f"{found} in {file}"


async def _waiting(url: str, queues: list[str]) -> list[tuple[str, bytes]]:
    """Every message that is in a queue, which it does not leave by this."""
    full = [each.queue for each in await depths(url, queues) if each.ready]
    found: list[tuple[str, bytes]] = []
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        for name in full:
            queue = await channel.declare_queue(name, passive=True)
            while (message := await queue.get(fail=False)) is not None:
                found.append((name, message.body))
    return found


def _found(platform: Platform, datum: bytes) -> list[str]:
    """Every collection of every service in which these bytes are, chunks of files included."""
    client: MongoClient[Any] = MongoClient(platform.stack.database_url)
    with client:
        return [
            f"{service}.{collection} {document['_id']}"
            for service in SERVICES
            for collection in client[service].list_collection_names()
            for document in client[service][collection].find({})
            if datum in bson.encode(document)
        ]


def _documents(platform: Platform, service: str, collection: str, where: dict[str, Any]) -> int:
    client: MongoClient[Any] = MongoClient(platform.stack.database_url)
    with client:
        return client[service][collection].count_documents(where)
