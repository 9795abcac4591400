"""Photos of the problem, as they are listed."""

from services.jobs.model import Job
from services.jobs.model.values import Photo
from shared.http.fields import Instant, View


class PhotoView(View):
    """by is the account that showed it, file_url where it is seen."""

    id: str
    by: str
    at: Instant
    file_url: str


class PhotosView(View):
    """In the order in which they came."""

    data: list[PhotoView]


def photo_view(job: Job, photo: Photo) -> PhotoView:
    return PhotoView(
        id=photo.id, by=photo.by, at=photo.at, file_url=f"/v1/jobs/{job.id}/photos/{photo.id}"
    )


def photos_view(job: Job) -> PhotosView:
    return PhotosView(data=[photo_view(job, photo) for photo in job.photos])
