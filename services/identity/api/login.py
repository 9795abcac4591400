"""Login, refresh and logout."""

from fastapi import Request
from starlette.responses import Response

from services.identity import commands, views
from services.identity.api.fields import AnyEmail, Password, Secret, address_of, client_of
from shared.http import ALSO_PLATFORM, PUBLIC, CallDep, Router, answer
from shared.http.fields import Body

router = Router()

NOT_KEPT = {"Cache-Control": "no-store"}


class LogInBody(Body):
    email: AnyEmail
    password: Password


class RefreshBody(Body):
    refresh_token: Secret


@router.post(
    "/v1/auth/login",
    operation_id="identity_log_in",
    response_model=views.TokensView,
    openapi_extra=PUBLIC | ALSO_PLATFORM,
)
async def log_in(request: Request, body: LogInBody, call: CallDep) -> Response:
    cmd = commands.LogIn(body.email, body.password, address_of(request), client_of(request))
    return answer(call, views.tokens_view(await commands.log_in(cmd, call)), headers=NOT_KEPT)


@router.post(
    "/v1/auth/refresh",
    operation_id="identity_refresh_tokens",
    response_model=views.TokensView,
    openapi_extra=PUBLIC | ALSO_PLATFORM,
)
async def refresh(body: RefreshBody, call: CallDep) -> Response:
    tokens = await commands.refresh(commands.Refresh(body.refresh_token), call)
    return answer(call, views.tokens_view(tokens), headers=NOT_KEPT)


@router.post(
    "/v1/auth/logout",
    operation_id="identity_log_out",
    status_code=204,
    openapi_extra=PUBLIC | ALSO_PLATFORM,
)
async def log_out(body: RefreshBody, call: CallDep) -> Response:
    """The session's access tokens are refused everywhere within five seconds."""
    await commands.log_out(commands.LogOut(body.refresh_token), call)
    return Response(status_code=204)
