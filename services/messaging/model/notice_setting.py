"""Whether somebody wants e-mails about unread messages."""

from dataclasses import dataclass

from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id


@dataclass(kw_only=True)
class NoticeSetting(Aggregate):
    """Absent for those who have never said anything: they want them."""

    person_id: str
    wanted: bool = True

    @classmethod
    def of(cls, tenant: str, person_id: str) -> "NoticeSetting":
        return cls(id=derived_id("notices", tenant, person_id), person_id=person_id)

    def want(self, wanted: bool) -> None:
        self.wanted = wanted
