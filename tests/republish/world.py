"""All services in this process on one broker, and what people did in them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import aio_pika

from deploy.cli.services import queues, stores
from deploy.topology import SERVICES
from services.identity.commands import SuspendAccount, suspend_account
from services.identity.model import Tenant
from services.identity.store import AccountStore, TenantStore
from shared.contracts.identity import ERASED, AccountErased
from shared.rabbit import depths
from shared.rabbit.topology import parked_queue, retry_queue, suspect_queue
from shared.replicas import People
from shared.republish import publishing, republish
from shared.store import Database, Store
from shared.store.outboxes import Outboxes
from tests.harness import Harness
from tests.identity.builders import registered, verified
from tests.jobs.journey import DAY, Story, in_two_days, request, request_body, slot
from tests.messaging.builders import a_talk, post
from tests.profiles.builders import describe, own, put_bank, show_photo, sit
from tests.reviews.builders import Job, write
from tests.tenants import SWISSCOM, TENANTS

QUIET = 60.0
"""Seconds until nothing moves any more; a retry takes five of them."""

LOOKS = 3
"""So often in a row nothing must have moved: what a consumer holds is in no queue."""

OWN: dict[str, dict[str, Any]] = {
    "identity": {"key_secret": "k" * 32, "password_memory_kib": 64},
    "profiles": {"file_secret": "f" * 32},
    "jobs": {"file_secret": "f" * 32},
}
"""Settings that a service cannot do without."""

ROOT = {
    "platform_admin_email": "root@helphood.example",
    "platform_admin_password": "correct horse battery staple",
}

Dump = dict[str, dict[str, dict[str, Any]]]
"""Collection -> id -> document."""


@asynccontextmanager
async def a_service(
    name: str, broker_url: str, mongo_url: str, folder: Path, **settings: Any
) -> AsyncIterator[Harness]:
    """A service with an empty database of its own; it knows both tenants."""
    folder.mkdir()
    create = import_module(f"services.{name}.app").create
    chosen = import_module(f"services.{name}.settings").Settings
    more = OWN.get(name, {}) | settings
    async with Harness.running(create, chosen, broker_url, mongo_url, folder, **more) as harness:
        yield harness


async def dump(database: Database) -> Dump:
    """Everything in a database."""
    names = sorted(await database.handle.list_collection_names())
    found = {name: await database.collection(name).find({}).to_list(None) for name in names}
    return {name: {each["_id"]: each for each in documents} for name, documents in found.items()}


@dataclass
class World:
    """services by name; people and jobs of vodafone by what they are."""

    services: dict[str, Harness]
    broker_url: str
    people: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)

    def database(self, service: str) -> Database:
        return self.services[service].runtime.database

    async def dumps(self) -> dict[str, Dump]:
        return {name: await dump(self.database(name)) for name in self.services}

    async def republish(self, *services: str) -> int:
        """What these services know, told again; how many messages that were."""
        number = 0
        for name in services or SERVICES:
            publish = self.services[name].runtime.publisher.publish
            for kind in publishing(stores(name)):
                number += await republish(self.database(name), kind, publish)
        return number

    async def quiet(self) -> None:
        """Returns when outboxes and queues are empty and no document changes any more."""
        await self._settled([self.database(name) for name in self.services], SERVICES)

    async def quiet_for(self, service: str, database: Database) -> None:
        """The same for one more instance of a service, while nobody else listens."""
        await self._settled([database], [service])

    async def _settled(self, databases: list[Database], services: Sequence[str]) -> None:
        before: list[Dump] = []
        still = 0
        async with asyncio.timeout(QUIET):
            while still < LOOKS:
                now = [await dump(database) for database in databases]
                still = still + 1 if now == before and not await self._moving(services) else 0
                before = now
                await asyncio.sleep(0.4)

    async def _moving(self, services: Sequence[str]) -> int:
        names = all_queues(services)
        waiting = sum(depth.ready or 0 for depth in await depths(self.broker_url, names))
        for name in self.services:
            for kind in stores(name):
                if issubclass(kind, Store):
                    waiting += (await Outboxes(self.database(name), kind.collection).backlog())[0]
        return waiting

    async def empty_queues(self) -> None:
        async with await aio_pika.connect(self.broker_url) as connection:
            channel = await connection.channel()
            for name in all_queues(SERVICES):
                await (await channel.get_queue(name)).purge()


def all_queues(services: Sequence[str]) -> list[str]:
    return [
        kind
        for service in services
        for queue in queues(service)
        for kind in (queue, retry_queue(queue), parked_queue(queue))
    ] + [suspect_queue(service) for service in services]


@asynccontextmanager
async def a_world(broker_url: str, mongo_url: str, folder: Path) -> AsyncIterator[World]:
    """Every event was heard by everybody, as it happened."""
    async with AsyncExitStack() as stack:
        services = {}
        for name in SERVICES:
            settings = ROOT if name == "identity" else {}
            service = a_service(name, broker_url, mongo_url, folder / name, **settings)
            services[name] = await stack.enter_async_context(service)
        world = World(services, broker_url)
        await _people(world)
        await _helpers(world)
        await _jobs(world)
        await world.quiet()
        await _reviews(world)
        await world.quiet()
        yield world


async def _people(world: World) -> None:
    identity = world.services["identity"]
    scope = identity.scope()
    for facts in TENANTS.values():
        tenant, happened = Tenant.configured(facts)
        await TenantStore.of(facts.slug, scope).create(tenant, happened)
    rules = SWISSCOM.rules.model_copy(update={"review_window_days": 21})
    changed = SWISSCOM.model_copy(update={"rules": rules})
    await TenantStore.of("swisscom", scope).update("swisscom", lambda old: old.configure(changed))
    for name in ("Ada Berger", "Ben Krause", "Dora Frei"):
        world.people[name.split()[0].lower()] = (await verified(identity, display_name=name))["id"]
    world.people["cora"] = (await registered(identity, display_name="Cora Still"))["id"]
    suspended = SuspendAccount(world.people["dora"], "Threats")
    accounts = scope.store(AccountStore)
    await suspend_account(suspended, accounts)
    world.people["emil"] = (await verified(identity, display_name="Emil Kurz"))["id"]
    await accounts.bury(world.people["emil"], lambda _: [AccountErased(ERASED)])


async def _helpers(world: World) -> None:
    """ben is listed, ada has a draft."""
    profiles = world.services["profiles"]
    assert (await put_bank(profiles, "vodafone", "wifi")).status_code == 201
    ada, ben = world.people["ada"], world.people["ben"]
    await _arrived(profiles, ada, ben)
    await describe(profiles, ada)
    await describe(profiles, ben)
    assert (await show_photo(profiles, ben)).status_code == 204
    assert (await sit(profiles, ben))["passed"]

    async def listed() -> bool:
        return bool((await own(profiles, ben))["status"] == "listed")

    await profiles.eventually(listed)


async def _arrived(harness: Harness, *people: str) -> None:
    async def here() -> bool:
        known = [await harness.scope().store(People).find(person) for person in people]
        return all(each is not None and each.email_verified for each in known)

    await harness.eventually(here, QUIET)


async def _talk(world: World) -> None:
    """Reported too. What happens to jobs from now on is told in it."""
    messaging, ada, ben = world.services["messaging"], world.people["ada"], world.people["ben"]
    talk = await a_talk(messaging, customer=ada, helper=ben)
    await talk.say(ben, "Gladly")
    reported = await post(messaging, f"{talk.path}/report", {"reason": "scam"}, ben)
    assert reported.status_code == 200


async def _jobs(world: World) -> None:
    """One of each kind; the talk begins after the first and never hears of its milestones."""
    ada, ben = world.people["ada"], world.people["ben"]
    await _arrived(world.services["messaging"], ada, ben)
    await _arrived(world.services["jobs"], ada, ben)
    acts: dict[str, Callable[[Story, dict[str, Any]], Any]] = {
        "completed": lambda story, at: story.complete(slot=at),
        "reviewed": lambda story, at: story.complete(slot=at),
        "delivered": _deliver,
        "booked": lambda story, at: story.book(slot=at),
        "requested": lambda _story, _at: None,
        "declined": lambda story, _: story.step("decline", by=story.helper),
        "cancelled": _cancel,
        "refused": lambda story, _: story.step("cancel", ILL, by=story.helper),
        "broadcast": lambda _story, _at: None,
    }
    for number, (name, act) in enumerate(acts.items()):
        story = await _asked(world, slot(in_two_days() + number * DAY), name == "broadcast")
        world.jobs[name] = story.id
        if (step := act(story, slot(in_two_days() + number * DAY))) is not None:
            await step
        if name == "completed":
            await world.quiet()
            await _talk(world)
    matter = {"type": "other", "reason": "When does he come?"}
    path = f"/v1/jobs/{world.jobs['booked']}/cases"
    called = await post(world.services["jobs"], path, matter, ada)
    assert called.status_code == 201, called.text


ILL = {"reason": "I am ill", "cause_party": "helper"}


async def _asked(world: World, at: dict[str, str], broadcast: bool) -> Story:
    jobs, ada, ben = world.services["jobs"], world.people["ada"], world.people["ben"]
    body = request_body(None if broadcast else ben, slots=[at])
    answer = await request(jobs, ada, body)
    assert answer.status_code == 201, answer.text
    return Story(jobs, ada, ben, answer.json()["id"])


async def _deliver(story: Story, at: dict[str, str]) -> None:
    await story.begin(slot=at)
    done = {"summary": "Done", "minutes": 60, "outcome": "solved"}
    materials = {"materials": {"amount_minor": 0, "currency": "EUR"}}
    await story.step("deliver", done | materials, by=story.helper)


async def _cancel(story: Story, at: dict[str, str]) -> None:
    await story.book(slot=at)
    await story.step("cancel", ILL, by=story.helper)


async def _reviews(world: World) -> None:
    reviews, ada, ben = world.services["reviews"], world.people["ada"], world.people["ben"]
    job = Job(world.jobs["reviewed"], ada, ben, "vodafone")
    await write(reviews, job, ada)
    await write(reviews, job, ben, text=None, overall=4)
