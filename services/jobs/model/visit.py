"""The visit itself: on the way, at work, more than agreed, delivered, accepted or failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.jobs.model.booking import Booking
from services.jobs.model.line import LineCheck
from services.jobs.model.state import Caller, Events
from services.jobs.model.transitions import Command, State
from services.jobs.model.values import Cause, Change, Delivery, Party, labour
from shared.contracts.jobs import (
    JobChangeApproved,
    JobChangeProposed,
    JobCompleted,
    JobDelivered,
    JobDeparted,
    JobStarted,
    JobUnsuccessful,
)
from shared.kernel.errors import Conflict
from shared.kernel.ids import derived_id
from shared.kernel.money import Money

BLAME = {
    Cause.CUSTOMER_ABSENT: Party.CUSTOMER,
    Cause.LINE_INACTIVE: Party.OPERATOR,
    Cause.ROUTER_FAULT: Party.OPERATOR,
    Cause.SKILL_GAP: Party.HELPER,
}
"""Causes that are one party's; the others are nobody's until a dispute says so."""


class ChangeNotApproved(Conflict):
    """More minutes or materials than agreed plus approved: no silent price rise."""

    code = "change_not_approved"


class ChangeReplaced(Conflict):
    """The helper proposes something else by now."""

    code = "change_replaced"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a receipt; minutes and rate stand on the labour line only."""

    kind: str
    amount: Money
    minutes: int | None = None
    hourly_rate: Money | None = None


class Visit(Booking):
    """Commands while the helper is on the way or there, and what follows from them."""

    def depart(self, by: Caller, at: datetime) -> Events:
        self.permit(Command.DEPART, by, at)
        self.reschedule = None
        self._step(Command.DEPART, at, by=by, to=State.EN_ROUTE)
        return [JobDeparted(self.facts())]

    def start(self, by: Caller, at: datetime) -> Events:
        self.permit(Command.START, by, at)
        self.reschedule = None
        self._step(Command.START, at, by=by, to=State.IN_PROGRESS)
        return [JobStarted(self.facts())]

    def note_line(self, check: LineCheck) -> Events:
        """What the operator's test said; told again, it is as it was."""
        if all(each.occasion != check.occasion for each in self.line_checks):
            self.line_checks = [*self.line_checks, check]
        return []

    @property
    def approved_minutes(self) -> int:
        """Agreed plus approved."""
        return self.agreed.terms.minutes + sum(change.minutes for change in self.changes)

    @property
    def approved_materials(self) -> Money:
        """Agreed plus approved."""
        total = self.agreed.terms.materials
        for change in self.changes:
            total = total + change.materials
        return total

    def propose_change(
        self, minutes: int, materials: Money, reason: str, by: Caller, at: datetime
    ) -> Events:
        """Ask for extra minutes or materials; replaces a proposal that still waits."""
        self.permit(Command.PROPOSE_CHANGE, by, at)
        name = derived_id("change", self.id, str(self.version))
        self.change = Change(name, minutes, materials, reason, at)
        self._step(Command.PROPOSE_CHANGE, at, by=by, reason=reason)
        return [JobChangeProposed(self.facts())]

    def approve_change(self, change_id: str | None, by: Caller, at: datetime) -> Events:
        """Say yes to the proposal; with its id, ChangeReplaced if it is not that one any more."""
        self.permit(Command.APPROVE_CHANGE, by, at)
        assert self.change is not None, "the guard saw a proposal"
        if change_id not in (None, self.change.id):
            raise ChangeReplaced("another change is proposed by now")
        self.changes = [*self.changes, replace(self.change, approved_at=at)]
        self.change = None
        self._step(Command.APPROVE_CHANGE, at, by=by)
        return [JobChangeApproved(self.facts())]

    def deliver(self, delivery: Delivery, by: Caller, at: datetime) -> Events:
        """Report the work done, within what was agreed and approved. ChangeNotApproved."""
        self.permit(Command.DELIVER, by, at)
        if delivery.minutes > self.approved_minutes:
            raise ChangeNotApproved(f"at most {self.approved_minutes} minutes are approved")
        if not delivery.materials <= self.approved_materials:
            raise ChangeNotApproved("materials cost more than is approved")
        self.delivery = delivery
        self.change = None
        self._step(Command.DELIVER, at, by=by, to=State.DELIVERED)
        return [JobDelivered(self.facts())]

    def complete(self, by: Caller | None, at: datetime) -> Events:
        """The customer accepts the work; by None is the timer, 48 h after delivery."""
        if by is not None:
            self.permit(Command.COMPLETE, by, at)
        self._step(Command.COMPLETE, at, by=by, to=State.COMPLETED)
        return [JobCompleted(self.facts())]

    def fail(self, cause: Cause, by: Caller, at: datetime, note: str | None = None) -> Events:
        self.permit(Command.FAIL, by, at)
        self.cause = cause
        self.cause_party = BLAME.get(cause)
        self.change = None
        self._step(Command.FAIL, at, by=by, to=State.UNSUCCESSFUL, reason=note or cause)
        return [JobUnsuccessful(self.facts())]

    def worth(self) -> Money:
        """The receipt's total."""
        total = Money.zero(self.agreed.price.currency)
        for line in self.receipt_lines():
            total = total + line.amount
        return total

    def receipt_lines(self) -> Sequence[Line]:
        """What is due for the work delivered; lines of nothing are left out."""
        assert self.delivery is not None, "only delivered work has a receipt"
        terms, delivery = self.agreed.terms, self.delivery
        worked = labour(delivery.minutes, terms.hourly_rate)
        lines = [Line("labour", worked, delivery.minutes, terms.hourly_rate)]
        if terms.travel.amount_minor:
            lines.append(Line("travel", terms.travel))
        if delivery.materials.amount_minor:
            lines.append(Line("materials", delivery.materials))
        return lines
