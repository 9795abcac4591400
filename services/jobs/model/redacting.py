"""What remains of a job when one of its parties is forgotten."""

from dataclasses import replace

from services.jobs.model.state import Events, JobState
from services.jobs.model.values import Address
from shared.contracts.jobs import JobRedacted
from shared.kernel.geo import Point

NOWHERE = Address("", "", "")


class Redacting(JobState):
    """Free words name both sides, so they go with the first who goes. Times, prices, states and the
    agreement's digest stay: they are the other side's too."""

    def redact(self, nowhere: Point) -> Events:
        """nowhere stands for the place of the work; nothing happens the second time.

        The photos' files must be gone before.
        """
        if self.address == NOWHERE:
            return []
        self.title = self.description = ""
        self.address, self.place = NOWHERE, nowhere
        self.open_cells, self.photos = [], []
        self.errand = ""
        self.line_checks = [replace(each, note="") for each in self.line_checks]
        if self.agreement is not None:
            self.agreement = replace(self.agreement, text="")
        if self.delivery is not None:
            self.delivery = replace(self.delivery, summary="")
        if self.change is not None:
            self.change = replace(self.change, reason="")
        self.changes = [replace(each, reason="") for each in self.changes]
        if self.proposed_resolution is not None:
            self.proposed_resolution = replace(self.proposed_resolution, outcome="")
        if self.resolution is not None:
            self.resolution = replace(self.resolution, outcome="")
        self.timeline = [replace(each, reason=None) for each in self.timeline]
        return [JobRedacted(self.facts())]
