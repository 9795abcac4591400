"""Addresses that stand in mails: those at which the gateway is reached, signed where need be."""

import base64
import binascii
import hashlib
import hmac

from shared.contracts.identity import TenantFacts
from shared.kernel.errors import NotFound

_SIGNATURE = 16
"""Bytes of HMAC-SHA-256 kept (RFC 2104 allows half)."""


class Links:
    """secret signs; public_port is the gateway's, 0 or 443 for HTTPS at its usual one."""

    def __init__(self, secret: bytes, public_port: int) -> None:
        self._secret = secret
        self._port = public_port

    def origin(self, tenant: TenantFacts) -> str:
        host = tenant.hosts[0]
        return f"https://{host}" if self._port in (0, 443) else f"http://{host}:{self._port}"

    def unsubscribe(self, tenant: TenantFacts, person_id: str) -> str:
        """One POST to it, by whoever has it, ends the mails to this person (RFC 8058)."""
        packed = self._signature(tenant.slug, person_id) + person_id.encode()
        token = base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
        return f"{self.origin(tenant)}/v1/message-notices/unsubscribe/{token}"

    def person_of(self, tenant: TenantFacts, token: str) -> str:
        """Whom a token is about. NotFound for whatever we have not made."""
        try:
            packed = base64.b64decode(
                token + "=" * (-len(token) % 4), altchars=b"-_", validate=True
            )
            person_id = packed[_SIGNATURE:].decode()
        except (binascii.Error, ValueError):
            raise _unknown() from None
        if not hmac.compare_digest(packed[:_SIGNATURE], self._signature(tenant.slug, person_id)):
            raise _unknown()
        return person_id

    def _signature(self, tenant: str, person_id: str) -> bytes:
        name = f"unsubscribe from notices|{tenant}|{person_id}".encode()
        return hmac.digest(self._secret, name, hashlib.sha256)[:_SIGNATURE]


def _unknown() -> NotFound:
    return NotFound("there is no such address")
