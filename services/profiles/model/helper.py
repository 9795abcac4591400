"""The helper: profile, photo, qualifications, proofs, standing, and whether they are listed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.profiles.model import cells, days_off
from services.profiles.model.availability import Availability
from services.profiles.model.document import Document, DocumentKind, DocumentStatus, Review
from services.profiles.model.examinee import Examinee
from services.profiles.model.expiry import Ending, endings_of, warnings_due
from services.profiles.model.profile import Profile
from services.profiles.model.standing import Proof, Rating, Record, Standing, Status, demanded
from shared.contracts import profiles as contract
from shared.contracts.identity import TenantRules
from shared.contracts.profiles import (
    DocumentExpired,
    DocumentReviewed,
    ExpiryWarned,
    HelperEvent,
    HelperFacts,
    HelperListed,
    HelperUnlisted,
    HelperUpdated,
    QualificationExpired,
    QualificationPassed,
)


@dataclass(kw_only=True)
class Helper(Examinee):
    """id is the account's. required are the kinds of document the tenant demands.

    Every method that can change what others may know ends in ``_settled``, which derives status,
    search keys, weekly_minutes, days_off and timer, and returns the events with the facts after
    the change.
    """

    order: str
    standing: Standing
    profile: Profile
    required: list[DocumentKind]
    status: Status = Status.DRAFT
    listed_at: datetime | None = None
    photo_id: str | None = None
    proofs: dict[str, Proof] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)
    rating: Rating | None = None
    record: Record = field(default_factory=Record)
    keys: list[str] = field(default_factory=list)
    weekly_minutes: int = 0
    days_off: list[str] = field(default_factory=list)

    @classmethod
    def register(
        cls, *, id: str, standing: Standing, profile: Profile, rules: TenantRules, at: datetime
    ) -> tuple["Helper", list[HelperEvent]]:
        """A draft. The profile has been checked."""
        helper = cls(
            id=id,
            order=f"{int(at.timestamp() * 1000):013d}|{id}",
            standing=standing,
            profile=profile,
            required=demanded(rules),
        )
        return helper, helper._settled(at)

    def missing(self) -> list[str]:
        """What stands between this helper and being listed."""
        wanted = [] if self.standing.verified else ["account_verified"]
        wanted += self.profile.missing()
        if self.photo_id is None:
            wanted.append("photo")
        skills = self.profile.skills
        wanted += [f"qualification:{each}" for each in skills if each not in self.qualifications]
        wanted += [f"document:{each}" for each in self.required if each not in self.proofs]
        return wanted

    @property
    def hours(self) -> Availability:
        """When they work, days off included."""
        return self.profile.availability.without(self.days_off)

    def insured(self, now: datetime) -> bool:
        """Whether a verified insurance is in force."""
        proof = self.proofs.get(DocumentKind.INSURANCE)
        return proof is not None and proof.holds(now)

    def describe(self, profile: Profile, at: datetime) -> list[HelperEvent]:
        """Replace the profile; the same one again changes nothing."""
        if profile == self.profile:
            return []
        self.profile = profile
        return self._settled(at)

    def show(self, photo_id: str, at: datetime) -> list[HelperEvent]:
        """Take a new photo."""
        self.photo_id = photo_id
        return self._settled(at)

    def follow(self, standing: Standing, rules: TenantRules, at: datetime) -> list[HelperEvent]:
        """The account was renamed, verified, suspended or reinstated, or the tenant demands
        other documents."""
        required = demanded(rules)
        if standing == self.standing and required == self.required:
            return []
        self.standing, self.required = standing, required
        return self._settled(at)

    def finish_attempt(
        self, attempt_id: str, *, score: float, passed: bool, at: datetime
    ) -> list[HelperEvent]:
        """Enter the result of an open attempt; passing qualifies for 12 months."""
        self.enter_result(attempt_id, score=score, passed=passed, at=at)
        return self._settled(at, QualificationPassed) if passed else []

    def review(self, document: Document, review: Review) -> list[HelperEvent]:
        """Enter support's decision; a document that was decided on before is left as it is.

        NotVerifiable when the document itself forbids to verify it.
        """
        if document.id in self.reviews:
            return []
        if review.status is DocumentStatus.VERIFIED:
            document.check_verifiable(review.at)
            self._accept(document)
        self.reviews = {**self.reviews, document.id: review}
        return self._settled(review.at, DocumentReviewed)

    def _accept(self, document: Document) -> None:
        """The proof that lasts longer stands."""
        known = self.proofs.get(document.kind)
        proof = Proof(document.id, document.valid_until)
        if known is None or proof.lasts_longer_than(known):
            self.proofs = {**self.proofs, document.kind: proof}

    def rate(self, rating: Rating, *, again: bool = False) -> list[HelperEvent]:
        """Take over the newest rating; again: also one of the same sequence (a snapshot).

        Neither rating nor record is among the facts: they publish nothing.
        """
        known = self.rating.sequence if self.rating else 0
        if rating.sequence > known or (again and rating.sequence == known):
            self.rating = rating
        return []

    def keep_record(self, record: Record) -> list[HelperEvent]:
        """Take over how reliable the helper was."""
        self.record = record
        return []

    def on_due(self, now: datetime) -> Sequence[HelperEvent]:
        """Qualifications and proofs run out, after warnings; a new year has its own days off."""
        valid = {k: each for k, each in self.qualifications.items() if each.valid_until > now}
        proofs = {kind: proof for kind, proof in self.proofs.items() if proof.holds(now)}
        happened: list[type[HelperEvent]] = []
        if valid != self.qualifications:
            happened.append(QualificationExpired)
        if proofs != self.proofs:
            happened.append(DocumentExpired)
        self.qualifications, self.proofs = valid, proofs
        endings = self._endings(now)
        self.endings = {what: each.warned(now) for what, each in endings.items()}
        if warned := warnings_due(endings, now):
            happened.append(ExpiryWarned)
        if not happened and self.days_off == self._days_off(now):
            self.due_at = self._next_expiry()
            return []
        return self._settled(now, *happened, warned=warned)

    def _endings(self, at: datetime) -> dict[str, Ending]:
        """Of shown skills and of proofs."""
        held, proofs = self.qualifications, self.proofs
        ends = {f"qualification:{e}": held[e].valid_until for e in self.profile.skills if e in held}
        ends |= {f"document:{kind}": u for kind, e in proofs.items() if (u := e.valid_until)}
        return endings_of(ends, self.endings, at)

    def facts(self) -> HelperFacts:
        """What other services may know."""
        profile, insurance = self.profile, self.proofs.get(DocumentKind.INSURANCE)
        return HelperFacts(
            status=self.status,
            display_name=self.standing.display_name,
            headline=profile.headline,
            skills=profile.skills,
            languages=profile.languages,
            hourly_rate=profile.hourly_rate,
            min_minutes=profile.min_minutes,
            place=profile.place,
            public_place=profile.place.rounded() if profile.place else None,
            radius_m=profile.radius_m,
            trader_status=profile.trader_status,
            availability=self.hours.published(),
            qualified={skill: each.valid_until for skill, each in self.qualifications.items()},
            insured_until=insurance.valid_until if insurance else None,
            listed_at=self.listed_at,
        )

    def _settled(
        self, at: datetime, *happened: type[HelperEvent], warned: Sequence[contract.Expiry] = ()
    ) -> list[HelperEvent]:
        was, self.status = self.status, self._status()
        if self.status is Status.LISTED and self.listed_at is None:
            self.listed_at = at
        self.keys = self._search_keys()
        self.weekly_minutes = self.profile.availability.weekly_minutes
        self.days_off = self._days_off(at)
        self.endings = self._endings(at)
        self.due_at = self._next_expiry()
        kinds = list(happened)
        if self.status is not was:
            if self.status is Status.LISTED:
                kinds.append(HelperListed)
            elif was is Status.LISTED:
                kinds.append(HelperUnlisted)
        facts = self.facts()
        warning = facts.model_copy(update={"warned": list(warned)})
        return [
            kind(warning if kind is ExpiryWarned else facts) for kind in kinds or [HelperUpdated]
        ]

    def _status(self) -> Status:
        if not self.standing.active:
            return Status.SUSPENDED
        if not self.missing():
            return Status.LISTED
        return Status.DRAFT if self.listed_at is None else Status.UNLISTED

    def _search_keys(self) -> list[str]:
        place = self.profile.place
        if self.status is not Status.LISTED or place is None:
            return []
        return cells.keys_at(place.rounded(), self.profile.skills)

    def _days_off(self, at: datetime) -> list[str]:
        region = self.profile.availability.public_holidays
        return days_off.around(region, at.year) if region else []

    def _next_expiry(self) -> datetime | None:
        ends = [each.valid_until for each in self.qualifications.values()]
        ends += [each.valid_until for each in self.proofs.values() if each.valid_until is not None]
        ends += [each.next_at for each in self.endings.values()]
        if self.days_off:
            # Before the last year that is known begins, the next one is looked up.
            ends.append(datetime(int(self.days_off[-1][:4]), 1, 1, tzinfo=UTC))
        return min(ends, default=None)
