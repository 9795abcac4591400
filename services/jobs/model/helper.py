"""The helper as this service knows them, kept from the facts of profiles."""

from dataclasses import dataclass, field
from datetime import datetime

from services.jobs.model.calendar import Availability
from services.jobs.model.reach import reaches
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.geo import Point


class NotListed(Conflict):
    """The helper is no longer listed, e.g. because their insurance has lapsed."""

    code = "helper_not_listed"


@dataclass(frozen=True)
class Helper:
    """id is the account's; radius_m how far they travel; qualified: skill -> valid until."""

    id: str
    status: str
    skills: list[str]
    radius_m: int
    trader_status: str
    availability: Availability
    place: Point | None = None
    qualified: dict[str, datetime] = field(default_factory=dict)

    @property
    def listed(self) -> bool:
        return self.status == "listed"

    def masters(self, category: str, at: datetime) -> bool:
        """Whether they show this skill and their qualification for it is valid."""
        valid_until = self.qualified.get(category)
        return category in self.skills and valid_until is not None and at < valid_until

    def reaches(self, public_place: Point) -> bool:
        """Whether they travel to a place that is known rounded to about 1 km."""
        return self.place is not None and reaches(self.place, self.radius_m, public_place)

    def must_take(self, category: str, at: datetime) -> None:
        """NotListed unless they may be booked for this category now."""
        if not self.listed or not self.masters(category, at):
            raise NotListed("this helper cannot be booked for this category at present")

    def must_offer(self, category: str, at: datetime) -> None:
        """Invalid unless a request for this category can go to them."""
        if not self.masters(category, at):
            raise Invalid(
                "this helper does not offer this category",
                pointer="/category",
                code="category_not_offered",
            )
