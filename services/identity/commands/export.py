"""Collecting a person's data from every service into one archive."""

import asyncio
import base64
import io
import os
import zipfile
from dataclasses import dataclass

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.identity.model.export import Export, KeyPair, State
from services.identity.store import Archives, ExportPieces, ExportStore
from shared.contracts.privacy import EXPORTED
from shared.export import label_of, opened
from shared.scope import Scope
from shared.store import File, FileKeys

log = structlog.get_logger()

_NONCE = 12
_LABEL = b"helphood export key"


@dataclass(frozen=True)
class AskExport:
    account_id: str


async def ask_export(cmd: AskExport, scope: Scope) -> Export:
    """Asked while one is being collected it is the same wish."""
    exports, now, key = scope.store(ExportStore), scope.now, _new_key(scope)
    export, events = Export.ask(scope.tenant.slug, cmd.account_id, key, now)
    if await exports.ensure(export, events):
        return export
    return await exports.update(export.id, lambda known: known.ask_again(key, now))


def _new_key(scope: Scope) -> KeyPair:
    fresh, nonce = X25519PrivateKey.generate(), os.urandom(_NONCE)
    cipher = _cipher(scope)
    private = nonce + cipher.encrypt(nonce, fresh.private_bytes_raw(), _LABEL)
    public = fresh.public_key().public_bytes_raw()
    return KeyPair(base64.b64encode(public).decode(), base64.b64encode(private).decode())


def _private(key: KeyPair, scope: Scope) -> X25519PrivateKey:
    sealed = base64.b64decode(key.private)
    raw = _cipher(scope).decrypt(sealed[:_NONCE], sealed[_NONCE:], _LABEL)
    return X25519PrivateKey.from_private_bytes(raw)


def _cipher(scope: Scope) -> AESGCM:
    keys = scope.the(FileKeys)
    return keys.cipher(keys.current, scope.tenant.slug)


@dataclass(frozen=True)
class TakePart:
    """sealed is base64."""

    export_id: str
    service: str
    round: int
    number: int
    count: int
    sealed: str


async def take_part(cmd: TakePart, scope: Scope) -> None:
    """Keep it as it came, still sealed; the last one to come makes the archive."""
    exports = scope.store(ExportStore)
    export = await exports.get(cmd.export_id)
    if not export.awaits(cmd.round):
        return
    piece = export.piece(cmd.service, cmd.number)
    content = base64.b64decode(cmd.sealed)
    await scope.store(ExportPieces).put(File(piece, content, "application/octet-stream"))
    export = await exports.update(
        export.id, lambda known: known.take(cmd.service, cmd.round, cmd.number, cmd.count)
    )
    if export.complete:
        await _finish(export, scope)


async def _finish(export: Export, scope: Scope) -> None:
    pieces, private = scope.store(ExportPieces), _private(export.key, scope)
    packed = []
    try:
        for service in EXPORTED:
            content = b""
            for number, piece in enumerate(export.parts(service), 1):
                label = label_of(export.id, service, export.round, number)
                content += opened((await pieces.get(piece)).content, private, label)
            packed.append(content)
        whole = await asyncio.to_thread(_merged, packed)
    except (InvalidTag, zipfile.BadZipFile):
        # Two packings of one service got mixed; the next round brings all of it anew.
        log.warning("export.mixed", id=export.id, round=export.round)
        return
    archive, old = f"{export.id}|{export.round}", export.archive
    await scope.store(Archives).put(File(archive, whole, "application/zip"))
    now = scope.now
    await scope.store(ExportStore).update(
        export.id, lambda known: known.finish(archive, export.round, now)
    )
    await _delete(export.pieces, [old] if old else [], scope)


def _merged(packed: list[bytes]) -> bytes:
    """One zip of all that the services' zips hold."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for content in packed:
            with zipfile.ZipFile(io.BytesIO(content)) as part:
                for name in part.namelist():
                    archive.writestr(name, part.read(name))
    return written.getvalue()


async def _delete(pieces: list[str], archives: list[str], scope: Scope) -> None:
    for piece in pieces:
        await scope.store(ExportPieces).delete(piece)
    for archive in archives:
        await scope.store(Archives).delete(archive)


async def forget_export(export_id: str, scope: Scope) -> None:
    """The files first: as long as the wish names them they are found again."""
    exports = scope.store(ExportStore)
    export = await exports.find(export_id)
    if export is None or export.state is State.FORGOTTEN:
        return
    await _delete(export.files()["parts"], export.files()["archives"], scope)
    await exports.update(export_id, lambda known: known.forget())


async def expire_export(export_id: str, scope: Scope) -> None:
    """Its week is over, unless a new one was asked for since."""
    export = await scope.store(ExportStore).get(export_id)
    if export.state is State.EXPIRED and export.archive is not None:
        await scope.store(Archives).delete(export.archive)
