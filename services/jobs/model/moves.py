"""Who may do what with a job, and the one way it changes: by a row of the table."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.jobs.model import guards
from services.jobs.model.errors import IllegalTransition, NoSuchJob, NotYourCommand
from services.jobs.model.reach import cells_around
from services.jobs.model.state import MILESTONES, Caller, JobState
from services.jobs.model.transitions import (
    ENDED,
    HOLDING,
    ROWS,
    TABLE,
    WHO,
    Command,
    State,
    leads,
)
from services.jobs.model.values import Charge, Offer, OfferStatus, Side, Step, filed_under
from shared.kernel.money import Money

COMPLETION = timedelta(hours=48)
"""After delivery, a customer who says nothing has accepted the work."""

WEST, EAST = timedelta(hours=12), timedelta(hours=14)
"""How far the clocks of the world differ from UTC."""

STAYS = frozenset(row.command for row in ROWS if not row.targets)
"""Commands that leave the state as it is."""


class Moves(JobState):
    """Rights and steps; the behaviours build on it."""

    # Who may do what

    def side_of(self, caller: Caller) -> Side:
        """The caller's part in this job. NoSuchJob for whoever has none."""
        if caller.id == self.customer_id:
            return Side.CUSTOMER
        if f"helper:{caller.id}" in self.seats:
            return Side.HELPER
        if caller.support:
            return Side.SUPPORT
        if self.open_to(caller):
            return Side.HELPER
        raise NoSuchJob

    def open_to(self, caller: Caller) -> bool:
        """Whether this is an open broadcast within the caller's reach and skills."""
        helper = caller.helper
        if helper is None or not (self.broadcast and self.unbooked):
            return False
        return (
            helper.listed
            and helper.id not in self.declined_by
            and helper.masters(self.category, self.when(State.REQUESTED))
            and helper.reaches(self.public_place)
        )

    def allowed(self, caller: Caller, at: datetime) -> list[Command]:
        """The commands this caller may give now, by side, state, turn and time."""
        side = self.side_of(caller)
        return [
            row.command
            for row in ROWS
            if side in row.who
            and self.state in row.sources
            and not any(guards.refuses(guard, self, caller, side, at) for guard in row.guards)
        ]

    def entitled(self, command: Command, caller: Caller) -> Side:
        """The caller's side, if the command is that side's. NoSuchJob, NotYourCommand."""
        side = self.side_of(caller)
        if side not in WHO[command]:
            raise NotYourCommand(f"{command} is not for the {side} of this job")
        return side

    def permit(self, command: Command, caller: Caller, at: datetime) -> Side:
        """The caller's side, if the table allows the command now.

        NoSuchJob, NotYourCommand, IllegalTransition, in this order.
        """
        side = self.entitled(command, caller)
        row = TABLE.get((command, self.state))
        if row is None:
            raise self._illegal(command, caller, at)
        for guard in row.guards:
            refusal = guards.refuses(guard, self, caller, side, at)
            if refusal is guards.Refused.OUT_OF_TURN:
                raise NotYourCommand(f"{command} is up to the other side")
            if refusal is guards.Refused.NOT_NOW:
                raise self._illegal(command, caller, at)
        return side

    def _illegal(self, command: Command, caller: Caller, at: datetime) -> IllegalTransition:
        return IllegalTransition(command, self.state, self.allowed(caller, at))

    # How it changes

    def _step(
        self,
        command: Command,
        at: datetime,
        *,
        by: Caller | None,
        to: State | None = None,
        reason: str | None = None,
    ) -> None:
        """Go to a state of the command's row, and write it into the timeline; by None: a timer.

        Called last by every command: timer, seats, cells and charges follow from what is then.
        """
        target = to or self.state
        assert leads(command, self.state, target), f"{command} does not lead to {target}"
        self.state = target
        if to is not None:
            self.milestones = {MILESTONES[to]: at, **self.milestones}
        step = Step(
            version=self.version + 1,
            state=target,
            command=command,
            at=at,
            actor=by.id if by else None,
            reason=reason,
        )
        self.timeline = [*self.timeline, step]
        self._charge(at)
        self.due_at = self._due(at)
        self.seats = [f"customer:{self.customer_id}", *self._helper_seats()]
        self.open_cells = self._cells()

    def _charge(self, at: datetime) -> None:
        """Write down by how much what is due of the fee has changed."""
        if self.fee is None:
            return
        nothing = Money.zero(self.fee.amount.currency)
        before = sum((each.amount for each in self.charges), nothing)
        change = (self.fee_due or nothing) - before
        if not change.amount_minor:
            return
        assert self.helper_id is not None, "a fee is owed to a helper"
        self.charges = [*self.charges, Charge(change, at)]
        years = {(at - WEST).year, (at + EAST).year}
        self.charged_in = sorted({*self.charged_in, *years})
        self.filed = self.filed or filed_under(self.helper_id, at, self.id)

    def _cells(self) -> list[str]:
        if not (self.broadcast and self.unbooked):
            return []
        return self.open_cells or cells_around(self.public_place)

    def _helper_seats(self) -> list[str]:
        if self.helper_id is not None:
            return [f"helper:{self.helper_id}"]
        talking = (OfferStatus.OPEN, OfferStatus.ENDED)
        helpers = [each.helper_id for each in self.offers if each.status in talking]
        return [f"helper:{id}" for id in dict.fromkeys(helpers)]

    def _due(self, at: datetime) -> datetime | None:
        """When the timer has to look again, by the state just reached."""
        if self.state is State.REQUESTED:
            return self.request_expires_at
        if self.state is State.OFFERED:
            return min(offer.expires_at for offer in self.open_offers())
        if self.state in HOLDING:
            moments = [self.reschedule.expires_at] if self.reschedule else []
            if self.state is State.BOOKED and not self.confirmation_missed:
                moments.append(self.confirm_by)
            return min(moments, default=None)
        if self.state is State.DELIVERED:
            return self.when(State.DELIVERED) + COMPLETION
        if self.state in ENDED:
            # A step that stays in an ended state must not prolong the windows.
            reached = next(step.at for step in reversed(self.timeline) if step.command not in STAYS)
            return reached + self.policies.windows
        return None

    def _settle(self, offer: Offer, status: OfferStatus) -> None:
        self.offers = [
            replace(each, status=status) if each.id == offer.id else each for each in self.offers
        ]

    def _settle_all(self, status: OfferStatus) -> None:
        """Close whatever offer is still open."""
        for offer in self.open_offers():
            self._settle(offer, status)
