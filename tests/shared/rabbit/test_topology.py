"""The queues: what is described, what is exported and what the broker then has, are one."""

import json
from typing import Any

import pytest

from deploy.local.broker import Broker
from shared.contracts.base import Delivered
from shared.contracts.jobs import JobEvent
from shared.contracts.reviews import RatingChanged, RatingSnapshot, ReviewPublished
from shared.rabbit import Consumers, Subscription, declare, definitions
from shared.scope import Scope
from tests.shared.rabbit.trial import channel_to


async def _ignore(delivered: Delivered[Any], scope: Scope) -> None:
    del delivered, scope


def _subscriptions() -> list[Subscription]:
    consumers = Consumers("atlas")
    consumers.on("note_ratings", RatingChanged, RatingSnapshot)(_ignore)
    consumers.on("thank", ReviewPublished)(_ignore)
    return consumers.subscriptions


def _text(thing: Any) -> str:
    return json.dumps(thing, sort_keys=True)


def test_each_purpose_is_one_queue_with_its_events() -> None:
    first, second = _subscriptions()
    assert (first.queue, second.queue) == ("atlas.note_ratings", "atlas.thank")
    assert first.events == (RatingChanged, RatingSnapshot)
    assert first.handler is _ignore


def test_an_aggregates_base_stands_for_all_its_events() -> None:
    consumers = Consumers("atlas")
    consumers.on("follow_jobs", JobEvent)(_ignore)
    keys = {event.routing_key for event in consumers.subscriptions[0].events}
    assert {"jobs.job_booked.v1", "jobs.job_closed.v1", "jobs.job_snapshot.v1"} <= keys
    assert not any("receipt" in key for key in keys)


def test_a_purpose_is_given_once() -> None:
    consumers = Consumers("atlas")
    consumers.on("thank", ReviewPublished)(_ignore)
    with pytest.raises(ValueError, match=r"atlas\.thank"):
        consumers.on("thank", RatingChanged)


def test_a_purpose_without_events_is_refused() -> None:
    with pytest.raises(ValueError, match="no event"):
        Consumers("atlas").on("thank")


def test_work_queues_dead_letter_to_parking_and_never_to_retry() -> None:
    queues = {
        queue["name"]: queue["arguments"] for queue in definitions(_subscriptions())["queues"]
    }
    assert queues["atlas.thank"]["x-dead-letter-routing-key"] == "atlas.thank.parked"
    assert queues["atlas.suspect"]["x-dead-letter-exchange"] == "events.parked"
    assert "x-dead-letter-routing-key" not in queues["atlas.suspect"]
    for name in ("atlas.thank", "atlas.suspect"):
        assert queues[name]["x-delivery-limit"] == 20
        assert "x-max-length" not in queues[name]
    assert queues["atlas.thank.retry"]["x-dead-letter-routing-key"] == "atlas.thank"
    assert queues["atlas.thank.retry"]["x-message-ttl"] == 5000


def test_every_queue_that_holds_events_is_a_quorum_queue_that_loses_nothing() -> None:
    for queue in definitions(_subscriptions())["queues"]:
        assert queue["arguments"]["x-queue-type"] == "quorum"
        if queue["name"] != "events.unrouted":
            assert queue["arguments"]["x-overflow"] == "reject-publish"
            assert queue["arguments"]["x-dead-letter-strategy"] == "at-least-once"


def test_definitions_name_no_users() -> None:
    assert set(definitions(_subscriptions())) == {"vhosts", "exchanges", "queues", "bindings"}


@pytest.mark.asyncio
async def test_what_is_declared_is_what_the_definitions_say(own_broker: Broker) -> None:
    for _ in range(2):  # harmless when repeated
        async with channel_to(own_broker.amqp_url) as channel:
            await declare(channel, _subscriptions())
    exported = json.loads(own_broker.control("export_definitions", "-"))
    expected = definitions(_subscriptions())
    for kind, name in (("exchanges", "name"), ("queues", "name"), ("bindings", "destination")):
        mine = [
            {key: value for key, value in thing.items() if key in expected[kind][0]}
            for thing in exported[kind]
            if thing[name].startswith(("atlas.", "events"))
        ]
        assert sorted(mine, key=_text) == sorted(expected[kind], key=_text)


@pytest.mark.asyncio
async def test_the_broker_takes_the_definitions_and_declaring_agrees_with_them(
    own_broker: Broker, tmp_path: Any
) -> None:
    consumers = Consumers("imported")
    consumers.on("thank", ReviewPublished)(_ignore)
    file = tmp_path / "definitions.json"
    file.write_text(json.dumps(definitions(consumers.subscriptions)))
    own_broker.control("import_definitions", str(file))
    async with channel_to(own_broker.amqp_url) as channel:
        await channel.declare_queue("imported.suspect", passive=True)
        await declare(channel, consumers.subscriptions)
