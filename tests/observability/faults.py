"""A fault for every alert, made on a running stack and mended again."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aio_pika
from pymongo import MongoClient

from deploy.local.mishaps import StoryWithMishaps
from deploy.local.people import Person
from shared.kernel.clock import utc_now
from shared.rabbit.topology import EXCHANGE
from tests.platform import Platform

REGISTERED = "identity.account_registered.v1"
REQUESTS = 600
QUEUED = 1_100
CHANGES = 40
AHEAD = timedelta(days=5)
"""A case has one working day, and there may be two holidays beside a weekend."""


@dataclass
class Trial:
    """A platform, a story told to its end by people of a tenant with support, and two who
    have just joined and will want to be forgotten."""

    platform: Platform
    story: StoryWithMishaps
    leaving: tuple[Person, ...] = ()

    @property
    def broker_url(self) -> str:
        return self.platform.stack.broker_url

    def stop(self, program: str) -> None:
        self.platform.stack.keeper.stop(program)

    def start(self, program: str) -> None:
        self.platform.stack.keeper.start(program)

    def change_profiles(self, number: int) -> None:
        """The helper's, so many times; what is refused meanwhile does not matter."""
        profile = self.story._profile()
        for turn in range(number):
            self.story.helper.revise("/v1/helpers/me", profile | {"headline": f"WLAN, {turn}"})

    @contextmanager
    def documents(self, service: str, collection: str) -> Iterator[Any]:
        """Straight in the database, past the service."""
        client: MongoClient[dict[str, Any]] = MongoClient(self.platform.stack.database_url)
        with client:
            yield client[service][collection]


@contextmanager
def interrupted(platform: Platform, program: str) -> Iterator[None]:
    """Stopped half of the time, as something whose machine is overloaded."""
    pid = platform.stack.keeper.state(program).pid
    over = threading.Event()

    def interrupt() -> None:
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.5)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.3)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def slow_database(trial: Trial) -> Iterator[None]:
    with interrupted(trial.platform, "database"):
        trial.change_profiles(CHANGES)
        yield


@contextmanager
def frozen_consumer(trial: Trial) -> Iterator[None]:
    pid = trial.platform.stack.keeper.state("jobs").pid
    for _ in range(3):
        os.kill(pid, signal.SIGSTOP)
        try:
            trial.change_profiles(CHANGES // 3)
            time.sleep(7)
        finally:
            os.kill(pid, signal.SIGCONT)
        time.sleep(2)
    yield


@contextmanager
def missing_service(trial: Trial) -> Iterator[None]:
    trial.stop("messaging")
    try:
        yield
    finally:
        trial.start("messaging")


@contextmanager
def failing_requests(trial: Trial) -> Iterator[None]:
    """While messaging is not there."""
    for _ in range(REQUESTS):
        trial.story.stranger.ask("GET", "/v1/conversations")
    yield


@contextmanager
def full_queue(trial: Trial) -> Iterator[None]:
    """While messaging is not there; copies of one event, which are suppressed later."""
    with trial.platform.person(trial.story.cast.tenant) as newcomer:
        asyncio.run(_repeat(trial.broker_url, newcomer.register))
    yield


async def _repeat(url: str, register: Callable[[], None]) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        heard = await channel.declare_queue(exclusive=True)
        await heard.bind(EXCHANGE, REGISTERED)
        await asyncio.to_thread(register)
        one = await heard.get(timeout=30, fail=False)
        while one is None:
            await asyncio.sleep(0.1)
            one = await heard.get(fail=False)
        copy = aio_pika.Message(one.body, **_properties(one))
        await asyncio.gather(
            *(channel.default_exchange.publish(copy, "messaging.people") for _ in range(QUEUED))
        )


def _properties(message: Any) -> dict[str, Any]:
    names = ("headers", "content_type", "message_id", "timestamp", "type", "app_id")
    return {name: getattr(message, name) for name in names}


@contextmanager
def wish(trial: Trial, person: Person, left: timedelta) -> Iterator[None]:
    """To be forgotten, with so much time left; waits while messaging is not there to answer."""
    person.ask("DELETE", "/v1/me")
    with trial.documents("identity", "erasures") as erasures:
        change = {"$set": {"deadline_at": utc_now() + left}, "$inc": {"version": 1}}
        moved = erasures.update_one({"person_id": person.id}, change)
    assert moved.matched_count == 1, "the wish was not written down"
    yield


def near_deadline(trial: Trial) -> AbstractContextManager[None]:
    return wish(trial, trial.leaving[0], timedelta(days=3))


def missed_deadline(trial: Trial) -> AbstractContextManager[None]:
    return wish(trial, trial.leaving[1], timedelta(hours=-1))


@contextmanager
def unreadable_message(trial: Trial) -> Iterator[None]:
    async def send() -> None:
        async with await aio_pika.connect(trial.broker_url) as connection:
            channel = await connection.channel()
            nonsense = aio_pika.Message(b"{", content_type="application/json")
            await channel.default_exchange.publish(nonsense, "reviews.people")

    asyncio.run(send())
    yield
    stack = trial.platform.stack
    told = {"AMQP_URL": stack.broker_url, "MONGO_URL": stack.database_url}
    drop = ("parked", "drop", "reviews", "--all", "--yes")
    subprocess.run(
        (sys.executable, "-m", "deploy.cli", *drop),
        env=os.environ | told,
        check=True,
        capture_output=True,
    )


@contextmanager
def unreadable_aggregate(trial: Trial) -> Iterator[None]:
    """A job whose time has come, in a state that there is not."""
    broken = {"_id": "job_broken", "tenant": trial.story.cast.tenant, "version": 1, "sequence": 1}
    with trial.documents("jobs", "jobs") as jobs:
        jobs.insert_one(broken | {"state": "lost", "due_at": utc_now() - timedelta(hours=1)})
        try:
            yield
        finally:
            jobs.delete_one({"_id": broken["_id"]})


@contextmanager
def silent_support(trial: Trial) -> Iterator[None]:
    """A case of each severity, of which the customer hears nothing for days.

    The clock of the business runs ahead meanwhile. Without a visit under way there is no help
    with it to ask for.
    """
    story, clock = trial.story, trial.platform.stack.clock_file
    story.come_again()
    cases = [
        story.customer.post(f"/v1/jobs/{story.job_id}/cases", {"type": type, "reason": "Hilfe!"})
        for type in ("safety", "running_visit", "other")
    ]
    clock.write_text(str(AHEAD.total_seconds()))
    try:
        yield
        for path in (f"/v1/support/cases/{case['id']}" for case in cases):
            story.support.post(f"{path}/take")
            story.support.post(f"{path}/respond", {"text": "Wir rufen Sie an."})
    finally:
        clock.write_text("0")


@contextmanager
def missing_broker(trial: Trial) -> Iterator[None]:
    trial.stop("broker")
    try:
        trial.change_profiles(1)
        yield
    finally:
        trial.start("broker")


@dataclass(frozen=True)
class Fault:
    """made takes the trial; the fault is mended when the block ends."""

    what: str
    made: Callable[[Trial], AbstractContextManager[None]]
    alerts: tuple[str, ...]


BURNS = ("BudgetBurnsFast", "BudgetBurns", "BudgetBurnsSlowly", "BudgetBurnsSteadily")

ROUNDS: tuple[tuple[Fault, ...], ...] = (
    (
        Fault(
            f"the database stopped half of the time (`kill -STOP`), {CHANGES} profiles changed",
            slow_database,
            ("DatabaseSlow",),
        ),
    ),
    (
        Fault(
            f"jobs frozen for 7 s three times while {CHANGES} profiles change",
            frozen_consumer,
            ("EventsLate",),
        ),
    ),
    (
        Fault("messaging stopped", missing_service, ("ScrapeDown", "ServiceMissing", "NoConsumer")),
        Fault(f"... and asked {REQUESTS} times", failing_requests, BURNS),
        Fault(f"... and sent {QUEUED} events", full_queue, ("QueueGrows",)),
        Fault("... and an erasure due in three days", near_deadline, ("PrivacyDeadlineNear",)),
        Fault("... and one due an hour ago", missed_deadline, ("PrivacyDeadlineMissed",)),
    ),
    (
        Fault("a message that is no event", unreadable_message, ("MessagesParked",)),
        Fault("a job in a state that there is not", unreadable_aggregate, ("TimersFail",)),
        Fault(
            "cases of every severity, nobody answers for days",
            silent_support,
            ("SafetyCaseOverdue", "CaseOverdue"),
        ),
    ),
    (
        Fault(
            "the broker stopped, a profile changed",
            missing_broker,
            ("OutboxStuck", "DependencyDown"),
        ),
    ),
)
"""What is made together is mended together, the last first."""
