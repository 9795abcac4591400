"""Identity, wired."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import FastAPI

from services.identity.api import ROUTERS
from services.identity.commands.audit import ChainEnds
from services.identity.consumers import consumers
from services.identity.credentials import Codes, Passwords
from services.identity.settings import Settings
from services.identity.signing import Signer
from services.identity.start import FirstAdministrator
from services.identity.store import (
    AccountStore,
    Answers,
    Archives,
    AuditLog,
    ClientStore,
    EmailClaimStore,
    ErasureStore,
    ExportPieces,
    ExportStore,
    KeyRingStore,
    LoginFailuresStore,
    LookStore,
    Parts,
    SessionStore,
    TenantStore,
)
from services.identity.watch import DeadlineWatch
from shared.mail import MailStore, Postman
from shared.service import build_service
from shared.settings import load
from shared.store import Database, FileKeys

STORES = (
    TenantStore,
    AccountStore,
    EmailClaimStore,
    LoginFailuresStore,
    SessionStore,
    ClientStore,
    KeyRingStore,
    AuditLog,
    LookStore,
    ErasureStore,
    ExportStore,
    ExportPieces,
    Archives,
    Answers,
    Parts,
    MailStore,
)


def create(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; settings come from the environment unless given."""
    chosen = settings or load(Settings)
    key_secret = chosen.key_secret.get_secret_value()

    def resources(database: Database) -> Sequence[object]:
        days = chosen.key_rotation_days
        rotate_every = timedelta(days=days) if days else None
        passwords = Passwords(chosen.password_memory_kib)
        return (
            passwords,
            Codes(key_secret),
            FileKeys(key_secret),
            Signer(database, key_secret, chosen.token_issuer, rotate_every),
            Postman(database, chosen.smtp_url),
            FirstAdministrator(database, passwords, chosen),
            DeadlineWatch(database),
            ChainEnds(),
        )

    return build_service(
        "identity",
        chosen,
        routers=ROUTERS,
        consumers=consumers,
        stores=STORES,
        resources=resources,
    )
