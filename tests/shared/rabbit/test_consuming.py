"""One delivery after the other: applied, tried again, held or parked, and none of them lost."""

import asyncio
import json
import time
from typing import Any

import aio_pika
import pytest
from pamqp import encode
from prometheus_client import REGISTRY as METRICS

from shared.contracts.base import Delivered
from shared.contracts.reviews import ReviewInvited
from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from shared.rabbit import Handler, ParkedMessage
from shared.scope import Scope
from tests.shared.rabbit.trial import (
    Trial,
    a_message,
    ago,
    an_event,
    channel_to,
    depth,
    empty,
    eventually,
    put,
    running,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


def failing(trial: Trial, error: Exception, times: int = 1_000) -> Handler:
    """A handler that fails this often for each subject, then notes it."""
    attempts: dict[str, int] = {}

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        attempts[delivered.subject] = attempts.get(delivered.subject, 0) + 1
        if attempts[delivered.subject] <= times:
            raise error
        await trial.note(delivered, scope)

    return handle


def metric(name: str, **labels: str) -> float:
    return METRICS.get_sample_value(name, labels) or 0.0


async def test_an_event_is_applied_in_its_tenants_scope_and_acknowledged(url: str) -> None:
    trial = Trial(url)
    seen: list[tuple[Delivered[Any], Scope]] = []

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        seen.append((delivered, scope))

    async with running(trial, handle):
        event = an_event("rating_1", tenant="swisscom", sequence=3, time=ago(2))
        await trial.publisher.publish(event)
        await eventually(lambda: seen)
        await empty(trial)
    ((delivered, scope),) = seen
    assert (delivered.id, delivered.subject, delivered.sequence) == (event.id, "rating_1", 3)
    assert scope.tenant.slug == "swisscom"
    lag = metric("event_lag_seconds_sum", consumer=trial.queue)
    assert 2 <= lag < 4
    assert await depth(url, trial.queue) == 0


async def test_one_trace_leads_from_the_change_to_the_consumer(url: str) -> None:
    trial = Trial(url)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with running(trial):
        event = an_event(traceparent=parent)
        await trial.publisher.publish(event)
        await eventually(lambda: len(trial.spans.get_finished_spans()) == 2)
    spans = {span.name: span for span in trial.spans.get_finished_spans()}
    publish, process = spans["publish events"], spans[f"process {trial.queue}"]
    assert format(process.context.trace_id, "032x") == "0af7651916cd43dd8448eb211c80319c"
    assert process.parent is not None
    assert process.parent.span_id == publish.context.span_id
    assert process.attributes is not None
    assert process.attributes["messaging.operation.type"] == "process"
    assert process.attributes["messaging.destination.name"] == trial.queue
    assert process.attributes["messaging.message.id"] == event.id
    assert process.attributes["tenant.id"] == "vodafone"


@pytest.mark.parametrize("error", [NotFound("not yet"), Conflict("not now"), KeyError("defect")])
async def test_what_may_succeed_later_is_tried_again_and_applied(
    url: str, error: Exception
) -> None:
    trial = Trial(url)
    async with running(trial, failing(trial, error, times=2)):
        event = an_event("rating_1")
        await trial.publisher.publish(event)
        await eventually(lambda: trial.applied)
        await empty(trial)
    assert trial.applied == ["rating_1"]
    assert trial.parked == []
    assert metric("events_retried_total", consumer=trial.queue) == 2


async def test_after_the_last_round_a_message_is_parked_with_all_it_had(url: str) -> None:
    trial = Trial(url)
    event = an_event("rating_1", tenant="swisscom")
    async with running(trial, failing(trial, NotFound("no such helper"))):
        await trial.publisher.publish(event)
        await eventually(lambda: trial.parked)
        await empty(trial)
    (parked,) = trial.parked
    assert (parked.id, parked.queue) == (event.id, trial.queue)
    assert parked.key == f"{trial.queue}|{event.id}"
    assert (parked.reason, parked.detail) == ("retries_exhausted", "NotFound: no such helper")
    assert (parked.tenant, parked.subject, parked.body) == ("swisscom", "rating_1", event.body)
    assert parked.headers["cloudEvents_type"] == event.routing_key
    assert not any(name.startswith(("x-", "helphood-")) for name in parked.headers)
    counted = metric("events_parked_total", consumer=trial.queue, reason="retries_exhausted")
    assert counted == 1
    assert metric("events_retried_total", consumer=trial.queue) == 2


async def test_a_parked_message_can_be_replayed_under_its_id(url: str) -> None:
    trial = Trial(url)
    ids: list[str] = []

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        if not trial.parked:
            raise Invalid("not before it was parked")
        ids.append(delivered.id)

    async with running(trial, handle):
        event = an_event()
        await trial.publisher.publish(event)
        await eventually(lambda: trial.parked)
        await trial.publisher.replay(trial.parked[0])
        await eventually(lambda: ids)
    assert ids == [event.id]
    assert len(trial.parked) == 1


@pytest.mark.parametrize("error", [Invalid("never"), Forbidden("not you")])
async def test_what_can_never_succeed_is_parked_at_once(url: str, error: Exception) -> None:
    trial = Trial(url)
    async with running(trial, failing(trial, error)):
        await trial.publisher.publish(an_event())
        await eventually(lambda: trial.parked)
    assert trial.parked[0].reason == "refused"
    assert metric("events_retried_total", consumer=trial.queue) == 0


async def test_an_unknown_tenant_may_still_arrive_but_a_foreign_one_is_parked(url: str) -> None:
    trial = Trial(url)
    arrived = False

    def on_scope(delivered: Delivered[Any]) -> None:
        if delivered.tenant == "mordor":
            raise Invalid("no tenant of ours", code="unknown_tenant")
        if not arrived:
            raise NotFound("tenant not here yet")

    trial.on_scope = on_scope
    async with running(trial, rounds=50):
        await trial.publisher.publish(an_event("rating_1"))
        await trial.publisher.publish(an_event("rating_2", tenant="mordor"))
        await eventually(lambda: trial.parked)
        assert trial.applied == []
        arrived = True
        await eventually(lambda: trial.applied == ["rating_1"])
    (parked,) = trial.parked
    assert (parked.subject, parked.detail) == ("rating_2", "unknown_tenant: no tenant of ours")


def _poison() -> dict[str, aio_pika.Message]:
    undecodable, typeless, foreign, big, nameless = (a_message() for _ in range(5))
    undecodable.body = b"\x00\xffnot json"
    del typeless.headers["cloudEvents_type"]
    foreign.headers["cloudEvents_type"] = "reviews.rating_exploded.v9"
    big.body = b"[" + b"1," * 600_000 + b"1]"
    nameless.message_id = None
    odd = aio_pika.Message(
        b"hello",
        headers={
            "when": ago(1), "nested": {"a": [1, None, 2.5, bytearray(b"\xfe")]},
            "helphood-round": "many", "helphood-reason": {"a": 1}, "huge": 2**62,
        },
    )  # fmt: skip
    crowded = a_message()  # fills its frame, so that no further header fits in
    crowded.headers |= {f"h{number}": "x" * 1000 for number in range(100)}
    crowded.headers["pad"] = ""
    crowded.headers["pad"] = "x" * (130_920 - len(encode.field_table(crowded.headers)))
    crowded.body = b"?"
    return {
        "undecodable_body": undecodable,
        "missing_header": typeless,
        "unknown_event": foreign,
        "too_large": big,
        "wrong_content_type": odd,
    } | {"nameless": nameless, "crowded": crowded}


async def test_poison_is_parked_with_its_reason_and_the_rest_goes_on(url: str) -> None:
    trial = Trial(url)
    async with running(trial):
        poison = _poison()
        for message in poison.values():
            await put(url, trial.queue, message)
            await trial.publisher.publish(an_event())
        await eventually(lambda: len(trial.applied) == len(poison))
        await eventually(lambda: len(trial.parked) == len(poison))
        await empty(trial)
    reasons = {parked.reason for parked in trial.parked}
    assert reasons == {*poison} - {"nameless", "crowded"} | {"bad_header"}
    assert metric("events_retried_total", consumer=trial.queue) == 0
    assert len({parked.key for parked in trial.parked}) == len(poison)


async def test_the_headers_of_a_parked_message_are_json(url: str) -> None:
    trial = Trial(url)
    async with running(trial):
        await put(url, trial.queue, _poison()["wrong_content_type"])
        await eventually(lambda: trial.parked)
    headers = json.loads(json.dumps(trial.parked[0].headers))
    assert headers["nested"] == {"a": [1, None, 2.5, "\\xfe"]}
    assert headers["huge"] == 2**62


async def test_while_the_database_is_away_nothing_is_lost_retried_or_parked(url: str) -> None:
    trial = Trial(url)
    attempts = 0

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        nonlocal attempts
        attempts += 1
        await trial.note(delivered, scope)

    async with running(trial, handle):
        trial.database_up = False
        subjects = [f"rating_{number}" for number in range(60)]
        await asyncio.gather(*(trial.publisher.publish(an_event(s)) for s in subjects))
        await asyncio.sleep(3)
        assert trial.applied == []
        assert attempts <= 40  # one prefetch and its first look, no hot loop
        assert trial.pings <= 10
        trial.database_up = True
        await eventually(lambda: len(trial.applied) == 60)
        await empty(trial)
    assert sorted(trial.applied) == sorted(subjects)
    assert trial.parked == []
    assert metric("events_retried_total", consumer=trial.queue) == 0


async def test_one_message_that_must_wait_does_not_stop_the_others(url: str) -> None:
    trial = Trial(url)
    blocked = True

    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        if delivered.subject == "slow" and blocked:
            raise Unavailable("the mail server is away")
        await trial.note(delivered, scope)

    async with running(trial, handle):
        await trial.publisher.publish(an_event("slow"))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await asyncio.gather(*(trial.publisher.publish(an_event()) for _ in range(200)))
        await eventually(lambda: len(trial.applied) == 200)
        assert time.monotonic() - began < 3
        blocked = False
        await eventually(lambda: "slow" in trial.applied)


async def test_a_long_wait_gives_the_message_back_uncounted(url: str) -> None:
    trial = Trial(url)
    async with running(trial, hold_seconds=0.3):
        trial.database_up = False
        await asyncio.gather(*(trial.publisher.publish(an_event()) for _ in range(5)))
        await asyncio.sleep(4)  # held and given back more often than there are rounds
        trial.database_up = True
        await eventually(lambda: len(trial.applied) == 5)
        await empty(trial)
    assert trial.parked == []


async def test_a_parked_message_waits_for_its_store(url: str) -> None:
    trial = Trial(url)
    tries = 0

    async def park(message: ParkedMessage) -> None:
        nonlocal tries
        tries += 1
        trial.must_have_database()
        if tries < 4:
            raise OSError("disk full")
        trial.parked.append(message)

    async with running(trial, failing(trial, Invalid("never")), park=park):
        trial.database_up = False
        await asyncio.gather(*(trial.publisher.publish(an_event()) for _ in range(3)))
        await asyncio.sleep(1.5)
        assert trial.parked == []
        assert tries <= 9
        trial.database_up = True
        await eventually(lambda: len(trial.parked) == 3)
        await empty(trial)


async def test_what_the_broker_dead_letters_is_parked_too(url: str) -> None:
    trial = Trial(url)
    async with running(trial):
        pass  # declares the queues
    event = a_message("rating_1")
    await put(url, trial.queue, event)
    async with channel_to(url) as channel:
        queue = await channel.declare_queue(trial.queue, passive=True)
        for _ in range(21):
            message = await queue.get(timeout=5, fail=False)
            if message is None:
                break
            await message.nack(requeue=True)
            await asyncio.sleep(0.02)
    async with running(trial):
        await eventually(lambda: trial.parked)
        await empty(trial)
    (parked,) = trial.parked
    assert (parked.reason, parked.id) == ("delivery_limit", event.message_id)
    assert trial.applied == []


async def test_an_event_of_a_binding_that_is_no_longer_wanted_is_passed_over(url: str) -> None:
    trial = Trial(url)
    async with running(trial), channel_to(url) as channel:
        queue = await channel.declare_queue(trial.queue, passive=True)
        await queue.bind("events", ReviewInvited.routing_key)
        body = (
            b'{"job_id": "j", "customer_id": "c", "helper_id": "h", "category": "wifi",'
            b' "invited_at": "2026-03-01T00:00:00Z", "due_at": "2026-03-15T00:00:00Z"}'
        )
        await trial.publisher.publish(an_event(routing_key=ReviewInvited.routing_key, body=body))
        await trial.publisher.publish(an_event("wanted"))
        await eventually(lambda: trial.applied)
        await empty(trial)
    assert trial.applied == ["wanted"]
    assert trial.parked == []
