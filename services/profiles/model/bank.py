"""Questions of one skill in one tenant, and which answers are right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.base import Event
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Conflict, Invalid

DRAWN = 10
"""Questions in one attempt, and so the fewest a bank may hold."""


class StaleBank(Conflict):
    """The bank is at this version or beyond, with other questions."""

    code = "stale_question_bank"


class NoQuestions(Conflict):
    """Nobody can qualify for this skill yet."""

    code = "no_question_bank"


@dataclass(frozen=True)
class Option:
    """text: locale -> words."""

    id: str
    text: dict[str, str]
    right: bool = False


@dataclass(frozen=True)
class Question:
    """Exactly one of the options is right."""

    id: str
    text: dict[str, str]
    options: list[Option]


@dataclass(kw_only=True)
class QuestionBank(Aggregate):
    """edition is the version that the authors count; it only rises.

    Its changes are nobody else's business: it publishes no events, as they could tell answers.
    """

    skill: str
    edition: int
    questions: list[Question]

    @staticmethod
    def key(tenant: str, skill: str) -> str:
        return f"{tenant}|{skill}"

    def revise(self, edition: int, questions: Sequence[Question]) -> list[Event[Any]]:
        """Put newer questions; the same ones again change nothing. StaleBank otherwise."""
        if edition < self.edition or (edition == self.edition and questions != self.questions):
            raise StaleBank(f"the bank is at version {self.edition}", version=self.edition)
        self.edition, self.questions = edition, list(questions)
        return []


def check(questions: Sequence[Question], locales: Sequence[str]) -> None:
    """Invalid unless ids are unique, one option is right and every text can be shown to all.

    A text can be shown to all when it is there in the tenant's first locale or in English.
    """
    if len(questions) < DRAWN:
        raise Invalid(f"a bank has at least {DRAWN} questions", pointer="/questions")
    _check_unique([question.id for question in questions], "/questions")
    for place, question in enumerate(questions):
        pointer = f"/questions/{place}"
        _check_text(question.text, locales, f"{pointer}/text")
        _check_unique([option.id for option in question.options], f"{pointer}/options")
        for number, option in enumerate(question.options):
            _check_text(option.text, locales, f"{pointer}/options/{number}/text")
        if sum(option.right for option in question.options) != 1:
            raise Invalid("exactly one option must be right", pointer=f"{pointer}/options")


def _check_unique(ids: Sequence[str], pointer: str) -> None:
    if len(set(ids)) != len(ids):
        raise Invalid("an id stands there twice", pointer=pointer)


def _check_text(text: dict[str, str], locales: Sequence[str], pointer: str) -> None:
    if locales[0] not in text and "en" not in text:
        raise Invalid(f"must be there in {locales[0]} or en", pointer=pointer)
