"""Sealing tax data, so that the database alone is no use to anybody."""

import base64
import os

from pydantic import TypeAdapter

from services.jobs.model.tax import Sealed, TaxData
from shared.scope import Scope
from shared.store import FileKeys

_NONCE = 12
_DATA: TypeAdapter[TaxData] = TypeAdapter(TaxData)


def seal_tax_data(data: TaxData, helper_id: str, scope: Scope) -> Sealed:
    """With the tenant's key, and bound to tenant and helper."""
    keys, nonce = scope.the(FileKeys), os.urandom(_NONCE)
    cipher = keys.cipher(keys.current, scope.tenant.slug)
    content = cipher.encrypt(nonce, _DATA.dump_json(data), _label(helper_id, scope))
    return Sealed(keys.current, base64.b64encode(nonce + content).decode())


def open_tax_data(sealed: Sealed, helper_id: str, scope: Scope) -> TaxData:
    """Unavailable when its key is unknown; cryptography's InvalidTag for another helper's."""
    content = base64.b64decode(sealed.text)
    cipher = scope.the(FileKeys).cipher(sealed.key_id, scope.tenant.slug)
    label = _label(helper_id, scope)
    return _DATA.validate_json(cipher.decrypt(content[:_NONCE], content[_NONCE:], label))


def _label(helper_id: str, scope: Scope) -> bytes:
    return f"helphood tax|{scope.tenant.slug}|{helper_id}".encode()
