"""The operator's commands for events, against a real broker and a real database."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
import structlog
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.local.ports import Ports
from deploy.local.stack import SERVICES, Stack
from services.identity.model import Account
from services.identity.store import AccountStore
from shared.contracts.identity import AccountSnapshot
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.parked import ParkedMessages, Selection
from shared.rabbit import ParkedMessage, declare, read
from shared.store import Database
from tests.identity.builders import an_account
from tests.republish.world import all_queues

Command = Callable[..., Result]

NOBODY = "127.0.0.1:9"
"""Nothing listens here."""


@pytest.fixture
def helphood(
    broker_url: str, mongo_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Command]:
    """The command line, told of our broker and database; keywords change what it is told.

    As in a process of its own, nothing has set up logging before.
    """

    def run(*arguments: str, answer: str = "", **environment: str) -> Result:
        told = {"AMQP_URL": broker_url, "MONGO_URL": mongo_url, "COLUMNS": "200"} | environment
        return CliRunner().invoke(app, list(arguments), input=answer, env=told)

    monkeypatch.setenv("HELPHOOD_STACK", str(tmp_path))
    kept = structlog.get_config()
    structlog.reset_defaults()
    yield run
    structlog.configure(**kept)


@pytest.fixture
def tenant() -> str:
    """One that no other test knows."""
    return new_id("tenant")


def with_database(mongo_url: str, service: str, work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        database = Database(mongo_url, service)
        try:
            return await work(database)
        finally:
            database.close()

    return asyncio.run(run())


def park(mongo_url: str, tenant: str, **fields: Any) -> ParkedMessage:
    """A message parked an hour ago by a queue of its own."""
    id = new_id("evt")
    values: dict[str, Any] = {
        "id": id,
        "queue": f"jobs.{new_id('trial')}",
        "reason": "refused",
        "detail": "invalid: no such thing",
        "headers": {"cloudEvents_id": id, "cloudEvents_type": "x.y.v1", "cloudEvents_sequence": 3},
        "content_type": "application/json",
        "body": b'{"name": "Ada"}',
        "parked_at": utc_now() - timedelta(hours=1),
        "tenant": tenant,
        "subject": "job_1",
    }
    message = ParkedMessage(**(values | fields))
    with_database(mongo_url, "jobs", lambda found: ParkedMessages(found).keep(message))
    return message


def still_parked(mongo_url: str, tenant: str) -> list[str]:
    async def look(database: Database) -> list[str]:
        found = await ParkedMessages(database).list(Selection(tenant=tenant))
        return [each.id for each in found]

    names: list[str] = with_database(mongo_url, "jobs", look)
    return names


def with_channel(broker_url: str, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        async with await aio_pika.connect(broker_url) as connection:
            return await work(await connection.channel())

    return asyncio.run(run())


def a_queue(broker_url: str, name: str) -> None:
    async def make(channel: Any) -> None:
        await channel.declare_queue(name, durable=True)

    with_channel(broker_url, make)


def taken_from(broker_url: str, queue: str) -> list[aio_pika.abc.AbstractIncomingMessage]:
    async def take(channel: Any) -> list[aio_pika.abc.AbstractIncomingMessage]:
        found, messages = await channel.get_queue(queue), []
        while (message := await found.get(no_ack=True, fail=False)) is not None:
            messages.append(message)
        await channel.queue_delete(queue)
        return messages

    messages: list[aio_pika.abc.AbstractIncomingMessage] = with_channel(broker_url, take)
    return messages


def one_line(result: Result) -> str:
    """The only line of an error. Anything else fails the test."""
    assert result.exit_code == 1, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.output
    assert lines[0].startswith("error: ")
    return lines[0]


# Lag ------------------------------------------------------------------------------------------


def test_lag_tells_of_every_queue_and_every_service(helphood: Command) -> None:
    told = json.loads(helphood("events", "lag", "--json").stdout)
    queues = [each[kind]["queue"] for each in told["queues"] for kind in each]
    queues += [f"{each['service']}.suspect" for each in told["services"] if "suspect" in each]
    assert queues == all_queues(list(SERVICES))
    assert [each["service"] for each in told["services"]] == list(SERVICES)


def test_lag_counts_what_waits_and_says_what_is_not_there(
    helphood: Command, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, absent = f"jobs.{new_id('trial')}", f"jobs.{new_id('trial')}"
    a_queue(broker_url, queue)

    async def leave_two(channel: Any) -> None:
        for _ in range(2):
            await channel.default_exchange.publish(aio_pika.Message(b"{}"), queue)

    with_channel(broker_url, leave_two)
    trials = {"jobs": [absent, queue]}
    monkeypatch.setattr("deploy.cli.services.queues", lambda service: trials.get(service, []))
    told = json.loads(helphood("events", "lag", "--json").stdout)["queues"]
    table = helphood("events", "lag").stdout
    assert len(taken_from(broker_url, queue)) == 2
    assert [each["work"] for each in told] == [
        {"queue": absent, "ready": None, "consumers": None},
        {"queue": queue, "ready": 2, "consumers": 0},
    ]
    assert "not there" in table


def test_lag_tells_of_a_full_outbox_and_its_age(helphood: Command, mongo_url: str) -> None:
    def look() -> dict[str, Any]:
        told = json.loads(helphood("events", "lag", "--json").stdout)
        (found,) = [each for each in told["services"] if each["service"] == "identity"]
        return dict(found)

    before = look()["outbox_pending"]
    account = an_account()

    async def write(database: Database) -> None:
        documents = database.collection(AccountStore.collection)
        since = utc_now() - timedelta(days=300)
        await documents.insert_one({"_id": account.id, "outbox": [{}], "outbox_since": since})

    async def forget(database: Database) -> None:
        await database.collection(AccountStore.collection).delete_one({"_id": account.id})

    with_database(mongo_url, "identity", write)
    try:
        after = look()
        table = helphood("events", "lag")
    finally:
        with_database(mongo_url, "identity", forget)
    assert after["outbox_pending"] == before + 1
    assert after["outbox_oldest_age_seconds"] >= 299 * 86_400
    assert table.exit_code == 0
    assert "300 d" in table.stdout
    assert "identity.people" in table.stdout


# Parked ---------------------------------------------------------------------------------------


def test_the_list_shows_the_oldest_first_and_filters(
    helphood: Command, mongo_url: str, tenant: str
) -> None:
    young = park(mongo_url, tenant, parked_at=utc_now())
    old = park(mongo_url, tenant, reason="kills_worker")

    def listed(*options: str) -> list[str]:
        result = helphood("parked", "list", "jobs", "--tenant", tenant, "--json", *options)
        return [each["id"] for each in json.loads(result.stdout)]

    assert listed() == [old.id, young.id]
    assert listed("--limit", "1") == [old.id]
    assert listed("--reason", "kills_worker") == [old.id]
    assert listed("--queue", young.queue) == [young.id]
    everywhere = helphood("parked", "list", "--tenant", tenant)
    assert everywhere.exit_code == 0
    assert old.id in everywhere.stdout
    assert "1 h" in everywhere.stdout


def test_show_prints_headers_and_body_but_nothing_a_terminal_obeys(
    helphood: Command, mongo_url: str, tenant: str
) -> None:
    message = park(mongo_url, tenant, body=b"\x1b[2J[bold]caf\xc3\xa9\xff", detail="x\x07y")
    shown = helphood("parked", "show", "jobs", message.id)
    assert shown.exit_code == 0, shown.output
    assert "cloudEvents_sequence" in shown.stdout
    assert "\\x1b[2J[bold]café\\xff" in shown.stdout
    assert "x\\x07y" in shown.stdout
    assert not {"\x1b", "\x07"} & set(shown.stdout)


def test_a_replayed_message_is_in_its_queue_again_and_no_longer_parked(
    helphood: Command, broker_url: str, mongo_url: str, tenant: str
) -> None:
    message = park(mongo_url, tenant)
    a_queue(broker_url, message.queue)
    result = helphood("parked", "replay", "jobs", message.id)
    assert result.stdout == f"{message.id}: replayed to {message.queue}\n"
    (came,) = taken_from(broker_url, message.queue)
    assert (came.message_id, came.body) == (message.id, message.body)
    assert came.headers["cloudEvents_sequence"] == 3
    assert still_parked(mongo_url, tenant) == []


def test_replay_all_takes_those_that_the_options_select(
    helphood: Command, broker_url: str, mongo_url: str, tenant: str
) -> None:
    queue = f"jobs.{new_id('trial')}"
    a_queue(broker_url, queue)
    wanted = [park(mongo_url, tenant, queue=queue) for _ in range(3)]
    other = park(mongo_url, tenant, queue=queue, reason="kills_worker")
    options = ("--all", "--tenant", tenant, "--reason", "refused")
    assert helphood("parked", "replay", "jobs", *options).stdout.count("replayed to") == 3
    assert {each.message_id for each in taken_from(broker_url, queue)} == {m.id for m in wanted}
    assert still_parked(mongo_url, tenant) == [other.id]
    again = helphood("parked", "replay", "jobs", *options)
    assert (again.exit_code, again.stdout) == (0, "nothing is parked that matches\n")


def test_without_the_brokers_word_a_message_stays_parked(
    helphood: Command, mongo_url: str, tenant: str
) -> None:
    message = park(mongo_url, tenant)
    assert "not confirmed" in one_line(helphood("parked", "replay", "jobs", message.id))
    assert still_parked(mongo_url, tenant) == [message.id]


def test_what_is_parked_again_before_it_was_removed_is_kept(mongo_url: str, tenant: str) -> None:
    message = park(mongo_url, tenant)

    async def replay_meanwhile(database: Database) -> bool:
        kept = ParkedMessages(database)
        read_before = await kept.get(message.key)
        again = {name: getattr(message, name) for name in ParkedMessage.__dataclass_fields__}
        await kept.keep(ParkedMessage(**(again | {"parked_at": utc_now()})))
        return await kept.remove(read_before)

    assert with_database(mongo_url, "jobs", replay_meanwhile) is False
    assert still_parked(mongo_url, tenant) == [message.id]


def test_drop_asks_first(helphood: Command, mongo_url: str, tenant: str) -> None:
    message = park(mongo_url, tenant)
    refused = helphood("parked", "drop", "jobs", message.id, answer="n\n")
    assert refused.exit_code == 1
    assert still_parked(mongo_url, tenant) == [message.id]
    agreed = helphood("parked", "drop", "jobs", message.id, answer="y\n")
    assert (agreed.exit_code, "dropped" in agreed.stdout) == (0, True)
    assert still_parked(mongo_url, tenant) == []


def test_drop_does_not_ask_when_told_yes(helphood: Command, mongo_url: str, tenant: str) -> None:
    park(mongo_url, tenant)
    park(mongo_url, tenant)
    result = helphood("parked", "drop", "jobs", "--all", "--tenant", tenant, "--yes")
    assert (result.exit_code, result.stdout.count("dropped")) == (0, 2)
    assert still_parked(mongo_url, tenant) == []


# Republish ------------------------------------------------------------------------------------


def test_republish_tells_every_account_of_a_tenant_page_by_page(
    helphood: Command, broker_url: str, mongo_url: str, tenant: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr("shared.store.snapshots.PAGE", 2)
    queue = new_id("heard")

    async def listen(channel: Any) -> None:
        await declare(channel, [])
        heard = await channel.declare_queue(queue, durable=True)
        await heard.bind("events", AccountSnapshot.routing_key)

    async def register(database: Database) -> list[Account]:
        store = AccountStore.unrelayed(database, tenant)
        people = [Account.register(**_somebody()) for _ in range(5)]
        silent = an_account()
        await store.create(silent, [])
        return [await store.create(account, happened) for account, happened in people]

    async def forget(database: Database) -> None:
        await database.collection(AccountStore.collection).delete_many({"tenant": tenant})

    with_channel(broker_url, listen)
    people = with_database(mongo_url, "identity", register)
    try:
        results = [helphood("republish", "identity", "--tenant", tenant) for _ in range(2)]
    finally:
        with_database(mongo_url, "identity", forget)
    for result in results:
        assert result.exit_code == 0, result.output
        assert "account: 5 told again" in result.stdout
    told = [read(message) for message in taken_from(broker_url, queue)]
    assert {each.subject for each in told} == {account.id for account in people}
    assert {each.event.facts.email for each in told} == {account.email for account in people}
    assert (len(told), len({each.id for each in told})) == (10, 5)
    assert all((each.tenant, each.sequence) == (tenant, 1) for each in told)


def _somebody() -> dict[str, Any]:
    person = an_account()
    names = ("email", "display_name", "language", "password_hash")
    return {name: getattr(person, name) for name in names} | {"id": person.id, "at": utc_now()}


def test_a_document_that_does_not_fit_is_named(
    helphood: Command, mongo_url: str, tenant: str
) -> None:
    broken = new_id("acc")

    async def write(database: Database) -> None:
        document = {"_id": broken, "tenant": tenant, "sequence": 1, "version": 1}
        await database.collection(AccountStore.collection).insert_one(document)

    async def forget(database: Database) -> None:
        await database.collection(AccountStore.collection).delete_one({"_id": broken})

    with_database(mongo_url, "identity", write)
    try:
        result = helphood("republish", "identity", "--tenant", tenant)
    finally:
        with_database(mongo_url, "identity", forget)
    assert result.exit_code == 1
    assert f"error: account {broken} is not stored as the code expects it" in result.stderr


# What goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("parked", "list", "billing"),
        ("parked", "show", "billing", "evt_1"),
        ("parked", "replay", "billing", "--all"),
        ("parked", "drop", "billing", "evt_1"),
        ("republish", "billing"),
    ],
)
def test_an_unknown_service_is_named_with_those_that_there_are(
    helphood: Command, command: tuple[str, ...]
) -> None:
    line = one_line(helphood(*command))
    assert "'billing'" in line
    assert "messaging" in line


@pytest.mark.parametrize("command", ["show", "replay", "drop"])
def test_an_unknown_message_is_named(helphood: Command, command: str) -> None:
    line = one_line(helphood("parked", command, "jobs", "evt_none"))
    assert line == "error: jobs has no parked message evt_none"


@pytest.mark.parametrize("command", ["replay", "drop"])
def test_one_message_or_all_must_be_named(helphood: Command, command: str) -> None:
    for arguments in ((), ("evt_1", "--all")):
        line = one_line(helphood("parked", command, "jobs", *arguments))
        assert line == "error: name one message, or say --all"


def test_a_message_that_two_queues_parked_is_asked_for_by_queue(
    helphood: Command, mongo_url: str, tenant: str
) -> None:
    one = park(mongo_url, tenant)
    two = park(mongo_url, tenant, id=one.id)
    line = one_line(helphood("parked", "show", "jobs", one.id))
    assert "--queue" in line
    assert one.queue in line
    assert helphood("parked", "show", "jobs", one.id, "--queue", two.queue).exit_code == 0


def test_a_tenant_without_anything_is_a_mistake(helphood: Command) -> None:
    line = one_line(helphood("republish", "jobs", "--tenant", "vodafnoe"))
    assert line == "error: jobs has nothing of a tenant 'vodafnoe'"


@pytest.mark.parametrize(
    "command",
    [
        ("events", "lag"),
        ("parked", "list"),
        ("parked", "replay", "jobs", "x"),
        ("republish", "jobs"),
    ],
)
def test_a_database_that_is_away_is_told_in_one_line(
    helphood: Command, command: tuple[str, ...]
) -> None:
    line = one_line(helphood(*command, MONGO_URL=f"mongodb://root:secret@{NOBODY}/"))
    assert line == f"error: no database lets us in at {NOBODY}"


def test_a_broker_that_is_away_is_told_in_one_line(
    helphood: Command, mongo_url: str, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.cli.connections._SECONDS", 0.5)
    message = park(mongo_url, tenant)
    away = f"amqp://root:secret@{NOBODY}/"
    for command in (("parked", "replay", "jobs", message.id), ("republish", "jobs")):
        line = one_line(helphood(*command, AMQP_URL=away))
        assert line == f"error: no broker lets us in at {NOBODY}"
    assert "the broker does not answer" in one_line(helphood("events", "lag", AMQP_URL=away))
    assert still_parked(mongo_url, tenant) == [message.id]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("AMQP_URL", "http://broker"),
        ("AMQP_URL", "broker"),
        ("MONGO_URL", "database:27017"),
        ("MONGO_URL", "mongodb://host:notaport/"),
        ("MONGO_URL", "mongodb://"),
    ],
)
def test_an_address_that_is_none_is_named(helphood: Command, name: str, url: str) -> None:
    assert name in one_line(helphood("events", "lag", **{name: url}))


def test_without_addresses_the_local_stack_is_meant(helphood: Command) -> None:
    """None was ever started in this test's folder."""
    line = one_line(helphood("events", "lag", AMQP_URL="", MONGO_URL=""))
    assert "make demo" in line
    assert "AMQP_URL" in line


def test_the_running_stack_gives_the_addresses_that_are_not_set(
    helphood: Command, broker_url: str, mongo_url: str, tmp_path: Path
) -> None:
    stack = Stack(tmp_path, Ports.free(SERVICES), amqp_url=broker_url, mongo_url=mongo_url)
    (tmp_path / "stack.json").write_text(stack._memory())
    assert helphood("events", "lag", AMQP_URL="", MONGO_URL="").exit_code == 0
