"""The audit log: entries of one tenant, each sealed to the one before."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from shared.kernel.aggregate import Aggregate

BEGINNING = "0" * 64
"""What the first entry of a chain is sealed to."""


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Sealed:
    """A text and its salted digest. The chain counts the digest alone, so that the text can be
    blanked; without its salt nobody can find out by guessing what was there."""

    digest: str
    text: str | None = None
    salt: str | None = None

    @classmethod
    def of(cls, text: str, salt: str) -> Self:
        return cls(_digest(salt, text), text, salt)

    @property
    def true(self) -> bool:
        """Whether the text, if there is one, is that of the digest."""
        if self.text is None:
            return self.salt is None
        return _digest(self.salt, self.text) == self.digest

    def blank(self) -> "Sealed":
        return Sealed(self.digest)


@dataclass(frozen=True)
class Observation:
    """What is to be written down; ref names its event, so that it is one entry however often heard.

    subject_ids are the accounts it was about; detail says the rest, by name.
    """

    ref: str
    kind: str
    actor_id: str
    role: str
    at: datetime
    subject_ids: Sequence[str]
    detail: dict[str, str]


@dataclass(kw_only=True)
class Entry(Aggregate):
    """Who did what and when is kept; about whom, and which thing, can be blanked.

    id is tenant and number. order sorts by time, ties by number. about holds the subjects that were
    not blanked, for look-ups. seal is the digest of this entry
    and of the seal before it.
    """

    number: int
    ref: str
    order: str
    kind: str
    actor_id: str
    role: str
    at: datetime
    subjects: list[Sealed]
    about: list[str]
    detail: Sealed
    previous: str
    seal: str = ""

    @staticmethod
    def key(tenant: str, number: int) -> str:
        return f"{tenant}|{number:012d}"

    @classmethod
    def after(cls, last: "Entry | None", seen: Observation, tenant: str, secret: str) -> "Entry":
        """The next entry of the chain, if nobody is faster. secret is random and kept nowhere: each
        text's salt comes from it."""
        number = last.number + 1 if last else 1
        entry = cls(
            id=cls.key(tenant, number),
            number=number,
            ref=seen.ref,
            order=place_of(seen.at, number),
            kind=seen.kind,
            actor_id=seen.actor_id,
            role=seen.role,
            at=seen.at,
            subjects=[Sealed.of(each, _digest(secret, each)) for each in seen.subject_ids],
            about=list(seen.subject_ids),
            detail=Sealed.of(json.dumps(seen.detail, sort_keys=True), _digest(secret)),
            previous=last.seal if last else BEGINNING,
        )
        entry.seal = entry.computed()
        return entry

    def computed(self) -> str:
        """The seal that this entry should have."""
        who = (self.kind, self.actor_id, self.role, self.at.isoformat(), self.order)
        whom = [each.digest for each in self.subjects]
        return _digest(
            self.id, self.number, self.ref, *who, whom, self.detail.digest, self.previous
        )

    def blank(self, subject_id: str) -> None:
        """Nobody can tell any more that this was about that account."""
        if subject_id not in self.about:
            return
        self.subjects = [
            each.blank() if each.text == subject_id else each for each in self.subjects
        ]
        self.about = self._readable()
        self.detail = self.detail.blank()

    def _readable(self) -> list[str]:
        return [each.text for each in self.subjects if each.text is not None]

    @property
    def told(self) -> dict[str, str]:
        """The detail, empty once blanked."""
        found: dict[str, str] = json.loads(self.detail.text) if self.detail.text else {}
        return found

    def fault(self, before: "Entry | None") -> str | None:
        """What is wrong with this entry as the one behind that; None when nothing is."""
        expected = before.number + 1 if before else 1
        if self.number != expected:
            return f"entry {expected} is missing"
        if self.previous != (before.seal if before else BEGINNING):
            return "it is not sealed to the entry before it"
        if self.computed() != self.seal:
            return "it is not what was sealed"
        if not all(each.true for each in (*self.subjects, self.detail)):
            return "a text is not the one that was sealed"
        if self.about != self._readable():
            return "it is filed under others than it is about"
        return None


def place_of(at: datetime, number: int = 0) -> str:
    """A text that sorts entries by time, ties by number; without a number before all of then."""
    return f"{int(at.timestamp() * 1000):013d}|{number:012d}"


@dataclass(frozen=True)
class Verdict:
    """How far a chain holds: entries read, the last seal, and what is wrong with which number."""

    entries: int
    seal: str
    broken_at: int | None = None
    fault: str | None = None


class Reading:
    """Reads a chain page by page, and stops at the first fault."""

    def __init__(self) -> None:
        self._last: Entry | None = None
        self._broken: tuple[int, str] | None = None

    @property
    def next(self) -> int:
        """The number with which the next page begins."""
        return self._last.number + 1 if self._last else 1

    def read(self, entries: Iterable[Entry]) -> bool:
        """False when there is no use in going on."""
        for entry in entries:
            fault = entry.fault(self._last)
            if fault is not None:
                self._broken = (self.next, fault)
                return False
            self._last = entry
        return True

    def verdict(self) -> Verdict:
        broken_at, fault = self._broken or (None, None)
        seal = self._last.seal if self._last else BEGINNING
        return Verdict(self.next - 1, seal, broken_at, fault)
