"""Adding photos of the problem."""

from dataclasses import dataclass

from services.jobs.commands.giving import OnJob
from services.jobs.model import Job
from services.jobs.model.state import Events
from services.jobs.model.values import Photo
from services.jobs.store import JobStore, PhotoFiles
from shared.edge import Replay
from shared.kernel.errors import Precondition, Refusal
from shared.kernel.ids import new_id
from shared.scope import Scope
from shared.store import File


async def check_may_add_photo(cmd: OnJob, jobs: JobStore, scope: Scope) -> None:
    """Before anybody decodes a file. Raises what adding it would raise, Replay included."""

    def see(job: Job) -> Events:
        job.check_photo(cmd.by)
        return []

    try:
        await jobs.update(cmd.job_id, see)
    except Precondition:
        # What the version is, and that there is a job at all, is no news for strangers.
        (await scope.store(JobStore).get(cmd.job_id)).side_of(cmd.by)
        raise


@dataclass(frozen=True)
class AddPhoto(OnJob):
    """content is clean."""

    photo_id: str
    content: bytes
    content_type: str


async def add_photo(cmd: AddPhoto, jobs: JobStore, scope: Scope) -> Job:
    """The file is stored first, so that no job names one that is not there."""
    files = scope.store(PhotoFiles)
    file = File(new_id("file"), cmd.content, cmd.content_type)
    await files.put(file)
    photo = Photo(cmd.photo_id, cmd.by.id, file.id, cmd.content_type, scope.now)
    try:
        return await jobs.update(cmd.job_id, lambda job: job.add_photo(photo, cmd.by))
    except (Refusal, Replay):
        await files.delete(file.id)
        raise
