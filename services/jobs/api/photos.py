"""Photos of the problem on a job."""

from fastapi import Request
from starlette.responses import Response

from services.jobs import commands
from services.jobs.api.giving import JobId, caller_of, seen
from services.jobs.commands.giving import OnJob
from services.jobs.store import JobStore, PhotoFiles
from services.jobs.views import PhotosView, photos_view
from shared.http import PERSON, CallDep, Router, answer, body
from shared.kernel.errors import NotFound
from shared.media import IMAGE_TYPES, MAX_BYTES, Studio

router = Router()


@router.post(
    "/v1/jobs/{job_id}/photos",
    operation_id="jobs_add_photo",
    status_code=201,
    response_model=PhotosView,
    openapi_extra=PERSON | body(IMAGE_TYPES, MAX_BYTES),
)
async def add_photo(request: Request, job_id: JobId, call: CallDep) -> Response:
    """As the customer, or as the booked helper; at most ten. What a camera hides is removed."""
    by, jobs = caller_of(call), call.answering(JobStore, photos_view)
    await commands.check_may_add_photo(OnJob(job_id, by), jobs, call)
    clean = await call.the(Studio).picture(await request.body())
    cmd = commands.AddPhoto(job_id, by, call.derived_id("photo"), clean.content, clean.content_type)
    job = await commands.add_photo(cmd, jobs, call)
    return answer(call, photos_view(job), etag=job.version)


@router.get("/v1/jobs/{job_id}/photos", operation_id="jobs_list_photos", response_model=PhotosView)
async def list_photos(job_id: JobId, call: CallDep) -> Response:
    """Seen by the sides, bidders included."""
    job, reader = await seen(job_id, "photos", call)
    if not job.sees_photos(reader):
        raise NotFound("there are no photos for you")
    return answer(call, photos_view(job))


@router.get(
    "/v1/jobs/{job_id}/photos/{photo_id}",
    operation_id="jobs_get_photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def get_photo(job_id: JobId, photo_id: str, call: CallDep) -> Response:
    job, reader = await seen(job_id, "photo", call)
    photo = job.photo(photo_id, reader)
    file = await call.store(PhotoFiles).get(photo.file_id)
    return Response(file.content, 200, {"Cache-Control": "no-store"}, file.content_type)
