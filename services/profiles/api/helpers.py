"""One's own profile and photo."""

from typing import Annotated, Literal

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from services.profiles import commands
from services.profiles.model.availability import Availability, ExceptionalDay, Window
from services.profiles.model.helper import Helper
from services.profiles.model.profile import Profile, TraderStatus
from services.profiles.store import HelperStore
from services.profiles.views.helpers import OwnHelperView, own_helper_view
from shared.http import CONDITIONAL, PERSON, CallDep, Router, answer, body
from shared.http.conditions import etag_of
from shared.http.fields import Body, Bool, Day, Int, Line, MoneyIn, PointIn, Text
from shared.kernel.errors import Invalid, NotFound, Precondition
from shared.media import IMAGE_TYPES, MAX_BYTES, Studio

router = Router()

Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ClosingClock = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class WindowBody(Body):
    """weekday 1 (Monday) to 7; local times."""

    weekday: Annotated[Int, Field(ge=1, le=7)]
    start: Clock
    end: ClosingClock


class ExceptionalDayBody(Body):
    """Either closed, or open from start to end."""

    date: Day
    closed: Bool = False
    start: Clock | None = None
    end: ClosingClock | None = None

    def day(self, place: int) -> ExceptionalDay:
        given = self.start is not None or self.end is not None
        if self.closed and given:
            pointer = f"/availability/exceptions/{place}/closed"
            raise Invalid("a closed day has no opening time", pointer=pointer)
        return ExceptionalDay(self.date.isoformat(), self.closed, self.start, self.end)


class AvailabilityBody(Body):
    """Hours are wall-clock times in the tenant's zone.

    public_holidays: the tenant's country, or a region of it (ISO 3166, ``DE-BE``), whose public
    holidays are days off; an exception for such a date prevails.
    """

    weekly: Annotated[list[WindowBody], Field(max_length=70)] = []
    exceptions: Annotated[list[ExceptionalDayBody], Field(max_length=400)] = []
    notice_minutes: Annotated[Int, Field(ge=0, le=20_160)] = 0
    buffer_minutes: Annotated[Int, Field(ge=0, le=480)] = 0
    public_holidays: Annotated[str, Line(2, 6)] | None = None

    def availability(self) -> Availability:
        return Availability(
            weekly=[Window(each.weekday, each.start, each.end) for each in self.weekly],
            exceptions=[day.day(place) for place, day in enumerate(self.exceptions)],
            notice_minutes=self.notice_minutes,
            buffer_minutes=self.buffer_minutes,
            public_holidays=self.public_holidays,
        )


class ProfileBody(Body):
    """What is left out or empty keeps the profile a draft and stands in its checklist."""

    headline: Annotated[str, Line(0, 80)] = ""
    bio: Annotated[str, Text(0, 4_000)] = ""
    skills: Annotated[list[Annotated[str, Line(1, 40)]], Field(max_length=50)] = []
    languages: Annotated[
        list[Annotated[str, Field(pattern="^[a-z]{2,3}$")]], Field(max_length=20)
    ] = []
    hourly_rate: MoneyIn | None = None
    min_minutes: Annotated[Int, Field(ge=15, le=480)] = 60
    place: PointIn | None = None
    radius_m: Annotated[Int, Field(ge=1, le=50_000)] = 10_000
    trader_status: Literal["private", "trader"]
    availability: AvailabilityBody = AvailabilityBody()

    def profile(self) -> Profile:
        return Profile(
            headline=self.headline,
            bio=self.bio,
            skills=self.skills,
            languages=self.languages,
            hourly_rate=self.hourly_rate.money if self.hourly_rate else None,
            min_minutes=self.min_minutes,
            place=self.place.point if self.place else None,
            radius_m=self.radius_m,
            trader_status=TraderStatus(self.trader_status),
            availability=self.availability.availability(),
        )


@router.put(
    "/v1/helpers/me",
    operation_id="profiles_put_helper",
    response_model=OwnHelperView,
    responses={201: {"model": OwnHelperView, "description": "A new profile."}},
    openapi_extra=PERSON | CONDITIONAL,
)
async def put_helper(body: ProfileBody, call: CallDep) -> Response:
    def view(helper: Helper) -> OwnHelperView:
        return own_helper_view(helper, call.now)

    cmd = commands.DescribeHelper(call.person.id, body.profile())
    status = 201 if call.creates else 200
    helpers = call.answering(HelperStore, view, status=status)
    if call.creates:
        helper = await commands.register_helper(cmd, helpers, call)
    else:
        try:
            helper = await commands.describe_helper(cmd, helpers, call)
        except NotFound:
            if call.exchange.require_match:
                raise Precondition(
                    "create it with If-None-Match: *", code="precondition_required"
                ) from None
            raise
    return answer(call, view(helper), status=status, etag=helper.version)


@router.get(
    "/v1/helpers/me",
    operation_id="profiles_get_own_helper",
    response_model=OwnHelperView,
    openapi_extra=PERSON,
)
async def get_own_helper(call: CallDep) -> Response:
    helper = await call.store(HelperStore).get(call.person.id)
    return answer(call, own_helper_view(helper, call.now), etag=helper.version)


@router.put(
    "/v1/helpers/me/photo",
    operation_id="profiles_put_photo",
    status_code=204,
    openapi_extra=PERSON | body(IMAGE_TYPES, MAX_BYTES),
)
async def put_photo(request: Request, call: CallDep) -> Response:
    await call.store(HelperStore).get(call.person.id)
    photo = await call.the(Studio).photo(await request.body())
    helper = await commands.show_photo(
        commands.ShowPhoto(call.person.id, photo.content, photo.content_type), call
    )
    return Response(status_code=204, headers={"ETag": etag_of(helper.version)})
