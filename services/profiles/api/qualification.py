"""Qualifying for a skill: drawing a paper and answering it."""

from typing import Annotated

from fastapi import Header
from pydantic import Field
from starlette.responses import Response

from services.profiles import commands
from services.profiles.model.helper import Helper
from services.profiles.store import HelperStore
from services.profiles.views.qualification import (
    AttemptView,
    ResultView,
    attempt_view,
    result_view,
)
from shared.http import PERSON, CallDep, Router, answer
from shared.http.fields import Body, Line
from shared.replicas import People

router = Router()

Id = Annotated[str, Line(1, 64)]


class AttemptBody(Body):
    """skill is a category's slug."""

    skill: Annotated[str, Line(1, 40)]


class AnswersBody(Body):
    """Question id -> option id; a question left out counts as answered wrongly."""

    answers: Annotated[dict[Id, Id], Field(max_length=50)]


@router.post(
    "/v1/helpers/me/attempts",
    operation_id="profiles_begin_attempt",
    status_code=201,
    response_model=AttemptView,
    openapi_extra=PERSON,
)
async def begin_attempt(
    body: AttemptBody,
    call: CallDep,
    accept_language: Annotated[str, Header()] = "",
) -> Response:
    person = await call.store(People).arrived(call.person.id)
    languages = [*_wanted(accept_language), person.language, call.tenant.locales[0], "en"]
    attempt = await commands.draw_attempt(
        commands.BeginAttempt(call.derived_id("attempt"), call.person.id, body.skill, languages),
        call,
    )
    view = attempt_view(attempt)

    def shown(_: Helper) -> AttemptView:
        return view

    helper = await commands.begin_attempt(attempt, call.answering(HelperStore, shown), call)
    return answer(call, view, etag=helper.version)


@router.post(
    "/v1/helpers/me/attempts/{attempt_id}/answers",
    operation_id="profiles_answer_attempt",
    response_model=ResultView,
    openapi_extra=PERSON,
)
async def answer_attempt(attempt_id: str, body: AnswersBody, call: CallDep) -> Response:
    attempt = await commands.attempt_of(call.person.id, attempt_id, call)

    def view(helper: Helper) -> ResultView:
        return result_view(helper, attempt)

    helper = await commands.answer_attempt(
        commands.AnswerAttempt(attempt, body.answers), call.answering(HelperStore, view), call
    )
    return answer(call, view(helper), etag=helper.version)


def _wanted(accept_language: str) -> list[str]:
    """The languages of the header (RFC 9110, 12.5.4), most wanted first."""
    weighted: list[tuple[float, str]] = []
    for item in accept_language.split(",")[:20]:
        tag, _, parameter = item.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        if 0 < weight <= 1 and tag.strip() not in ("", "*"):
            weighted.append((-weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda item: item[0])]
