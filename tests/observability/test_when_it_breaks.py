"""Faults made on purpose: what docs/runbook.md says of them is what is seen.

Every alert's is made, by hand, by try_alerts.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import aio_pika
import yaml

from deploy.local.broker import Broker
from deploy.local.prometheus import RULES
from deploy.local.story import BERLIN, ZURICH, Cast
from shared.rabbit.envelope import TRACEPARENT
from tests.observability.conftest import Watched, close
from tests.observability.faults import (
    ROUNDS,
    Trial,
    interrupted,
    silent_support,
    unreadable_aggregate,
)

ALERTS: dict[str, str] = {
    rule["alert"]: rule["expr"]
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
}


def is_pending(watched: Watched, alert: str, **labels: str) -> None:
    """Prometheus has seen it by itself, and waits as long as the rule says."""
    chosen = "".join(f', {name}="{value}"' for name, value in labels.items())
    watched.prometheus.until(f'ALERTS{{alertname="{alert}"{chosen}}}')


async def test_a_message_that_cannot_be_applied(watched: Watched, broker: Broker) -> None:
    trace = uuid4().hex
    async with await aio_pika.connect(broker.amqp_url) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(
            b"{",
            headers={TRACEPARENT: f"00-{trace}-00f067aa0ba902b7-01"},
            content_type="application/json",
        )
        await channel.default_exchange.publish(message, "reviews.people")
    alarm = ALERTS["MessagesParked"]
    found = watched.prometheus.until(alarm)
    assert {each.labels["service"]: each.value for each in found} == {"reviews": 1}
    is_pending(watched, "MessagesParked", service="reviews")
    [counted] = watched.prometheus.until('events_parked_total{consumer="reviews.people"}')
    assert counted.labels["reason"] == "missing_header"
    watched.stories[0].customer.until(
        lambda: "process reviews.people.parked" in watched.page.get(f"/traces/{trace}").text,
        "the trace of what was parked",
    )
    shown = watched.page.get(f"/traces/{trace}").text
    assert "2 failed" in shown
    assert "missing_header" in shown
    assert trace in watched.page.get("/", params={"failed": "true", "service": "reviews"}).text
    written = watched.platform.stack.keeper.log("reviews").read_text().splitlines()
    told = [line for line in map(json.loads, written) if line["event"] == "message parked"]
    assert [(line["trace_id"], line["reason"]) for line in told] == [(trace, "missing_header")]


def test_a_consumer_that_is_gone_for_a_while(watched: Watched) -> None:
    keeper = watched.platform.stack.keeper
    keeper.stop("messaging")
    try:
        down = watched.prometheus.until(ALERTS["ScrapeDown"])
        assert [(each.labels["job"], each.labels["service"]) for each in down] == [
            ("services", "messaging")
        ]
        is_pending(watched, "ScrapeDown", service="messaging")
        alarm = ALERTS["NoConsumer"]
        gone = watched.prometheus.until(alarm, lambda found: len(found) > 5)
        assert {each.labels["queue"].split(".")[0] for each in gone} == {"messaging"}
        is_pending(watched, "NoConsumer", queue="messaging.people")
        watched.prometheus.until(ALERTS["ServiceMissing"])
        newcomer = watched.platform.person("vodafone")
        newcomer.register()
        trace = newcomer.answers[-1].trace_id
        waiting = 'rabbitmq_detailed_queue_messages_ready{queue="messaging.people"} > 0'
        watched.prometheus.until(waiting)
    finally:
        keeper.start("messaging")
    watched.prometheus.until(ALERTS["NoConsumer"], lambda found: not found)
    watched.prometheus.until(ALERTS["ScrapeDown"], lambda found: not found)
    watched.prometheus.until(waiting, lambda found: not found)
    newcomer.until(
        lambda: "process messaging.people" in watched.page.get(f"/traces/{trace}").text,
        "the event's end",
    )
    newcomer.close()


def told(watched: Watched, cast: Cast) -> None:
    story = watched.platform.story(cast)
    story.tell()
    close(story)


def test_a_database_that_is_slow(watched: Watched) -> None:
    # One story alone would have nearly all its writes between two interruptions.
    with interrupted(watched.platform, "database"), ThreadPoolExecutor() as several:
        list(several.map(partial(told, watched), (BERLIN, ZURICH, BERLIN)))
    slow = watched.prometheus.until(ALERTS["DatabaseSlow"])
    assert {each.labels["service"] for each in slow} & {"profiles", "jobs", "identity"}
    assert watched.prometheus.query("max_over_time(database_ping_seconds[2m]) > 0.1")
    listed = watched.page.get("/", params={"ms": "300", "tenant": "vodafone"}).text
    assert "/traces/" in listed


def test_a_timer_that_fails_for_the_first_time(watched: Watched) -> None:
    trial = Trial(watched.platform, watched.stories[1])
    with unreadable_aggregate(trial):
        [failed] = watched.prometheus.until(ALERTS["TimersFail"])
    assert (failed.labels["service"], failed.labels["collection"]) == ("jobs", "jobs")


def test_cases_that_nobody_answers(watched: Watched) -> None:
    trial = Trial(watched.platform, watched.stories[1])
    with silent_support(trial):
        watched.prometheus.until(ALERTS["SafetyCaseOverdue"])
        late = watched.prometheus.until(ALERTS["CaseOverdue"], lambda found: len(found) > 1)
        assert {each.labels["urgency"] for each in late} == {"high", "normal"}
        is_pending(watched, "CaseOverdue", urgency="high")
        is_pending(watched, "CaseOverdue", urgency="normal")
    for alert in ("SafetyCaseOverdue", "CaseOverdue"):
        watched.prometheus.until(ALERTS[alert], lambda found: not found)


def test_every_alert_has_a_fault_by_which_it_is_tried() -> None:
    tried = [alert for faults in ROUNDS for fault in faults for alert in fault.alerts]
    assert sorted(tried) == sorted(ALERTS)
