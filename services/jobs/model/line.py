"""Whether the customer's line works, as the operator's own test says before a visit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LineState(StrEnum):
    """unknown: the test could not be asked, or knows nothing of this line."""

    OK = "ok"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LineCheck:
    """occasion is before which appointment and when it was asked; note is the operator's word, for
    both sides to read. start is that appointment's; absent, it is of whichever is next."""

    occasion: str
    state: LineState
    checked_at: datetime
    note: str = ""
    start: datetime | None = None
