"""What both sides agreed to, and the rules for getting out of it again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.jobs.model.values import Terms
from shared.contracts.identity import TenantRules
from shared.kernel.clock import to_milliseconds
from shared.kernel.money import Money

FREE_CANCELLATION = timedelta(minutes=5)
"""After booking, whoever books by mistake cancels without a fee (a rule of ours)."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Cancelling at least hours_before the slot costs fee_percent of one helper hour."""

    hours_before: int
    fee_percent: int


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What the operator owes for a visit that fails by its line or router; None is our own rule.

    helper_percent is of one agreed hour, helper_travel says whether the agreed travel is on top,
    customer is an amount.
    """

    helper_percent: int | None = None
    helper_travel: bool = True
    customer: Money | None = None


@dataclass(frozen=True, slots=True)
class Policies:
    """The tenant's rules as they were when the job was requested; windows in days."""

    cancellation: list[Tier]
    dispute_days: int
    review_days: int
    guarantee: Guarantee = Guarantee()

    @classmethod
    def of(cls, rules: TenantRules) -> "Policies":
        """Without tiers of its own a tenant has ours: free until 24 h before, then one hour."""
        tiers = [Tier(each.hours_before, each.fee_percent) for each in rules.cancellation_tiers]
        return cls(
            cancellation=tiers or [Tier(24, 0), Tier(0, 100)],
            dispute_days=rules.dispute_window_days,
            review_days=rules.review_window_days,
            guarantee=Guarantee(
                rules.compensation.helper_percent,
                rules.compensation.helper_travel,
                rules.compensation.customer,
            ),
        )

    @property
    def windows(self) -> timedelta:
        """How long after its end a job can still be disputed or reviewed."""
        return timedelta(days=max(self.dispute_days, self.review_days))

    def fee(self, hourly_rate: Money, ahead: timedelta) -> Money:
        """What it costs to cancel with so much time ahead of the slot.

        The tier with the most hours_before that is still kept counts; later than every tier is
        one whole helper hour.
        """
        for tier in sorted(self.cancellation, key=lambda tier: -tier.hours_before):
            if ahead >= timedelta(hours=tier.hours_before):
                return hourly_rate.times(tier.fee_percent, 100)
        return hourly_rate

    def owed_to_helper(self, terms: Terms) -> Money:
        """For a visit that failed by the operator's line or router.

        Without a percentage of the tenant's own, as for a visit called off at the door.
        """
        percent, rate = self.guarantee.helper_percent, terms.hourly_rate
        hour = self.fee(rate, timedelta(0)) if percent is None else rate.times(percent, 100)
        return hour + terms.travel if self.guarantee.helper_travel else hour


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides agreed to, frozen: text is canonical JSON, sha256 the digest of its UTF-8.

    slot is the one agreed first; a later reschedule does not touch it, so that the clock of the
    cancellation tiers survives.
    """

    version: int
    sha256: str
    text: str
    offer_id: str
    terms: Terms

    @property
    def price(self) -> Money:
        return self.terms.price


def canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no blanks: the same content is the same text."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
    )


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_milliseconds(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Money):
        return {"amount_minor": value.amount_minor, "currency": value.currency}
    raise TypeError(f"{type(value).__name__} has no place in an agreement")
