"""What the story tells when all does not go well: a broken vase, and a line that is dead."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deploy.local.people import UnexpectedAnswerError
from deploy.local.story import Story


class StoryWithMishaps(Story):
    """After the good end two more visits of the same people, told in few steps."""

    def tell_mishaps(self) -> None:
        """The job of the good story stays the story's job."""
        good = self.job_id
        self.break_a_vase()
        self.find_a_dead_line()
        self.job_id = good

    def break_a_vase(self) -> Any:
        """Reported with a photo, an amount offered, settled; the claim as it ended."""
        customer, helper = self.customer, self.helper
        self.come_again()
        with self._step(f"a vase breaks: {customer.name} reports it, with a photo", customer):
            claim = customer.post(
                f"/v1/jobs/{self.job_id}/claims",
                {
                    "item": "Vase",
                    "incident": "Beim Umstellen des Routers fiel sie vom Regal.",
                    "estimated_loss": self._money(12000),
                },
            )
            path = f"/v1/claims/{claim['id']}"
            photo = {"file": ("vase.jpg", self._photo, "image/jpeg")}
            customer.post(f"{path}/evidence", files=photo)
        with self._step(f"{helper.name} offers to pay for it", helper):
            offered = helper.post(f"{path}/offer", {"amount": self._money(9000)})
        with self._step(f"{customer.name} accepts: the claim is settled", customer):
            offer = {"offer_id": offered["offer"]["id"]}
            settled = customer.post(f"{path}/accept", offer)
        if settled["state"] != "settled":
            raise UnexpectedAnswerError(f"the claim is {settled['state']}")
        with self._silently():
            self._deliver()
        return settled

    def find_a_dead_line(self) -> list[Any]:
        """What the operator owes both sides."""
        self.come_again()
        with self._step(f"the line is dead: {self.helper.name} cannot help", self.helper):
            self._command(self.helper, "fail", {"cause": "line_inactive"})
        with self._step("both are owed a compensation at once", self.customer):
            owed: list[Any] = self.customer.until(self._compensations, "the compensations")
        return owed

    def come_again(self) -> None:
        """Another job of the same people, as far as the beginning of the work."""
        with self._step(f"{self.helper.name} comes again", self.helper), self._silently():
            self._book()
            for command in ("confirm", "depart", "start"):
                self._command(self.helper, command)

    def _deliver(self) -> None:
        report = {"summary": "Neu verkabelt.", "minutes": 60, "outcome": "solved"}
        self._command(self.helper, "deliver", report)
        self._command(self.customer, "complete")

    def _compensations(self) -> Any:
        found = self.customer.get(f"/v1/jobs/{self.job_id}/compensations")["data"]
        return found if len(found) == 2 else None

    @contextmanager
    def _silently(self) -> Iterator[None]:
        """Steps within are not told."""
        told, report = len(self.steps), self._report
        self._report = lambda _: None
        try:
            yield
        finally:
            self._report = report
            del self.steps[told:]
