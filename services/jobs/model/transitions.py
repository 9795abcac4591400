"""The life of a job as a table: which command leads from where to where, given by whom.

Everything that speaks of states is read from here: the rules, the API's ``allowed`` and the
diagram in the service's README.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.jobs.model.values import Side


class State(StrEnum):
    REQUESTED = "requested"
    OFFERED = "offered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    EN_ROUTE = "en_route"
    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    UNSUCCESSFUL = "unsuccessful"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    DISPUTED = "disputed"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Command(StrEnum):
    """In kebab case, as in the API's paths."""

    REQUEST = "request"
    OFFER = "offer"
    COUNTER = "counter"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    BROADCAST = "broadcast"
    LAPSE_OFFER = "lapse-offer"
    EXPIRE = "expire"
    PROPOSE_RESCHEDULE = "propose-reschedule"
    ACCEPT_RESCHEDULE = "accept-reschedule"
    REFUSE_RESCHEDULE = "refuse-reschedule"
    LAPSE_RESCHEDULE = "lapse-reschedule"
    CONFIRM = "confirm"
    MISS_CONFIRMATION = "miss-confirmation"
    DEPART = "depart"
    START = "start"
    PROPOSE_CHANGE = "propose-change"
    APPROVE_CHANGE = "approve-change"
    DELIVER = "deliver"
    FAIL = "fail"
    COMPLETE = "complete"
    CANCEL = "cancel"
    AGREE_CAUSE = "agree-cause"
    NO_SHOW = "no-show"
    DISPUTE = "dispute"
    RESOLVE = "resolve"
    PAYMENT_WORD = "payment-word"
    CLOSE = "close"


class Guard(StrEnum):
    """A condition beside state and side, by name; what it means stands in ``guards``."""

    MAY_BID = "may_bid"
    IN_TALKS = "in_talks"
    YOUR_TURN = "your_turn"
    ROUNDS_LEFT = "rounds_left"
    NO_BIDDER = "no_bidder"
    RESCHEDULES_LEFT = "reschedules_left"
    LINE_DOWN = "line_down"
    ANSWER_DUE = "answer_due"
    CHANGE_PENDING = "change_pending"
    APPOINTMENT_MISSED = "appointment_missed"
    BLAMED = "blamed"
    WITHIN_WINDOW = "within_window"
    OWING = "owing"


S = State

UNBOOKED = (S.REQUESTED, S.OFFERED)
APPOINTED = (S.BOOKED, S.CONFIRMED)
AHEAD = (*APPOINTED, S.EN_ROUTE)
"""The visit is yet to come."""

HOLDING = (*AHEAD, S.IN_PROGRESS)
"""In these the helper's calendar is kept free for the job."""

DISPUTABLE = (S.DELIVERED, S.COMPLETED, S.UNSUCCESSFUL, S.CANCELLED, S.NO_SHOW)
ENDED = (
    S.DECLINED,
    S.WITHDRAWN,
    S.EXPIRED,
    S.COMPLETED,
    S.UNSUCCESSFUL,
    S.CANCELLED,
    S.NO_SHOW,
    S.RESOLVED,
)
PAYABLE = (S.COMPLETED, S.DISPUTED, S.RESOLVED, S.CANCELLED, S.NO_SHOW, S.CLOSED)


@dataclass(frozen=True, slots=True)
class Transition:
    """A row: sources are empty for the beginning; no targets means the state stays.

    Several targets: the command decides between them, see its own docstring. A command that means
    something else in another state has a further row, given by the same sides.
    """

    command: Command
    sources: tuple[State, ...]
    targets: tuple[State, ...]
    who: tuple[Side, ...]
    guards: tuple[Guard, ...] = ()


C, H, SUP, T = Side.CUSTOMER, Side.HELPER, Side.SUPPORT, Side.TIMER

ROWS = (
    Transition(Command.REQUEST, (), (S.REQUESTED,), (C,)),
    Transition(Command.OFFER, UNBOOKED, (S.OFFERED,), (H,), (Guard.MAY_BID,)),
    Transition(
        Command.COUNTER, (S.OFFERED,), (S.OFFERED,), (C, H), (Guard.YOUR_TURN, Guard.ROUNDS_LEFT)
    ),
    Transition(Command.ACCEPT, (S.OFFERED,), (S.BOOKED,), (C, H), (Guard.YOUR_TURN,)),
    Transition(
        Command.DECLINE,
        UNBOOKED,
        (S.DECLINED, S.OFFERED, S.REQUESTED),
        (H,),
        (Guard.IN_TALKS,),
    ),
    Transition(Command.WITHDRAW, UNBOOKED, (S.WITHDRAWN,), (C,)),
    Transition(Command.BROADCAST, (S.DECLINED, S.EXPIRED), (S.REQUESTED,), (C,)),
    Transition(Command.LAPSE_OFFER, (S.OFFERED,), (S.OFFERED, S.REQUESTED), (T,)),
    Transition(Command.EXPIRE, UNBOOKED, (S.EXPIRED,), (T,)),
    Transition(Command.PROPOSE_RESCHEDULE, APPOINTED, (), (C, H), (Guard.RESCHEDULES_LEFT,)),
    Transition(
        Command.PROPOSE_RESCHEDULE,
        (S.EN_ROUTE,),
        (),
        (C, H),
        (Guard.LINE_DOWN, Guard.RESCHEDULES_LEFT),
    ),
    Transition(Command.ACCEPT_RESCHEDULE, APPOINTED, (), (C, H), (Guard.ANSWER_DUE,)),
    Transition(
        Command.ACCEPT_RESCHEDULE, (S.EN_ROUTE,), (S.CONFIRMED,), (C, H), (Guard.ANSWER_DUE,)
    ),
    Transition(Command.REFUSE_RESCHEDULE, AHEAD, (), (C, H), (Guard.ANSWER_DUE,)),
    Transition(Command.LAPSE_RESCHEDULE, AHEAD, (), (T,)),
    Transition(Command.CONFIRM, (S.BOOKED,), (S.CONFIRMED,), (H,)),
    Transition(Command.MISS_CONFIRMATION, (S.BOOKED,), (), (T,)),
    Transition(Command.DEPART, (S.CONFIRMED,), (S.EN_ROUTE,), (H,)),
    Transition(Command.START, (S.CONFIRMED, S.EN_ROUTE), (S.IN_PROGRESS,), (H,)),
    Transition(Command.PROPOSE_CHANGE, (S.IN_PROGRESS,), (), (H,)),
    Transition(Command.APPROVE_CHANGE, (S.IN_PROGRESS,), (), (C,), (Guard.CHANGE_PENDING,)),
    Transition(Command.DELIVER, (S.IN_PROGRESS,), (S.DELIVERED,), (H,)),
    Transition(Command.FAIL, (S.IN_PROGRESS,), (S.UNSUCCESSFUL,), (H,)),
    Transition(Command.COMPLETE, (S.DELIVERED,), (S.COMPLETED,), (C, T)),
    Transition(
        Command.CANCEL,
        (*UNBOOKED, *AHEAD),
        (S.CANCELLED,),
        (C, H, SUP),
        (Guard.NO_BIDDER,),
    ),
    Transition(Command.AGREE_CAUSE, (S.CANCELLED,), (), (C, H), (Guard.BLAMED,)),
    Transition(
        Command.NO_SHOW,
        (S.CONFIRMED, S.EN_ROUTE),
        (S.NO_SHOW,),
        (C, H),
        (Guard.APPOINTMENT_MISSED,),
    ),
    Transition(Command.DISPUTE, DISPUTABLE, (S.DISPUTED,), (C, H), (Guard.WITHIN_WINDOW,)),
    Transition(Command.RESOLVE, (S.DISPUTED,), (S.DISPUTED, S.RESOLVED), (C, H, SUP)),
    Transition(Command.PAYMENT_WORD, PAYABLE, (), (C, H), (Guard.OWING,)),
    Transition(Command.CLOSE, ENDED, (S.CLOSED,), (T,)),
)


def rows_of(command: Command) -> Iterator[Transition]:
    return (row for row in ROWS if row.command is command)


WHO = {command: next(rows_of(command)).who for command in Command}
"""Whose command it is, in whatever state."""

TABLE = {(row.command, source): row for row in ROWS for source in row.sources}
"""The row of a command in a state; absent where it is illegal."""


def leads(command: Command, source: State, target: State) -> bool:
    """Whether the command may come from source to target; a request comes from nowhere."""
    if command is Command.REQUEST:
        return target is State.REQUESTED
    row = TABLE.get((command, source))
    return row is not None and (target in row.targets if row.targets else target is source)


def diagram() -> str:
    """The table as a Mermaid state diagram; a command that leaves the state alone is a loop."""
    lines = ["stateDiagram-v2", "    [*] --> requested: request (customer)"]
    for row in ROWS:
        who = ", ".join(row.who)
        for source in row.sources:
            for target in row.targets or (source,):
                lines.append(f"    {source} --> {target}: {row.command} ({who})")
    lines.append("    closed --> [*]")
    return "\n".join(lines)
