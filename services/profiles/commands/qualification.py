"""Qualifying for a skill, and the question banks for it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.profiles.model import bank as banks
from services.profiles.model.attempt import Attempt
from services.profiles.model.bank import NoQuestions, Question, QuestionBank
from services.profiles.model.helper import Helper
from services.profiles.model.qualification import told
from services.profiles.store import AttemptStore, HelperStore, QuestionBankStore
from shared.contracts.identity import TenantFacts
from shared.contracts.profiles import HelperEvent
from shared.kernel.errors import Invalid, NotFound
from shared.replicas import TenantReplica
from shared.scope import Scope
from shared.store import AlreadyExists


@dataclass(frozen=True)
class BeginAttempt:
    """attempt_id is the new one's; languages (BCP 47) are tried in turn for each text."""

    attempt_id: str
    helper_id: str
    skill: str
    languages: Sequence[str]


async def draw_attempt(cmd: BeginAttempt, scope: Scope) -> Attempt:
    """A paper, written down but not begun; for a known attempt_id the one that was drawn then.

    Invalid, NotFound, StillQualified, CoolDown, NoQuestions.
    """
    if cmd.skill not in {category.slug for category in scope.tenant.categories}:
        raise Invalid("this category is unknown here", pointer="/skill")
    helper = await scope.store(HelperStore).get(cmd.helper_id)
    begun = helper.attempt(cmd.attempt_id) is not None
    if not begun:
        helper.check_may_try(cmd.skill, scope.now)
    slug = scope.tenant.slug
    bank = await scope.store(QuestionBankStore).find(QuestionBank.key(slug, cmd.skill))
    if bank is None:
        raise NoQuestions("there are no questions for this skill yet")
    attempts = scope.store(AttemptStore)
    latest = [await attempts.find(each) for each in helper.latest_attempts(cmd.skill)]
    attempt = Attempt.draw(
        bank,
        id=cmd.attempt_id,
        helper_id=cmd.helper_id,
        pass_mark=scope.tenant.rules.pass_mark,
        languages=cmd.languages,
        at=scope.now,
        dice=random.SystemRandom(),
        seen={question.id for paper in latest if paper for question in paper.questions},
    )
    if await attempts.ensure(attempt, []):
        return attempt
    # A repeated request sees the paper of the first: only the one that is kept can be answered.
    if begun:
        return await attempts.get(attempt.id)
    return await attempts.update(attempt.id, lambda known: known.renew(attempt, scope.now))


async def begin_attempt(attempt: Attempt, helpers: HelperStore, scope: Scope) -> Helper:
    """The drawn paper counts from now on. CoolDown when others were begun meanwhile."""
    return await helpers.update(
        attempt.helper_id,
        lambda helper: helper.begin_attempt(
            attempt.id, attempt.skill, attempt.expires_at, scope.now
        ),
    )


async def attempt_of(helper_id: str, attempt_id: str, scope: Scope) -> Attempt:
    """NotFound when it is somebody else's."""
    attempt = await scope.store(AttemptStore).get(attempt_id)
    if attempt.helper_id != helper_id:
        raise NotFound("there is no such attempt")
    return attempt


@dataclass(frozen=True)
class AnswerAttempt:
    """answers: question id -> option id; what is not answered is wrong."""

    attempt: Attempt
    answers: Mapping[str, str]


async def answer_attempt(cmd: AnswerAttempt, helpers: HelperStore, scope: Scope) -> Helper:
    """The helper with the result. AttemptClosed, AttemptExpired, Invalid."""
    attempt, now = cmd.attempt, scope.now

    def decide(helper: Helper) -> Sequence[HelperEvent]:
        helper.check_open(attempt.id, now)
        score = told(attempt.score(cmd.answers), attempt.pass_mark)
        return helper.finish_attempt(
            attempt.id, score=score, passed=score >= attempt.pass_mark, at=now
        )

    return await helpers.update(attempt.helper_id, decide)


@dataclass(frozen=True)
class ApplyBank:
    """slug is the tenant's, edition the authors' version."""

    slug: str
    skill: str
    edition: int
    questions: Sequence[Question]


async def apply_bank(cmd: ApplyBank, scope: Scope) -> tuple[QuestionBank, bool]:
    """The bank in force, True when it is the first. NotFound, Invalid, StaleBank."""
    tenant = await _tenant_with(cmd.slug, cmd.skill, scope)
    banks.check(cmd.questions, tenant.locales)
    store, key = QuestionBankStore.of(cmd.slug, scope), QuestionBank.key(cmd.slug, cmd.skill)
    bank = QuestionBank(id=key, skill=cmd.skill, edition=cmd.edition, questions=list(cmd.questions))
    try:
        return await store.create(bank, []), True
    except AlreadyExists:
        return await store.update(key, lambda old: old.revise(cmd.edition, cmd.questions)), False


async def bank_of(slug: str, skill: str, scope: Scope) -> QuestionBank:
    """NotFound when tenant, category or bank is not there."""
    await _tenant_with(slug, skill, scope)
    return await QuestionBankStore.of(slug, scope).get(QuestionBank.key(slug, skill))


async def _tenant_with(slug: str, skill: str, scope: Scope) -> TenantFacts:
    row = await TenantReplica(scope.database, slug).find(slug)
    if row is None or skill not in {category.slug for category in row.facts.categories}:
        raise NotFound("there is no such tenant or category")
    return row.facts
