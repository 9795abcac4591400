"""The checks at rest: each gives its findings, one sentence a piece; none is good."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.topology import SERVICES
from services.identity.store import AccountStore, EmailClaimStore
from services.jobs.store import JobStore, ReceiptBookStore, ReceiptStore
from services.messaging.store import Messages
from services.profiles.store import HelperStore
from services.reviews.store import Ratings, ReviewPairs
from shared.contracts.audit import LookEvent
from shared.contracts.base import Delivered, Facts
from tests.chaos.ledger import IN_DOUBT, Book
from tests.chaos.oracle import History, ideal_rows, projections
from tests.chaos.poison import Poison
from tests.chaos.sources import Rows, Source, Sources
from tests.chaos.witness import Name, Witness

Findings = list[str]

FOLLOWING = {"conversation": {"last_number", "first_reply_at"}}
"""Facts that change with another aggregate's events: a conversation's heads with its messages."""

_SHOWN = 3
"""Examples of the same kind of finding; the rest is counted."""


async def promises_kept(sources: Sources, book: Book) -> Findings:
    """Every acknowledged command is in its source, once; nothing is there that nobody asked for."""
    findings = [
        f"nobody knows what became of {line}" for line in book.lines if line.outcome == IN_DOUBT
    ]
    findings += await _jobs(sources, book)
    findings += await _messages(sources, book)
    findings += await _reviews(sources, book)
    findings += await _accounts(sources, book)
    return findings + await _profiles(sources, book)


async def _jobs(sources: Sources, book: Book) -> Findings:
    promised = Counter((line.subject, line.name) for line in book.acknowledged("job"))
    jobs = await sources.read("jobs", JobStore)
    found = Counter(
        (id, step.command) for id, job in jobs.items() for step in job.timeline if step.actor
    )
    return list(_compared("job", promised, found))


async def _messages(sources: Sources, book: Book) -> Findings:
    promised = Counter((line.subject, line.name) for line in book.acknowledged("message"))
    messages = (await sources.read("messaging", Messages)).values()
    found = Counter(
        (message.conversation_id, message.client_message_id)
        for message in messages
        if message.notice is None
    )
    told = Counter(
        (message.notice.job_id, message.notice.state) for message in messages if message.notice
    )
    findings = [f"job and milestone {key} told {n} times" for key, n in told.items() if n > 1]
    return [*findings, *_compared("message", promised, found)]


async def _reviews(sources: Sources, book: Book) -> Findings:
    promised = Counter((line.subject, line.who) for line in book.acknowledged("review"))
    found: Counter[tuple[str, str]] = Counter()
    for pair in (await sources.read("reviews", ReviewPairs)).values():
        if pair.by_customer is not None:
            found[pair.job_id, pair.customer_id] += 1
        if pair.by_helper is not None:
            found[pair.job_id, pair.helper_id] += 1
    return list(_compared("review", promised, found))


async def _accounts(sources: Sources, book: Book) -> Findings:
    accounts = await sources.read("identity", AccountStore)
    claims = await sources.read("identity", EmailClaimStore)
    promised = Counter(line.subject for line in book.acknowledged("account"))
    found = Counter(
        account.email for account in accounts.values() if account.email.startswith("person_")
    )
    findings = list(_compared("account", promised, found))
    findings += [
        f"account {id} has no claim on its address"
        for id in accounts.keys() - {claim.account_id for claim in claims.values()}
    ]
    standing = {line.subject: line.name for line in book.acknowledged("standing")}
    for id, last in standing.items():
        if (accounts[id].status == "suspended") != (last == "suspend"):
            findings.append(f"account {id} is {accounts[id].status} after {last}")
    return findings


async def _profiles(sources: Sources, book: Book) -> Findings:
    helpers = await sources.read("profiles", HelperStore)
    last = {line.subject: line.name for line in book.acknowledged("profile")}
    return [
        f"helper {id} shows {helpers[id].profile.headline!r} instead of {headline!r}"
        for id, headline in last.items()
        if helpers[id].profile.headline != headline
    ]


async def effects_once(sources: Sources) -> Findings:
    """What facts call into being is there once: receipts, review pairs, ratings."""
    jobs = await sources.read("jobs", JobStore)
    receipts = await sources.read("jobs", ReceiptStore)
    books = await sources.read("jobs", ReceiptBookStore)
    pairs = await sources.read("reviews", ReviewPairs)
    completed = {id for id, job in jobs.items() if "completed" in job.milestones}
    judged = {id for id, job in jobs.items() if {"delivered", "completed"} & {*job.milestones}}
    numbered = Counter(id for book in books.values() for id in book.job_ids)
    findings = [
        *_compared("receipt", Counter(completed), Counter(r.job_id for r in receipts.values())),
        *_compared("receipt number", Counter(completed), numbered),
        *_compared("review pair", Counter(judged), Counter(p.job_id for p in pairs.values())),
    ]
    for receipt in receipts.values():
        year = int(receipt.number.split("-")[0])
        numbers = [
            book.number(receipt.job_id)
            for book in books.values()
            if (book.helper_id, book.year) == (receipt.helper_id, year)
            and receipt.job_id in book.job_ids
        ]
        if numbers != [receipt.number]:
            findings.append(f"receipt {receipt.number} of {receipt.helper_id} is {numbers}")
    return findings + await _ratings(sources)


async def _ratings(sources: Sources) -> Findings:
    pairs = (await sources.read("reviews", ReviewPairs)).values()
    ratings = await sources.read("reviews", Ratings)
    helpers = await sources.read("profiles", HelperStore)
    counted = Counter(pair.helper_id for pair in pairs if pair.mark is not None)
    rated = Counter({each.helper_id: each.count for each in ratings.values()})
    shown = Counter({id: each.rating.count for id, each in helpers.items() if each.rating})
    return [*_compared("rating", counted, +rated), *_compared("shown rating", counted, +shown)]


async def all_told(sources: Sources, witness: Witness) -> Findings:
    """Each source has published each of its events under one id, and the last says what is true."""
    findings: list[str] = []
    known = await sources.publishers()
    for source in known:
        acts = witness.events.get(_acts_on(source.name), {})
        events, name = acts | witness.events.get(source.name, {}), " ".join(source.name)
        if missing := [n for n in range(1, source.sequence + 1) if n not in events]:
            findings.append(f"{name}: events {missing} were never published")
            continue
        findings += [
            f"{name}: event {n} has {len(ids)} ids" for n, ids in events.items() if len(ids) > 1
        ]
        if max(events) > source.sequence:
            findings.append(f"{name}: event {max(events)} never happened")
        last = max(events.keys() - acts.keys(), default=None)
        if last is None:
            continue
        told = next(iter(events[last].values())).event.facts
        if _lasting(source, told) != _lasting(source, source.facts):
            findings.append(f"{name}: the last event is not what is stored")
    strangers = witness.events.keys() - {source.name for source in known} - _acted_on(witness)
    return findings + [f"events about {name}, which nobody has" for name in sorted(strangers)]


def _acts_on(name: Name) -> Name:
    """As what the witness hears of acts on this aggregate: they are numbered among its events."""
    publisher, aggregate, id = name
    return name if aggregate == LookEvent.aggregate else (publisher, LookEvent.aggregate, id)


def _acted_on(witness: Witness) -> set[Name]:
    """What somebody changed by their office; it may have no other events."""
    return {
        name
        for name, events in witness.events.items()
        if name == _acts_on(name)
        and all(each.event.facts.act for ids in events.values() for each in ids.values())
    }


def _lasting(source: Source, facts: Facts) -> dict[str, Any]:
    """The facts but for what follows another aggregate without an event of its own."""
    return facts.model_dump(exclude=FOLLOWING.get(source.name[1], set()))


async def replicas_true(sources: Sources, witness: Witness) -> Findings:
    """Each projection has the rows of a world without faults: no other, none less."""
    ideal = await ideal_rows(sources, histories(witness))
    findings: list[str] = []
    for service in SERVICES:
        for collection in projections(service):
            rows = await sources.rows(service, collection)
            name = f"{service}.{collection}"
            findings += _rows_compared(name, ideal[service, collection], rows)
    return findings


def histories(witness: Witness) -> list[History]:
    """Every aggregate's events in order."""
    found: list[History] = []
    for events in witness.events.values():
        history: list[Delivered[Any]] = [
            next(iter(events[sequence].values())) for sequence in sorted(events)
        ]
        found.append(history)
    return found


async def only_poison_parked(sources: Sources, poison: Iterable[Poison]) -> Findings:
    """Exactly what was injected, each for its reason."""
    wanted = {each.key: each.reason for each in poison}
    found = {
        key: row["reason"]
        for service in SERVICES
        for key, row in (await sources.rows(service, "parked")).items()
    }
    return [
        f"{key} is parked as {found.get(key)} instead of {wanted.get(key)}"
        for key in sorted(wanted.keys() | found.keys())
        if wanted.get(key) != found.get(key)
    ]


async def tenants_apart(sources: Sources) -> Findings:
    """No document names anything that belongs to another tenant."""
    everything = await sources.everything()
    owners = {
        id: row["tenant"]
        for (_, collection), rows in everything.items()
        if collection in {"accounts", "jobs", "helpers", "conversations", "receipts"}
        for id, row in rows.items()
    }
    findings = []
    for (service, collection), rows in everything.items():
        for id, row in rows.items():
            foreign = [
                text for text in _texts(row) if owners.get(text, row["tenant"]) != row["tenant"]
            ]
            if foreign:
                findings.append(f"{service}.{collection} {id} of {row['tenant']}: {foreign[0]}")
    return findings


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield key
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)


def _compared(what: str, promised: Counter[Any], found: Counter[Any]) -> Iterator[str]:
    for key in sorted(promised.keys() | found.keys(), key=str):
        if promised[key] != found[key]:
            yield f"{what} {key}: promised {promised[key]} times, found {found[key]} times"


def _rows_compared(name: str, ideal: Rows, found: Rows) -> Iterator[str]:
    for id in sorted(ideal.keys() | found.keys()):
        one, other = ideal.get(id), found.get(id)
        if one == other:
            continue
        if one is None or other is None:
            yield f"{name} {id} is {'missing' if other is None else 'there for no reason'}"
            continue
        fields = [f for f in sorted(one.keys() | other.keys()) if one.get(f) != other.get(f)]
        first = fields[0]
        yield f"{name} {id}: {first} is {other.get(first)!r} instead of {one.get(first)!r}"


def shortened(findings: Findings) -> Findings:
    """The first few of each kind, by their first word, and how many more there are."""
    kinds = Counter(finding.split()[0] for finding in findings)
    shown: Counter[str] = Counter()
    lines = []
    for finding in findings:
        kind = finding.split()[0]
        shown[kind] += 1
        if shown[kind] <= _SHOWN:
            lines.append(finding[:400])
        elif shown[kind] == kinds[kind]:
            lines.append(f"... and {kinds[kind] - _SHOWN} more of {kind}")
    return lines
