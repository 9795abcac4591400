"""What others say about a helper: the account, support, reviews and jobs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.profiles.model.document import DocumentKind
from shared.contracts.identity import TenantRules

NEWCOMER_BELOW = 3
"""Published reviews under which a helper is labelled as new."""


NEW_BELOW = 3
"""Of a figure: so few cases say nothing yet."""


class Status(StrEnum):
    """draft: never listed; unlisted: was listed, something is missing now."""

    DRAFT = "draft"
    LISTED = "listed"
    UNLISTED = "unlisted"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Standing:
    """The account as identity has it."""

    display_name: str
    verified: bool
    active: bool


NOBODY = Standing(display_name="", verified=False, active=False)
"""Of an account that was erased."""


@dataclass(frozen=True)
class Proof:
    """A verified document; valid_until is None for one without an end."""

    document_id: str
    valid_until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.valid_until is None or self.valid_until > now

    def lasts_longer_than(self, other: "Proof") -> bool:
        if other.valid_until is None:
            return False
        return self.valid_until is None or self.valid_until > other.valid_until


@dataclass(frozen=True)
class Rating:
    """mean and count of published reviews; score (1 to 5) is the ranking's."""

    mean: float | None
    count: int
    score: float
    sequence: int


@dataclass(frozen=True)
class Record:
    """What a helper's jobs tell, each figure counted over rows, one a job.

    kept and broken: of the latest ended jobs. completed: ever. asked and answered: of the latest
    requests by name; response_minutes is the median of those answered. visits and fixed: of the
    latest visits, those that solved it at the first go.
    """

    kept: int = 0
    broken: int = 0
    completed: int = 0
    asked: int = 0
    answered: int = 0
    response_minutes: int | None = None
    visits: int = 0
    fixed: int = 0


def demanded(rules: TenantRules) -> list[DocumentKind]:
    """The kinds of document without which the tenant lists nobody."""
    wanted = {
        DocumentKind.INSURANCE: rules.insurance_required,
        DocumentKind.IDENTITY: rules.identity_required,
    }
    return [kind for kind, required in wanted.items() if required]
