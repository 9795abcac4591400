"""Steady load at the gateway: people who ask for help, withdraw and write, whatever happens."""

import asyncio
import itertools
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from tests.pressure.gauges import percentile

RATE = float(os.environ.get("PRESSURE_RATE", "10"))
"""Commands a second, begun on time however long the ones before take.

More than the machine can take in calm would measure the machine, not the trouble.
"""

_PATIENCE = 20.0
_CONTROL = "/.well-known/jwks.json"
"""An answer from memory: what it takes longer is the machine's doing."""


@dataclass
class Customer:
    """Somebody with a token, a helper to ask and a conversation to write in."""

    id: str
    host: str
    token: str
    helper_id: str
    skill: str
    place: dict[str, float]
    conversation_id: str = ""
    open_jobs: deque[str] = field(default_factory=deque)


Command = Callable[[Customer], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Sample:
    """One answer; began is on the monotonic clock. status 0: none came."""

    began: float
    milliseconds: float
    status: int
    code: str = ""
    media_type: str = ""


@dataclass
class Ledger:
    """Every command that was acknowledged: what must be there in the end."""

    requested: dict[str, str] = field(default_factory=dict)
    """Job to its customer."""
    withdrawn: set[str] = field(default_factory=set)
    written: dict[str, str] = field(default_factory=dict)
    """Message to the id that its author gave it."""

    @property
    def count(self) -> int:
        return len(self.requested) + len(self.withdrawn) + len(self.written)


class Load:
    """Drives the customers round and round; samples and ledger are for reading at any time."""

    def __init__(self, gateway: str, customers: list[Customer], ledger: Ledger) -> None:
        self.samples: list[Sample] = []
        self.control: list[Sample] = []
        self._ledger = ledger
        self._customers = customers
        self._commands = (self._ask, self._write, self._ask, self._withdraw)
        self._client = httpx.AsyncClient(
            base_url=gateway,
            timeout=_PATIENCE,
            limits=httpx.Limits(max_connections=500, max_keepalive_connections=100),
        )

    def since(self, began: float, until: float = float("inf")) -> list[Sample]:
        """The answers to what was sent in this time."""
        return within(self.samples, began, until)

    async def run(self, rate: float = RATE) -> None:
        """Until cancelled; what is on its way then still comes to its end."""
        under_way: set[asyncio.Task[None]] = set()
        start = time.monotonic()
        control = asyncio.create_task(self._control())
        try:
            for number in itertools.count():
                await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
                command, who = self._turn(number)
                task = asyncio.create_task(command(who))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        finally:
            control.cancel()
            await asyncio.gather(*under_way)

    async def _control(self) -> None:
        """Ten requests a second that need neither database nor broker."""
        headers = {"Host": self._customers[0].host}
        while True:
            began = time.monotonic()
            answer = await self._client.get(_CONTROL, headers=headers)
            spent = (time.monotonic() - began) * 1000
            self.control.append(Sample(began, spent, answer.status_code))
            await asyncio.sleep(0.1)

    def _turn(self, number: int) -> tuple[Command, Customer]:
        """Everybody does everything in turn."""
        rounds, place = divmod(number, len(self._customers))
        return self._commands[(place + rounds) % len(self._commands)], self._customers[place]

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, who: Customer, title: str = "WLAN im Schlafzimmer") -> str | None:
        """Request a job; its id once that is acknowledged."""
        start = utc_now() + timedelta(days=2)
        slot = {"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat()}
        body = {
            "helper_id": who.helper_id,
            "category": who.skill,
            "title": title,
            "description": "Der Router steht im Flur, im Schlafzimmer bricht es ab.",
            "address": {"street": "Lange Straße 27", "postcode": "10961", "city": "Stadt"},
            "place": who.place,
            "slots": [slot],
        }
        made = await self._post(who, "/v1/jobs", body)
        if made is None:
            return None
        self._ledger.requested[made["id"]] = who.id
        return str(made["id"])

    async def _ask(self, who: Customer) -> None:
        job = await self.ask(who)
        if job is not None:
            who.open_jobs.append(job)

    async def _withdraw(self, who: Customer) -> None:
        if not who.open_jobs:
            await self._ask(who)
            return
        job = who.open_jobs.popleft()
        if await self._post(who, f"/v1/jobs/{job}/withdraw") is not None:
            self._ledger.withdrawn.add(job)

    async def _write(self, who: Customer) -> None:
        own = new_id("said")
        body = {"text": "Wann passt es Ihnen?", "client_message_id": own}
        said = await self._post(who, f"/v1/conversations/{who.conversation_id}/messages", body)
        if said is not None:
            self._ledger.written[f"{who.conversation_id}:{said['sequence']:08d}"] = own

    async def open_conversation(self, who: Customer) -> None:
        body = {"helper_id": who.helper_id, "text": "Guten Tag", "client_message_id": "first"}
        opened = await self._post(who, "/v1/conversations", body)
        assert opened is not None, self.samples[-1]
        who.conversation_id = opened["id"]

    async def _post(self, who: Customer, path: str, body: Any = None) -> Any:
        """The body of a 2xx; None for everything else."""
        headers = {
            "Host": who.host,
            "Authorization": f"Bearer {who.token}",
            "Idempotency-Key": new_id("key"),
        }
        began = time.monotonic()
        try:
            answer = await self._client.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            self._note(began, 0, type(error).__name__, "")
            return None
        media_type = answer.headers.get("content-type", "")
        told = answer.json() if "json" in media_type else {}
        self._note(began, answer.status_code, told.get("code", ""), media_type)
        return told if answer.is_success else None

    def _note(self, began: float, status: int, code: str, media_type: str) -> None:
        spent = (time.monotonic() - began) * 1000
        self.samples.append(Sample(began, spent, status, str(code), media_type))


@asynccontextmanager
async def under_load(
    gateway: str, customers: list[Customer], ledger: Ledger
) -> AsyncIterator[Load]:
    """Load as long as the block lasts; afterwards everything was answered."""
    load = Load(gateway, customers, ledger)
    running = asyncio.create_task(load.run())
    try:
        yield load
        assert not running.done(), running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await load.close()


def within(samples: list[Sample], began: float, until: float) -> list[Sample]:
    return [sample for sample in samples if began <= sample.began < until]


def latency(samples: list[Sample], percent: float = 95) -> float:
    """In milliseconds."""
    return percentile((sample.milliseconds for sample in samples), percent)
