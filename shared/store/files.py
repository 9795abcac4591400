"""Bytes too large for a document: GridFS, one tenant at a time, sealed where they are private."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from gridfs.errors import FileExists, NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from shared.kernel.errors import NotFound, Unavailable
from shared.scope import Scope
from shared.store.database import Database, Index, driver_errors

_NONCE = 12
"""Bytes before each sealed file; random, as NIST SP 800-38D allows for 2^32 files of a key."""


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
        await self._write(file.id, file.content, {"content_type": file.content_type})

    async def get(self, id: str) -> File:
        """The file. NotFound when this tenant has none."""
        content, metadata = await self._read(id)
        return File(id, content, metadata["content_type"])

    async def delete(self, id: str) -> None:
        """Forget; forgetting what is not there is fine."""
        with driver_errors():
            try:
                await self._bucket.delete(self._key(id))
            except NoFile:
                return

    async def _write(self, id: str, content: bytes, metadata: dict[str, Any]) -> None:
        metadata = {"tenant": self.tenant} | metadata
        with driver_errors():
            try:
                await self._bucket.upload_from_stream_with_id(
                    self._key(id), id, content, metadata=metadata
                )
            except FileExists:
                return

    async def _read(self, id: str) -> tuple[bytes, dict[str, Any]]:
        with driver_errors():
            try:
                stream = await self._bucket.open_download_stream(self._key(id))
                content: bytes = await stream.read()
            except NoFile:
                raise NotFound("there is no such file") from None
        return content, stream.metadata

    def _key(self, id: str) -> str:
        return f"{self.tenant}|{id}"


class FileKeys:
    """The keys of sealed files: one for each tenant, from a secret of the service.

    secret seals; files that were sealed with one of the others are still opened. So a secret is
    changed without a pause: make the next one known to all processes, then swap the two, and keep
    the old one known as long as a file of its time is kept.
    """

    def __init__(self, secret: str, others: Sequence[str] = ()) -> None:
        self._secrets = {_key_id(each): each.encode() for each in (secret, *others)}
        self.current = _key_id(secret)
        """What is stored with a file that is sealed now; tells nothing of the secret."""

    def cipher(self, key_id: str, tenant: str) -> AESGCM:
        """AES-256-GCM of this tenant. Unavailable when no secret known here has this id."""
        if key_id not in self._secrets:
            raise Unavailable("the key of this file is not known here", code="file_key_unknown")
        derived = HKDF(SHA256(), 32, salt=None, info=f"helphood files|{tenant}".encode())
        return AESGCM(derived.derive(self._secrets[key_id]))


def _key_id(secret: str) -> str:
    """Of secrets from a generator: nobody could guess one and compare."""
    return hashlib.sha256(b"helphood file key id|" + secret.encode()).hexdigest()[:16]


class SealedFiles(Files):
    """Files that are no use to whoever has the database but not the service's secret.

    Encrypted and authenticated together with tenant, bucket, id and content type, so that none
    can be put in another's place. Whole in memory: whoever takes files bounds their size. The
    service's resources hold FileKeys.
    """

    def __init__(self, database: Database, tenant: str, keys: FileKeys) -> None:
        super().__init__(database, tenant)
        self._keys = keys

    @classmethod
    def open(cls, scope: Scope) -> Self:
        return cls(scope.database, scope.tenant.slug, scope.the(FileKeys))

    async def put(self, file: File) -> None:
        """Seal and store; storing the same id again changes nothing."""
        nonce, label = os.urandom(_NONCE), self._label(file.id, file.content_type)
        cipher = self._keys.cipher(self._keys.current, self.tenant)
        sealed = await asyncio.to_thread(cipher.encrypt, nonce, file.content, label)
        metadata = {"content_type": file.content_type, "key_id": self._keys.current}
        await self._write(file.id, nonce + sealed, metadata)

    async def get(self, id: str) -> File:
        """The opened file. NotFound, Unavailable (its key is not known here).

        cryptography's InvalidTag for a file that is not what was put: a defect, or an attack.
        """
        sealed, metadata = await self._read(id)
        cipher = self._keys.cipher(metadata.get("key_id", ""), self.tenant)
        nonce, label = sealed[:_NONCE], self._label(id, metadata["content_type"])
        content = await asyncio.to_thread(cipher.decrypt, nonce, sealed[_NONCE:], label)
        return File(id, content, metadata["content_type"])

    def _label(self, id: str, content_type: str) -> bytes:
        return f"{self.bucket}|{self._key(id)}|{content_type}".encode()
