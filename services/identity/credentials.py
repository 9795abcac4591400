"""Passwords, verification codes and refresh tokens: made, hashed and compared."""

import asyncio
import hashlib
import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import argon2
from zxcvbn import zxcvbn

from services.identity.model import Account
from shared.kernel.errors import Invalid

JUDGED = 32
"""Characters whose strength is judged: the time it takes grows with the cube of their number."""

WEAK_BELOW = 3
"""zxcvbn's score from 0 to 4; 3 means safely unguessable against online attacks."""


def check_strength(password: str, *about: str) -> None:
    """Refuse what a guesser tries early, also if it is made of what is known of the person."""
    verdict: dict[str, Any] = zxcvbn(
        password[:JUDGED], user_inputs=[text for text in about if text]
    )
    if verdict["score"] < WEAK_BELOW:
        hint = verdict["feedback"]["warning"] or "This password is easy to guess."
        raise Invalid(f"too weak: {hint}", pointer="/password", code="weak_password")


class Passwords:
    """argon2id in two threads, so that neither the event loop nor the memory suffers."""

    def __init__(self, memory_kib: int) -> None:
        self._hasher = argon2.PasswordHasher(memory_cost=memory_kib)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="argon2")
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._hasher.hash, password
        )

    async def matches(self, account: Account | None, password: str) -> bool:
        """As much work for an unknown account as for a wrong password."""
        hashed = account.password_hash if account else self._nobody
        right = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._verify, hashed, password
        )
        return right and account is not None

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except argon2.exceptions.VerifyMismatchError:
            return False


class Codes:
    """Six digits that follow from a secret, the account and the code's number.

    So a code can be mailed again after a crash, and no stored thing gives it away.
    """

    def __init__(self, secret: str) -> None:
        self._secret = hashlib.sha256(b"verification codes|" + secret.encode()).digest()

    def of(self, account_id: str, number: int) -> str:
        digest = hmac.digest(self._secret, f"{account_id}|{number}".encode(), "sha256")
        return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"

    def is_right(self, account: Account, code: str) -> bool:
        """Compared in constant time; False when no code is in force."""
        number = account.challenge.number if account.challenge else 0
        right = hmac.compare_digest(self.of(account.id, number).encode(), code.encode())
        return right and account.challenge is not None


@dataclass(frozen=True)
class RefreshToken:
    """``<session id>.<secret>``; only the SHA-256 of the secret is stored."""

    session_id: str
    secret: str

    @classmethod
    def fresh(cls, session_id: str) -> "RefreshToken":
        return cls(session_id, secrets.token_urlsafe(32))

    @classmethod
    def read(cls, text: str) -> "RefreshToken | None":
        session_id, dot, secret = text.partition(".")
        return cls(session_id, secret) if dot and secret else None

    @property
    def hashed(self) -> str:
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.session_id}.{self.secret}"


@dataclass(frozen=True)
class Tokens:
    """What a login or a refresh gives: a signed access token and the refresh token's text."""

    access: str
    refresh: str
