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

from services.identity.model import Account, KeyRing, SigningKey
from services.identity.store import KeyRingStore
from shared.kernel.clock import utc_now
from shared.kernel.errors import Unavailable
from shared.kernel.ids import new_id
from shared.replicas import PLATFORM
from shared.store import AlreadyExists, Database

log = structlog.get_logger()

ACCESS_LIFE = timedelta(minutes=15)
AUDIENCE = "helphood"
RING = "ring"
REFRESH_EVERY = 5.0


class Signer:
    """Holds the decrypted keys in memory and looks for changes every five seconds."""

    def __init__(self, database: Database, key_secret: str, issuer: str) -> None:
        digest = hashlib.sha256(b"signing keys|" + key_secret.encode()).digest()
        self._box = Fernet(base64.urlsafe_b64encode(digest))
        self._rings = KeyRingStore.unrelayed(database, PLATFORM)
        self._issuer = issuer
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
        """Read the ring, or make it. Unavailable while the database is away."""
        self._take(await self._ring())

    def jwks(self) -> dict[str, Any]:
        """RFC 7517: the public keys, the next one included so that caches know it early."""
        if not self._public:
            raise Unavailable("the signing keys are not loaded yet")
        return {"keys": self._public}

    def sign(self, account: Account, tenant: str, session_id: str, at: datetime) -> str:
        """An access token (RFC 9068 in spirit): ES256, 15 minutes, with tenant and roles."""
        if self._current is None:
            raise Unavailable("the signing keys are not loaded yet")
        issued = int(at.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": account.id,
            "tid": tenant,
            "roles": account.roles,
            "sid": session_id,
            "jti": new_id("tok"),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(ACCESS_LIFE.total_seconds()),
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self._current.kid}
        return jwt.encode(header, claims, self._current, algorithms=["ES256"])

    async def _ring(self) -> KeyRing:
        ring = await self._rings.find(RING)
        if ring is not None:
            return ring
        fresh = KeyRing(id=RING, keys=[self._new_key("current"), self._new_key("next")])
        try:
            return await self._rings.create(fresh, [])
        except AlreadyExists:
            return await self._rings.get(RING)

    def _new_key(self, state: str) -> SigningKey:
        kid = new_id("key")
        key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})
        secret = self._box.encrypt(json.dumps(key.as_dict(private=True)).encode()).decode()
        return SigningKey(kid, state, utc_now(), secret)

    def _take(self, ring: KeyRing) -> None:
        keys = {
            stored.kid: ECKey.import_key(json.loads(self._box.decrypt(stored.secret.encode())))
            for stored in ring.keys
        }
        self._public = [key.as_dict(private=False) for key in keys.values()]
        self._current = keys[ring.current.kid]
