"""Registration, verification and forgotten passwords: what needs no token."""

from typing import Annotated

import structlog
from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import Response

from services.identity import commands, views
from services.identity.api.fields import (
    Accepts,
    AnyEmail,
    Code,
    Email,
    Language,
    Name,
    NewPassword,
    check_language,
)
from shared.http import PUBLIC, Call, CallDep, Router, answer
from shared.http.fields import Body, View
from shared.kernel.errors import Refusal
from shared.kernel.ids import new_id

log = structlog.get_logger()

router = Router()


class RegisterBody(Body):
    """password is 12 to 128 characters and hard to guess.

    accepts: kind of document (terms, privacy) -> the version in force that the person agreed to.
    """

    email: Email
    password: NewPassword
    display_name: Name
    language: Language
    accepts: Accepts = {}


class VerifyBody(Body):
    """code is the six digits of the mail."""

    email: Email
    code: Code


class AddressBody(Body):
    email: Email


class ResetBody(Body):
    """code as it was mailed; case, dashes and spaces do not matter."""

    email: AnyEmail
    code: Annotated[str, Field(min_length=1, max_length=32)]
    password: NewPassword


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
    check_language(body.language, call)
    account = await commands.register(
        commands.Register(
            id=new_id("acc"),
            email=body.email,
            password=body.password,
            display_name=body.display_name,
            language=body.language,
            accepts=body.accepts,
        ),
        call,
    )
    return answer(call, views.account_view(account, call.tenant))


@router.post(
    "/v1/accounts/verify",
    operation_id="identity_verify_email",
    response_model=views.AccountView,
    openapi_extra=PUBLIC,
)
async def verify(body: VerifyBody, call: CallDep) -> Response:
    account = await commands.verify_email(commands.VerifyEmail(body.email, body.code), call)
    return answer(call, views.account_view(account, call.tenant), etag=account.version)


@router.post(
    "/v1/accounts/verify/resend",
    operation_id="identity_resend_code",
    status_code=202,
    response_model=Accepted,
    openapi_extra=PUBLIC,
)
async def resend(body: AddressBody, call: CallDep) -> Response:
    """Always 202, at once: neither the answer nor its time tells whether there is an account."""

    async def send() -> None:
        await commands.resend_code(commands.ResendCode(body.email), call)

    return _afterwards(call, BackgroundTask(_unheard, send))


@router.post(
    "/v1/accounts/password-reset",
    operation_id="identity_ask_password_reset",
    status_code=202,
    response_model=Accepted,
    openapi_extra=PUBLIC,
)
async def ask_reset(body: AddressBody, call: CallDep) -> Response:
    """Always 202, at once: neither the answer nor its time tells whether there is an account."""

    async def send() -> None:
        await commands.ask_reset(commands.AskReset(body.email), call)

    return _afterwards(call, BackgroundTask(_unheard, send))


@router.post(
    "/v1/accounts/password-reset/confirm",
    operation_id="identity_reset_password",
    status_code=204,
    openapi_extra=PUBLIC,
)
async def reset(body: ResetBody, call: CallDep) -> Response:
    """Every session of the account ends."""
    cmd = commands.ResetPassword(body.email, body.code, body.password)
    await commands.reset_password(cmd, call)
    return Response(status_code=204)


def _afterwards(call: Call, task: BackgroundTask) -> Response:
    """The answer, and the work once it is sent. Who hears nothing asks again."""
    response = answer(call, Accepted(status="accepted"))
    response.background = task
    return response


async def _unheard(work: commands.Work) -> None:
    """There is nobody left to tell of a refusal."""
    try:
        await work()
    except Refusal as refusal:
        log.info("accounts.unheard", reason=refusal.reason)
