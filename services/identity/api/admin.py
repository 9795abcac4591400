"""What administrators and support do with accounts."""

from functools import partial
from typing import Annotated, Literal

from fastapi import Path
from starlette.responses import Response

from services.identity import commands, views
from services.identity.api.fields import AnyEmail
from services.identity.api.tenants import Slug, the_tenant
from services.identity.store import AccountStore
from shared.http import PLATFORM, CallDep, Router, answer, roles
from shared.http.fields import Body, IdOf, Text

router = Router()


class RoleBody(Body):
    email: AnyEmail
    role: Literal["support", "tenant_admin"]


class StandingBody(Body):
    reason: Annotated[str, Text(1, 500)]


@router.post(
    "/v1/admin/tenants/{slug}/roles",
    operation_id="identity_grant_role",
    response_model=views.AccountView,
    openapi_extra=PLATFORM,
)
async def grant_role(slug: Annotated[Slug, Path()], body: RoleBody, call: CallDep) -> Response:
    tenant = await the_tenant(slug, call)
    account = await commands.grant_role(
        commands.GrantRole(tenant.configuration(), body.email, body.role), call
    )
    return answer(call, views.account_view(account, tenant.configuration()))


AccountId = Annotated[str, IdOf("acc"), Path()]


@router.post(
    "/v1/support/accounts/{account_id}/suspend",
    operation_id="identity_suspend_account",
    response_model=views.AccountView,
    openapi_extra=roles("support", "tenant_admin"),
)
async def suspend_account(account_id: AccountId, body: StandingBody, call: CallDep) -> Response:
    view = partial(views.account_view, tenant=call.tenant)
    accounts = call.answering(AccountStore, view)
    account = await commands.suspend_account(
        commands.SuspendAccount(account_id, body.reason), accounts
    )
    return answer(call, view(account), etag=account.version)


@router.post(
    "/v1/support/accounts/{account_id}/reinstate",
    operation_id="identity_reinstate_account",
    response_model=views.AccountView,
    openapi_extra=roles("support", "tenant_admin"),
)
async def reinstate_account(account_id: AccountId, body: StandingBody, call: CallDep) -> Response:
    view = partial(views.account_view, tenant=call.tenant)
    accounts = call.answering(AccountStore, view)
    account = await commands.reinstate_account(
        commands.ReinstateAccount(account_id, body.reason), accounts
    )
    return answer(call, view(account), etag=account.version)
