"""Sending a person's data to where it is collected: packed, sealed, in small parts."""

import base64
import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import TypeAdapter

from shared.contracts.base import Event
from shared.contracts.privacy import PART_SNAPSHOTS, ExportPartFacts
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id
from shared.store import File, Store

CHUNK = 256 * 1024
"""Bytes of a part before it is sealed."""

_KEY = 32
_NONCE = 12
_ENDINGS = {"image/jpeg": "jpg", "application/pdf": "pdf", "image/png": "png", "image/webp": "webp"}
_ANY = TypeAdapter(Any)


@dataclass(frozen=True)
class Exported:
    """What a service knows of a person: data becomes JSON, files keep their bytes."""

    data: Mapping[str, Any]
    files: Sequence[File] = field(default_factory=tuple)


def packed(service: str, known: Exported) -> bytes:
    """A zip of ``<service>.json`` and ``<service>/<file>``."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{service}.json", _ANY.dump_json(dict(known.data), indent=1))
        for file in known.files:
            ending = _ENDINGS.get(file.content_type, "bin")
            archive.writestr(f"{service}/{file.id}.{ending}", file.content)
    return written.getvalue()


@dataclass(kw_only=True)
class ExportPart(Aggregate):
    """That a part was sent; what was in it went with its event."""

    export_id: str
    person_id: str
    round: int
    number: int
    count: int

    def facts(self, sealed: str = "") -> ExportPartFacts:
        return ExportPartFacts(
            export_id=self.export_id,
            person_id=self.person_id,
            round=self.round,
            number=self.number,
            count=self.count,
            sealed=sealed,
        )


def parts_store(service: str) -> type[Store[ExportPart]]:
    """The store of this service's parts, one class for each service."""

    class Parts(Store[ExportPart]):
        kind, collection, noun = ExportPart, "export_parts", "part"
        snapshot: ClassVar[type[Event[Any]] | None] = PART_SNAPSHOTS[service]

    return Parts


def parts_of(
    content: bytes, seal_to: str, *, export_id: str, person_id: str, round: int, service: str
) -> Iterator[tuple[ExportPart, str]]:
    """Each part, and its piece of content sealed as base64."""
    pieces = [content[start : start + CHUNK] for start in range(0, len(content), CHUNK)]
    public = base64.b64decode(seal_to)
    for number, piece in enumerate(pieces, 1):
        part = ExportPart(
            id=derived_id("part", export_id, service, str(round), str(number)),
            export_id=export_id,
            person_id=person_id,
            round=round,
            number=number,
            count=len(pieces),
        )
        sealed = _sealed(piece, public, label_of(export_id, service, round, number))
        yield part, base64.b64encode(sealed).decode()


def label_of(export_id: str, service: str, round: int, number: int) -> bytes:
    """What a part is sealed together with, so that none can be put in another's place."""
    return f"helphood export|{export_id}|{service}|{round}|{number}".encode()


def _sealed(content: bytes, public: bytes, label: bytes) -> bytes:
    """For the holder of the other half alone: a fresh key of ours, nonce, and AES-256-GCM."""
    fresh, nonce = X25519PrivateKey.generate(), os.urandom(_NONCE)
    agreed = fresh.exchange(X25519PublicKey.from_public_bytes(public))
    ours = fresh.public_key().public_bytes_raw()
    return ours + nonce + _cipher(agreed, label).encrypt(nonce, content, label)


def opened(sealed: bytes, private: X25519PrivateKey, label: bytes) -> bytes:
    """cryptography's InvalidTag when it was not sealed to this key and label."""
    theirs, nonce, rest = sealed[:_KEY], sealed[_KEY : _KEY + _NONCE], sealed[_KEY + _NONCE :]
    agreed = private.exchange(X25519PublicKey.from_public_bytes(theirs))
    return _cipher(agreed, label).decrypt(nonce, rest, label)


def _cipher(agreed: bytes, label: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=label).derive(agreed))
