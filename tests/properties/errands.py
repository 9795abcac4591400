"""The smallest service there can be: errands that publish, and rows and rewards that follow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.base import Delivered, Event, Facts
from shared.kernel.aggregate import Aggregate
from shared.scope import Scope
from shared.store import Projection, Store

SIDES = ("asker", "doer")


class ErrandFacts(Facts):
    """done is a milestone: the step that was the last that mattered. It never goes again."""

    steps: tuple[int, ...]
    done: int | None = None


class ErrandEvent(
    Event[ErrandFacts], publisher="tests", aggregate="chased_errand", facts=ErrandFacts
): ...


class ChasedErrandAdvanced(ErrandEvent): ...


class ChasedErrandDone(ErrandEvent): ...


class ChasedErrandSnapshot(ErrandEvent): ...


@dataclass(kw_only=True)
class Errand(Aggregate):
    """One step for each event, so that sequence, steps and facts can be held side by side."""

    steps: list[int] = field(default_factory=list)
    done: int | None = None
    looks: int = 0

    def facts(self) -> ErrandFacts:
        return ErrandFacts(steps=tuple(self.steps), done=self.done)

    def advance(self, steps: Sequence[int]) -> list[ErrandEvent]:
        """Each event tells the truth of its own moment."""
        happened: list[ErrandEvent] = []
        for step in steps:
            self.steps.append(step)
            happened.append(ChasedErrandAdvanced(self.facts()))
        return happened

    def finish(self, step: int) -> list[ErrandEvent]:
        self.steps.append(step)
        if self.done is not None:
            return [ChasedErrandAdvanced(self.facts())]
        self.done = step
        return [ChasedErrandDone(self.facts())]

    def look(self) -> list[ErrandEvent]:
        """Changes what nobody else is told."""
        self.looks += 1
        return []


class ErrandStore(Store[Errand]):
    kind, collection, noun = Errand, "errands", "errand"
    snapshot = ChasedErrandSnapshot


class RewardFacts(Facts):
    errand: str


class RewardEvent(
    Event[RewardFacts], publisher="tests", aggregate="chased_reward", facts=RewardFacts
): ...


class ChasedRewardGiven(RewardEvent): ...


@dataclass(kw_only=True)
class Reward(Aggregate):
    errand: str


class RewardStore(Store[Reward]):
    kind, collection, noun = Reward, "rewards", "reward"


@dataclass
class ErrandRow:
    id: str
    steps: list[int]
    done: int | None = None


class ErrandRows(Projection[ErrandRow]):
    kind, collection, noun = ErrandRow, "errand_rows", "errand"


def row_of(delivered: Delivered[Any]) -> ErrandRow:
    facts = delivered.event.facts
    return ErrandRow(delivered.subject, list(facts.steps), facts.done)


async def follow(delivered: Delivered[Any], scope: Scope) -> None:
    """Both inbox patterns: the newest row wins; rewards are called for by facts, not by news."""
    await scope.store(ErrandRows).put(row_of(delivered), delivered)
    await reward(delivered, scope)


async def reward(delivered: Delivered[Any], scope: Scope) -> None:
    if delivered.event.facts.done is None:
        return
    for id in rewards_of(delivered.subject):
        facts = RewardFacts(errand=delivered.subject)
        given = Reward(id=id, errand=delivered.subject)
        await scope.store(RewardStore).ensure(given, [ChasedRewardGiven(facts)])


def rewards_of(errand: str) -> set[str]:
    return {f"{errand}:{side}" for side in SIDES}
