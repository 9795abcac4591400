"""Secrets of one local stack, made up at its first start and kept for the next."""

import json
import secrets
from pathlib import Path

from deploy.local.programs import CannotRunError, write_if_changed


class SecretFile:
    """A JSON object of name to value that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str:
        """64 hex digits (32 random bytes), the same at every call for this name and file."""
        known = self._read()
        if name not in known:
            known[name] = secrets.token_hex(32)
            write_if_changed(self._path, json.dumps(known, indent=2))
        return known[name]

    def _read(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        try:
            known: dict[str, str] = json.loads(self._path.read_text())
        except ValueError:
            raise CannotRunError(f"{self._path} is damaged: make clean, then again") from None
        return known
