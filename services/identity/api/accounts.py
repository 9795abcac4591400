"""Registration, verification, login and one's own account."""

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from fastapi import Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from services.identity import commands, views
from services.identity.store import AccountStore
from shared.http import ALSO_PLATFORM, CONDITIONAL, PERSON, PUBLIC, CallDep, Router, answer
from shared.http.fields import Body, Line, View
from shared.kernel.errors import Invalid
from shared.kernel.ids import new_id

router = Router()


def _deliverable(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


Email = Annotated[str, Line(3, 254), AfterValidator(_deliverable)]
Name = Annotated[str, Line(1, 80)]
Language = Annotated[str, Field(pattern="^[a-z]{2}$")]
Secret = Annotated[str, Field(min_length=1, max_length=512)]


class RegisterBody(Body):
    """password is 12 to 128 characters and hard to guess."""

    email: Email
    password: Annotated[str, Field(min_length=12, max_length=128)]
    display_name: Name
    language: Language


class VerifyBody(Body):
    """code is the six digits of the mail."""

    email: Email
    code: Annotated[str, Field(pattern="^[0-9]{6}$")]


class ResendBody(Body):
    email: Email


class LogInBody(Body):
    email: Annotated[str, Line(1, 254)]
    password: Annotated[str, Field(min_length=1, max_length=128)]


class RefreshBody(Body):
    refresh_token: Secret


class EditBody(Body):
    display_name: Name | None = None
    language: Language | None = None


class Accepted(View):
    status: str


@router.post(
    "/v1/accounts",
    operation_id="identity_register_account",
    status_code=201,
    response_model=views.AccountView,
    openapi_extra=PUBLIC,
)
async def register(body: RegisterBody, call: CallDep) -> Response:
    _check_language(body.language, call)
    account = await commands.register(
        commands.Register(
            id=new_id("acc"),
            email=body.email,
            password=body.password,
            display_name=body.display_name,
            language=body.language,
        ),
        call,
    )
    return answer(call, views.account_view(account))


@router.post(
    "/v1/accounts/verify",
    operation_id="identity_verify_email",
    response_model=views.AccountView,
    openapi_extra=PUBLIC,
)
async def verify(body: VerifyBody, call: CallDep) -> Response:
    account = await commands.verify_email(commands.VerifyEmail(body.email, body.code), call)
    return answer(call, views.account_view(account), etag=account.version)


@router.post(
    "/v1/accounts/verify/resend",
    operation_id="identity_resend_code",
    status_code=202,
    response_model=Accepted,
    openapi_extra=PUBLIC,
)
async def resend(body: ResendBody, call: CallDep) -> Response:
    await commands.resend_code(commands.ResendCode(body.email), call)
    return answer(call, Accepted(status="accepted"))


@router.post(
    "/v1/auth/login",
    operation_id="identity_log_in",
    response_model=views.TokensView,
    openapi_extra=PUBLIC | ALSO_PLATFORM,
)
async def log_in(request: Request, body: LogInBody, call: CallDep) -> Response:
    address = request.client.host if request.client else ""
    tokens = await commands.log_in(commands.LogIn(body.email, body.password, address), call)
    return answer(call, views.tokens_view(tokens), headers={"Cache-Control": "no-store"})


@router.post(
    "/v1/auth/refresh",
    operation_id="identity_refresh_tokens",
    response_model=views.TokensView,
    openapi_extra=PUBLIC | ALSO_PLATFORM,
)
async def refresh(body: RefreshBody, call: CallDep) -> Response:
    tokens = await commands.refresh(commands.Refresh(body.refresh_token), call)
    return answer(call, views.tokens_view(tokens), headers={"Cache-Control": "no-store"})


@router.post(
    "/v1/auth/logout",
    operation_id="identity_log_out",
    status_code=204,
    openapi_extra=PUBLIC | ALSO_PLATFORM,
)
async def log_out(body: RefreshBody, call: CallDep) -> Response:
    await commands.log_out(commands.LogOut(body.refresh_token), call)
    return Response(status_code=204)


@router.get(
    "/v1/me",
    operation_id="identity_get_me",
    response_model=views.AccountView,
    openapi_extra=PERSON | ALSO_PLATFORM,
)
async def get_me(call: CallDep) -> Response:
    account = await call.store(AccountStore).get(call.person.id)
    return answer(call, views.account_view(account), etag=account.version)


@router.patch(
    "/v1/me",
    operation_id="identity_edit_me",
    response_model=views.AccountView,
    openapi_extra=PERSON | CONDITIONAL,
)
async def edit_me(body: EditBody, call: CallDep) -> Response:
    if body.language is not None:
        _check_language(body.language, call)
    accounts = call.answering(AccountStore, views.account_view)
    account = await commands.edit_account(
        commands.EditAccount(call.person.id, body.display_name, body.language), accounts
    )
    return answer(call, views.account_view(account), etag=account.version)


def _check_language(language: str, call: CallDep) -> None:
    if language not in call.tenant.locales:
        known = ", ".join(call.tenant.locales)
        raise Invalid(f"must be one of {known}", pointer="/language", code="invalid_request")
