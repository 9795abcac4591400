"""Where a process may end between a command and its applied event."""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Literal

EXIT_CODE = 77
"""Of a process that ended at its point."""

EARLIER = 76
"""Of a process that ended before its point could come, so that it comes for the next."""

UNFORESEEN = 78
"""Of a process that was about to write something no step here stands for."""


class Step(StrEnum):
    """What changes anything outside of the process, in the order of an event's way."""

    INSERT = auto()
    UPDATE = auto()
    BURY = auto()
    TIMER = auto()
    """The ticker's write."""
    PUBLISH = auto()
    CONFIRM = auto()
    """The broker has the event, and its word of that arrives."""
    CLEAR = auto()
    TRIM_EVENTS = auto()
    TRIM_DATE = auto()
    ROW_INSERT = auto()
    ROW_REPLACE = auto()
    ROW_BURY = auto()
    EFFECT = auto()
    ACK = auto()
    RETRY_PUBLISH = auto()
    RETRY_CONFIRM = auto()
    RETRY_ACK = auto()
    """Of the delivery of which a copy is in the retry queue."""
    PARKED_PUBLISH = auto()
    PARKED_CONFIRM = auto()
    PARKED_ACK = auto()
    """Of the delivery of which a copy is in the parked queue."""
    PARKED_WRITE = auto()
    STORED_ACK = auto()
    """Of the copy in the parked queue, once it is stored."""
    SUSPECT_PUBLISH = auto()
    SUSPECT_CONFIRM = auto()
    SUSPECT_ACK = auto()
    """Of the delivery of which a copy is in the suspect queue."""
    ALONE_BEGINS = auto()
    ALONE_ENDS = auto()
    """The note that a message is tried alone, and that there was an outcome."""


@dataclass(frozen=True)
class Point:
    """Just before a step is begun, or when it has happened and nobody here knows it yet."""

    step: Step
    when: Literal["before", "after"]

    def __str__(self) -> str:
        return f"{self.when}-{self.step}"


LOSES_ITS_WORKER = Point(Step.ACK, "before")
"""A message goes to the suspect queue only when processes have ended with it in hand."""

SUSPECTING = frozenset(
    {
        *(Step.SUSPECT_PUBLISH, Step.SUSPECT_CONFIRM, Step.SUSPECT_ACK),
        *(Step.ALONE_BEGINS, Step.ALONE_ENDS),
    }
)

POINTS = [Point(step, when) for step in Step for when in ("before", "after")]
