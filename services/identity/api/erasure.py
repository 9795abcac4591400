"""Being forgotten: asked for, watched, withdrawn."""

from starlette.responses import Response

from services.identity import views
from services.identity.commands.erasure import (
    AskErasure,
    WithdrawErasure,
    ask_erasure,
    withdraw_erasure,
)
from services.identity.model.erasure import Erasure
from services.identity.store import ErasureStore
from shared.http import PERSON, CallDep, Router, answer

router = Router()


@router.delete(
    "/v1/me",
    operation_id="identity_erase_me",
    status_code=202,
    response_model=views.ErasureView,
    openapi_extra=PERSON,
)
async def erase_me(call: CallDep) -> Response:
    """Everything about the caller, in every service; receipts stay under a pseudonym.

    It waits while a job of theirs is not closed, and says for which. Then the account is closed,
    and within a minute there is none.
    """
    erasure = await ask_erasure(AskErasure(call.person.id), call)
    return answer(call, views.erasure_view(erasure))


@router.get(
    "/v1/me/erasure",
    operation_id="identity_get_erasure",
    response_model=views.ErasureView,
    openapi_extra=PERSON,
)
async def get_erasure(call: CallDep) -> Response:
    key = Erasure.key(call.tenant.slug, call.person.id)
    return answer(call, views.erasure_view(await call.store(ErasureStore).get(key)))


@router.delete(
    "/v1/me/erasure",
    operation_id="identity_withdraw_erasure",
    response_model=views.ErasureView,
    openapi_extra=PERSON,
)
async def withdraw_erasure_of_me(call: CallDep) -> Response:
    """Stay after all. 409 ``erasure_begun`` once the account is closed."""
    erasure = await withdraw_erasure(WithdrawErasure(call.person.id), call)
    return answer(call, views.erasure_view(erasure))
