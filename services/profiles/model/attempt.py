"""The paper of one try at a qualification: which questions, under which option ids."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.profiles.model.bank import DRAWN, Question, QuestionBank
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Invalid
from shared.kernel.ids import new_id

TIME_ALLOWED = timedelta(minutes=15)


@dataclass(frozen=True)
class PaperOption:
    """An option as it is shown; its id tells nothing of the bank's."""

    id: str
    text: str


@dataclass(frozen=True)
class PaperQuestion:
    """right is the id of the right option, which never leaves this service."""

    id: str
    text: str
    options: list[PaperOption]
    right: str


@dataclass(kw_only=True)
class Attempt(Aggregate):
    """Never changed once it was begun: whether it is open, passed or failed, the helper knows.

    pass_mark is the fraction in force when it was drawn.
    """

    helper_id: str
    skill: str
    edition: int
    pass_mark: float
    started_at: datetime
    expires_at: datetime
    questions: list[PaperQuestion]

    @classmethod
    def draw(
        cls,
        bank: QuestionBank,
        *,
        id: str,
        helper_id: str,
        pass_mark: float,
        languages: Sequence[str],
        at: datetime,
        dice: random.Random,
        seen: Collection[str] = (),
    ) -> "Attempt":
        """Ten random questions in random order; languages are tried in turn for each text.

        seen are ids of questions that are asked only when the bank has no ten others.
        """
        fresh = [each for each in bank.questions if each.id not in seen]
        stale = [each for each in bank.questions if each.id in seen]
        missing = max(0, DRAWN - len(fresh))
        pool = [*fresh, *dice.sample(stale, missing)]
        drawn = dice.sample(pool, DRAWN)
        return cls(
            id=id,
            helper_id=helper_id,
            skill=bank.skill,
            edition=bank.edition,
            pass_mark=pass_mark,
            started_at=at,
            expires_at=at + TIME_ALLOWED,
            questions=[_on_paper(question, languages, dice) for question in drawn],
        )

    def renew(self, drawn: "Attempt", at: datetime) -> None:
        """A paper that nobody has begun in its time gives way to one drawn now."""
        if at >= self.expires_at:
            self.edition, self.pass_mark = drawn.edition, drawn.pass_mark
            self.started_at, self.expires_at = drawn.started_at, drawn.expires_at
            self.questions = drawn.questions

    def score(self, answers: Mapping[str, str]) -> float:
        """The fraction answered rightly; what is not answered is wrong.

        answers: question id -> option id. Invalid for ids that are not on this paper.
        """
        offered = {each.id: {option.id for option in each.options} for each in self.questions}
        for question, option in answers.items():
            pointer = "/answers/" + question.replace("~", "~0").replace("/", "~1")
            if question not in offered:
                raise Invalid("no such question in this attempt", pointer=pointer)
            if option not in offered[question]:
                raise Invalid("no such option in this attempt", pointer=pointer)
        right = sum(answers.get(each.id) == each.right for each in self.questions)
        return right / len(self.questions)


def _on_paper(question: Question, languages: Sequence[str], dice: random.Random) -> PaperQuestion:
    shuffled = dice.sample(question.options, len(question.options))
    # Ids that sort by creation are given after shuffling, so that they show no other order.
    options = [PaperOption(new_id("option"), worded(each.text, languages)) for each in shuffled]
    right = next(shown.id for shown, each in zip(options, shuffled, strict=True) if each.right)
    return PaperQuestion(question.id, worded(question.text, languages), options, right)


def worded(text: Mapping[str, str], languages: Sequence[str]) -> str:
    """The first of these languages (BCP 47) that the text has; a region falls back to its base."""
    known = {locale.lower(): words for locale, words in text.items()}
    for language in languages:
        wanted = language.lower()
        for tag in (wanted, wanted.partition("-")[0]):
            if tag in known:
                return known[tag]
    return next(iter(text.values()))
