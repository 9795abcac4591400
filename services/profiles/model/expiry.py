"""What runs out for a helper, and when they are warned of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from shared.contracts.profiles import Expiry

WARNED_BEFORE = (30, 7)
"""Days; a default of ours."""


@dataclass(frozen=True)
class Ending:
    """warnings: so many days before the end helpers are still to be warned, most days first."""

    valid_until: datetime
    warnings: list[int]

    @classmethod
    def seen(cls, valid_until: datetime, at: datetime) -> Self:
        """What is known since now: a warning whose time was before that is not given."""
        return cls(valid_until, list(WARNED_BEFORE)).warned(at)

    @property
    def next_at(self) -> datetime:
        """When there is something to do: the next warning, or the end itself."""
        return self.valid_until - timedelta(days=self.warnings[0] if self.warnings else 0)

    def due(self, now: datetime) -> int | None:
        """The warning to be given now, in days; of several that came due only the last."""
        passed = self.warnings[: len(self.warnings) - len(self.warned(now).warnings)]
        return passed[-1] if passed else None

    def warned(self, now: datetime) -> Self:
        """After the warnings whose time has come."""
        later = [each for each in self.warnings if now < self.valid_until - timedelta(days=each)]
        return type(self)(self.valid_until, later)


def endings_of(
    ends: Mapping[str, datetime], known: Mapping[str, Ending], at: datetime
) -> dict[str, Ending]:
    """What runs out when, with the warnings that are left; a new end has all of them ahead."""
    return {
        what: known[what]
        if what in known and known[what].valid_until == until
        else Ending.seen(until, at)
        for what, until in ends.items()
    }


def warnings_due(endings: Mapping[str, Ending], now: datetime) -> list[Expiry]:
    """What helpers are to be told now."""
    return [
        Expiry(what=what, valid_until=each.valid_until, days=days)
        for what, each in endings.items()
        if (days := each.due(now)) is not None
    ]
