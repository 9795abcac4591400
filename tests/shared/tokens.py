"""Access tokens for tests, signed as identity signs them."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey

ISSUER = "https://helphood.example"
AUDIENCE = "helphood"


class TokenMaker:
    """A key pair of its own; whoever reads its JWKS believes its tokens."""

    def __init__(self, kid: str | None = None, *, issuer: str = ISSUER) -> None:
        self.kid = kid or uuid4().hex
        self.issuer = issuer
        self.key = ECKey.generate_key("P-256", {"kid": self.kid})

    def claims(
        self, sub: str, tenant: str, *, roles: Sequence[str] = ("customer",), **overrides: Any
    ) -> dict[str, Any]:
        """Claims of a token issued now for 15 minutes; an override of None leaves a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": sub,
            "tid": tenant,
            "roles": list(roles),
            "sid": f"session-of-{sub}",
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "jti": uuid4().hex,
        }
        claims |= overrides
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self, sub: str, tenant: str, *, roles: Sequence[str] = ("customer",), **overrides: Any
    ) -> str:
        """A signed token for this account at this tenant."""
        return self.sign(self.claims(sub, tenant, roles=roles, **overrides))

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Any claims with this key; header members are overridden, None leaves one out."""
        whole = {"alg": "ES256", "kid": self.kid, **header}
        whole = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(whole, claims, self.key, algorithms=["ES256"])

    def jwks(self) -> dict[str, Any]:
        """The public half, as a JWK set."""
        public = self.key.as_dict(private=False)
        return {"keys": [{**public, "kid": self.kid, "alg": "ES256", "use": "sig"}]}

    def write_jwks(self, path: Path, *others: "TokenMaker") -> None:
        """The key set in a file, together with other makers' keys."""
        keys = [key for maker in (self, *others) for key in maker.jwks()["keys"]]
        path.write_text(json.dumps({"keys": keys}))
