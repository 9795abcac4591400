"""The local stack with its tenants, the people who are measured, and ways to look into it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient

from deploy.cli.platform import Platform as Administrator
from deploy.local.demo import administrator
from deploy.local.neighbours import Neighbour, berlin, portrait
from deploy.local.people import Visitor
from deploy.local.ports import Ports
from deploy.local.seed import Somebody, open_accounts, settle, somebody, staff
from deploy.local.stack import SERVICES, Stack
from deploy.local.story import Cast, Story
from deploy.tenants import FOLDER, load_all
from tests.bench.growth.apps import BLOCKS
from tests.bench.measure import WrongResultError
from tests.chaos.sources import Sources

APPS = {name: f"tests.bench.growth.apps:{name}" for name in SERVICES}
CUSTOMER = Somebody("vodafone", "growth@vodafone.example", "Karin Vogel", "de")
REST_WITHIN = 60.0

ANSWERS_WITHIN = 60.0
"""Seconds for one question to the database; one that takes longer will never be answered."""


class CrowdedStory(Story):
    """The story where thousands live: a newcomer need not be among the first hundred hits."""

    def _hit(self) -> Any:
        """Searches as everybody does, then looks at the helper."""
        lat, lon = self.cast.home
        self.customer.get("/v1/helpers", near=f"{lat},{lon}", radius_m=10_000, skill="wifi")
        answer = self.customer.ask("GET", f"/v1/helpers/{self.helper.id}")
        return answer.body if answer.status == 200 else None

    @property
    def people(self) -> tuple[Visitor, ...]:
        return self.customer, self.helper, self.support, self.stranger


@dataclass
class Platform:
    """customer and helper are the ids of those between whom the measured jobs are."""

    stack: Stack
    admin: Administrator
    mongo: MongoClient[dict[str, Any]]
    neighbour: Neighbour

    @property
    def customer(self) -> str:
        return CUSTOMER.id

    @property
    def helper(self) -> str:
        return somebody(self.neighbour).id

    def tokens(self) -> dict[str, str]:
        """Fresh ones, by account id; they are good for a quarter of an hour."""
        return open_accounts(self.stack, [CUSTOMER, somebody(self.neighbour)])

    @property
    def pids(self) -> dict[str, int]:
        """Of every program of the stack."""
        return {name: state.pid for name, state in self.stack.status().items() if state.pid}

    def blocks(self) -> dict[str, int]:
        """Of memory that each service holds."""
        found = {}
        for name in SERVICES:
            told = httpx.get(f"{self.stack.service_address(name)}/metrics", timeout=30).text
            line = next(each for each in told.splitlines() if each.startswith(f"{BLOCKS} "))
            found[name] = int(float(line.split()[1]))
        return found

    def tell(self, cast: Cast) -> CrowdedStory:
        """One whole story. UnexpectedAnswerError when a step of it goes wrong."""
        story = CrowdedStory(
            cast,
            gateway=self.stack.address(),
            port=self.stack.ports.gateway,
            mails=self.stack.mail_folder,
            admin=self.admin.request,
            photo=portrait(self.neighbour),
        )
        try:
            story.tell()
        finally:
            for person in story.people:
                person.close()
        return story

    def rest(self) -> None:
        """Until every event is applied. WrongResultError when one was parked, or never was."""
        asyncio.run(self._rest())

    def forget_mails(self) -> None:
        """The people of a story look for theirs among all that were ever sent."""
        for file in self.stack.mail_folder.glob("*.eml"):
            file.unlink()

    async def _rest(self) -> None:
        sources, quiet = Sources.of(self.stack), 0
        end = time.monotonic() + REST_WITHIN
        try:
            while quiet < 2:
                left = [*await sources.unpublished(), *await sources.undelivered()]
                quiet = 0 if left else quiet + 1
                if time.monotonic() > end:
                    raise WrongResultError(f"not at rest after {REST_WITHIN:.0f} s: {left}")
                await asyncio.sleep(0.1)
        finally:
            sources.close()


@contextmanager
def running(folder: Path) -> Iterator[Platform]:
    """Up, with both tenants and one helper who went through everything; no process stays."""
    stack = Stack(folder / "stack", Ports.free(SERVICES), services=APPS, report=lambda _: None)
    try:
        stack.up()
        with administrator(stack) as admin, _client(stack) as mongo:
            for slug, body in load_all(FOLDER).items():
                admin.apply(slug, body)
            neighbour = next(each for each in berlin() if "wifi" in each.skills)
            platform = Platform(stack, admin, mongo, neighbour)
            everybody = [*staff(), CUSTOMER, somebody(neighbour)]
            settle(stack, [neighbour], open_accounts(stack, everybody), lambda _: None)
            platform.rest()
            yield platform
    finally:
        stack.down()


def _client(stack: Stack) -> MongoClient[dict[str, Any]]:
    return MongoClient(stack.database_url, socketTimeoutMS=int(1000 * ANSWERS_WITHIN))
