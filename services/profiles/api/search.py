"""What everybody may see: the search, a helper, their photo and free times."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BeforeValidator, Field
from starlette.responses import Response

from services.profiles.gazetteer import Places
from services.profiles.model import availability, ranking
from services.profiles.model.availability import LONGEST_LOOK
from services.profiles.model.helper import Helper
from services.profiles.model.search import Search, Sort, position
from services.profiles.model.standing import Status
from services.profiles.store import HelperStore, JobRows, Photos
from services.profiles.views.helpers import HelperView, SlotsView, helper_view, slots_view
from services.profiles.views.search import HitsView, find_hits, hit_view, searched_view
from shared.http import PUBLIC, CallDep, PagingDep, Router, answer
from shared.http.fields import LARGEST_AMOUNT, Instant, Line
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.geo import Point

router = Router()

_FAR = timedelta(days=3_650)
"""Times asked for further away than this are mistakes."""

_NEAR = re.compile(r"(-?\d{1,3}(?:\.\d{1,15})?),(-?\d{1,3}(?:\.\d{1,15})?)", re.ASCII)


def _point(text: str) -> str:
    found = _NEAR.fullmatch(text)
    if not found or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        raise ValueError("must be latitude,longitude in degrees, e.g. 52.53,13.41")
    return text


def _whole(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) < 16):
        raise ValueError("must be a whole number")
    return value


Near = Annotated[str, AfterValidator(_point), Query(description="latitude,longitude")]
Named = Annotated[
    str, Line(1, 80), Query(description="Instead of near: a town, a quarter or a postcode.")
]
Radius = Annotated[int, Field(ge=1, le=50_000), BeforeValidator(_whole), Query()]
Skill = Annotated[str, Query()]
Rate = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT), BeforeValidator(_whole), Query()]
Flag = Annotated[bool, BeforeValidator({"true": True, "false": False}.get), Query()]
HelperId = Annotated[str, Path()]


@dataclass(frozen=True)
class Circle:
    """Where is searched and for what skill; place is how the centre is called if it was named."""

    near: Point
    place: str | None
    radius_m: int
    skill: str | None


async def _circle(
    call: CallDep,
    near: Near | None = None,
    place: Named | None = None,
    radius_m: Radius = 10_000,
    skill: Skill | None = None,
) -> Circle:
    if skill is not None and skill not in {each.slug for each in call.tenant.categories}:
        raise Invalid("this category is unknown here", parameter="skill")
    if near is not None and place is not None:
        raise Invalid("is either given by near or by place", parameter="place")
    if near is not None:
        lat, _, lon = near.partition(",")
        return Circle(Point(float(lat), float(lon)), None, radius_m, skill)
    if place is None:
        raise Invalid("is needed, unless there is a place", parameter="near")
    found = await call.the(Places).find(place, call.tenant)
    return Circle(found.point, found.name, radius_m, skill)


CircleDep = Annotated[Circle, Depends(_circle)]
"""As a route's parameter: near or place, radius_m and skill of the query."""


@router.get(
    "/v1/helpers",
    operation_id="profiles_search_helpers",
    response_model=HitsView,
    openapi_extra=PUBLIC,
)
async def search_helpers(
    call: CallDep,
    paging: PagingDep,
    circle: CircleDep,
    language: Annotated[str | None, Query(pattern="^[a-z]{2,3}$")] = None,
    max_rate: Rate | None = None,
    insured: Flag | None = None,
    available_at: Annotated[Instant | None, Query()] = None,
    sort: Annotated[Sort, Query()] = "score",
) -> Response:
    if available_at is not None:
        _check_near_now(available_at, call.now, "available_at")
    search = Search(
        near=circle.near,
        radius_m=circle.radius_m,
        skill=circle.skill,
        language=language,
        max_rate=max_rate,
        insured=insured,
        available_at=available_at,
        sort=sort,
    )
    hits = await find_hits(search, call)
    if paging.after:
        behind = tuple(paging.after)
        hits = [hit for hit in hits if position(hit, sort) > behind]
    page = hits[: paging.limit]
    cursor = paging.cursor(position(page[-1], sort)) if len(hits) > paging.limit else None
    view = HitsView(
        data=[hit_view(hit, call.now) for hit in page],
        next_cursor=cursor,
        searched=searched_view(search, circle.place),
        ranking_version=ranking.VERSION,
    )
    headers = {}
    if cursor is not None:
        query = urlencode([*paging.filters, ("limit", str(paging.limit)), ("cursor", cursor)])
        headers["Link"] = f'<{quote(paging.path)}?{query}>; rel="next"'
    return answer(call, view, headers=headers)


@router.get(
    "/v1/helpers/{helper_id}",
    operation_id="profiles_get_helper",
    response_model=HelperView,
    openapi_extra=PUBLIC,
)
async def get_helper(helper_id: HelperId, call: CallDep) -> Response:
    helper = await _shown(helper_id, call)
    return answer(call, helper_view(helper, call.now), etag=helper.version)


@router.get(
    "/v1/helpers/{helper_id}/photo",
    operation_id="profiles_get_photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
    openapi_extra=PUBLIC,
)
async def get_photo(
    helper_id: HelperId,
    call: CallDep,
    v: Annotated[str | None, Query(description="As in photo_url: may be kept for ever.")] = None,
) -> Response:
    helper = await _shown(helper_id, call)
    if helper.photo_id is None:
        raise NotFound("there is no photo")
    photo = await call.store(Photos).get(helper.photo_id)
    public = helper.status is Status.LISTED
    kept = "max-age=31536000, immutable" if v == helper.photo_id else "no-cache"
    headers = {
        "ETag": f'"{helper.photo_id}"',
        "Cache-Control": f"{'public' if public else 'private'}, {kept}",
    }
    return Response(photo.content, 200, headers, photo.content_type)


@router.get(
    "/v1/helpers/{helper_id}/slots",
    operation_id="profiles_get_slots",
    response_model=SlotsView,
    openapi_extra=PUBLIC,
)
async def get_slots(
    helper_id: HelperId,
    call: CallDep,
    start: Annotated[Instant, Query(alias="from")],
    end: Annotated[Instant, Query(alias="to")],
) -> Response:
    if end <= start:
        raise Invalid("must be after from", parameter="to")
    if end - start > LONGEST_LOOK:
        raise Invalid(f"must be at most {LONGEST_LOOK.days} days after from", parameter="to")
    _check_near_now(start, call.now, "from")
    helper = await _shown(helper_id, call)
    booked = await call.store(JobRows).booked([helper_id])
    free = availability.free_intervals(
        helper.hours,
        ZoneInfo(call.tenant.time_zone),
        booked.get(helper_id, []),
        now=call.now,
        start=start,
        end=end,
    )
    return answer(call, slots_view(free))


async def _shown(helper_id: str, call: CallDep) -> Helper:
    """A listed helper, or one's own profile. NotFound otherwise."""
    helper = await call.store(HelperStore).get(helper_id)
    own = call.actor is not None and call.actor.id == helper_id
    if helper.status is not Status.LISTED and not own:
        raise NotFound("there is no such helper")
    return helper


def _check_near_now(moment: datetime, now: datetime, parameter: str) -> None:
    if abs(moment - now) > _FAR:
        raise Invalid("is too far away in time", parameter=parameter)
