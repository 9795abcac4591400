"""The platform as in production, apis and workers apart, with people in it; to be mistreated."""

import asyncio
import json
import os
import signal
import time
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from deploy.local.broker import DEFINITIONS
from deploy.local.demo import administrator
from deploy.local.neighbours import Neighbour, berlin, zurich
from deploy.local.ports import Ports
from deploy.local.seed import Somebody, open_accounts, settle, somebody, staff
from deploy.local.stack import SERVICES, Stack, worker_names
from deploy.tenants import FOLDER, load_all
from tests.pressure.apps import REPORT
from tests.pressure.gauges import Table
from tests.pressure.load import Customer, Ledger, Load, under_load
from tests.pressure.truth import Truth

APPS = {**SERVICES, "reviews": "tests.pressure.apps:reviews"}
WORKERS = {**dict.fromkeys(SERVICES, 1), "reviews": 2}
SECONDS = float(os.environ.get("PRESSURE_SECONDS", "6"))
"""How long each trouble lasts; figures for the documentation are made with 60."""

LONG = SECONDS >= 30

HELPERS, CUSTOMERS = 3, 10
"""In each tenant. A customer may write 20 messages a minute."""

WARM_UP = 4.0
"""Seconds of load before anything is measured: first requests fill caches."""


@dataclass
class World:
    """report is where the fragile service tells its attempts."""

    stack: Stack
    truth: Truth
    table: Table
    report: Path
    helpers: list[Neighbour]
    people: list[Somebody]
    ledger: Ledger = field(default_factory=Ledger)
    _conversations: dict[str, str] = field(default_factory=dict)

    @property
    def calm(self) -> float:
        """Seconds of load before the trouble, against which it is compared."""
        return max(3.0, SECONDS / 4)

    @property
    def workers(self) -> list[str]:
        return list(worker_names(self.stack.workers))

    def pids(self, names: Iterable[str] = ()) -> dict[str, int]:
        """Of these programs, or else of every service; of what works, not of what watches it."""
        wanted = [*names] or [*self.stack.services, *self.workers]
        groups = self._groups()
        return {name: _worker_of(groups[name]) for name in wanted}

    def signal(self, number: signal.Signals, *names: str) -> None:
        """To all processes of these programs."""
        groups = self._groups()
        for name in names:
            os.killpg(groups[name], number)

    def _groups(self) -> dict[str, int]:
        return {name: state.pid for name, state in self.stack.status().items()}

    async def customers(self) -> list[Customer]:
        """Everybody with a fresh token."""
        tokens = await asyncio.to_thread(open_accounts, self.stack, self.people)
        return [self._customer(number, who, tokens[who.id]) for number, who in self._seats()]

    @asynccontextmanager
    async def load(self) -> AsyncIterator[Load]:
        """Steady load by everybody, as long as the block lasts."""
        async with under_load(self.stack.address(), await self.customers(), self.ledger) as load:
            yield load

    async def open_conversations(self) -> None:
        load = Load(self.stack.address(), [], self.ledger)
        for customer in await self.customers():
            await load.open_conversation(customer)
            self._conversations[customer.id] = customer.conversation_id
        await load.close()

    def counted(self, metric: str) -> float:
        """The sum of this counter over all service processes and labels."""
        return sum(
            sample.value
            for name in [*self.stack.services, *self.workers]
            for family in text_string_to_metric_families(_metrics(self.stack, name))
            for sample in family.samples
            if sample.name == metric
        )

    async def consuming(self, *names: str) -> None:
        """Waits until every consumer of these workers (or all) is at work."""
        end = time.monotonic() + 60
        for name in names or self.workers:
            while not await asyncio.to_thread(_consumes, self.stack, name):
                assert time.monotonic() < end, f"{name} does not consume"
                await asyncio.sleep(0.1)

    def _seats(self) -> list[tuple[int, Somebody]]:
        customers = [who for who in self.people if who.email.startswith("customer-")]
        return list(enumerate(customers))

    def _customer(self, number: int, who: Somebody, token: str) -> Customer:
        near = [helper for helper in self.helpers if helper.tenant == who.tenant]
        helper = near[number % len(near)]
        return Customer(
            id=who.id,
            host=f"{who.tenant}.localhost:{self.stack.ports.gateway}",
            token=token,
            helper_id=somebody(helper).id,
            skill=helper.skills[0],
            place={"lat": helper.place.lat, "lon": helper.place.lon},
            conversation_id=self._conversations.get(who.id, ""),
        )


@contextmanager
def running(home: Path, table: Table) -> Iterator[World]:
    """Both tenants, helpers and customers; every process is gone afterwards."""
    report = home / "attempts"
    os.environ[REPORT] = str(report)
    stack = Stack(home, Ports.free([*APPS, *worker_names(WORKERS)]), APPS, WORKERS)
    queues = [queue["name"] for queue in json.loads(DEFINITIONS.read_text())["queues"]]
    queues.remove("events.unrouted")
    truth = Truth(stack.database_url, stack.broker_url, queues)
    try:
        stack.up()
        with administrator(stack) as admin:
            for slug, body in load_all(FOLDER).items():
                admin.apply(slug, body)
        report.touch()
        helpers = [*berlin(HELPERS), *zurich(HELPERS)]
        people = [*staff(), *map(somebody, helpers), *_customers()]
        tokens = open_accounts(stack, people)
        settle(stack, helpers, tokens, lambda _: None)
        yield World(stack, truth, table, report, helpers, people)
    finally:
        truth.close()
        del os.environ[REPORT]
        stack.down()


def _customers() -> list[Somebody]:
    return [
        Somebody(tenant, f"customer-{number}@{tenant}.example", f"Kunde {number}", "de")
        for number in range(CUSTOMERS)
        for tenant in ("vodafone", "swisscom")
    ]


def _worker_of(pid: int) -> int:
    """The child that a watching parent has, or the process itself."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def _metrics(stack: Stack, name: str) -> str:
    with urllib.request.urlopen(f"{stack.service_address(name)}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def _consumes(stack: Stack, name: str) -> bool:
    try:
        with urllib.request.urlopen(f"{stack.service_address(name)}/readyz", timeout=10) as answer:
            state: dict[str, Any] = json.load(answer)
    except OSError:
        return False
    return bool(state["consumers"])
