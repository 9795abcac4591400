"""Identity's aggregates: pure state and rules."""

from services.identity.model.account import Account
from services.identity.model.client import Client
from services.identity.model.keys import KeyRing, SigningKey
from services.identity.model.login import EmailClaim, LoginFailures
from services.identity.model.mailbox import normalise_email
from services.identity.model.session import Session
from services.identity.model.tenant import Document, Tenant

__all__ = [
    "Account",
    "Client",
    "Document",
    "EmailClaim",
    "KeyRing",
    "LoginFailures",
    "Session",
    "SigningKey",
    "Tenant",
    "normalise_email",
]
