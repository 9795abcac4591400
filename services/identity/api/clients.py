"""Partners' machines: administration, and the token endpoint."""

import base64
import binascii
from typing import Annotated, Literal
from urllib.parse import unquote_plus

from fastapi import Form, Path, Request
from pydantic import Field
from starlette.responses import Response

from services.identity import commands, views
from services.identity.api.fields import Name, address_of
from services.identity.api.login import NOT_KEPT
from services.identity.api.tenants import Slug, the_tenant
from services.identity.commands.clients import InvalidClient, InvalidScope
from services.identity.store import ClientStore
from shared.http import (
    PLATFORM,
    PUBLIC,
    CallDep,
    PagingDep,
    Router,
    answer,
    body,
    page_response,
)
from shared.http.fields import Body, IdOf, Page
from shared.http.problems import problem
from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id

router = Router()

ClientId = Annotated[str, IdOf("client"), Path()]
ScopeName = Literal["events:read", "webhooks:manage", "reports:read"]
FormField = Annotated[str, Form(max_length=1000)]


class ClientBody(Body):
    name: Name
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=10)]


@router.get(
    "/v1/admin/tenants/{slug}/clients",
    operation_id="identity_list_clients",
    response_model=Page[views.ClientView],
    openapi_extra=PLATFORM,
)
async def list_clients(slug: Annotated[Slug, Path()], call: CallDep, paging: PagingDep) -> Response:
    await the_tenant(slug, call)
    before = paging.after[0] if paging.after else None
    found = await ClientStore.of(slug, call).living(before, paging.limit + 1)
    shown = found[: paging.limit]
    next = [shown[-1].order] if len(found) > paging.limit else None
    return page_response(paging, [views.client_view(each, utc_now()) for each in shown], next)


@router.post(
    "/v1/admin/tenants/{slug}/clients",
    operation_id="identity_create_client",
    status_code=201,
    response_model=views.NewSecretView,
    openapi_extra=PLATFORM,
)
async def create_client(slug: Annotated[Slug, Path()], body: ClientBody, call: CallDep) -> Response:
    """The secret is shown this once. It is not remembered, so an Idempotency-Key has no effect."""
    await the_tenant(slug, call)
    cmd = commands.CreateClient(new_id("client"), body.name, list(body.scopes))
    made, secret = await commands.create_client(cmd, ClientStore.of(slug, call))
    return answer(call, views.new_secret_view(made, secret, utc_now()), headers=NOT_KEPT)


@router.post(
    "/v1/admin/tenants/{slug}/clients/{client_id}/rotate",
    operation_id="identity_rotate_client",
    response_model=views.NewSecretView,
    openapi_extra=PLATFORM,
)
async def rotate_client(
    slug: Annotated[Slug, Path()], client_id: ClientId, call: CallDep
) -> Response:
    """A new secret, shown this once; the old one goes on for 24 hours."""
    cmd = commands.RotateSecret(client_id)
    client, secret = await commands.rotate_secret(cmd, ClientStore.of(slug, call))
    return answer(call, views.new_secret_view(client, secret, utc_now()), headers=NOT_KEPT)


@router.delete(
    "/v1/admin/tenants/{slug}/clients/{client_id}",
    operation_id="identity_revoke_client",
    status_code=204,
    openapi_extra=PLATFORM,
)
async def revoke_client(
    slug: Annotated[Slug, Path()], client_id: ClientId, call: CallDep
) -> Response:
    """No new token from now on; the last one ends within five minutes."""
    cmd = commands.RevokeClient(client_id)
    await commands.revoke_client(cmd, ClientStore.of(slug, call))
    return Response(status_code=204)


@router.post(
    "/v1/auth/token",
    operation_id="identity_get_token",
    response_model=views.MachineTokenView,
    openapi_extra=PUBLIC | body(["application/x-www-form-urlencoded"], 8 * 1024),
)
async def get_token(
    request: Request,
    call: CallDep,
    grant_type: FormField = "",
    scope: FormField = "",
    client_id: FormField = "",
    client_secret: FormField = "",
) -> Response:
    """Client credentials (RFC 6749, 4.4), by HTTP Basic or in the form. Refusals carry ``error``
    as the RFC wants it, in a problem document."""
    if grant_type != "client_credentials":
        wrong = "unsupported_grant_type" if grant_type else "invalid_request"
        return _refused(request, 400, wrong, "grant_type must be client_credentials")
    basic = _basic(request)
    if basic is not None and (client_id or client_secret):
        return _refused(request, 400, "invalid_request", "name the client in one way only")
    named, secret = basic or (client_id, client_secret)
    cmd = commands.SignIn(named, secret, frozenset(scope.split()), address_of(request))
    try:
        token = await commands.sign_in(cmd, call)
    except InvalidClient as error:
        headers = {"WWW-Authenticate": 'Basic realm="helphood"'}
        return _refused(request, 401, error.reason, error.detail, headers)
    except InvalidScope as error:
        return _refused(request, 400, error.reason, error.detail)
    return answer(call, views.machine_token_view(token), headers=NOT_KEPT)


def _refused(
    request: Request, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    members = {"error": code, "error_description": detail}
    headers = NOT_KEPT | (headers or {})
    return problem(request.scope, status, code, detail, members=members, headers=headers)


def _basic(request: Request) -> tuple[str, str] | None:
    """Client and secret of the Authorization header; empty ones when it cannot be read."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client, _, secret = text.partition(":")
    return unquote_plus(client), unquote_plus(secret)
