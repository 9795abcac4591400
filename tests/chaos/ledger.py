"""What the platform has promised to the people of a run, written to disk as it is promised."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

ACKNOWLEDGED = "acknowledged"
REFUSED = "refused"
IN_DOUBT = "in doubt"


@dataclass(frozen=True)
class Line:
    """One command and what became of it.

    kind is what was changed (job, message, review, account, profile, standing), subject which
    one, name what was done to it; who is the person's account id.
    """

    tenant: str
    kind: str
    subject: str
    name: str
    who: str
    outcome: str


class Ledger:
    """Lines of JSON, appended and flushed before the people go on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, line: Line) -> None:
        self._file.write(json.dumps(asdict(line)) + "\n")
        self._file.flush()


class Book:
    """A ledger that was read back."""

    def __init__(self, path: Path) -> None:
        with path.open() as file:
            self.lines = [Line(**json.loads(text)) for text in file]

    def outcomes(self) -> Counter[str]:
        return Counter(line.outcome for line in self.lines)

    def acknowledged(self, kind: str) -> list[Line]:
        """In the order of the acknowledgements."""
        return [line for line in self.lines if line.kind == kind and line.outcome == ACKNOWLEDGED]
