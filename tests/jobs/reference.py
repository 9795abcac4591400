"""What a job's life should be, told a second time: short, slow, from the design alone."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.jobs.model import Caller
from tests.jobs.test_table import DESIGN

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HELPERS = ("ben", "cem")
UNBOOKED = ("requested", "offered")
HOLDING = ("booked", "confirmed", "en_route", "in_progress")
ENDED = {"declined", "withdrawn", "expired", "completed", "unsuccessful", "cancelled"}
ENDED |= {"no_show", "resolved"}
LEADS = {
    "accept": "booked",
    "withdraw": "withdrawn",
    "broadcast": "requested",
    "confirm": "confirmed",
    "depart": "en_route",
    "start": "in_progress",
    "deliver": "delivered",
    "complete": "completed",
    "fail": "unsuccessful",
    "cancel": "cancelled",
    "no-show": "no_show",
    "dispute": "disputed",
}


def _where(design: str) -> tuple[set[str], set[str]]:
    """From which states, and by which sides."""
    ways, _, sides = design.rpartition(":")
    sources = [way.partition(">")[0].split() for way in ways.split("|")]
    return {state for each in sources for state in each}, set(sides.split())


WHERE = {command: _where(design) for command, design in DESIGN.items()}


@dataclass
class Reference:
    """turns: helper -> (whose answer is waited for, until when); first: state -> when it was first
    reached, since: when the present one was; fault: the start of the appointment for which the line
    was found down. Ada is the customer, Sue is of support."""

    broadcast: bool
    now: datetime
    slot: datetime
    state: str = "requested"
    helper: str | None = None
    turns: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)
    seated: set[str] = field(default_factory=set)
    declined: set[str] = field(default_factory=set)
    first: dict[str, datetime] = field(default_factory=dict)
    proposed: tuple[str, datetime] | None = None
    proposals: int = 0
    change: bool = False
    blamed: str | None = None
    resolving: str | None = None
    fee: bool = False
    fault: datetime | None = None

    def __post_init__(self) -> None:
        self.helper = None if self.broadcast else "ben"
        self.agreed_slot = self.slot
        self.expires = self.now + 48 * HOUR
        self._reach("requested", self.now)

    def side(self, who: Caller) -> str | None:
        if who.id == "ada":
            return "customer"
        seats = {self.helper} if self.helper else self.turns.keys() | self.seated
        if who.id in seats:
            return "helper"
        if who.support:
            return "support"
        bids = self.broadcast and self.state in UNBOOKED and who.id in HELPERS
        return "helper" if bids and who.id not in self.declined else None

    def allowed(self, who: Caller, now: datetime) -> set[str]:
        side = self.side(who)
        found = {
            command
            for command, (sources, sides) in WHERE.items()
            if side in sides and self.state in sources
        }
        return {each for each in found if self._passes(each, str(side), who.id, now)}

    def _waiting(self, side: str, who: str) -> list[str]:
        mine = {id: turn for id, turn in self.turns.items() if side == "customer" or id == who}
        return [id for id, (answers, _) in mine.items() if answers == side]

    def _passes(self, command: str, side: str, who: str, now: datetime) -> bool:
        waiting = self._waiting(side, who)
        match command:
            case "offer":
                free = who not in self.turns if self.broadcast else self.state == "requested"
                return free and now < self.expires
            case "counter":
                return any(self.rounds[each] < 5 for each in waiting)
            case "accept":
                return bool(waiting)
            case "decline":
                return who == self.helper or who in self.turns
            case "cancel":
                return side != "helper" or who == self.helper
            case "propose-reschedule":
                down = self.fault == self.slot
                left = down or (self.proposals < 2 and self.state != "en_route")
                return self.proposed is None and left
            case "accept-reschedule" | "refuse-reschedule":
                return self.proposed is not None and self.proposed[0] != side
            case "approve-change":
                return self.change
            case "no-show":
                return now >= self.slot + timedelta(minutes=10)
            case "agree-cause":
                return self.blamed == side
            case "dispute":
                window = 48 * HOUR if self.state == "no_show" else 7 * DAY
                return now < self.first[self.state] + window
            case "payment-word":
                accepted = {"completed", "resolved"} & self.first.keys()
                return self.fee or ("delivered" in self.first and bool(accepted))
        return True

    def give(self, command: str, who: Caller, now: datetime, helper: str | None) -> None:
        """It was carried out; helper is who is booked, where that is the question."""
        side, id = str(self.side(who)), who.id
        if command == "counter":
            [id] = self._waiting(side, id) if side == "customer" else [id]
            self.rounds[id] += 1
            self.turns[id] = ("helper" if side == "customer" else "customer", now + 72 * HOUR)
        elif command == "offer":
            self.rounds[id], self.turns[id] = 0, ("customer", now + 72 * HOUR)
            self._reach("offered", now)
        elif command == "decline":
            self.turns.pop(id, None)
            self.declined.add(id)
            back = "offered" if self.turns else "requested"
            self._reach(back if self.broadcast else "declined", now)
        elif command == "resolve":
            done = side == "support" or self.resolving not in (None, side)
            self.resolving = None if done else side
            self._reach("resolved" if done else "disputed", now)
        else:
            self._other(command, side, now, helper)

    def _other(self, command: str, side: str, now: datetime, helper: str | None) -> None:
        if command in ("withdraw", "cancel"):
            self.seated, self.turns = set(self.turns), {}
        if command == "cancel" and "booked" in self.first and side == "customer":
            late = now > self.agreed_slot - DAY and now >= self.first["booked"] + HOUR / 12
            self.blamed = "helper" if late else None
        if command == "agree-cause":
            self.blamed = None
        if command == "no-show":
            self.fee = side == "helper"
        if command == "accept":
            self.helper, self.turns = helper, {}
        if command == "broadcast":
            self.broadcast, self.helper, self.seated = True, None, set()
            self.expires = now + 48 * HOUR
        if command == "propose-reschedule":
            self.proposed, self.proposals = (side, now + DAY), self.proposals + 1
        elif command not in ("propose-change", "approve-change") or self.state not in HOLDING:
            self.proposed = None if command not in ("confirm",) else self.proposed
        if command in ("propose-change", "approve-change", "deliver", "fail"):
            self.change = command == "propose-change"
        if command == "accept-reschedule" and self.state == "en_route":
            self._reach("confirmed", now)
        if command in LEADS:
            self._reach(LEADS[command], now)

    def pass_time(self, now: datetime) -> None:
        """What happens by itself, until nothing does any more."""
        while self._tick(now):
            assert self.since <= now

    def _tick(self, now: datetime) -> bool:
        lapsed = [id for id, (_, until) in self.turns.items() if until <= now]
        if self.state == "offered" and lapsed:
            left = {id: turn for id, turn in self.turns.items() if id not in lapsed}
            back = "requested" if self.broadcast and now < self.expires else "expired"
            if not left and back == "expired":
                self.seated = set(lapsed)
            self.turns = left
            self._reach("offered" if left else back, now)
        elif self.state == "requested" and self.expires <= now:
            self._reach("expired", now)
        elif self.state in HOLDING and self.proposed and self.proposed[1] <= now:
            self.proposed = None
        elif self.state == "delivered" and self.since + 48 * HOUR <= now:
            self._reach("completed", now)
        elif self.state in ENDED and self.since + 14 * DAY <= now:
            self._reach("closed", now)
            self.blamed = None
        else:
            return False
        return True

    def _reach(self, state: str, now: datetime) -> None:
        self.state, self.since = state, now
        self.first.setdefault(state, now)
