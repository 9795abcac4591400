"""What must be forgotten goes: answers to keys, unpublished documents, mails, parked bodies."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.contracts import audit
from shared.edge import Acting, Edge
from shared.kernel.clock import utc_now
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_id
from shared.mail import MailStore, mail_for
from shared.parked import ParkedMessages, Selection
from shared.rabbit import ParkedMessage
from shared.store import Store
from tests.shared.store.conftest import Bench, Box, BoxStore
from tests.tenants import VODAFONE


def keyed() -> Edge:
    return Edge(
        if_match=None,
        require_match=False,
        key="k" * 32,
        body_hash="h",
        at=utc_now(),
        answer=lambda box: f'"{box.colour} for Zoraida"'.encode(),
        status=200,
    )


async def test_redacting_drops_what_was_answered(bench: Bench):
    box = Box(id=new_id("box"), colour="red")
    await BoxStore.open(bench.scope(), keyed()).create(box, [])
    assert "Zoraida" in str(await bench.raw(box.id))
    await bench.boxes.redact(box.id, lambda _: None)
    assert "Zoraida" not in str(await bench.raw(box.id))
    version = (await bench.boxes.get(box.id)).version
    await bench.boxes.redact(box.id, lambda _: None)
    assert (await bench.boxes.get(box.id)).version == version


async def test_redacting_tells_what_changed(bench: Bench):
    box = await bench.boxes.create(Box(id=new_id("box"), note="Zoraida's"), [])
    await bench.boxes.redact(box.id, lambda each: each.paint("blank"))
    assert ((await bench.boxes.get(box.id)).sequence, box.sequence) == (1, 0)


class SecretBoxes(Store[Box]):
    """Of which nobody hears."""

    kind, collection, noun = Box, "boxes", "box"


async def test_forgetting_leaves_no_trace_and_spares_the_unexpected(bench: Bench):
    boxes = bench.scope().store(SecretBoxes)
    box = await boxes.create(Box(id=new_id("box")), [])
    await boxes.forget(box.id, lambda each: each.colour == "blue")
    assert await boxes.find(box.id) is not None
    await boxes.forget(box.id)
    await boxes.forget(box.id)
    assert await bench.raw(box.id) is None


async def test_nobody_forgets_what_others_know_of(bench: Bench):
    box = await bench.boxes.create(Box(id=new_id("box")), [])
    with pytest.raises(ValueError, match="bury it"):
        await bench.boxes.forget(box.id)


async def test_a_change_by_office_is_told_by_the_same_write(bench: Bench):
    acting = Acting("acc_me", "support", "jobs_paint_box", audit.AUDITED["jobs"])
    boxes: Store[Box] = replace(bench.scope(), acting=acting).store(BoxStore)
    box = await boxes.create(Box(id=new_id("box")), [])
    await boxes.update(box.id, lambda each: each.paint("blue"))
    await boxes.update(box.id, lambda _: None)
    document = await bench.raw(box.id)
    assert (document["version"], document["sequence"]) == (2, 3)
    await boxes.bury(box.id, lambda each: each.burn())
    assert (await bench.raw(box.id))["sequence"] == 5


async def test_a_mail_forgets_whom_it_was_for(bench: Bench):
    mails = bench.scope().store(MailStore)
    sent, queued = (
        mail_for(VODAFONE, recipient="zoraida@x.example", subject="s", text="t", key=(new_id("k"),))
        for _ in range(2)
    )
    for mail in (sent, queued):
        await mails.create(mail, [])
    await mails.update(sent.id, lambda mail: mail.sent())
    await mails.withdraw_to("zoraida@x.example")
    for mail in (sent, queued):
        known = await mails.get(mail.id)
        assert (known.recipient, known.subject, known.text, known.due_at) == ("", "", None, None)
    assert (await mails.get(queued.id)).state == "withdrawn"


async def test_parked_messages_that_name_somebody_go(bench: Bench):
    parked = ParkedMessages(bench.database)

    def message(tenant: str | None, subject: str, body: bytes) -> ParkedMessage:
        return ParkedMessage(
            id=new_id("evt"), queue="jobs.people", reason="refused", detail="x", headers={},
            content_type=None, body=body, parked_at=utc_now() + timedelta(seconds=1),
            tenant=tenant, subject=subject,
        )  # fmt: skip

    named = [
        message("vodafone", "acc_z", b"{}"),
        message("vodafone", "job_1", b'{"customer_id": "acc_z"}'),
        message(None, "", b"\xff zoraida@x.example"),
    ]
    others = [message("vodafone", "acc_y", b"{}"), message("swisscom", "acc_y", b"{}")]
    for each in (*named, *others):
        await parked.keep(each)
    assert await parked.forget("vodafone", ["acc_z", "zoraida@x.example"]) == 3
    assert {each.id for each in await parked.list(Selection())} == {each.id for each in others}
    with pytest.raises(NotFound):
        await parked.get(named[0].key)
