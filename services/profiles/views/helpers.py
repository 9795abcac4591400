"""How a helper is shown: to everybody, and to themselves."""

from datetime import datetime
from typing import Literal

from services.profiles.model.availability import Availability, Interval
from services.profiles.model.document import DocumentKind
from services.profiles.model.helper import Helper
from services.profiles.model.standing import NEWCOMER_BELOW, Rating
from shared.http.fields import Instant, MoneyOut, PointOut, View


class RatingView(View):
    """Of the published reviews by customers; mean from 1 to 5."""

    mean: float
    count: int


class WindowView(View):
    """weekday 1 (Monday) to 7, local times."""

    weekday: int
    start: str
    end: str


class ExceptionalDayView(View):
    """start and end are null on a closed day."""

    date: str
    closed: bool
    start: str | None
    end: str | None


class AvailabilityView(View):
    weekly: list[WindowView]
    exceptions: list[ExceptionalDayView]
    notice_minutes: int
    buffer_minutes: int


class QualificationView(View):
    """score is the fraction of right answers."""

    skill: str
    score: float
    valid_until: Instant


class HelperView(View):
    """A helper as everybody sees them; place is rounded to about 1 km."""

    id: str
    display_name: str
    headline: str
    bio: str
    skills: list[str]
    languages: list[str]
    hourly_rate: MoneyOut | None
    min_minutes: int
    place: PointOut | None
    radius_m: int
    trader_status: Literal["private", "trader"]
    photo_url: str | None
    rating: RatingView | None
    newcomer: bool
    insured: bool
    qualified: list[str]
    jobs_completed: int
    listed_at: Instant | None


class OwnHelperView(HelperView):
    """One's own profile with the exact place and the checklist of what is missing."""

    status: Literal["draft", "listed", "unlisted", "suspended"]
    missing: list[str]
    availability: AvailabilityView
    qualifications: list[QualificationView]
    insured_until: Instant | None


class SlotView(View):
    start: Instant
    end: Instant


class SlotsView(View):
    """Maximal free intervals in UTC, ascending."""

    data: list[SlotView]


def helper_view(helper: Helper, now: datetime) -> HelperView:
    return HelperView(**_common(helper, now), place=_place(helper, exact=False))


def own_helper_view(helper: Helper, now: datetime) -> OwnHelperView:
    insurance = helper.proofs.get(DocumentKind.INSURANCE)
    return OwnHelperView(
        **_common(helper, now),
        place=_place(helper, exact=True),
        status=helper.status.value,
        missing=helper.missing(),
        availability=_availability(helper.profile.availability),
        qualifications=[
            QualificationView(skill=skill, score=each.score, valid_until=each.valid_until)
            for skill, each in helper.qualifications.items()
        ],
        insured_until=insurance.valid_until if insurance else None,
    )


def photo_url(helper_id: str, photo_id: str | None) -> str | None:
    """Changes with the photo, so that it can be kept for ever."""
    return f"/v1/helpers/{helper_id}/photo?v={photo_id}" if photo_id else None


def rating_view(rating: Rating | None) -> RatingView | None:
    """None before the first published review."""
    if rating is None or rating.mean is None or rating.count == 0:
        return None
    return RatingView(mean=round(rating.mean, 2), count=rating.count)


def is_newcomer(rating: Rating | None) -> bool:
    return rating is None or rating.count < NEWCOMER_BELOW


def slots_view(intervals: list[Interval]) -> SlotsView:
    return SlotsView(data=[SlotView(start=each.start, end=each.end) for each in intervals])


def _common(helper: Helper, now: datetime) -> dict[str, object]:
    profile = helper.profile
    return {
        "id": helper.id,
        "display_name": helper.standing.display_name,
        "headline": profile.headline,
        "bio": profile.bio,
        "skills": profile.skills,
        "languages": profile.languages,
        "hourly_rate": MoneyOut.of(profile.hourly_rate) if profile.hourly_rate else None,
        "min_minutes": profile.min_minutes,
        "radius_m": profile.radius_m,
        "trader_status": profile.trader_status.value,
        "photo_url": photo_url(helper.id, helper.photo_id),
        "rating": rating_view(helper.rating),
        "newcomer": is_newcomer(helper.rating),
        "insured": helper.insured(now),
        "qualified": [each for each in profile.skills if each in helper.qualifications],
        "jobs_completed": helper.record.kept,
        "listed_at": helper.listed_at,
    }


def _place(helper: Helper, *, exact: bool) -> PointOut | None:
    place = helper.profile.place
    if place is None:
        return None
    return PointOut.of(place if exact else place.rounded())


def _availability(plan: Availability) -> AvailabilityView:
    return AvailabilityView(
        weekly=[WindowView(**vars(each)) for each in plan.weekly],
        exceptions=[ExceptionalDayView(**vars(each)) for each in plan.exceptions],
        notice_minutes=plan.notice_minutes,
        buffer_minutes=plan.buffer_minutes,
    )
