"""How a helper is shown: to everybody, and to themselves."""

from datetime import datetime
from typing import Literal

from services.profiles.model.availability import Interval
from services.profiles.model.document import DocumentKind
from services.profiles.model.helper import Helper
from services.profiles.model.standing import NEW_BELOW, NEWCOMER_BELOW, Rating, Record
from shared.http.fields import Instant, MoneyOut, PointOut, View


class RatingView(View):
    """Of the published reviews by customers; mean from 1 to 5."""

    mean: float
    count: int


class FigureView(View):
    """A fraction, of count; null and new below three of them."""

    value: float | None
    count: int
    new: bool


class ResponseView(View):
    """To requests by name: median minutes until a yes or no, and the fraction that got one."""

    median_minutes: int | None
    answered: float | None
    count: int
    new: bool


class StatisticsView(View):
    """Counted from jobs, of the latest 100 of a kind. reliability: ended jobs that were kept.
    first_time_fix: visits that solved it, without another job for the same within 14 days.
    """

    jobs_completed: int
    reliability: FigureView
    first_time_fix: FigureView
    response: ResponseView


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
    """days_off are the public holidays (ISO dates) that are kept: of this year and the next."""

    weekly: list[WindowView]
    exceptions: list[ExceptionalDayView]
    notice_minutes: int
    buffer_minutes: int
    public_holidays: str | None
    days_off: list[str]


class QualificationView(View):
    """score is the lower end of the band that the result lies in, a fraction."""

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
    statistics: StatisticsView
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
        availability=_availability(helper),
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


def _statistics(record: Record) -> StatisticsView:
    new = record.asked < NEW_BELOW
    return StatisticsView(
        jobs_completed=record.completed,
        reliability=_figure(record.kept, record.kept + record.broken),
        first_time_fix=_figure(record.fixed, record.visits),
        response=ResponseView(
            median_minutes=None if new else record.response_minutes,
            answered=None if new else round(record.answered / record.asked, 2),
            count=record.asked,
            new=new,
        ),
    )


def _figure(part: int, count: int) -> FigureView:
    new = count < NEW_BELOW
    return FigureView(value=None if new else round(part / count, 2), count=count, new=new)


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
        "jobs_completed": helper.record.completed,
        "statistics": _statistics(helper.record),
        "listed_at": helper.listed_at,
    }


def _place(helper: Helper, *, exact: bool) -> PointOut | None:
    place = helper.profile.place
    if place is None:
        return None
    return PointOut.of(place if exact else place.rounded())


def _availability(helper: Helper) -> AvailabilityView:
    plan = helper.profile.availability
    return AvailabilityView(
        weekly=[WindowView(**vars(each)) for each in plan.weekly],
        exceptions=[ExceptionalDayView(**vars(each)) for each in plan.exceptions],
        notice_minutes=plan.notice_minutes,
        buffer_minutes=plan.buffer_minutes,
        public_holidays=plan.public_holidays,
        days_off=helper.days_off,
    )
