"""Making, renewing and ending a person's calendar feed."""

from dataclasses import dataclass

from services.jobs.model.feed import Feed
from services.jobs.store import FeedStore
from shared.kernel.errors import NotFound
from shared.replicas import People
from shared.scope import Scope


@dataclass(frozen=True)
class MakeFeed:
    person_id: str
    secret: str


async def make_feed(cmd: MakeFeed, scope: Scope) -> None:
    """The only address from now on. Forbidden (email_not_verified)."""
    await scope.store(People).verified(cmd.person_id)
    feeds = scope.store(FeedStore)
    if not await feeds.ensure(Feed.of(cmd.person_id, cmd.secret, scope.now), []):
        await feeds.update(cmd.person_id, lambda feed: feed.renew(cmd.secret, scope.now))


async def end_feed(person_id: str, scope: Scope) -> None:
    await scope.store(FeedStore).forget(person_id)


async def reader_of(token: str, scope: Scope) -> str:
    """Whose feed this token opens. NotFound for every other text, and for who may not log in."""
    person_id, _, secret = token.rpartition(".")
    feed = await scope.store(FeedStore).find(person_id) if person_id and secret else None
    person = await scope.store(People).find(person_id) if feed is not None else None
    if feed is None or not feed.opens(secret) or person is None or person.status != "active":
        raise NotFound("there is no such calendar")
    return person_id
