"""Tokens that lie: each would be somebody else's if one thing about it were true."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.identity.signing import Signer
from services.identity.store import AccountStore
from shared.settings import ServiceSettings
from shared.store import Database
from tests.platform import Platform
from tests.shared.tokens import TokenMaker


def false_tokens(platform: Platform, genuine: str) -> dict[str, str]:
    """Kind of lie -> a token that would be the victim's if it were true."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    header, claims = (_part(genuine, number) for number in (0, 1))
    kid = str(header["kid"])
    jwks = httpx.get(platform.stack.service_address("identity") + "/.well-known/jwks.json").json()
    [public] = [key for key in jwks["keys"] if key["kid"] == kid]
    return {
        "expired": asyncio.run(_genuine(platform, claims, now - hour)),
        "not valid yet": asyncio.run(_genuine(platform, claims, now + hour)),
        "forged": TokenMaker(kid).sign(claims),
        "unsigned": _encoded({"alg": "none", "kid": kid}, claims) + ".",
        "signed with the public key": _keyed_hash(kid, claims, json.dumps(public)),
        "no token": "x",
    }


async def _genuine(platform: Platform, claims: dict[str, Any], at: datetime) -> str:
    """Signed by identity's own key, so that nothing but its time is wrong."""
    stack = platform.stack
    database = Database(stack.database_url, "identity")
    issuer = str(ServiceSettings.model_fields["token_issuer"].default)
    signer = Signer(database, stack.secrets.get("key_secret"), issuer)
    await signer.load()
    account = await AccountStore.unrelayed(database, claims["tid"]).get(claims["sub"])
    database.close()
    return signer.sign(account, claims["tid"], claims["sid"], at)


def _keyed_hash(kid: str, claims: dict[str, Any], key: str) -> str:
    signed = _encoded({"alg": "HS256", "kid": kid}, claims)
    digest = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(digest)}"


def _encoded(*parts: dict[str, Any]) -> str:
    return ".".join(_base64(json.dumps(part).encode()) for part in parts)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    part: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return part
