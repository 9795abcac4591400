"""The key ring at work: signs access tokens and publishes the public keys."""

import asyncio
import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.fernet import Fernet
from joserfc import jwt
from joserfc.jwk import ECKey

from services.identity.model import Account, Client, KeyRing, SigningKey
from services.identity.model.keys import RotationTooSoon
from services.identity.store import KeyRingStore
from shared.http.tokens import MACHINE
from shared.kernel.clock import utc_now
from shared.kernel.errors import Conflict, Unavailable
from shared.kernel.ids import new_id
from shared.replicas import PLATFORM
from shared.store import AlreadyExists, Database

log = structlog.get_logger()

ACCESS_LIFE = timedelta(minutes=15)
MACHINE_LIFE = timedelta(minutes=5)
"""Short, as a revoked client's last token lives on until then."""

AUDIENCE = "helphood"
RING = "ring"
REFRESH_EVERY = 5.0


class Signer:
    """Holds the decrypted keys in memory and looks for changes every five seconds.

    rotate_every: how long a key signs; None: until the administrator says so.
    """

    def __init__(
        self,
        database: Database,
        key_secret: str,
        issuer: str,
        rotate_every: timedelta | None = None,
    ) -> None:
        digest = hashlib.sha256(b"signing keys|" + key_secret.encode()).digest()
        self._box = Fernet(base64.urlsafe_b64encode(digest))
        self._rings = KeyRingStore.unrelayed(database, PLATFORM)
        self._issuer = issuer
        self._rotate_every = rotate_every
        self._current: ECKey | None = None
        self._public: list[dict[str, Any]] = []

    async def run(self) -> None:
        """Make the ring if this is the first process ever, then keep up with it."""
        while True:
            try:
                await self.load()
            except Unavailable:
                log.info("signer.waiting", reason="database away")
                await asyncio.sleep(0.5)
                continue
            await asyncio.sleep(REFRESH_EVERY)

    async def load(self) -> None:
        """Read the ring, make it, rotate it when it is time. Unavailable without a database."""
        ring = await self._ring()
        if self._rotate_every is not None and ring.due(self._rotate_every, utc_now()):
            try:
                await self.rotate(self._rings, utc_now())
            except (RotationTooSoon, Conflict):
                # Another process was faster.
                log.info("signer.rotated_elsewhere")
            ring = await self._ring()
        self.take(ring)

    async def rotate(self, rings: KeyRingStore, at: datetime) -> KeyRing:
        """RotationTooSoon when requests would be lost. Other processes follow in five seconds,
        in which the key that they still sign with is believed as the previous one."""
        ring = await rings.update(
            RING, lambda ring: ring.rotate(lambda: self._new_key("next", at), at)
        )
        self.take(ring)
        log.info("signer.rotated", kid=ring.current.kid)
        return ring

    def jwks(self) -> dict[str, Any]:
        """RFC 7517: the public keys, the next one included so that caches know it early."""
        if not self._public:
            raise Unavailable("the signing keys are not loaded yet")
        return {"keys": self._public}

    def sign(self, account: Account, tenant: str, session_id: str, at: datetime) -> str:
        """An access token (RFC 9068 in spirit): ES256, 15 minutes, with tenant and roles."""
        claims = {"sub": account.id, "tid": tenant, "roles": account.roles, "sid": session_id}
        return self._signed(claims, at, ACCESS_LIFE)

    def sign_machine(self, client: Client, tenant: str, scopes: list[str], at: datetime) -> str:
        """An access token of a partner's client: five minutes, with its scopes (RFC 9068)."""
        claims = {
            "sub": client.id,
            "client_id": client.id,
            "tid": tenant,
            "roles": [MACHINE],
            "scope": " ".join(scopes),
        }
        return self._signed(claims, at, MACHINE_LIFE)

    def _signed(self, claims: dict[str, Any], at: datetime, life: timedelta) -> str:
        if self._current is None:
            raise Unavailable("the signing keys are not loaded yet")
        issued = int(at.timestamp())
        claims |= {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "jti": new_id("tok"),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(life.total_seconds()),
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self._current.kid}
        return jwt.encode(header, claims, self._current, algorithms=["ES256"])

    async def _ring(self) -> KeyRing:
        ring = await self._rings.find(RING)
        if ring is not None:
            return ring
        now = utc_now()
        keys = [self._new_key("current", now), self._new_key("next", now)]
        fresh = KeyRing(id=RING, keys=keys)
        try:
            return await self._rings.create(fresh, [])
        except AlreadyExists:
            return await self._rings.get(RING)

    def _new_key(self, state: str, at: datetime) -> SigningKey:
        kid = new_id("key")
        key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})
        secret = self._box.encrypt(json.dumps(key.as_dict(private=True)).encode()).decode()
        return SigningKey(kid, state, at, secret, since=at)

    def take(self, ring: KeyRing) -> None:
        keys = {
            stored.kid: ECKey.import_key(json.loads(self._box.decrypt(stored.secret.encode())))
            for stored in ring.keys
        }
        self._public = [key.as_dict(private=False) for key in keys.values()]
        self._current = keys[ring.current.kid]
