"""Question banks, kept by the platform's administrators."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from services.profiles import commands
from services.profiles.model.bank import Option, Question
from services.profiles.views.qualification import BankView, bank_view
from shared.http import PLATFORM, CallDep, Router, answer
from shared.http import body as body_of
from shared.http.fields import Body, Bool, Int, Line, Text

router = Router()

MAX_BYTES = 2 * 1024 * 1024

Id = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]
Locale = Annotated[str, Field(pattern="^[a-z]{2,3}(-[A-Z]{2})?$")]


class OptionBody(Body):
    id: Id
    text: Annotated[dict[Locale, Annotated[str, Line(1, 300)]], Field(min_length=1)]
    right: Bool = False


class QuestionBody(Body):
    """Exactly one option is right."""

    id: Id
    text: Annotated[dict[Locale, Annotated[str, Text(1, 1_000)]], Field(min_length=1)]
    options: Annotated[list[OptionBody], Field(min_length=2, max_length=8)]

    def question(self) -> Question:
        options = [Option(each.id, each.text, each.right) for each in self.options]
        return Question(self.id, self.text, options)


class BankBody(Body):
    """version is the authors' own count and only rises."""

    version: Annotated[Int, Field(ge=1)]
    questions: Annotated[list[QuestionBody], Field(max_length=500)]


@router.put(
    "/v1/admin/tenants/{slug}/question-banks/{skill}",
    operation_id="profiles_put_question_bank",
    response_model=BankView,
    responses={201: {"model": BankView, "description": "The first bank for this skill."}},
    openapi_extra=PLATFORM | body_of(["application/json"], MAX_BYTES),
)
async def put_bank(slug: str, skill: str, body: BankBody, call: CallDep) -> Response:
    questions = [each.question() for each in body.questions]
    cmd = commands.ApplyBank(slug, skill, body.version, questions)
    bank, created = await commands.apply_bank(cmd, call)
    return answer(call, bank_view(bank), status=201 if created else 200, etag=bank.version)


@router.get(
    "/v1/admin/tenants/{slug}/question-banks/{skill}",
    operation_id="profiles_get_question_bank",
    response_model=BankView,
    openapi_extra=PLATFORM,
)
async def get_bank(slug: str, skill: str, call: CallDep) -> Response:
    bank = await commands.bank_of(slug, skill, call)
    headers = {"Cache-Control": "no-store"}
    return answer(call, bank_view(bank), etag=bank.version, headers=headers)
