"""Timers, mails, files and replicas."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from deploy.local.ports import free_ports
from shared import timers
from shared.contracts.base import Delivered
from shared.contracts.identity import (
    AccountFacts,
    AccountRegistered,
    AccountSuspended,
    TenantConfigured,
)
from shared.http import Actor
from shared.kernel.clock import utc_now
from shared.kernel.errors import Forbidden, NotFound, Unavailable
from shared.kernel.ids import new_id
from shared.mail import MailStore, Postman, mail_for
from shared.replicas import (
    People,
    Revocations,
    TenantReplica,
    TenantRow,
    Tenants,
    person_from,
)
from shared.store import File, Files
from shared.timers import POSTPONED, Ticker
from tests.shared.store.conftest import Bench, Box, BoxStore
from tests.tenants import SWISSCOM, VODAFONE


def a_ticker(bench: Bench) -> Ticker:
    return Ticker(bench.database, [BoxStore], bench.scope_of, utc_now)


async def test_what_is_due_is_done_once_by_two_tickers(bench: Bench):
    box = Box(id=new_id("box"), due_at=utc_now() - timedelta(seconds=1))
    await bench.boxes.create(box, [])
    one, two = a_ticker(bench), a_ticker(bench)
    await asyncio.gather(one.work_off(BoxStore), two.work_off(BoxStore))
    stored = await bench.boxes.get(box.id)
    assert (stored.colour, stored.due_at) == ("due", None)
    assert stored.sequence == 1


async def test_what_is_not_due_is_left_alone(bench: Bench):
    box = Box(id=new_id("box"), due_at=utc_now() + timedelta(minutes=1))
    await bench.boxes.create(box, [])
    await a_ticker(bench).work_off(BoxStore)
    assert (await bench.boxes.get(box.id)).colour == "red"


@pytest.mark.parametrize("fault", ["broken", "defect"])
async def test_one_that_fails_does_not_starve_the_rest(bench: Bench, fault: str):
    due = utc_now() - timedelta(hours=1)
    broken = Box(id=new_id("box"), colour=fault, due_at=due)
    sound = Box(id=new_id("box"), due_at=due + timedelta(minutes=1))
    for box in (broken, sound):
        await bench.boxes.create(box, [])
    await a_ticker(bench).work_off(BoxStore)
    assert (await bench.boxes.get(sound.id)).colour == "due"
    postponed = (await bench.boxes.get(broken.id)).due_at
    assert postponed is not None
    assert postponed > utc_now() + POSTPONED - timedelta(seconds=30)


async def test_one_that_cannot_be_read_does_not_starve_the_rest(bench: Bench):
    due = utc_now() - timedelta(hours=1)
    strange = Box(id=new_id("box"), due_at=due)
    sound = Box(id=new_id("box"), due_at=due + timedelta(minutes=1))
    for box in (strange, sound):
        await bench.boxes.create(box, [])
    change = {"$set": {"tags": "of another release"}}
    await bench.database.collection("boxes").update_one({"_id": strange.id}, change)
    await a_ticker(bench).work_off(BoxStore)
    assert (await bench.boxes.get(sound.id)).colour == "due"
    postponed = await bench.raw(strange.id)
    assert postponed["due_at"] > utc_now()
    assert postponed["version"] == 2


class Clock:
    """As many seconds from now as it is told."""

    ahead = 0.0

    def __call__(self) -> datetime:
        return utc_now() + timedelta(seconds=self.ahead)


async def test_the_database_is_asked_again_after_a_write_a_while_or_a_jump_of_the_clock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    clock, looks = Clock(), 0
    ticker = Ticker(bench.database, [BoxStore], bench.scope_of, clock)
    look = ticker._look

    async def counted(*arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return await look(*arguments)

    monkeypatch.setattr(ticker, "_look", counted)

    async def rounds(number: int) -> int:
        before = looks
        for _ in range(number):
            await ticker.work_off(BoxStore)
        return looks - before

    assert await rounds(3) == 1
    await bench.boxes.create(Box(id=new_id("box"), due_at=utc_now() + timedelta(minutes=1)), [])
    assert await rounds(3) == 1
    for clock.ahead in (6.0, 3600.0, 0.0):
        assert await rounds(1) == 1


async def test_what_another_process_set_in_time_is_done_to_the_second(bench: Bench):
    clock, box = Clock(), Box(id=new_id("box"))
    ticker = Ticker(bench.database, [BoxStore], bench.scope_of, clock)
    await bench.boxes.create(box, [])
    await ticker.work_off(BoxStore)
    change = {"$set": {"due_at": utc_now() + timedelta(seconds=7)}}
    await bench.database.collection("boxes").update_one({"_id": box.id}, change)
    clock.ahead = 5.0
    assert await ticker.work_off(BoxStore) == 0
    clock.ahead = 7.5
    assert await ticker.work_off(BoxStore) == 1


async def test_what_falls_due_first_is_not_overlooked_for_what_was_known_before(bench: Bench):
    clock, now = Clock(), utc_now()
    ticker = Ticker(bench.database, [BoxStore], bench.scope_of, clock)
    for seconds in (1, 60):
        due = now + timedelta(seconds=seconds)
        await bench.boxes.create(Box(id=new_id("box"), due_at=due), [])
    await ticker.work_off(BoxStore)
    due = now + timedelta(seconds=0.5)
    await bench.boxes.create(Box(id=new_id("box"), due_at=due), [])
    clock.ahead = 2.0
    assert await ticker.work_off(BoxStore) == 2


async def test_what_was_not_dealt_with_while_the_database_was_away_is_looked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    due = utc_now() - timedelta(hours=1)
    for number in range(12):
        await bench.boxes.create(Box(id=new_id("box"), due_at=due + timedelta(seconds=number)), [])
    ticker = a_ticker(bench)
    act = ticker._act

    async def away(*_: Any) -> None:
        raise Unavailable("the database does not answer", code="database_unavailable")

    monkeypatch.setattr(ticker, "_act", away)
    with pytest.raises(Unavailable):
        await ticker.work_off(BoxStore)
    monkeypatch.setattr(ticker, "_act", act)
    assert await ticker.work_off(BoxStore) == 12


async def test_a_backlog_is_worked_off_one_at_a_time(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timers, "BATCH", 4)
    due = utc_now() - timedelta(hours=1)
    for number in range(9):
        await bench.boxes.create(Box(id=new_id("box"), due_at=due + timedelta(seconds=number)), [])
    ticker, running, most = a_ticker(bench), 0, 0
    act = ticker._act

    async def watched(*arguments: Any) -> None:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await act(*arguments)
        running -= 1

    monkeypatch.setattr(ticker, "_act", watched)
    seen = []
    for _ in range(4):
        seen.append((await ticker.work_off(BoxStore), most))
        most = 0
    assert seen == [(4, 4), (4, 1), (1, 1), (0, 0)]


async def test_due_ones_of_a_tenant_that_is_not_known_hurry_and_starve_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(timers, "BATCH", 2)
    due = utc_now() - timedelta(hours=1)
    boxes = [Box(id=new_id("box"), due_at=due + timedelta(seconds=each)) for each in range(3)]
    for box in boxes:
        await bench.boxes.create(box, [])
    strange = {"_id": {"$in": [box.id for box in boxes[:2]]}}
    await bench.database.collection("boxes").update_many(strange, {"$set": {"tenant": "gone"}})
    ticker = Ticker(bench.database, [BoxStore], bench.scope_of, utc_now)
    # A full batch that was dealt with would be followed by the next at once, for ever.
    assert [await ticker.work_off(BoxStore) for _ in range(2)] == [0, 1]
    assert (await bench.boxes.get(boxes[2].id)).colour == "due"


class Inbox:
    """An SMTP server's handler that keeps what it gets."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.letters.append(envelope.content)
        return "250 kept"


def a_mail(key: str, **fields: Any) -> Any:
    return mail_for(
        VODAFONE, recipient="ada@people.example", subject="Grüße", text="Hallo Ada", key=(key,)
    )


async def test_a_mail_is_sent_once_and_its_text_forgotten(bench: Bench):
    inbox, [port] = Inbox(), free_ports(1)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox), "127.0.0.1", port)
    mails = bench.scope().store(MailStore)
    mail = a_mail(new_id("x"))
    assert await mails.ensure(mail, [])
    assert not await mails.ensure(mail, [])
    postmen = [Postman(bench.database, f"smtp://127.0.0.1:{port}") for _ in range(3)]
    await asyncio.gather(*(postman.deliver() for postman in postmen))
    server.close()
    assert len(inbox.letters) == 1
    assert mail.id.encode() in inbox.letters[0]
    stored = await mails.get(mail.id)
    assert (stored.state, stored.text, stored.due_at) == ("sent", None, None)


async def test_a_mail_waits_for_its_server(bench: Bench):
    [port] = free_ports(1)
    mails = bench.scope().store(MailStore)
    mail = await mails.create(a_mail(new_id("x")), [])
    await Postman(bench.database, f"smtp://127.0.0.1:{port}").deliver()
    stored = await mails.get(mail.id)
    assert stored.state == "queued"
    assert stored.attempts == 1
    assert stored.due_at is not None
    assert stored.due_at > utc_now()


async def test_the_postman_looks_when_a_mail_was_written_and_else_seldom(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shared.mail.LOOK_EVERY", 0.01)
    rounds, postman = 0, Postman(bench.database, "")

    async def deliver() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise Unavailable("the database does not answer", code="database_unavailable")

    monkeypatch.setattr(postman, "deliver", deliver)
    running = asyncio.create_task(postman.run())
    seen = []
    for _ in range(2):
        await asyncio.sleep(0.2)
        seen.append(rounds)
        await bench.scope().store(MailStore).create(a_mail(new_id("x")), [])
    await asyncio.sleep(0.2)
    running.cancel()
    # Again after a failure, once for the first mail; the second was written just now.
    assert [*seen, rounds] == [2, 3, 4]


@pytest.mark.parametrize("sender", ["a@[b", "x@<y>"])
async def test_a_mail_that_cannot_be_written_down_does_not_end_the_postman(
    bench: Bench, sender: str
):
    loop, [port] = asyncio.get_running_loop(), free_ports(1)
    server = await loop.create_server(lambda: SMTP(Inbox()), "127.0.0.1", port)
    mails = bench.scope().store(MailStore)
    mail = a_mail(new_id("x"))
    mail.sender = sender
    await mails.create(mail, [])
    await Postman(bench.database, f"smtp://127.0.0.1:{port}").deliver()
    server.close()
    stored = await mails.get(mail.id)
    assert (stored.state, stored.attempts) == ("queued", 1)


class Tarpit(Inbox):
    """A server that takes its time before it takes a letter."""

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(0.7)
        envelope.mail_from = address
        return "250 go on"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(0.7)
        envelope.rcpt_tos.append(address)
        return "250 go on"


async def test_a_mail_is_not_sent_twice_because_its_server_is_slow(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shared.mail.LEASE", timedelta(seconds=1))
    inbox, [port] = Tarpit(), free_ports(1)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(inbox), "127.0.0.1", port)
    await bench.scope().store(MailStore).create(a_mail(new_id("x")), [])
    one, two = (Postman(bench.database, f"smtp://127.0.0.1:{port}") for _ in range(2))

    async def later() -> None:
        await asyncio.sleep(1.2)
        await two.deliver()

    await asyncio.gather(one.deliver(), later())
    server.close()
    assert len(inbox.letters) <= 1


async def test_a_mail_is_given_up_after_a_day(bench: Bench):
    [port] = free_ports(1)
    mails = bench.scope().store(MailStore)
    mail = a_mail(new_id("x"))
    mail.created_at -= timedelta(hours=25)
    await mails.create(mail, [])
    await Postman(bench.database, f"smtp://127.0.0.1:{port}").deliver()
    assert (await mails.get(mail.id)).state == "given_up"


async def test_files_come_back_whole_and_only_to_their_tenant(bench: Bench):
    files = bench.scope().store(Files)
    content = bytes(range(256)) * 2000
    await files.put(File("f1", content, "image/jpeg"))
    await files.put(File("f1", b"other", "image/png"))
    assert await files.get("f1") == File("f1", content, "image/jpeg")
    with pytest.raises(NotFound):
        await bench.scope(SWISSCOM).store(Files).get("f1")
    await files.delete("f1")
    await files.delete("f1")
    with pytest.raises(NotFound):
        await files.get("f1")


def an_account(id: str, sequence: int, kind: Any = AccountRegistered, **fields: Any) -> Any:
    values: dict[str, Any] = {
        "email": f"{id}@people.example",
        "display_name": "Ada",
        "language": "de",
        "roles": ["customer"],
        "email_verified": False,
        "registered_at": utc_now(),
    }
    event = kind(AccountFacts(**(values | fields)))
    return Delivered(new_id("evt"), "vodafone", id, sequence, utc_now(), event)


async def test_a_person_on_the_way_is_waited_for(bench: Bench):
    people, id = bench.scope().store(People), new_id("acc")
    known = an_account(id, 1)

    async def arrive() -> None:
        await asyncio.sleep(0.2)
        await people.put(person_from(known), known)

    person, _ = await asyncio.gather(people.arrived(id), arrive())
    assert person.display_name == "Ada"
    with pytest.raises(Forbidden) as refusal:
        await people.verified(id)
    assert refusal.value.reason == "email_not_verified"
    with pytest.raises(NotFound):
        await people.arrived(new_id("acc"))


async def test_a_suspended_person_is_refused_and_others_are_not(bench: Bench):
    people, revocations = bench.scope().store(People), Revocations(bench.database)
    suspended, free = new_id("acc"), new_id("acc")
    for event in (
        an_account(free, 1),
        an_account(suspended, 1, AccountSuspended, status="suspended", tokens_valid_from=utc_now()),
    ):
        await people.put(person_from(event), event)
    await revocations.refresh()

    def actor(id: str) -> Actor:
        return Actor(id, "vodafone", frozenset(), "s", utc_now())

    assert revocations.refuses(actor(suspended))
    assert not revocations.refuses(actor(free))


async def test_tokens_from_before_a_logout_everywhere_are_refused(bench: Bench):
    people, revocations, id = (
        bench.scope().store(People),
        Revocations(bench.database),
        new_id("acc"),
    )
    ended = utc_now()
    event = an_account(id, 1, tokens_valid_from=ended)
    await people.put(person_from(event), event)
    await revocations.refresh()
    old = Actor(id, "vodafone", frozenset(), "s", ended - timedelta(minutes=1))
    new = Actor(id, "vodafone", frozenset(), "s", ended + timedelta(seconds=1))
    assert revocations.refuses(old)
    assert not revocations.refuses(new)


async def test_tenants_are_found_by_host_as_soon_as_they_are_known(bench: Bench):
    tenants = Tenants(bench.database, "platform.localhost")
    assert not tenants.ready
    assert not tenants.loaded
    await tenants.refresh()
    assert tenants.loaded
    assert not tenants.ready
    event = Delivered(
        new_id("evt"), "vodafone", "vodafone", 1, utc_now(), TenantConfigured(VODAFONE)
    )
    await bench.scope().store(TenantReplica).put(TenantRow("vodafone", VODAFONE), event)
    await tenants.refresh()
    assert tenants.ready
    assert tenants.by_host("vodafone.localhost") == VODAFONE
    assert tenants.by_host("swisscom.localhost") is None
    platform = tenants.by_host("platform.localhost")
    assert platform is not None
    assert platform.slug == "platform"
