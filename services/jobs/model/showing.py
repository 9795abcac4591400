"""Photos of the problem, so that a helper knows what to bring."""

from services.jobs.model.errors import NotYourCommand
from services.jobs.model.moves import Moves
from services.jobs.model.state import Caller, Events
from services.jobs.model.transitions import State
from services.jobs.model.values import Photo, Side
from shared.kernel.errors import Conflict, NotFound

MAX_PHOTOS = 10


class TooManyPhotos(Conflict):
    code = "too_many"


class JobOver(Conflict):
    """Nobody looks at it any more."""

    code = "job_closed"


class Showing(Moves):
    """Seen by the sides, bidders included, and by support; not by everybody within reach."""

    def sees_photos(self, reader: Caller) -> bool:
        return (
            reader.id == self.customer_id or f"helper:{reader.id}" in self.seats or reader.support
        )

    def check_photo(self, by: Caller) -> None:
        """The customer, or the helper who was booked. NoSuchJob, NotYourCommand, JobOver,
        TooManyPhotos."""
        side = self.side_of(by)
        if side is not Side.CUSTOMER and (by.id != self.helper_id or not self.helper_booked):
            raise NotYourCommand("photos are shown by the customer and the booked helper")
        if self.state is State.CLOSED:
            raise JobOver("this job is closed")
        if len(self.photos) >= MAX_PHOTOS:
            raise TooManyPhotos(f"a job has at most {MAX_PHOTOS} photos")

    def add_photo(self, photo: Photo, by: Caller) -> Events:
        self.check_photo(by)
        self.photos = [*self.photos, photo]
        return []

    def photo(self, photo_id: str, reader: Caller) -> Photo:
        """NotFound unless the job has it and the reader sees it."""
        found = next((each for each in self.photos if each.id == photo_id), None)
        if found is None or not self.sees_photos(reader):
            raise NotFound("there is no such photo")
        return found
