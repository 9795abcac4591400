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


def check_strength(password: str, *about: str, pointer: str = "/password") -> None:
    """Refuse what a guesser tries early, also if it is made of what is known of the person."""
    verdict: dict[str, Any] = zxcvbn(
        password[:JUDGED], user_inputs=[text for text in about if text]
    )
    if verdict["score"] < WEAK_BELOW:
        hint = verdict["feedback"]["warning"] or "This password is easy to guess."
        raise Invalid(f"too weak: {hint}", pointer=pointer, code="weak_password")


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


_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that a reader takes for something else."""

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class Codes:
    """Codes that follow from a secret, the account and the code's number.

    So a code can be mailed again after a crash, and no stored thing gives it away.
    """

    def __init__(self, secret: str) -> None:
        self._secret = hashlib.sha256(b"verification codes|" + secret.encode()).digest()

    def of(self, account_id: str, number: int) -> str:
        """Six digits that verify a new account's address."""
        return self._digits(f"{account_id}|{number}")

    def is_right(self, account: Account, code: str) -> bool:
        """Compared in constant time; False when no code is in force."""
        number = account.challenge.number if account.challenge else 0
        right = _same(self.of(account.id, number), code)
        return right and account.challenge is not None

    def moving(self, account_id: str, number: int) -> str:
        """Six digits for a change of address."""
        return self._digits(f"{account_id}|address|{number}")

    def is_moving(self, account: Account, code: str) -> bool:
        number = account.email_change.challenge.number if account.email_change else 0
        return _same(self.moving(account.id, number), code) and account.email_change is not None

    def resetting(self, account_id: str, number: int) -> str:
        """Twelve letters and digits (60 bits) for a new password, e.g. ``7K2M-9QXD-4TAB``.

        Anybody may ask for one and try it, so it must withstand guessing without a limit of tries,
        which others could use up.
        """
        digest = self._digest(f"{account_id}|password|{number}")
        letters = "".join(_LETTERS[byte % 32] for byte in digest[:12])
        return "-".join(letters[place : place + 4] for place in (0, 4, 8))

    def is_resetting(self, account: Account | None, code: str) -> bool:
        """As it was mailed, whatever its case, dashes and spaces."""
        id, number = (account.id, account.reset.number) if account and account.reset else ("", 0)
        right = _same(
            self.resetting(id, number).replace("-", ""), code.upper().translate(_LOOKALIKES)
        )
        return right and account is not None and account.reset is not None

    def place(self, address: str) -> str:
        """A network address as it is remembered: recognised, but not told."""
        return self._digest(f"place|{address}").hex()[:32]

    def _digits(self, text: str) -> str:
        return f"{int.from_bytes(self._digest(text)[:8]) % 1_000_000:06d}"

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._secret, text.encode(), "sha256")


def _same(right: str, given: str) -> bool:
    return hmac.compare_digest(right.encode(), given.encode())


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


@dataclass(frozen=True)
class MachineToken:
    """What a partner's client gets: a signed access token, its scopes, its life in seconds."""

    access: str
    scopes: list[str]
    seconds: int
