import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local.broker import Broker
from services.messaging.app import create
from services.messaging.model import KEPT, FeedEntry, Kind
from services.messaging.settings import Settings
from services.messaging.store import FeedEntries, Tickets
from services.messaging.streams import LIVE_STREAMS, MOST, Stream, Streams
from shared.contracts.identity import AccountFacts, AccountSuspended
from shared.contracts.jobs import JobBooked
from shared.contracts.messaging import MessageSent, MessageSnapshot
from shared.contracts.reviews import ReviewInvited, ReviewPairFacts
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.messaging.builders import a_helper, a_job, a_talk, book, following, get, post, tell
from tests.messaging.live import Reader, served

pytestmark = pytest.mark.usefixtures("messaging")


@pytest.fixture
async def base(messaging: Harness) -> AsyncIterator[str]:
    async with served(messaging.app) as address:
        yield address


def reader(
    messaging: Harness, base: str, who: str, *, tenant: str = "vodafone", **request: Any
) -> Reader:
    headers = {"Authorization": f"Bearer {token(messaging, who, tenant)}"}
    headers |= request.pop("headers", {})
    return Reader(base, tenant, headers=headers, **request)


def token(messaging: Harness, who: str, tenant: str = "vodafone", **claims: Any) -> str:
    return messaging._tokens.token(who, tenant, **claims)


def an_entry(person: str, number: int, job_id: str = "job_x") -> FeedEntry:
    """As it is when another process has told it, of whose broadcast nothing was heard."""
    return FeedEntry(
        id=FeedEntry.key(person, number),
        person_id=person,
        number=number,
        about=f"{job_id[:9]}:{number}",
        kind=Kind.JOB,
        at=utc_now(),
        job_id=job_id,
        state="booked",
        job_version=number,
    )


async def a_ticket(messaging: Harness, who: str, **options: Any) -> str:
    answer = await post(messaging, "/v1/stream/tickets", None, who, **options)
    assert answer.status_code == 201, answer.text
    assert answer.json()["expires_in"] == 60
    ticket: str = answer.json()["ticket"]
    return ticket


async def test_a_message_reaches_both_sides_as_it_is_sent(messaging: Harness, base: str):
    talk = await a_talk(messaging)
    await messaging.eventually(lambda: feed_of(messaging, talk.helper))
    async with (
        reader(messaging, base, talk.customer) as customer,
        reader(messaging, base, talk.helper) as helper,
    ):
        assert [each.name for each in helper.told] == ["ready"]
        sent = (await talk.say(talk.customer, "Are you there?")).json()
        await helper.until(lambda: helper.named("message"))
        await customer.until(lambda: customer.named("message"))
        for side in (customer, helper):
            [told] = side.named("message")
            assert told.data == {"conversation_id": talk.id, "message": sent}
            assert told.id == side.told[0].id + 1


async def feed_of(messaging: Harness, who: str) -> list[FeedEntry]:
    return await messaging.scope().store(FeedEntries).after(who, 0, 0)


async def test_a_jobs_changes_and_an_invitation_to_review_are_told(messaging: Harness, base: str):
    talk = await a_talk(messaging)
    async with reader(messaging, base, talk.helper) as helper:
        job = await a_job(messaging, talk.customer, talk.helper)
        await book(messaging, job)
        invitation = ReviewInvited(
            ReviewPairFacts(
                job_id=job.id,
                customer_id=talk.customer,
                helper_id=talk.helper,
                category="wifi",
                invited_at=utc_now(),
                due_at=utc_now() + timedelta(days=14),
            )
        )
        for _ in range(2):
            await messaging.deliver(invitation, subject=new_id("pair"))
            invitation_id = await helper.until(lambda: helper.named("review_invitation"))
        states = [(each.data["job_id"], each.data["state"]) for each in helper.named("job")]
        assert states == [(job.id, "requested"), (job.id, "booked")]
        told = invitation_id[0].data
        assert told["peer"] == {"id": talk.customer, "display_name": "Ada Berger"}
        assert (told["job_id"], told["role"]) == (job.id, "helper")


async def test_what_is_heard_twice_or_late_is_told_once(messaging: Harness):
    talk = await a_talk(messaging)
    await messaging.eventually(lambda: feed_of(messaging, talk.helper))
    sent = await messaging.published(MessageSent, subject=f"{talk.id}:00000001")
    for _ in range(2):
        await messaging.deliver(sent.event, subject=sent.subject)
        await messaging.deliver(MessageSnapshot(sent.event.facts), subject=sent.subject, sequence=1)
    job = await a_job(messaging, talk.customer, talk.helper)
    await book(messaging, job)
    await book(messaging, job)
    await tell(messaging, job, JobBooked(job.facts(state="booked", booked_at=utc_now())), 2)
    kinds = [each.kind for each in await feed_of(messaging, talk.helper)]
    # The booking is also said in the conversation, by a system message.
    assert sorted(kinds)[:2] == [Kind.JOB, Kind.JOB]
    assert kinds.count(Kind.JOB) == 2
    about = [each.about for each in await feed_of(messaging, talk.helper)]
    assert len(about) == len(set(about))


async def test_a_feed_begins_with_the_first_stream(messaging: Harness, base: str):
    customer = await messaging.person()
    await a_job(messaging, customer, None)
    assert await feed_of(messaging, customer) == []
    async with reader(messaging, base, customer) as one:
        assert (one.told[0].name, one.told[0].id) == ("ready", 0)
    job = await a_job(messaging, customer, None)
    async with reader(messaging, base, customer, headers={"Last-Event-ID": "0"}) as one:
        await one.until(lambda: one.named("job"))
        assert [each.data["job_id"] for each in one.named("job")] == [job.id]


@pytest.mark.parametrize("processes", ["one", "many"])
async def test_numbers_have_no_gap_although_many_tell_at_once(
    messaging: Harness, processes: str, monkeypatch: pytest.MonkeyPatch
):
    if processes == "many":
        # Nobody waits for another one's turn.
        monkeypatch.setattr(Streams, "turn", lambda *_: asyncio.Lock())
    customer = await messaging.person()
    await following(messaging, customer)
    jobs = [await a_job(messaging, customer, None) for _ in range(2)]
    await asyncio.gather(
        *(
            tell(messaging, job, JobBooked(job.facts(state="booked")), sequence)
            for sequence in range(2, 7)
            for job in jobs
        )
    )
    numbers = [each.number for each in await feed_of(messaging, customer)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 4


async def test_numbers_go_on_behind_what_another_process_told_however_much_that_was(
    messaging: Harness,
):
    customer = await messaging.person()
    await following(messaging, customer)
    job = await a_job(messaging, customer, None)
    assert [each.number for each in await feed_of(messaging, customer)] == [1]
    feed = messaging.scope().store(FeedEntries)
    await feed.forget(FeedEntry.key(customer, 1))
    for number in (KEPT + 7, KEPT + 8):
        await feed.create(an_entry(customer, number), [])
    await tell(messaging, job, JobBooked(job.facts(state="booked")), 2)
    numbers = [each.number for each in await feed_of(messaging, customer)]
    assert numbers == [KEPT + 7, KEPT + 8, KEPT + 9]


async def test_what_no_broadcast_told_of_is_found_by_a_look(
    messaging: Harness, base: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.messaging.streams.LOOK", 0.05)
    monkeypatch.setattr("services.messaging.streams.SWEEP", 1)
    people = [await messaging.person() for _ in range(3)]
    async with (
        reader(messaging, base, people[0]) as one,
        reader(messaging, base, people[0]) as one_besides,
        reader(messaging, base, people[1]) as other,
        reader(messaging, base, people[2]) as quiet,
    ):
        feed = messaging.scope().store(FeedEntries)
        for person in people[:2]:
            await feed.create(an_entry(person, 1), [])
        for each in (one, one_besides, other):
            await each.until(lambda each=each: each.named("job"))
            assert [told.id for told in each.named("job")] == [1]
        assert quiet.named("job") == []


async def never() -> bool:
    return False


def test_a_stream_is_woken_once_for_each_number():
    stream = Stream("vodafone", "acc_a", utc_now(), never)
    stream.hear(1)
    assert stream.news.is_set()
    stream.news.clear()
    stream.hear(1)
    assert not stream.news.is_set()
    stream.hear(2)
    assert stream.news.is_set()
    stream.news.clear()
    stream.position = 5
    stream.hear(4)
    assert not stream.news.is_set()


async def test_a_stream_is_resumed_behind_the_last_event(messaging: Harness, base: str):
    talk = await a_talk(messaging)
    await grown(messaging, talk.helper, 1)
    async with reader(messaging, base, talk.helper) as helper:
        await talk.say(talk.customer, "one")
        await helper.until(lambda: helper.named("message"))
        seen = helper.position
    for number, text in ((3, "two"), (4, "three")):
        await talk.say(talk.customer, text)
        await grown(messaging, talk.helper, number)
    by_header = reader(messaging, base, talk.helper, headers={"Last-Event-ID": str(seen)})
    by_address = reader(messaging, base, talk.helper, params={"last_event_id": str(seen)})
    for resumed in (by_header, by_address):
        async with resumed:
            await resumed.until_named("message", 2)
            texts = [each.data["message"]["text"] for each in resumed.named("message")]
            assert texts == ["two", "three"]
            assert [each.id for each in resumed.named("message")] == [seen + 1, seen + 2]


async def grown(messaging: Harness, who: str, length: int) -> None:
    """Wait until so many entries are there."""

    async def long_enough() -> bool:
        return len(await feed_of(messaging, who)) >= length

    await messaging.eventually(long_enough)


async def test_who_was_away_for_too_long_is_told_to_begin_anew(messaging: Harness, base: str):
    customer = await messaging.person()
    await following(messaging, customer)
    await a_job(messaging, customer, None)
    feed = messaging.scope().store(FeedEntries)
    for number in (2, 3, 9):
        entry = FeedEntry(
            id=FeedEntry.key(customer, number),
            person_id=customer,
            number=number,
            about=f"job_x:{number}",
            kind=Kind.JOB,
            at=utc_now(),
            job_id="job_x",
            state="booked",
            job_version=number,
        )
        await feed.create(entry, [])
    async with reader(messaging, base, customer, headers={"Last-Event-ID": "1"}) as one:
        await one.until(lambda: len(one.told) == 5)
        told = [(each.name, each.id) for each in one.told]
        assert told == [("ready", 1), ("job", 2), ("job", 3), ("reset", 8), ("job", 9)]
    async with reader(messaging, base, customer, headers={"Last-Event-ID": "400"}) as one:
        await one.until(lambda: one.told)
        assert (one.told[0].name, one.told[0].id) == ("reset", 9)


async def test_a_ticket_opens_one_stream_within_a_minute(messaging: Harness, base: str):
    talk = await a_talk(messaging)
    ticket = await a_ticket(messaging, talk.helper)
    async with Reader(base, "vodafone", params={"ticket": ticket}) as helper:
        await talk.say(talk.customer, "Hello")
        await helper.until(lambda: helper.named("message"))
    late = await a_ticket(messaging, talk.helper)
    tickets = messaging.scope().store(Tickets)
    for each in await tickets.of(talk.helper):
        await tickets.update(each.id, age)
    foreign = await a_ticket(
        messaging, await messaging.person(tenant="swisscom"), tenant="swisscom"
    )
    for bad in (ticket, late, foreign, "nonsense"):
        async with Reader(base, "vodafone", params={"ticket": bad}) as refused:
            assert (refused.status, refused.problem["code"]) == (401, "invalid_ticket")


def age(ticket: Any) -> None:
    ticket.issued_at -= timedelta(seconds=61)


async def test_a_ticket_is_used_once_also_when_two_come_at_the_same_moment(
    messaging: Harness, base: str
):
    ticket = await a_ticket(messaging, await messaging.person())
    readers = [Reader(base, "vodafone", params={"ticket": ticket}) for _ in range(5)]
    opened = await asyncio.gather(*(each.__aenter__() for each in readers))
    assert sorted(each.status for each in opened) == [200, 401, 401, 401, 401]
    for each in opened:
        await each.__aexit__()


async def test_the_same_idempotency_key_brings_the_same_ticket(messaging: Harness):
    who, headers = await messaging.person(), {"Idempotency-Key": "k"}
    path = "/v1/stream/tickets"
    first, again = [await post(messaging, path, None, who, headers=headers) for _ in range(2)]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()
    assert first.json() != (await post(messaging, path, None, who)).json()


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({}, 401, "unauthenticated"),
        ({"params": {"ticket": ""}}, 401, "unauthenticated"),
        ({"headers": {"Authorization": "Bearer x"}, "params": {"ticket": "x"}}, 401, None),
        ({"params": {"ticket": "x", "last_event_id": "abc"}}, 422, "invalid_request"),
        ({"params": {"ticket": "x", "last_event_id": "9" * 30}}, 422, "invalid_request"),
        ({"params": {"ticket": "x", "other": "1"}}, 422, "invalid_request"),
    ],
)
async def test_bad_requests_get_a_clear_answer(
    base: str, request_: dict[str, Any], status: int, code: str | None
):
    async with Reader(base, "vodafone", **dict(request_)) as refused:
        assert refused.status == status
        assert code in (None, refused.problem["code"])


async def test_a_ticket_and_a_token_together_are_refused(messaging: Harness):
    who = await messaging.person()
    answer = await get(messaging, "/v1/stream?ticket=x", who)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_stream_ends_with_its_token(messaging: Harness, base: str):
    who = await messaging.person()
    until = int(datetime.now(UTC).timestamp()) - 27  # With the leeway of 30 s.
    short = {"Authorization": f"Bearer {token(messaging, who, exp=until)}"}
    async with Reader(base, "vodafone", headers=short) as one:
        await one.until(lambda: one.ended)
        assert [each.name for each in one.told] == ["ready", "end"]


async def test_a_stream_ends_with_its_account(messaging: Harness, base: str):
    who = await messaging.person()
    ticket = await a_ticket(messaging, who)
    async with (
        reader(messaging, base, who) as by_token,
        Reader(base, "vodafone", params={"ticket": ticket}) as by_ticket,
    ):
        facts = AccountFacts(
            email="x@people.example",
            display_name="Ada",
            language="de",
            roles=["customer"],
            email_verified=True,
            registered_at=utc_now(),
            status="suspended",
            tokens_valid_from=utc_now() + timedelta(seconds=2),
        )
        await messaging.deliver(AccountSuspended(facts), subject=who, sequence=5)
        for one in (by_token, by_ticket):
            await one.until(lambda one=one: one.ended)
            assert one.told[-1].name == "end"


async def test_one_person_has_so_many_streams_and_no_more(messaging: Harness, base: str):
    who = await messaging.person()
    readers = [reader(messaging, base, who) for _ in range(MOST)]
    for each in readers:
        await each.__aenter__()
    async with reader(messaging, base, who) as refused:
        assert (refused.status, refused.problem["code"]) == (429, "too_many_streams")
    for each in readers:
        await each.__aexit__()

    async def left() -> bool:
        async with reader(messaging, base, who) as another:
            return another.status == 200

    await messaging.eventually(left)


async def test_open_streams_are_counted(
    messaging: Harness, base: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.messaging.streams.LOOK", 0.05)

    def told(number: int) -> Callable[[], bool]:
        return lambda: LIVE_STREAMS._value.get() == number

    await messaging.eventually(told(0))
    person = await messaging.person()
    async with reader(messaging, base, person), reader(messaging, base, person):
        await messaging.eventually(told(2))
    await messaging.eventually(told(0))


async def test_nobody_hears_what_the_other_side_must_not_know(messaging: Harness, base: str):
    talk = await a_talk(messaging)
    async with (
        reader(messaging, base, talk.helper) as helper,
        reader(messaging, base, await messaging.person()) as stranger,
    ):
        await post(messaging, f"{talk.path}/block", None, talk.helper)
        await talk.say(talk.customer, "You cannot hear this")
        another = await a_talk(messaging, helper=talk.helper, text="This you can")
        await helper.until(lambda: helper.named("message"))
        heard = {each.data["conversation_id"] for each in helper.named("message")}
        assert heard <= {another.id, talk.id}
        assert not any("cannot" in each.data["message"]["text"] for each in helper.named("message"))
        assert [each.name for each in stranger.told] == ["ready"]


async def test_a_quiet_stream_is_kept_alive_by_comments(
    messaging: Harness, base: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.messaging.api.stream.HEARTBEAT", 0.1)
    async with reader(messaging, base, await messaging.person()) as one:
        await one.until(lambda: one.comments >= 3)
        assert [each.name for each in one.told] == ["ready"]


async def test_a_reader_who_takes_nothing_is_dropped(
    messaging: Harness, base: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.messaging.api.stream.SLOW", 0.5)
    customer = await messaging.person()
    feed = messaging.scope().store(FeedEntries)
    for number in range(1, 400):
        entry = an_entry(customer, number, job_id="job_" + "x" * 20_000)
        await feed.create(entry, [])
    host, _, port = base.removeprefix("http://").partition(":")
    _, outgoing = await asyncio.open_connection(host, int(port), limit=1024)
    request = (
        "GET /v1/stream HTTP/1.1\r\nHost: vodafone.localhost\r\nLast-Event-ID: 0\r\n"
        f"Authorization: Bearer {token(messaging, customer)}\r\n\r\n"
    )
    outgoing.write(request.encode())
    streams = messaging.runtime.resources
    [held] = [each for kind, each in streams.items() if kind.__name__ == "Streams"]
    await messaging.eventually(lambda: held._open)
    await messaging.eventually(lambda: not held._open, patience=20)
    outgoing.close()


async def test_nothing_is_lost_or_repeated_when_service_and_broker_begin_again(
    mongo_url: str, tmp_path: Path
):
    """The reader comes back with the number it saw last, as a browser does."""
    database = f"test_{new_id('db')}"
    heard: list[tuple[int, str]] = []
    with Broker(tmp_path / "broker", definitions=Path("/nonexistent")) as broker:
        (tmp_path / "first").mkdir()
        async with Harness.running(
            create,
            Settings,
            broker.amqp_url,
            mongo_url,
            tmp_path / "first",
            mongo_database=database,
        ) as messaging:
            talk = await a_talk(messaging, helper=await a_helper(messaging))
            async with (
                served(messaging.app) as base,
                reader(messaging, base, talk.helper, headers={"Last-Event-ID": "0"}) as helper,
            ):
                await helper.until(lambda: helper.named("message"))
                heard += take(helper)
                await asyncio.to_thread(broker.stop)
                await talk.say(talk.customer, "while the broker was away")
                await asyncio.to_thread(broker.start)
                await helper.until(lambda: len(helper.named("message")) == 2)
                heard += take(helper)
            await talk.say(talk.customer, "while nobody listened")
            messaging.runtime.database.drop = nothing  # type: ignore[method-assign]
        (tmp_path / "second").mkdir()
        async with Harness.running(
            create,
            Settings,
            broker.amqp_url,
            mongo_url,
            tmp_path / "second",
            mongo_database=database,
        ) as messaging:
            resumed = {"Last-Event-ID": str(heard[-1][0])}
            async with (
                served(messaging.app) as base,
                reader(messaging, base, talk.helper, headers=resumed) as helper,
            ):
                await helper.until(lambda: helper.named("message"))
                heard += take(helper)
    assert [text for _, text in heard] == [
        "Can you help me?",
        "while the broker was away",
        "while nobody listened",
    ]
    assert [number for number, _ in heard] == [1, 2, 3]


def take(helper: Reader) -> list[tuple[int, str]]:
    """What was heard, taken from the reader, so that it is counted once."""
    found = [(each.id, each.data["message"]["text"]) for each in helper.named("message")]
    new = found[getattr(helper, "taken", 0) :]
    helper.taken = len(found)  # type: ignore[attr-defined]
    return new


async def nothing() -> None:
    """The second life of the service needs what the first one wrote."""
