"""Being a helper: the profile, the photo, and what follows from account and tenant."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from services.profiles.model import days_off
from services.profiles.model.helper import Helper
from services.profiles.model.profile import Profile
from services.profiles.model.standing import NOBODY, Standing, demanded
from services.profiles.store import HelperStore, Photos
from shared.contracts.identity import TenantRules
from shared.contracts.profiles import HelperEvent
from shared.kernel.errors import Invalid, NotFound, Precondition
from shared.kernel.ids import new_id
from shared.replicas import People, Person, TenantReplica
from shared.scope import Scope
from shared.store import AlreadyExists, Buried, File

_PAGE = 200

_Sources = tuple[Standing, TenantRules]


@dataclass(frozen=True)
class DescribeHelper:
    """helper_id is the account's; profile replaces what is there."""

    helper_id: str
    profile: Profile


async def register_helper(cmd: DescribeHelper, helpers: HelperStore, scope: Scope) -> Helper:
    """A new helper. Precondition when there is one, NotFound without an account, Invalid."""
    exists = Precondition("there is a profile already")
    person = await scope.store(People).arrived(cmd.helper_id)
    if await helpers.find(cmd.helper_id) is not None:
        raise exists
    await _learn_days_off(cmd.profile, scope)
    cmd.profile.check(scope.tenant)
    helper, events = Helper.register(
        id=cmd.helper_id,
        standing=_standing(person),
        profile=cmd.profile,
        rules=scope.tenant.rules,
        at=scope.now,
    )
    try:
        await helpers.create(helper, events)
    except AlreadyExists:
        raise exists from None
    # What changed between the look above and the write found no helper to change.
    return await follow_sources(FollowSources(cmd.helper_id), scope) or helper


async def describe_helper(cmd: DescribeHelper, helpers: HelperStore, scope: Scope) -> Helper:
    """The profile replaced. NotFound, Precondition, Invalid."""
    await _learn_days_off(cmd.profile, scope)

    def decide(helper: Helper) -> Sequence[HelperEvent]:
        cmd.profile.check(scope.tenant)
        return helper.describe(cmd.profile, scope.now)

    return await helpers.update(cmd.helper_id, decide)


async def _learn_days_off(profile: Profile, scope: Scope) -> None:
    """Off the event loop, as the first look at a country's holidays takes a while."""
    region = profile.availability.public_holidays
    if region is not None:
        with suppress(Invalid):
            await asyncio.to_thread(days_off.check, region, scope.tenant.country)
            await asyncio.to_thread(days_off.around, region, scope.now.year)


@dataclass(frozen=True)
class ShowPhoto:
    """content is a clean JPEG."""

    helper_id: str
    content: bytes
    content_type: str


async def show_photo(cmd: ShowPhoto, scope: Scope) -> Helper:
    """The new photo in place of the old one, which is forgotten."""
    photos, fresh = scope.store(Photos), new_id("photo")
    await photos.put(File(fresh, cmd.content, cmd.content_type))
    old: str | None = None

    def decide(helper: Helper) -> Sequence[HelperEvent]:
        nonlocal old
        old = helper.photo_id
        return helper.show(fresh, scope.now)

    helper = await scope.store(HelperStore).update(cmd.helper_id, decide)
    if old is not None:
        await photos.delete(old)
    return helper


@dataclass(frozen=True)
class FollowSources:
    """helper_id of somebody whose account or tenant may have changed."""

    helper_id: str


async def follow_sources(cmd: FollowSources, scope: Scope) -> Helper | None:
    """Copy account and rules from the replicas; None when there is no such helper.

    Copied until they are the same after the write as before it: so neither order nor overlap of
    several copies can leave an old state behind.
    """
    if await scope.store(HelperStore).find(cmd.helper_id) is None:
        return None
    helper: Helper | None = None
    seen: _Sources | None = None
    while (newest := await _sources(cmd.helper_id, scope)) != seen:
        helper = await _copy(cmd.helper_id, newest, scope)
        if helper is None:
            return None
        seen = newest
    return helper


async def _copy(helper_id: str, sources: _Sources, scope: Scope) -> Helper | None:
    standing, rules = sources
    try:
        return await scope.store(HelperStore).update(
            helper_id, lambda helper: helper.follow(standing, rules, scope.now)
        )
    except NotFound:
        return None


async def _sources(helper_id: str, scope: Scope) -> _Sources:
    try:
        standing = _standing(await scope.store(People).get(helper_id))
    except Buried:
        standing = NOBODY
    return standing, await _rules(scope)


async def _rules(scope: Scope) -> TenantRules:
    row = await scope.store(TenantReplica).get(scope.tenant.slug)
    return row.facts.rules


def _standing(person: Person) -> Standing:
    return Standing(
        display_name=person.display_name,
        verified=person.email_verified,
        active=person.status == "active",
    )


async def follow_tenant(scope: Scope) -> None:
    """Look at all helpers of a tenant again whose required documents differ from its rules."""
    required = demanded(await _rules(scope))
    helpers, last = scope.store(HelperStore), ""
    while page := await helpers.after(last, _PAGE):
        last = page[-1].order
        for helper in page:
            if helper.required != required:
                await follow_sources(FollowSources(helper.id), scope)
