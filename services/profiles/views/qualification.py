"""How attempts and question banks are shown; a paper never tells which answers are right."""

from services.profiles.model.attempt import Attempt
from services.profiles.model.bank import QuestionBank
from services.profiles.model.helper import Helper
from services.profiles.model.qualification import next_attempt_at
from shared.http.fields import Instant, View


class OptionView(View):
    id: str
    text: str


class QuestionView(View):
    id: str
    text: str
    options: list[OptionView]


class AttemptView(View):
    """A paper to be answered until expires_at."""

    id: str
    skill: str
    started_at: Instant
    expires_at: Instant
    pass_mark: float
    questions: list[QuestionView]


class ResultView(View):
    """score and pass_mark are fractions; score tells no more than the band that the result lies
    in: 0 below the pass mark, the pass mark from there on, and half-way between it and 1 from
    there on. valid_until when passed, else next_attempt_at: the moment from which the next attempt
    may begin.
    """

    passed: bool
    score: float
    pass_mark: float
    valid_until: Instant | None
    next_attempt_at: Instant | None


class BankOptionView(View):
    id: str
    text: dict[str, str]
    right: bool


class BankQuestionView(View):
    id: str
    text: dict[str, str]
    options: list[BankOptionView]


class BankView(View):
    """With the right answers: for the platform's administrators alone."""

    skill: str
    version: int
    questions: list[BankQuestionView]


def attempt_view(attempt: Attempt) -> AttemptView:
    return AttemptView(
        id=attempt.id,
        skill=attempt.skill,
        started_at=attempt.started_at,
        expires_at=attempt.expires_at,
        pass_mark=attempt.pass_mark,
        questions=[
            QuestionView(
                id=question.id,
                text=question.text,
                options=[OptionView(id=each.id, text=each.text) for each in question.options],
            )
            for question in attempt.questions
        ],
    )


def result_view(helper: Helper, attempt: Attempt) -> ResultView:
    """The result that the helper's document holds."""
    record = helper.attempt(attempt.id)
    assert record is not None
    assert record.answered_at is not None
    assert record.score is not None
    earned = helper.qualifications.get(attempt.skill) if record.passed else None
    wait = next_attempt_at(helper.attempts, attempt.skill) or record.answered_at
    return ResultView(
        passed=record.passed,
        score=record.score,
        pass_mark=attempt.pass_mark,
        valid_until=earned.valid_until if earned else None,
        next_attempt_at=None if record.passed else max(wait, record.answered_at),
    )


def bank_view(bank: QuestionBank) -> BankView:
    return BankView(
        skill=bank.skill,
        version=bank.edition,
        questions=[
            BankQuestionView(
                id=question.id,
                text=question.text,
                options=[
                    BankOptionView(id=each.id, text=each.text, right=each.right)
                    for each in question.options
                ],
            )
            for question in bank.questions
        ],
    )
