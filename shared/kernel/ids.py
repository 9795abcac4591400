"""TypeIDs: a typed prefix and a UUID in base 32, a plain string that is used as ``_id``."""

import hashlib
from uuid import UUID

import uuid_utils
from typeid import TypeID
from typeid.errors import TypeIDException


def new_id(prefix: str) -> str:
    """A fresh id, e.g. ``job_01h...``; ids of one prefix sort by creation (UUIDv7)."""
    return str(TypeID(prefix=prefix))


def derived_id(prefix: str, *parts: str) -> str:
    """The same id for the same parts, for things that must come into being once only.

    A UUIDv8 (RFC 9562) over SHA-256 of the parts; it does not sort by time.
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()[:16]
    number = int.from_bytes(digest)
    number = number & ~(0xF << 76) | (0x8 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return str(TypeID.from_uuid(uuid_utils.UUID(str(UUID(int=number))), prefix=prefix))


def is_id(prefix: str, text: str) -> bool:
    """Whether text is a well-formed id with this prefix."""
    try:
        return TypeID.from_string(text).prefix == prefix
    except (TypeIDException, ValueError):
        return False
