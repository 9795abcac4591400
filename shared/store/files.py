"""Bytes too large for a document: GridFS, one tenant at a time."""

from dataclasses import dataclass
from typing import ClassVar, Self

from gridfs.errors import FileExists, NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from shared.kernel.errors import NotFound
from shared.scope import Scope
from shared.store.database import Database, Index, driver_errors


@dataclass(frozen=True)
class File:
    """content is the whole file; content_type its media type."""

    id: str
    content: bytes
    content_type: str


class Files:
    """Immutable files with ids of our own; a changed file is a new id.

    Subclasses name the bucket, so that a service keeps kinds of files apart.
    """

    bucket: ClassVar[str] = "files"

    def __init__(self, database: Database, tenant: str) -> None:
        self.tenant = tenant
        self._bucket = AsyncIOMotorGridFSBucket(database.handle, bucket_name=self.bucket)

    @classmethod
    def open(cls, scope: Scope) -> Self:
        return cls(scope.database, scope.tenant.slug)

    @classmethod
    def index_plan(cls) -> dict[str, tuple[Index, ...]]:
        """The indexes of the GridFS specification, made before the first file comes."""
        return {
            f"{cls.bucket}.files": (Index((("filename", 1), ("uploadDate", 1))),),
            f"{cls.bucket}.chunks": (Index((("files_id", 1), ("n", 1)), unique=True),),
        }

    async def put(self, file: File) -> None:
        """Store; storing the same id again changes nothing."""
        with driver_errors():
            try:
                await self._bucket.upload_from_stream_with_id(
                    self._key(file.id),
                    file.id,
                    file.content,
                    metadata={"tenant": self.tenant, "content_type": file.content_type},
                )
            except FileExists:
                return

    async def get(self, id: str) -> File:
        """The file. NotFound when this tenant has none."""
        with driver_errors():
            try:
                stream = await self._bucket.open_download_stream(self._key(id))
                content: bytes = await stream.read()
            except NoFile:
                raise NotFound("there is no such file") from None
        return File(id, content, stream.metadata["content_type"])

    async def delete(self, id: str) -> None:
        """Forget; forgetting what is not there is fine."""
        with driver_errors():
            try:
                await self._bucket.delete(self._key(id))
            except NoFile:
                return

    def _key(self, id: str) -> str:
        return f"{self.tenant}|{id}"
