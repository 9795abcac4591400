"""How identity shows accounts, sessions and a person's tokens."""

from pydantic import Field

from services.identity.credentials import Tokens
from services.identity.model import Account, Session
from services.identity.model.tenant import missing_consents
from services.identity.signing import ACCESS_LIFE
from shared.contracts.identity import TenantFacts
from shared.http.fields import Instant, View


class ConsentView(View):
    kind: str
    version: str
    given_at: Instant


class AccountView(View):
    """A person, as they see themselves.

    consents are the newest of each kind; consents_missing: kind -> the version in force that the
    person has not agreed to.
    """

    id: str
    email: str
    display_name: str
    language: str
    roles: list[str]
    status: str
    email_verified: bool
    registered_at: Instant
    consents: list[ConsentView]
    consents_missing: dict[str, str]


class SessionView(View):
    """client is what the client called itself; current: the session of this very request."""

    id: str
    created_at: Instant
    last_used_at: Instant
    client: str
    current: bool


class TokensView(View):
    """RFC 6749, 5.1; expires_in is in seconds."""

    access_token: str
    token_type: str = Field("Bearer", pattern="^Bearer$")
    expires_in: int
    refresh_token: str


def session_view(session: Session, *, current: str) -> SessionView:
    return SessionView(
        id=session.id,
        created_at=session.started_at,
        last_used_at=session.used_at,
        client=session.client,
        current=session.id == current,
    )


def account_view(account: Account, tenant: TenantFacts) -> AccountView:
    return AccountView(
        id=account.id,
        email=account.email,
        display_name=account.display_name,
        language=account.language,
        roles=list(account.roles),
        status=account.status,
        email_verified=account.email_verified,
        registered_at=account.registered_at,
        consents=[
            ConsentView(kind=each.kind, version=each.version, given_at=each.at)
            for each in {each.kind: each for each in account.consents}.values()
        ],
        consents_missing=missing_consents(tenant.documents, account.agreed),
    )


def tokens_view(tokens: Tokens) -> TokensView:
    return TokensView(
        access_token=tokens.access,
        token_type="Bearer",
        expires_in=int(ACCESS_LIFE.total_seconds()),
        refresh_token=tokens.refresh,
    )
