"""Feeding the live streams, and the tickets that open them.

An entry is appended as messages are: the last number is read first, then whether this was told
before, then the next number is claimed by its ``_id``. If the number was free, nothing was
appended in between, so the look was right; if it was taken, everything is looked at again.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.messaging.model import KEPT, FeedEntry, Follower, Kind, Ticket, TicketUsed
from services.messaging.store import FeedEntries, Followers, Messages, Tickets
from services.messaging.streams import Streams
from shared.contracts.messaging import MessageFacts
from shared.contracts.reviews import ReviewPairFacts
from shared.http.tokens import Actor
from shared.kernel.errors import Conflict, NotFound, Unauthenticated
from shared.kernel.ids import derived_id
from shared.scope import Scope
from shared.store import AlreadyExists

ATTEMPTS = 20
"""How often a number may be taken by somebody faster before the event comes again."""


async def follow(person_id: str, followers: Followers) -> None:
    """From now on there is a feed for this person."""
    if await followers.find(person_id) is None:
        await followers.ensure(Follower(id=person_id), [])


async def tell(entries: Sequence[FeedEntry], scope: Scope) -> None:
    """Append each to its person's feed, if there is one, unless it was told, and wake streams."""
    following = await scope.store(Followers).among(each.person_id for each in entries)
    await asyncio.gather(
        *(_in_turn(each, scope) for each in entries if each.person_id in following)
    )


async def _in_turn(entry: FeedEntry, scope: Scope) -> None:
    async with scope.the(Streams).turn(scope.tenant.slug, entry.person_id):
        await _append(entry, scope)


async def _append(entry: FeedEntry, scope: Scope) -> None:
    feed, streams, slug = scope.store(FeedEntries), scope.the(Streams), scope.tenant.slug
    for _ in range(ATTEMPTS):
        known = streams.end(slug, entry.person_id)
        number = await feed.last_number(entry.person_id, known) + 1
        if await feed.told(entry.person_id, entry.about):
            return
        try:
            id = FeedEntry.key(entry.person_id, number)
            await feed.create(replace(entry, id=id, number=number), [])
        except AlreadyExists:
            continue
        streams.wake(slug, entry.person_id, number)
        if number > KEPT:
            await feed.forget(FeedEntry.key(entry.person_id, number - KEPT))
        return
    raise Conflict("this feed is growing too fast", code="busy")


async def tell_message(message_id: str, facts: MessageFacts, scope: Scope) -> None:
    """To everybody who can see it, its author's other devices included."""
    readers = [facts.sender_id, None if facts.withheld else facts.recipient_id]
    people: Iterable[str] = filter(None, readers)
    if facts.sender_id is None:
        people = (await scope.store(Messages).get(message_id)).readers
    await tell(
        [
            FeedEntry(
                id="",
                person_id=reader,
                number=0,
                about=message_id,
                kind=Kind.MESSAGE,
                at=facts.sent_at,
                conversation_id=facts.conversation_id,
                message_number=facts.number,
            )
            for reader in people
        ],
        scope,
    )


@dataclass(frozen=True)
class JobChange:
    """version counts the job's events."""

    job_id: str
    state: str
    version: int
    people: tuple[str, ...]


async def tell_job(change: JobChange, scope: Scope) -> None:
    """To both sides, or to the customer alone while nobody has taken it."""
    await tell(
        [
            FeedEntry(
                id="",
                person_id=person,
                number=0,
                about=f"{change.job_id}:{change.version}",
                kind=Kind.JOB,
                at=scope.now,
                job_id=change.job_id,
                state=change.state,
                job_version=change.version,
            )
            for person in change.people
        ],
        scope,
    )


async def tell_invitation(pair_id: str, pair: ReviewPairFacts, scope: Scope) -> None:
    """To both sides; again when the window has moved."""
    sides = (("customer", pair.customer_id), ("helper", pair.helper_id))
    peers = {pair.customer_id: pair.helper_id, pair.helper_id: pair.customer_id}
    await tell(
        [
            FeedEntry(
                id="",
                person_id=person,
                number=0,
                about=f"{pair_id}:{pair.due_at.isoformat()}",
                kind=Kind.REVIEW_INVITATION,
                at=scope.now,
                job_id=pair.job_id,
                review_until=pair.due_at,
                role=role,
                peer_id=peers[person],
            )
            for role, person in sides
        ],
        scope,
    )


@dataclass(frozen=True)
class IssueTicket:
    """secret is what the holder shows; actor whose token it was asked for with."""

    secret: str
    actor: Actor


def id_of_ticket(secret: str, tenant: str) -> str:
    """The ticket's id; tells nothing of the secret."""
    return derived_id("ticket", tenant, hashlib.sha256(secret.encode()).hexdigest())


async def issue_ticket(cmd: IssueTicket, tickets: Tickets, at: datetime) -> Ticket:
    """at is the real time: tickets, like tokens, know no other."""
    actor = cmd.actor
    ticket = Ticket(
        id=id_of_ticket(cmd.secret, tickets.tenant),
        person_id=actor.id,
        session=actor.session,
        signed_in_at=actor.issued_at,
        expires_at=actor.expires_at or at,
        issued_at=at,
    )
    return await tickets.create(ticket, [])


async def use_ticket(secret: str, tickets: Tickets, at: datetime) -> Actor:
    """Whom it lets in. Unauthenticated (invalid_ticket): unknown, used or late, all the same."""
    try:
        ticket = await tickets.update(
            id_of_ticket(secret, tickets.tenant), lambda each: each.use(at)
        )
    except (NotFound, TicketUsed, Conflict):
        refusal = Unauthenticated("this ticket is not valid", code="invalid_ticket")
        raise refusal from None
    return Actor(
        id=ticket.person_id,
        tenant=tickets.tenant,
        roles=frozenset(),
        session=ticket.session,
        issued_at=ticket.signed_in_at,
        expires_at=ticket.expires_at,
    )
