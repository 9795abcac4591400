"""A wish to get one's data: collected in sealed parts, kept for a week."""

import base64
import io
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from services.identity.model.erasure import ASK_AGAIN
from services.identity.model.export import KEPT, Export, KeyPair, State
from services.identity.store import Archives, ExportPieces, ExportStore
from shared.contracts.privacy import (
    EXPORTED,
    ErasureAdmitted,
    ErasureFacts,
    ExportCompleted,
    ExportExpired,
    ExportFacts,
    ExportRequested,
)
from shared.export import CHUNK, Exported, label_of, opened, packed, parts_of
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.store import File
from tests.harness import Harness
from tests.identity.builders import NOON
from tests.identity.test_erasure import joined

OTHERS = [service for service in EXPORTED if service != "identity"]


def an_export() -> Export:
    export, [asked] = Export.ask("vodafone", "acc_ada", KeyPair("public", "private"), NOON)
    assert isinstance(asked, ExportRequested)
    return export


def everything_came(export: Export) -> None:
    for service in EXPORTED:
        for number in (2, 1):
            export.take(service, export.round, number, 2)


def test_it_is_complete_with_every_part_of_every_service():
    export = an_export()
    for service in EXPORTED:
        assert not export.complete
        export.take(service, 1, 2, 2)
        assert not export.complete
        export.take(service, 1, 1, 2)
    assert export.complete


def test_parts_of_an_earlier_round_are_of_no_use():
    export = an_export()
    assert [type(event) for event in export.on_due(NOON + ASK_AGAIN)] == [ExportRequested]
    for service in EXPORTED:
        export.take(service, 1, 1, 1)
    assert not export.complete


def test_finishing_forgets_the_key_and_expires_after_a_week():
    export = an_export()
    everything_came(export)
    assert [type(event) for event in export.finish("file", 1, NOON)] == [ExportCompleted]
    assert (export.key.private, export.due_at) == ("", NOON + KEPT)
    assert export.finish("other", 1, NOON) == []
    assert [type(event) for event in export.on_due(NOON + KEPT)] == [ExportExpired]
    assert export.state is State.EXPIRED


def test_a_part_opens_with_its_key_in_its_place_only():
    private = X25519PrivateKey.generate()
    seal_to = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    content = bytes(range(256)) * 2000
    made = list(
        parts_of(
            content, seal_to, export_id="export_1", person_id="acc_ada", round=1, service="jobs"
        )
    )
    assert len(made) == -(-len(content) // CHUNK) > 1
    found = b""
    for part, text in made:
        label = label_of("export_1", "jobs", 1, part.number)
        found += opened(base64.b64decode(text), private, label)
    assert found == content
    sealed = base64.b64decode(made[0][1])
    with pytest.raises(InvalidTag):
        opened(sealed, private, label_of("export_1", "jobs", 1, 2))
    with pytest.raises(InvalidTag):
        opened(sealed, X25519PrivateKey.generate(), label_of("export_1", "jobs", 1, 1))


# With the other services' parts -------------------------------------------------------------------


async def others_send(
    identity: Harness, asked: ExportFacts, key: str, data: Mapping[str, Any]
) -> None:
    for service in OTHERS:
        known = Exported({service: data}, [File("photo", b"bytes", "image/jpeg")])
        parts = parts_of(
            packed(service, known),
            asked.seal_to,
            export_id=key,
            person_id=asked.person_id,
            round=asked.round,
            service=service,
        )
        for part, text in parts:
            event = EXPORTED[service](part.facts(text))
            await identity.deliver(event, subject=part.id)
            await identity.deliver(event, subject=part.id)


async def ready(identity: Harness, client: httpx.AsyncClient) -> None:
    async def made() -> bool:
        return bool((await client.get("/v1/me/export")).json()["state"] == "ready")

    await identity.eventually(made)


async def kept(identity: Harness, bucket: str) -> int:
    files = identity.runtime.database.collection(f"{bucket}.files")
    number: int = await files.count_documents({})
    return number


async def test_the_archive_has_one_json_for_each_service_and_files(identity: Harness):
    person, email = await joined(identity)
    async with identity.client(person) as ada:
        assert (await ada.get("/v1/me/export")).status_code == 404
        asked = await ada.post("/v1/me/export")
        assert (asked.status_code, asked.json()["state"]) == (202, "collecting")
        assert (await ada.get("/v1/me/export/archive")).json()["code"] == "export_not_ready"
        assert (await ada.post("/v1/me/export")).json() == asked.json()
        key = Export.id_for("vodafone", person)
        request = (await identity.published(ExportRequested, subject=key)).event.facts
        await others_send(identity, request, key, {"secret": "Zwiebelkuchen"})
        await ready(identity, ada)
        answer = await ada.get("/v1/me/export/archive")
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["cache-control"] == "no-store"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            # Another service may be there in this test run, and have answered itself.
            ours = [name for name in OTHERS if b"Zwiebelkuchen" in archive.read(f"{name}.json")]
            wanted = {f"{service}.json" for service in EXPORTED}
            assert set(archive.namelist()) == wanted | {f"{name}/photo.jpg" for name in ours}
            assert ours
            assert email.encode() in archive.read("identity.json")
    export = await identity.scope().store(ExportStore).get(key)
    assert export.key.private == ""
    assert await kept(identity, ExportPieces.bucket) == 0
    chunks = identity.runtime.database.collection(f"{Archives.bucket}.chunks")
    async for chunk in chunks.find({}):
        assert b"Zwiebelkuchen" not in chunk["data"]
        assert b"PK\x03\x04" not in chunk["data"]


async def test_an_archive_goes_after_a_week_and_with_its_owner(identity: Harness):
    person, _ = await joined(identity)
    key = Export.id_for("vodafone", person)
    async with identity.client(person) as ada:
        for round in (1, 2):
            await ada.post("/v1/me/export")

            async def asked(round: int = round) -> Any:
                found = [
                    each.event.facts
                    for each in identity.heard(key)
                    if isinstance(each.event, ExportRequested)
                ]
                return found[-1] if len(found) >= round else None

            await others_send(identity, await identity.eventually(asked), key, {})
            await ready(identity, ada)
            if round == 1:
                identity.travel(KEPT + timedelta(minutes=1))
                try:
                    await identity.published(ExportExpired, subject=key)
                finally:
                    identity.travel(timedelta(0))
                assert (await ada.get("/v1/me/export/archive")).status_code == 404
        before = await kept(identity, Archives.bucket)
        now = utc_now()
        facts = ErasureFacts(
            person_id=person, state="erasing", round=2, asked_at=now, deadline_at=now
        )
        await identity.deliver(ErasureAdmitted(facts), subject=new_id("erasure"))
        assert await kept(identity, Archives.bucket) == before - 1
        assert (await ada.get("/v1/me/export")).json()["state"] == "forgotten"
