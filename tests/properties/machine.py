"""A hypothesis machine that decides, call by call, what happens to two processes and a broker."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from structlog.testing import capture_logs

from shared.kernel.errors import NotFound, Refusal
from shared.kernel.ids import new_id
from shared.store import Database
from tests.properties.errands import (
    Errand,
    ErrandEvent,
    ErrandRows,
    ErrandStore,
    RewardStore,
)
from tests.properties.laws import BOUND, Broken, Laws, law
from tests.properties.network import Broker, Call, Fate, Network, settle
from tests.properties.process import Parts, Process
from tests.tenants import VODAFONE

ROUNDS = 60
"""Rounds of letting everything pass, after which calm has come or never will."""

MOST_COPIES = 6
"""In the queue; more would cost time and show nothing else."""

CLEAN = {"busy", "outbox_full", "already_exists"}
"""Refusals that promise that nothing was written."""

COLLECTIONS = (ErrandStore.collection, RewardStore.collection, ErrandRows.collection)

T = TypeVar("T")


class Wish(StrEnum):
    """What a command asks for."""

    ADVANCE = "advance"
    ADVANCE_TWICE = "advance twice"
    FINISH = "finish"
    LOOK = "look"


class Course(StrEnum):
    """How it goes on with what was begun, after some of its calls were answered."""

    TO_THE_END = "to the end"
    WAITS = "waits"
    REFUSED = Fate.REFUSED.value
    UNHEARD = Fate.UNHEARD.value
    LATE = Fate.LATE.value
    DIES = "dies"


class Luck(StrEnum):
    """What may befall a process at any time."""

    SWEEP = "sweep"
    DEATH = "death"
    REPUBLISH = "republish"
    BROKER_GONE = "broker gone"


@dataclass
class Ground:
    """What trials have in common: a loop and a database of their own, with its indexes made.

    seen counts what happened, as a trial in which nothing goes wrong proves nothing.
    """

    loop: asyncio.AbstractEventLoop
    database: Database
    seen: Counter[str] = field(default_factory=Counter)


WHERE = st.integers(0, 1)
WHICH = st.integers(0, 1)
PICK = st.integers(0, 99)
FATE = st.sampled_from([Fate.ANSWERED, Fate.ANSWERED, Fate.REFUSED, Fate.UNHEARD, Fate.LATE])
WISH = st.sampled_from(Wish)
CALLS = st.integers(0, 6)
COURSE = st.sampled_from(Course)


class Backbone(RuleBasedStateMachine):
    """Two errands, two processes that write, relay and consume, and everything between them."""

    ground: ClassVar[Ground]
    parts: ClassVar[Parts] = Parts()

    def __init__(self) -> None:
        super().__init__()
        self.tenant = VODAFONE.model_copy(update={"slug": new_id("tenant")})
        self.laws = Laws(self.ground.database, self.tenant.slug)
        self.network = Network(self._watch)
        self.broker = Broker(self.network, BOUND)
        self.ids = [new_id("errand"), new_id("errand")]
        self.steps = 0
        self.born = 0
        self.failed = False
        self._logs = capture_logs()
        self.said = self._logs.__enter__()
        self.processes = [self._now(self._begin), self._now(self._begin)]

    # What people do

    @rule(where=WHERE, which=WHICH, wish=WISH, calls=CALLS, course=COURSE)
    def command(self, where: int, which: int, wish: Wish, calls: int, course: Course) -> None:
        async def work() -> None:
            await self._along(where, await self._command(where, which, wish), calls, course)

        self._run(work())

    @rule(which=WHICH, wishes=st.tuples(WISH, WISH))
    def two_writers_race(self, which: int, wishes: tuple[Wish, Wish]) -> None:
        """Both read before either writes: calls are answered in the order they were made."""

        async def work() -> None:
            tasks = [await self._command(where, which, wish) for where, wish in enumerate(wishes)]
            while calls := [call for call in self.network.waiting if call.task in tasks]:
                await self.network.let_through(calls[0])

        self._run(work())

    # What the network does

    @precondition(lambda self: self.network.waiting)
    @rule(pick=PICK, fate=FATE)
    def one_call(self, pick: int, fate: Fate) -> None:
        self._run(self.network.let_through(chosen(self.network.waiting, pick), fate))

    @precondition(lambda self: self.network.waiting)
    @rule(where=WHERE, number=st.integers(1, 8))
    def some_calls_of_a_process(self, where: int, number: int) -> None:
        async def work() -> None:
            for _ in range(number):
                name = self.processes[where].name
                calls = [call for call in self.network.waiting if call.process == name]
                if calls:
                    await self.network.let_through(calls[0])

        self._run(work())

    @precondition(lambda self: not self.broker.connected)
    @rule()
    def the_broker_comes_back(self) -> None:
        self._run(self._connected(True))

    # What consumers do

    @precondition(lambda self: self.broker.ready())
    @rule(where=WHERE, pick=PICK, calls=CALLS, course=COURSE)
    def deliver(self, where: int, pick: int, calls: int, course: Course) -> None:
        async def work() -> None:
            await self._along(where, await self._deliver(where, pick), calls, course)

        self._run(work())

    @precondition(lambda self: self.broker.taken and len(self.broker.queue) < MOST_COPIES)
    @rule(pick=PICK)
    def deliver_again(self, pick: int) -> None:
        self.broker.offer(chosen(self.broker.taken, pick))

    # What operators and bad luck do

    @rule(where=WHERE, what=st.sampled_from(Luck))
    def it_so_happens(self, where: int, what: Luck) -> None:
        match what:
            case Luck.DEATH:
                self._run(self._die(where))
            case Luck.BROKER_GONE:
                self._run(self._connected(False))
            case Luck.SWEEP:
                self.processes[where].outbox.sweep_soon()
                self._run(settle())
            case Luck.REPUBLISH:
                self._run(self._start(where, self.processes[where].republish()))

    # The end

    def teardown(self) -> None:
        try:
            if not self.failed:
                self._run(self._calm())
        finally:
            self._logs.__exit__(None, None, None)
            self._now(self._end)

    async def _calm(self) -> None:
        """Everything passes, in order, until nobody has anything left to do."""
        await self._connected(True)
        for _ in range(ROUNDS):
            while self.network.waiting:
                await self.network.let_through(self.network.waiting[0])
            for number in range(len(self.broker.ready())):
                await self._deliver(number % 2, 0)
            if self.network.waiting:
                continue
            if not await self._waiting_outboxes():
                await self.laws.at_rest()
                return
            for process in self.processes:
                process.outbox.sweep_soon()
            await settle()
        raise Broken(f"it comes to rest: {self.network.waiting} {self.broker.queue}")

    async def _waiting_outboxes(self) -> int:
        number = 0
        for name in (ErrandStore.collection, RewardStore.collection):
            found = self.ground.database.collection(name).find({"tenant": self.tenant.slug})
            number += sum("outbox_since" in each for each in await found.to_list(None))
        return number

    async def _end(self) -> None:
        for process in self.processes:
            await process.die()
        for name in COLLECTIONS:
            await self.ground.database.collection(name).delete_many({})

    # How it is done

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            self.ground.loop.run_until_complete(work)
            faults = [entry for entry in self.said if entry["log_level"] == "error"]
            law(not faults, "nothing fails that nobody foresaw", *faults)
        except BaseException:
            self.failed = True
            raise

    def _now(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self.ground.loop.run_until_complete(work())

    async def _watch(self, call: Call) -> None:
        if call.name == "publish":
            new = self.broker.taken[-1]
            self.ground.seen["published again"] += new.id in {m.id for m in self.broker.taken[:-1]}
        await self.laws.after(call, self.broker)

    async def _begin(self) -> Process:
        self.born += 1
        name = f"process {self.born}"
        database, tenant = self.ground.database, self.tenant
        process = Process(name, database, self.network, self.broker, tenant, self.parts)
        await settle()
        return process

    async def _start(self, where: int, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begun, up to its first call. Refusals are part of life; anything else is a defect."""

        async def witnessed() -> None:
            try:
                await work
            except Refusal:
                return
            except Exception as error:
                self.said.append({"log_level": "error", "event": repr(error)})

        task = self.processes[where].run(witnessed())
        await settle()
        return task

    async def _along(self, where: int, task: asyncio.Task[Any], calls: int, course: Course) -> None:
        """Answers this task's first calls; what becomes of the next one is its course."""
        while (call := self._call_of(task)) and (calls or course is Course.TO_THE_END):
            await self.network.let_through(call)
            calls -= 1
        if call is None or course is Course.WAITS:
            return
        if course is Course.DIES:
            await self._die(where)
        else:
            await self.network.let_through(call, Fate(course.value))

    def _call_of(self, task: asyncio.Task[Any]) -> Call | None:
        return next((call for call in self.network.waiting if call.task is task), None)

    async def _connected(self, connected: bool) -> None:
        """The relays look at once when their broker is back, as a service's do."""
        self.broker.connected = connected
        if connected:
            for process in self.processes:
                process.outbox.sweep_soon()
        await settle()

    async def _die(self, where: int) -> None:
        await self.processes[where].die()
        self.processes[where] = await self._begin()

    async def _command(self, where: int, which: int, wish: Wish) -> asyncio.Task[Any]:
        new = 2 if wish is Wish.ADVANCE_TWICE else 0 if wish is Wish.LOOK else 1
        steps = list(range(self.steps + 1, self.steps + new + 1))
        self.steps += new
        store, id = self.processes[where].errands, self.ids[which]

        async def work() -> None:
            try:
                await change(store, id, wish, steps)
            except Refusal as error:
                self.ground.seen[error.reason] += 1
                if error.reason in CLEAN:
                    self.laws.refused |= set(steps)
            else:
                self.laws.acknowledged |= set(steps)

        return await self._start(where, work())

    async def _deliver(self, where: int, pick: int) -> asyncio.Task[Any]:
        copy = chosen(self.broker.ready(), pick)
        return await self._start(where, self.processes[where].consume(copy))


async def change(store: ErrandStore, id: str, wish: Wish, steps: Sequence[int]) -> None:
    """The errand begins with the first command."""

    def decide(errand: Errand) -> list[ErrandEvent]:
        match wish:
            case Wish.FINISH:
                return errand.finish(steps[0])
            case Wish.LOOK:
                return errand.look()
            case _:
                return errand.advance(steps)

    try:
        await store.update(id, decide)
    except NotFound:
        errand = Errand(id=id)
        await store.create(errand, decide(errand))


def chosen(among: Sequence[T], pick: int) -> T:
    return among[pick % len(among)]
