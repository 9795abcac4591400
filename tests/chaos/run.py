"""One run from the first process to the last check."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from deploy.local.demo import administrator
from deploy.local.neighbours import Neighbour, berlin, zurich
from deploy.local.ports import Ports
from deploy.local.seed import Somebody, open_accounts, settle, somebody, staff
from deploy.local.stack import SERVICES, Stack
from deploy.tenants import FOLDER, load_all
from shared.rabbit.topology import suspect_queue
from tests.chaos import checks, journeys, nemesis
from tests.chaos.journeys import Town
from tests.chaos.ledger import Book, Ledger
from tests.chaos.nemesis import Nemesis
from tests.chaos.people import Person, Street
from tests.chaos.sources import Sources
from tests.chaos.witness import QUEUE, Witness

CONVERGENCE = 10.0
"""Seconds after calm in which everything must have come to rest."""

CUSTOMERS = 2
HELPERS = 3
"""Of each tenant; more of them fill the queues faster than two cores empty them."""

_LOOKS = 3
"""So often in a row nothing may be under way: a consumer may hold what is in no queue."""

_TOLD_EVERY = 2.0
"""Seconds between two lines on what is still under way."""

_REST_WITHIN = 90.0
_POISON_WITHIN = 60.0
_DEFECTIVE_WITHIN = 20.0
"""What a run with defects is allowed for either: it may never come to rest."""

NO_MUTANTS: Mapping[str, str] = {}

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What a run shows; it passed when there is no finding. Times are in seconds."""

    seed: int
    duration: float
    mutants: Mapping[str, str]
    convergence: float = CONVERGENCE
    findings: dict[str, list[str]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, float] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    converged: float = 0.0

    @property
    def passed(self) -> bool:
        return not any(self.findings.values())

    def patience(self, seconds: float) -> float:
        """How long to wait for what should come within this time."""
        return min(seconds, _DEFECTIVE_WITHIN) if self.mutants else seconds


def run(
    home: Path,
    seed: int,
    duration: float,
    *,
    mutants: Mapping[str, str] = NO_MUTANTS,
    customers: int = CUSTOMERS,
    convergence: float = CONVERGENCE,
    tell: Tell = lambda _: None,
) -> Outcome:
    """customers of each tenant; mutants: service -> the guarantee that it goes without.

    Leaves no process behind. Raises CannotRunError when the platform does not come up.
    """
    outcome = Outcome(seed, duration, mutants, convergence)
    apps = {name: f"tests.chaos.apps:{name}__{mutants.get(name, '')}" for name in SERVICES}
    stack = Stack(home, Ports.free(SERVICES), services=apps, report=lambda _: None)
    try:
        with _kept_metrics(home / "metrics"):
            tell(f"ready after {stack.up():.0f} s")
        with Ledger(home / "ledger.jsonl") as ledger:
            street = Street(stack.address(), stack.ports.gateway, ledger)
            asyncio.run(_suffer(stack, street, outcome, customers, tell))
    finally:
        stack.down()
    return outcome


@contextmanager
def _kept_metrics(folder: Path) -> Iterator[None]:
    """Counters in files, so that those of a killed process are not lost."""
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]


async def _suffer(
    stack: Stack, street: Street, outcome: Outcome, customers: int, tell: Tell
) -> None:
    witness = Witness(stack.broker_url)
    await witness.begin()
    towns = await asyncio.to_thread(_found_towns, stack, street, customers)
    evil = Nemesis(stack, witness)
    tell("people have moved in")
    try:
        await _rage(evil, towns, outcome, tell)
        await _calm(evil, outcome, tell)
        await _judge(evil, street, outcome, tell)
    finally:
        await witness.end()
        await street.client.aclose()


async def _rage(evil: Nemesis, towns: list[Town], outcome: Outcome, tell: Tell) -> None:
    dice = Random(outcome.seed)
    faults = nemesis.plan(outcome.seed, outcome.duration, list(SERVICES))
    tell(f"{len(faults)} faults in {outcome.duration:.0f} s, seed {outcome.seed}")
    lives = [asyncio.create_task(journeys.live(town, Random(dice.random()))) for town in towns]
    began = time.monotonic()
    await asyncio.sleep(1)
    await evil.rage(faults, lambda number: tell(f"  {number} of {len(faults)} faults"))
    await asyncio.sleep(max(0.0, outcome.duration - (time.monotonic() - began)))
    for town in towns:
        town.over.set()
    await asyncio.gather(*lives)
    outcome.faults = evil.done
    outcome.findings["faults that could not be caused"] = evil.failed


async def _calm(evil: Nemesis, outcome: Outcome, tell: Tell) -> None:
    """Calm is when every process is up and all poison is where it belongs."""
    sources = Sources.of(evil.stack)
    try:
        tell("waiting for calm")
        await _until(lambda: _all_up(evil.stack), _REST_WITHIN)
        began = time.monotonic()

        async def poison_gone() -> bool:
            return not await checks.only_poison_parked(sources, evil.poison)

        await _until(poison_gone, outcome.patience(_POISON_WITHIN))
        outcome.numbers["seconds until all poison was parked"] = time.monotonic() - began
        began = time.monotonic()
        tell("waiting for rest")
        # A copy of a poison message may still go round in its queues: that is not the calm's doing.
        queues = {each.queue for each in evil.poison}
        poisoned = queues | {suspect_queue(queue) for queue in queues}
        late: list[str] = []
        patience = outcome.patience(_REST_WITHIN)
        left = await _rest(sources, poisoned, late, patience, tell)
        outcome.converged = time.monotonic() - began
        if outcome.converged > outcome.convergence:
            left.append(
                f"took {outcome.converged:.0f} s; after {CONVERGENCE:.0f} s there waited {late}"
            )
        outcome.findings["at rest"] = left or await _rest(sources, set(), [], patience, tell)
    finally:
        sources.close()


async def _all_up(stack: Stack) -> bool:
    """Every service and its consumers, the broker and the database."""
    return await asyncio.to_thread(lambda: all(_ready(stack, name) for name in SERVICES))


def _ready(stack: Stack, service: str) -> bool:
    try:
        answer = httpx.get(f"{stack.service_address(service)}/readyz", timeout=3).json()
    except (httpx.TransportError, ValueError):
        return False
    return bool(answer["ready"] and answer["broker"] and answer["consumers"])


async def _rest(
    sources: Sources, but: set[str], late: list[str], patience: float, tell: Tell
) -> list[str]:
    """What is still under way after so many seconds; nothing when all is at rest.

    Queues of these names, and their retry and suspect queues, are left out. late gets what waits
    when convergence should be over.
    """
    began = time.monotonic()
    deadline = time.monotonic() + patience
    quiet, told = 0, began
    while True:
        waiting = [each for each in await sources.undelivered() if _work_queue(each) not in but]
        left = [*await sources.unpublished(), *waiting]
        if not late and time.monotonic() - began > CONVERGENCE:
            late += left
        if left and time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            tell(f"  {', '.join(left)}")
        quiet = 0 if left else quiet + 1
        if quiet >= _LOOKS:
            left = await asyncio.to_thread(_held, sources.stack, but)
            if not left:
                return []
            quiet = 0
        if time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.3)


async def _judge(evil: Nemesis, street: Street, outcome: Outcome, tell: Tell) -> None:
    tell("judging")
    sources, witness = Sources.of(evil.stack), evil.witness
    book = Book(street.ledger.path)
    try:
        outcome.findings |= {
            "promises": await checks.promises_kept(sources, book),
            "effects": await checks.effects_once(sources),
            "events": await checks.all_told(sources, witness),
            "projections": await checks.replicas_true(sources, witness),
            "parked": await checks.only_poison_parked(sources, evil.poison),
            "tenants": await checks.tenants_apart(sources),
            "answers": street.faults,
        }
    finally:
        sources.close()
    outcome.seen = street.seen
    outcome.numbers |= _numbers(evil, book)
    outcome.findings["proof"] = [
        f"there were no {name}: the run shows nothing"
        for name in ("duplicates suppressed", "redeliveries", "conflicts")
        if not outcome.numbers[name]
    ]


def _numbers(evil: Nemesis, book: Book) -> dict[str, float]:
    counted = _counters(evil.stack.home / "metrics")
    events = sum(len(sequences) for sequences in evil.witness.events.values())
    return {
        "commands acknowledged": book.outcomes()["acknowledged"],
        "commands refused": book.outcomes()["refused"],
        "events": events,
        "events published more than once": evil.witness.repeated,
        "duplicates suppressed": counted["consumer_duplicates"],
        "redeliveries": counted["events_redelivered"],
        "retries": counted["events_retried"],
        "conflicts": counted["store_version_conflicts"],
        "poison parked": len(evil.poison),
    }


def _counters(folder: Path) -> Counter[str]:
    """Sums over all processes that ever were, by name."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    sums: Counter[str] = Counter()
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name.endswith("_total"):
                sums[metric.name] += int(sample.value)
    return sums


def _held(stack: Stack, but: set[str]) -> list[str]:
    """Queues with messages, also those that a consumer holds."""
    told = stack.broker().control("list_queues", "--quiet", "name", "messages")
    rows = [line.split("\t") for line in told.splitlines()[1:]]
    return [
        f"{name}: {number}"
        for name, number in rows
        if number != "0" and name != QUEUE and _work_queue(name) not in but
    ]


def _work_queue(line: str) -> str:
    """``reviews.people.retry: 1`` -> ``reviews.people``."""
    return ".".join(line.split(":")[0].split(".")[:2])


async def _until(holds: Any, seconds: float) -> None:
    """Or until the time is over: what is not so then is found by the checks."""
    deadline = time.monotonic() + seconds
    while not await holds() and time.monotonic() < deadline:
        await asyncio.sleep(0.3)


def _found_towns(stack: Stack, street: Street, number: int) -> list[Town]:
    """Both tenants with people whose accounts, profiles and questionnaires are made."""
    tenants = load_all(FOLDER)
    with administrator(stack) as admin:
        for slug, body in tenants.items():
            admin.apply(slug, body)
    neighbours = _wifi(berlin()) + _wifi(zurich())
    customers = [_customer(slug, place) for slug in tenants for place in range(number + 1)]
    tokens = open_accounts(stack, [*staff(), *map(somebody, neighbours), *customers])
    settle(stack, neighbours, tokens, lambda _: None)

    def person(each: Somebody) -> Person:
        return Person(street, each.tenant, each.id, tokens[each.id])

    towns = []
    for slug, body in tenants.items():
        helpers = [each for each in neighbours if each.tenant == slug]
        *active, suspect = [each for each in customers if each.tenant == slug]
        support = next(e for e in staff() if e.tenant == slug and "support" in e.roles)
        towns.append(
            Town(
                tenant=slug,
                currency=body["currency"],
                zone=str(ZoneInfo(body["time_zone"])),
                customers=[person(each) for each in active],
                helpers=[person(somebody(each)) for each in helpers],
                support=person(support),
                suspect=suspect.id,
                profiles={somebody(each).id: _always_free(each) for each in helpers},
            )
        )
    return towns


def _wifi(neighbours: list[Neighbour]) -> list[Neighbour]:
    return [each for each in neighbours if "wifi" in each.skills][:HELPERS]


def _customer(slug: str, number: int) -> Somebody:
    return Somebody(slug, f"chaos-{number}@{slug}.example", f"Customer {number}", "de")


def _always_free(neighbour: Neighbour) -> dict[str, Any]:
    week = [{"weekday": day, "start": "06:00", "end": "22:00"} for day in range(1, 8)]
    return neighbour.profile() | {"availability": {"weekly": week, "exceptions": []}}
