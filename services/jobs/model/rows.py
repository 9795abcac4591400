"""Small tables of commands, as claims and cases have them: from where, to where, given by whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from services.jobs.model.errors import IllegalTransition, NotYourCommand

C = TypeVar("C", bound=StrEnum)
S = TypeVar("S", bound=StrEnum)
R = TypeVar("R", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Row(Generic[C, S, R]):
    """No sources: the beginning. No targets: the state stays as it is."""

    command: C
    sources: tuple[S, ...]
    targets: tuple[S, ...]
    who: tuple[R, ...]

    def leads(self, source: S, target: S) -> bool:
        return target in self.targets if self.targets else target is source


class Table(Generic[C, S, R]):
    """The rows of one kind of thing; noun names it in refusals."""

    def __init__(self, noun: str, rows: Sequence[Row[C, S, R]]) -> None:
        self.noun = noun
        self.rows = tuple(rows)
        self._by_command = {row.command: row for row in rows}

    def row(self, command: C) -> Row[C, S, R]:
        return self._by_command[command]

    def allowed(self, state: S, role: R) -> list[C]:
        """What somebody in this role may do now."""
        return [row.command for row in self.rows if role in row.who and state in row.sources]

    def entitle(self, command: C, role: R) -> None:
        """NotYourCommand unless the command is this role's at all."""
        if role not in self.row(command).who:
            raise NotYourCommand(f"{command} is not for the {role} of this {self.noun}")

    def permit(self, command: C, state: S, role: R) -> None:
        """NotYourCommand, IllegalTransition (naming what is allowed), in this order."""
        self.entitle(command, role)
        if state not in self.row(command).sources:
            raise IllegalTransition(command, state, self.allowed(state, role), self.noun)

    def diagram(self) -> str:
        """The table as a Mermaid state diagram; a command that leaves the state alone is a loop."""
        return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in self._lines())])

    def _lines(self) -> Iterable[str]:
        for row in self.rows:
            who = ", ".join(row.who)
            for source in row.sources or ("[*]",):
                for target in row.targets or (source,):
                    yield f"{source} --> {target}: {row.command} ({who})"
