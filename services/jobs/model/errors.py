"""What a job refuses, whatever the command."""

from collections.abc import Sequence

from shared.kernel.errors import Conflict, Forbidden, NotFound


class NoSuchJob(NotFound):
    """Also for whoever has no part in a job that exists."""

    def __init__(self) -> None:
        super().__init__("there is no such job")


class NotYourCommand(Forbidden):
    """A party gives the command of the other side, or speaks out of turn."""

    code = "not_your_command"


class IllegalTransition(Conflict):
    """The right party, but the job (or claim, or case) is not there (any more, or yet)."""

    code = "illegal_transition"

    def __init__(self, command: str, state: str, allowed: Sequence[str], noun: str = "job") -> None:
        super().__init__(
            f"{command} is not possible while this {noun} is {state}", allowed=[*allowed]
        )
