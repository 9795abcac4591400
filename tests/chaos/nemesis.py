"""Breaks things by a plan that the seed decides, and mends nothing that should mend itself."""

import asyncio
import contextlib
import os
import signal
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import Any

from deploy.local.stack import Stack
from tests.chaos.poison import POISONS, Poison, brew
from tests.chaos.witness import Witness

EVERY = 2.4
"""Seconds from one fault to the next, on average."""

KILL_BROKER, KILL_DATABASE = "broker killed", "database killed"
ALARM, CUT = "memory alarm", "connections closed"
KILL, TERMINATE, FREEZE = "service killed", "service terminated", "service frozen"
KILL_GATEWAY, ECHO, POISON = "gateway killed", "old events repeated", "poison"

SHARES = {KILL: 9, FREEZE: 5, TERMINATE: 4, ECHO: 5}
"""How often what is not planned by the minute happens, by weight."""

ECHOES = 40
"""Events told again at a time."""

_SETTLE = 2.0
"""Seconds between two blows to the broker: a queue needs about one to be safe on disk."""

_ENOUGH = "1GB"
"""The mark that the local node is configured with."""


@dataclass(frozen=True)
class Fault:
    """at is in seconds from the beginning; what says more where the kind is not enough."""

    at: float
    kind: str
    what: str
    dice: float


def plan(seed: int, duration: float, services: list[str]) -> list[Fault]:
    """The same for the same arguments.

    Poison comes early, as it takes its time to be parked. The last word is an old one: whoever
    believes it is wrong at rest.
    """
    dice = Random(seed)
    kinds = _spread(KILL_BROKER, ceil(duration / 32), duration, dice)
    kinds += _spread(KILL_DATABASE, ceil(duration / 36), duration, dice)
    kinds += _spread(ALARM, ceil(duration / 70), duration, dice)
    kinds += _spread(CUT, ceil(duration / 30), duration, dice)
    kinds += _spread(KILL_GATEWAY, ceil(duration / 100), duration, dice)
    faults = [_fault(at, kind, services, dice) for at, kind in kinds]
    for poison in POISONS:
        at = dice.uniform(2, max(4, duration / 4))
        faults.append(Fault(at, POISON, poison, dice.random()))
    while len(faults) < duration / EVERY:
        kind = dice.choices(list(SHARES), list(SHARES.values()))[0]
        faults.append(_fault(dice.uniform(2, duration - 1), kind, services, dice))
    faults.append(_fault(duration, ECHO, services, dice))
    return sorted(faults, key=lambda fault: fault.at)


def _spread(kind: str, number: int, duration: float, dice: Random) -> list[tuple[float, str]]:
    """One in each of so many equal parts of the time."""
    part = (duration - 3) / number
    return [(2 + part * (place + dice.uniform(0.1, 0.9)), kind) for place in range(number)]


def _fault(at: float, kind: str, services: list[str], dice: Random) -> Fault:
    named = kind in {KILL, TERMINATE, FREEZE}
    return Fault(at, kind, dice.choice(services) if named else "", dice.random())


@dataclass
class Nemesis:
    """done counts the faults that really happened; poison is what was sent."""

    stack: Stack
    witness: Witness
    done: Counter[str] = field(default_factory=Counter)
    poison: list[Poison] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _locks: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def rage(self, faults: list[Fault], told: Any = lambda _: None) -> None:
        """Carry the plan out; faults of different things overlap."""
        began = asyncio.get_running_loop().time()
        tasks = []
        for number, fault in enumerate(faults, 1):
            wait = fault.at - (asyncio.get_running_loop().time() - began)
            await asyncio.sleep(max(0.0, wait))
            if not number % 10:
                told(number)
            tasks.append(asyncio.create_task(self._strike(fault)))
        await asyncio.gather(*tasks)

    async def _strike(self, fault: Fault) -> None:
        dice = Random(fault.dice)
        try:
            match fault.kind:
                case "broker killed":
                    await self._kill_broker()
                case "database killed":
                    await self._kill("database")
                    await self._until(self.stack.database().ready)
                case "memory alarm":
                    await self._raise_alarm(dice.uniform(2, 6))
                case "connections closed":
                    await self._close_connections()
                case "service killed":
                    await self._kill(fault.what)
                case "service terminated":
                    await self._kill(fault.what, signal.SIGTERM)
                case "service frozen":
                    await self._freeze(fault.what, dice.choice((0.5, 2, 4, 12)))
                case "gateway killed":
                    await self._kill("gateway")
                case "old events repeated":
                    await self.witness.tell_again(ECHOES, dice)
                case "poison":
                    await self._give_poison(fault.what, dice)
                case _:
                    raise ValueError(fault.kind)
        except Exception as error:
            # The run goes on and says in the end that this one did not happen.
            self.failed.append(f"{fault.kind} {fault.what}: {error!r}")
        else:
            self.done[fault.kind if fault.kind != POISON else f"poison: {fault.what}"] += 1

    async def _kill(self, program: str, number: signal.Signals = signal.SIGKILL) -> None:
        async with self._locks[program]:
            os.kill(await self._pid(program), number)
            await asyncio.sleep(1.5)

    async def _kill_broker(self) -> None:
        async with self._locks["broker"]:
            os.kill(await self._pid("broker"), signal.SIGKILL)
            await asyncio.sleep(1)
            await self._until(self.stack.broker().ready)
            await asyncio.sleep(_SETTLE)

    async def _raise_alarm(self, seconds: float) -> None:
        """All publishers are blocked meanwhile, unless the broker is killed and forgets it."""
        async with self._locks["broker"]:
            await self._control("set_vm_memory_high_watermark", "absolute", "1MB")
            await asyncio.sleep(seconds)
            await self._control("set_vm_memory_high_watermark", "absolute", _ENOUGH)

    async def _close_connections(self) -> None:
        async with self._locks["broker"]:
            await self._control("close_all_connections", "chaos")

    async def _control(self, *arguments: str) -> None:
        await asyncio.to_thread(self.stack.broker().control, *arguments)

    async def _freeze(self, service: str, seconds: float) -> None:
        async with self._locks[service]:
            pid = await self._pid(service)
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(seconds)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    async def _give_poison(self, kind: str, dice: Random) -> None:
        poison = brew(kind, self.witness.messages, dice)
        self.poison.append(poison)
        await self.witness.send([("", poison.queue, poison.message)])

    async def _pid(self, program: str) -> int:
        """Of the program, waited for while it is being started again."""
        async with asyncio.timeout(30):
            while True:
                state = await asyncio.to_thread(self.stack.keeper.state, program)
                if state.name == "RUNNING" and state.pid:
                    return state.pid
                await asyncio.sleep(0.2)

    async def _until(self, ready: Any) -> None:
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(ready):
                await asyncio.sleep(0.3)
