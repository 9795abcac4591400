"""Who is calling: access tokens checked against the issuer's public keys."""

import asyncio
import hashlib
import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import structlog
from cachetools import LRUCache
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.kernel.errors import Unauthenticated, Unavailable
from shared.tasks import end

log = structlog.get_logger()

ALGORITHM = "ES256"
LEEWAY = 30
"""Seconds two machines' clocks may differ."""

REFRESH = 300.0
"""Seconds between two looks at the key source."""

RETRY = 5.0
"""Seconds between two looks at most, when the source is away or a key is unknown."""

REMEMBERED = 20_000
"""Verified tokens kept in memory per process."""

LONGEST = 8192
"""Characters of a token; ours have about 600."""


MACHINE = "partner"
"""The one role of a partner's client; no person has it."""


OFFICES = ("support", "tenant_admin", "platform_admin")
"""Roles that let somebody look at what is not theirs, the least powerful first."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or machine with a valid token.

    id is the account's or the partner's client, tenant a slug, session ends with logout or
    revocation and is empty for a machine, scopes are what a machine may do. expires_at is when
    the token is refused from, leeway included.
    """

    id: str
    tenant: str
    roles: frozenset[str]
    session: str
    issued_at: datetime
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None

    @property
    def is_machine(self) -> bool:
        """Whether this is a partner's client rather than a person."""
        return MACHINE in self.roles

    def has(self, *roles: str) -> bool:
        """Whether any of these roles is held."""
        return not self.roles.isdisjoint(roles)

    @property
    def office(self) -> str:
        """The role in which somebody looks at, or changes, what is not theirs."""
        return next((role for role in OFFICES if self.has(role)), "customer")


def invalid_token() -> Unauthenticated:
    """One refusal for every fault, so that a forger learns nothing."""
    return Unauthenticated("the access token is not valid here", code="invalid_token")


class TokenVerifier:
    """Checks ES256 tokens with the keys at source, an http(s):// or file:// address of a JWKS.

    Keys are looked up every 300 s, and at once for an unknown kid but at most every 5 s. While
    the source is away the known keys go on. A key that disappeared from the source takes the
    remembered tokens with it.
    """

    def __init__(
        self,
        source: str,
        issuer: str,
        audience: str = "helphood",
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._keys: dict[str, ECKey] = {}
        self._remembered: LRUCache[bytes, tuple[float, Actor]] = LRUCache(REMEMBERED)
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether any key is known."""
        return bool(self._keys)

    async def start(self) -> None:
        """Begin to keep the keys fresh; does not wait for the source."""
        self._task = asyncio.create_task(self._keep_fresh(), name="token-keys")

    async def stop(self) -> None:
        """End the background look-ups."""
        if self._task is not None:
            await end([self._task])
            self._task = None

    async def verify(self, token: str) -> Actor:
        """The caller. Unauthenticated (invalid_token), or Unavailable before any key is known."""
        if len(token) > LONGEST:
            raise invalid_token()
        digest = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is not None:
            if known[0] > self._clock():
                return known[1]
            raise invalid_token()
        try:
            signed = jws.extract_compact(token.encode())
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise invalid_token() from None
        key = await self._key_for(signed.headers())
        try:
            genuine = jws.validate_compact(signed, key, algorithms=[ALGORITHM])
            claims = json.loads(signed.payload) if genuine else None
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise invalid_token() from None
        expires, actor = self._read(claims)
        self._remembered[digest] = (expires, actor)
        return actor

    async def refresh(self) -> bool:
        """Look at the source now; whether it answered with at least one key."""
        self._looked_at = time.monotonic()
        try:
            keys = _usable_keys(await self._fetch())
        except Exception as error:
            # Whatever the source answers, the known keys go on and the looking does not end.
            log.warning("tokens.keys_unreachable", error=type(error).__name__)
            return False
        if not keys:
            log.warning("tokens.no_usable_keys")
            return False
        gone = self._keys.keys() - keys.keys()
        self._keys = keys
        if gone:
            self._remembered.clear()
        return True

    async def _keep_fresh(self) -> None:
        while True:
            async with self._looking:
                answered = await self.refresh()
            await asyncio.sleep(REFRESH if answered else RETRY)

    async def _key_for(self, header: dict[str, Any]) -> ECKey:
        kid = header.get("kid")
        if not isinstance(kid, str) or header.get("alg") != ALGORITHM:
            raise invalid_token()
        if kid not in self._keys:
            async with self._looking:
                overdue = time.monotonic() - self._looked_at >= RETRY
                if kid not in self._keys and overdue:
                    await self.refresh()
        if not self._keys:
            raise Unavailable("access tokens cannot be checked yet", retry_after=5)
        key = self._keys.get(kid)
        if key is None:
            raise invalid_token()
        return key

    async def _fetch(self) -> Any:
        address = urlsplit(self._source)
        if address.scheme == "file":
            path = Path(unquote(address.path))
            return json.loads(await asyncio.to_thread(path.read_bytes))
        async with httpx.AsyncClient(timeout=3, verify=address.scheme == "https") as client:
            answer = await client.get(self._source)
            return json.loads(answer.raise_for_status().content)

    def _read(self, claims: Any) -> tuple[float, Actor]:
        """Expiry (seconds since 1970, leeway included) and caller; nbf, sid, jti, scope may be
        absent."""
        now = self._clock()
        try:
            audience = claims["aud"]
            audiences = [audience] if isinstance(audience, str) else audience
            expires = _seconds(claims["exp"]) + LEEWAY
            issued = _seconds(claims["iat"])
            begins = max(issued, _seconds(claims.get("nbf", issued))) - LEEWAY
            actor = Actor(
                id=_text(claims["sub"]),
                tenant=_text(claims["tid"]),
                roles=frozenset(_text(role) for role in _list(claims["roles"])),
                session=_text(claims["sid"]) if "sid" in claims else "",
                issued_at=datetime.fromtimestamp(issued, UTC),
                scopes=frozenset(_scope(claims.get("scope", "")).split()),
                expires_at=datetime.fromtimestamp(expires, UTC),
            )
            current = begins <= now < expires
            ours = claims["iss"] == self._issuer and self._audience in _list(audiences)
        except (KeyError, TypeError, ValueError, OverflowError, OSError, AttributeError):
            raise invalid_token() from None
        if not (current and ours):
            raise invalid_token()
        return expires, actor


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("a NumericDate (RFC 7519) is a number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("text is needed")
    return value


def _scope(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("scopes are text with spaces between (RFC 9068)")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is needed")
    return value


def _usable_keys(document: Any) -> dict[str, ECKey]:
    """kid -> P-256 signing key; keys of other kinds are for others and are passed over."""
    keys: dict[str, ECKey] = {}
    for entry in document.get("keys", ()) if isinstance(document, dict) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
            continue
        if entry.get("kty") != "EC" or entry.get("crv") != "P-256":
            continue
        if entry.get("alg", ALGORITHM) != ALGORITHM or entry.get("use", "sig") != "sig":
            continue
        public: dict[str, str | list[str]] = {
            name: str(entry.get(name)) for name in ("kty", "crv", "x", "y", "kid")
        }
        with suppress(JoseError, ValueError, TypeError):
            keys[entry["kid"]] = ECKey.import_key(public)
    return keys
