"""What every aggregate carries besides its own state."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(kw_only=True)
class Aggregate:
    """version rises with every write (the ETag); sequence with every event.

    due_at is the moment the service's ticker calls ``on_due``; None: nothing is waiting.
    Fields that are None are not stored; dates without a time are kept as ISO text.
    """

    id: str
    version: int = 0
    sequence: int = 0
    due_at: datetime | None = None
