"""One's own account: name, consent, password, address, sessions."""

from functools import partial
from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from services.identity import commands, views
from services.identity.api.accounts import Accepted
from services.identity.api.fields import (
    Accepts,
    Code,
    Email,
    Language,
    Name,
    NewPassword,
    Password,
    address_of,
    check_language,
)
from services.identity.store import AccountStore, SessionStore
from shared.http import (
    ALSO_PLATFORM,
    CONDITIONAL,
    PERSON,
    CallDep,
    PagingDep,
    Router,
    answer,
    page_response,
)
from shared.http.fields import Body, IdOf, Page

router = Router()


class EditBody(Body):
    display_name: Name | None = None
    language: Language | None = None


class ConsentBody(Body):
    """accepts: kind of document (terms, privacy) -> the version in force."""

    accepts: Accepts


class PasswordBody(Body):
    current_password: Password
    new_password: NewPassword


class MoveBody(Body):
    """password is the current one."""

    email: Email
    current_password: Password


class MoveCodeBody(Body):
    """code is the six digits of the mail to the new address."""

    code: Code


@router.get(
    "/v1/me",
    operation_id="identity_get_me",
    response_model=views.AccountView,
    openapi_extra=PERSON | ALSO_PLATFORM,
)
async def get_me(call: CallDep) -> Response:
    account = await call.store(AccountStore).get(call.person.id)
    return answer(call, views.account_view(account, call.tenant), etag=account.version)


@router.patch(
    "/v1/me",
    operation_id="identity_edit_me",
    response_model=views.AccountView,
    openapi_extra=PERSON | CONDITIONAL,
)
async def edit_me(body: EditBody, call: CallDep) -> Response:
    if body.language is not None:
        check_language(body.language, call)
    view = partial(views.account_view, tenant=call.tenant)
    account = await commands.edit_account(
        commands.EditAccount(call.person.id, body.display_name, body.language),
        call.answering(AccountStore, view),
    )
    return answer(call, view(account), etag=account.version)


@router.post(
    "/v1/me/consents",
    operation_id="identity_give_consent",
    response_model=views.AccountView,
    openapi_extra=PERSON,
)
async def give_consent(body: ConsentBody, call: CallDep) -> Response:
    """To the versions in force; ``consents_missing`` of the account says which are wanted."""
    view = partial(views.account_view, tenant=call.tenant)
    account = await commands.agree(
        commands.Agree(call.person.id, body.accepts, call.tenant.documents),
        call.answering(AccountStore, view),
    )
    return answer(call, view(account), etag=account.version)


@router.put(
    "/v1/me/password",
    operation_id="identity_change_password",
    status_code=204,
    openapi_extra=PERSON | ALSO_PLATFORM,
)
async def change_password(request: Request, body: PasswordBody, call: CallDep) -> Response:
    """Every session but this one ends, in force everywhere within five seconds."""
    cmd = commands.ChangePassword(
        account_id=call.person.id,
        current=body.current_password,
        new=body.new_password,
        session=call.person.session,
        address=address_of(request),
    )
    await commands.change_password(cmd, call)
    return Response(status_code=204)


@router.put(
    "/v1/me/email",
    operation_id="identity_ask_email_change",
    status_code=202,
    response_model=Accepted,
    openapi_extra=PERSON,
)
async def ask_email_change(request: Request, body: MoveBody, call: CallDep) -> Response:
    """A code goes to the new address, a notice to the old one. Whether somebody has the new
    address already is not told."""
    cmd = commands.AskMove(call.person.id, body.email, body.current_password, address_of(request))
    await commands.ask_move(cmd, call)
    return answer(call, Accepted(status="accepted"))


@router.post(
    "/v1/me/email/confirm",
    operation_id="identity_confirm_email_change",
    response_model=views.AccountView,
    openapi_extra=PERSON,
)
async def confirm_email_change(body: MoveCodeBody, call: CallDep) -> Response:
    view = partial(views.account_view, tenant=call.tenant)
    account = await commands.move(
        commands.Move(call.person.id, body.code), call.answering(AccountStore, view), call
    )
    return answer(call, view(account), etag=account.version)


@router.get(
    "/v1/me/sessions",
    operation_id="identity_list_sessions",
    response_model=Page[views.SessionView],
    openapi_extra=PERSON | ALSO_PLATFORM,
)
async def list_sessions(call: CallDep, paging: PagingDep) -> Response:
    """The newest first."""
    before = paging.after[0] if paging.after else None
    account = await call.store(AccountStore).get(call.person.id)
    found = await call.store(SessionStore).live_of(account.id, before, paging.limit + 1)
    shown = found[: paging.limit]
    next = [shown[-1].order] if len(found) > paging.limit else None
    counting = [each for each in shown if account.believes(each.id, each.started_at)]
    data = [views.session_view(each, current=call.person.session) for each in counting]
    return page_response(paging, data, next)


@router.delete(
    "/v1/me/sessions",
    operation_id="identity_end_sessions",
    status_code=204,
    openapi_extra=PERSON | ALSO_PLATFORM,
)
async def end_sessions(call: CallDep) -> Response:
    """Logged out everywhere, here as well, in force within five seconds."""
    await commands.end_all_sessions(commands.EndAllSessions(call.person.id), call)
    return Response(status_code=204)


@router.delete(
    "/v1/me/sessions/{session_id}",
    operation_id="identity_end_session",
    status_code=204,
    openapi_extra=PERSON | ALSO_PLATFORM,
)
async def end_session(session_id: Annotated[str, IdOf("ses"), Path()], call: CallDep) -> Response:
    """In force everywhere within five seconds."""
    await commands.end_own_session(commands.EndSession(call.person.id, session_id), call)
    return Response(status_code=204)
