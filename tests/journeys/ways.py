"""Jobs that go the ways one writes down, all at the same time, by the clock of the business.

A step is a command; ``c:``, ``h:``, ``2:`` and ``s:`` say who gives it (customer, helper, a second
helper, support) where it is not the only side that can, ``by:`` that a timer does. ``blame:``
behind cancel is the cause. ``@`` waits for a time from the beginning, or ``@slot`` from the
appointment. ``?`` tries everything that the state does not allow.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.people import Answer, Person
from services.jobs.model import Command, State
from services.jobs.model.transitions import TABLE, WHO
from services.jobs.model.values import Side
from tests.journeys.crowd import HOUR, Crowd, command
from tests.journeys.pair import travel

PATIENCE = 60.0
UNITS = {"m": timedelta(minutes=1), "h": HOUR, "d": timedelta(days=1)}
GIVEN = [each for each, who in WHO.items() if each is not Command.REQUEST and who != (Side.TIMER,)]


@dataclass
class Way:
    """One job: what is still to come of its steps, and its appointment as wished."""

    crowd: Crowd
    steps: list[str]
    began: datetime
    slot: dict[str, str]
    other_slots: list[dict[str, str]]
    id: str = ""
    state: str = ""
    offers: list[Any] = field(default_factory=list)

    @property
    def people(self) -> dict[str, Person]:
        crowd = self.crowd
        return dict(zip("ch2s", (*crowd.pair, crowd.helpers[1], crowd.support), strict=True))

    @property
    def next_at(self) -> datetime | None:
        """When it goes on, if it waits for a time."""
        if not self.steps:
            return None
        found = re.fullmatch(r"@(slot)?([+-]?\d+)([mhd])", self.steps[0])
        assert found, self.steps[0]
        begin = datetime.fromisoformat(self.slot["start"]) if found[1] else self.began
        return begin + int(found[2]) * UNITS[found[3]]

    def go(self) -> None:
        """As far as the next time to wait for."""
        while self.steps and not self.steps[0].startswith("@"):
            self._step(self.steps.pop(0))
        if self.steps:
            assert self.next_at

    def timeline(self) -> list[Any]:
        steps: list[Any] = self.people["c"].get(f"/v1/jobs/{self.id}/timeline")["data"]
        return steps

    def _step(self, step: str) -> None:
        who, _, name = step.rpartition(":")
        if step in ("request", "send"):
            helper = self.people["h"] if step == "request" else None
            body = self.crowd.requested(self.people["c"], helper, slots=[self.slot])
            self.id, self.state = body["id"], body["state"]
        elif step == "?":
            self._try_the_rest()
        elif step in ("fault", "unknown"):
            self.crowd.platform.operators.finds[self.crowd.cast.tenant] = step
        elif who == "by":
            self.people["c"].until(lambda: self._came_by_itself(name), f"{step}", PATIENCE)
        else:
            who, name, blame = (who, name, "") if "!" not in name else (who, *name.split("!"))
            self._give(who or self._usual(Command(name)), Command(name), blame)

    def _came_by_itself(self, name: str) -> bool:
        last = self.timeline()[-1]
        self.state = last["state"]
        return bool((last["command"], last["actor"]) == (name, None))

    def _usual(self, name: Command) -> str:
        return {Side.CUSTOMER: "c", Side.HELPER: "h", Side.SUPPORT: "s"}[WHO[name][0]]

    def _give(self, who: str, name: Command, blame: str) -> None:
        person = self.people[who]
        body = self._body(who, name, blame)

        def given() -> Answer | None:
            answer = command(person, self.id, name, body)
            # What an event has to bring first: a line that is down, a helper within reach.
            return None if answer.status in (404, 409) else answer

        answer = person.until(given, f"{who}:{name} in {self.state}", PATIENCE)
        assert answer.status == 200, (name, answer.body)
        self.state, self.offers = answer.body["state"], answer.body["offers"]

    def _body(self, who: str, name: Command, blame: str = "") -> Any:
        """What usually goes with the command."""
        parties = {"c": "customer", "h": "helper", "2": "helper", "s": "operator"}
        open_now = [each["id"] for each in self.offers if each["status"] == "open"]
        bodies: dict[Command, Any] = {
            Command.OFFER: self.crowd.terms(slot=self.slot),
            Command.COUNTER: self.crowd.terms(slot=self.slot, minutes=90),
            Command.ACCEPT: {"offer_id": open_now[-1] if open_now else "offer_x"},
            Command.DELIVER: self.crowd.report(),
            Command.PROPOSE_CHANGE: {"minutes": 30, "materials": self.crowd.money(900)},
            Command.FAIL: {"cause": "skill_gap"},
            Command.CANCEL: {"reason": "Krank", "cause_party": blame or parties[who]},
            Command.DISPUTE: {"reason": "Es geht wieder nicht."},
            Command.RESOLVE: {"outcome": "Ein Teil zurück."},
            Command.PAYMENT_WORD: {"paid": False},
        }
        if name is Command.PROPOSE_RESCHEDULE:
            return {"slot": self.other_slots.pop()}
        return bodies.get(name)

    def _try_the_rest(self) -> None:
        """A conflict that names what is allowed; 403 for the other side's command."""
        state = State(self.state)
        sides = {"c": Side.CUSTOMER, "h": Side.HELPER, "s": Side.SUPPORT}
        path, before = f"/v1/jobs/{self.id}", self.timeline()
        for who, side in sides.items():
            person = self.people[who]
            seen = person.get(path)
            assert seen["state"] == state
            for name in GIVEN:
                if side not in WHO[name]:
                    continue
                if (name, state) in TABLE:
                    continue
                assert name not in seen["allowed"]
                told = command(person, self.id, name, self._body(who, name)).body
                assert (told["status"], told["code"]) == (409, "illegal_transition"), (name, told)
                assert told["allowed"] == seen["allowed"]
            foreign = next(name for name in GIVEN if side not in WHO[name])
            refused = command(person, self.id, foreign, self._body(who, foreign)).body
            assert (refused["status"], refused["code"]) == (403, "not_your_command")
        assert self.timeline() == before


def walk(
    crowd: Crowd, ways: list[str], pauses: Mapping[timedelta, Callable[[], bool]]
) -> list[Way]:
    """Each way to its end; at a pause, counted from the beginning, something else is waited for."""
    began = datetime.now(UTC)
    others = [crowd.slot(timedelta(days=40) + 3 * number * HOUR) for number in range(40)]
    walking = [
        Way(
            crowd,
            steps.split(),
            began,
            crowd.slot(timedelta(days=5) + 3 * number * HOUR),
            others,
        )
        for number, steps in enumerate(ways)
    ]
    left = {began + pause: look for pause, look in pauses.items()}
    for way in walking:
        way.go()
    while waiting := sorted([*(at for way in walking if (at := way.next_at)), *left]):
        now = waiting[0]
        travel(crowd.platform, now - datetime.now(UTC))
        if now in left:
            crowd.support.until(left.pop(now), f"what comes after {now - began}", PATIENCE)
        for way in walking:
            if way.next_at == now:
                way.steps.pop(0)
                way.go()
    return walking
