"""What one unit of each kind of work costs at the size that the platform has now."""

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.local.stack import SERVICES
from deploy.local.story import BERLIN
from services.profiles.model.search import Search
from services.profiles.views.search import find_hits
from shared.kernel.clock import utc_now
from shared.scope import Scope
from shared.store import Database
from tests.bench.growth.crowd import Appointed, Crowd
from tests.bench.growth.platform import Platform
from tests.bench.measure import Round, WrongResultError, check_once, percentile, watched
from tests.bench.town import ERRANDS, Jobs
from tests.tenants import TENANTS

PAGE = 20
SEARCH, LIST, STORY, IDLE = "search", "list", "story", "idle"
COMMANDS = {each.name: each for each in ERRANDS}


@dataclass(frozen=True)
class Units:
    """How many of each kind make a round; idle in seconds, stories at each size."""

    search: int = 30
    list: int = 60
    commands: int = 60
    idle: float = 4.0
    stories: int = 5


@dataclass
class Work:
    """One kind of work: its rounds at each size. service names the one that answers for it."""

    title: str
    service: str = ""
    rounds: dict[int, list[Round]] = field(default_factory=dict)

    @property
    def sizes(self) -> list[int]:
        return sorted(self.rounds)

    def median(self, size: int, figure: str) -> float:
        """Of p50; of p95 it is the worst, as a story is a round of one."""
        values: list[float] = [getattr(each, figure) for each in self.rounds[size]]
        return percentile(values, 95) if figure == "p95" else statistics.median(values)

    def cpu(self, size: int) -> dict[str, float]:
        """Milliseconds a unit, medians: the service (or all five), database, and the others."""
        found = [self._grouped(each.cpu) for each in self.rounds[size]]
        return {name: statistics.median(each[name] for each in found) for name in found[0]}

    def growth(self, group: str) -> float:
        """What the largest size costs by what the smallest does."""
        least, most = (self.cpu(size)[group] for size in (self.sizes[0], self.sizes[-1]))
        return most / least

    def _grouped(self, cpu: Any) -> dict[str, float]:
        ours = {self.service} if self.service else set(SERVICES)
        service = sum(cpu[name] for name in ours)
        others = sum(cpu.values()) - service - cpu["database"]
        return {"service": service, "database": cpu["database"], "others": others}


class Costs:
    """works by name; scored is how many helpers a search weighs, by size."""

    def __init__(self, platform: Platform, crowd: Crowd, units: Units) -> None:
        self._platform, self._crowd, self._units = platform, crowd, units
        self.works = {
            SEARCH: Work("a search", "profiles"),
            LIST: Work("a page of one's jobs", "jobs"),
            **{name: Work(f"POST /v1/jobs/{{id}}/{name}", "jobs") for name in COMMANDS},
            STORY: Work("a whole story"),
            IDLE: Work("a second of idling"),
        }
        self.scored: dict[int, float] = {}
        self._jobs = Jobs(platform.mongo["jobs"]["jobs"])

    def measure(self, size: int, rounds: int, step: Callable[[], None]) -> None:
        """Everything so many times, then the stories."""
        self._check_crowd()
        self.scored[size] = asyncio.run(self._weighed())
        tokens = self._platform.tokens()
        customer, helper = tokens[self._platform.customer], tokens[self._platform.helper]
        for _ in range(rounds):
            self._add(IDLE, size, self._idle())
            self._add(SEARCH, size, self._search())
            self._add(LIST, size, self._list(customer))
            for errand in COMMANDS.values():
                self._add(errand.name, size, self._command(errand, helper))
            step()
        for _ in range(self._units.stories):
            self._add(STORY, size, self._story(size))
            step()

    def _add(self, name: str, size: int, done: Round) -> None:
        self.works[name].rounds.setdefault(size, []).append(done)

    def _idle(self) -> Round:
        with watched(self._platform.pids) as spent:
            time.sleep(self._units.idle)
        cpu = {name: seconds / spent.seconds * 1000 for name, seconds in spent.cpu.items()}
        return Round(1, spent.seconds, cpu=cpu, memory=spent.memory)

    def _search(self) -> Round:
        points = self._crowd.city.points
        near = [points[number % len(points)] for number in range(self._units.search)]
        paths = [f"GET /v1/helpers?near={at.lat},{at.lon}&limit={PAGE}" for at in near]
        return self._asked("profiles", paths, check=self._best_first)

    def _list(self, token: str) -> Round:
        path = f"GET /v1/jobs?role=customer&state=closed&limit={PAGE}"
        return self._asked("jobs", [path] * self._units.list, token, check=self._newest_first)

    def _command(self, errand: Any, token: str) -> Round:
        """On fresh jobs, each of which is changed once; afterwards they are gone."""
        people = {"customer": self._platform.customer, "helper": self._platform.helper}
        errand = Appointed(errand.name, errand.body, errand.event, **people)
        ids = self._jobs.fresh(errand, self._units.commands)
        orders = [f"POST /v1/jobs/{id}/{errand.name} {errand.body}".rstrip() for id in ids]
        done = self._asked("jobs", orders, token)
        self._jobs.used(errand, len(ids))
        changed = self._jobs.changed(ids, errand)
        check_once(ids, [id for id, times in changed.items() for _ in range(times)])
        self._platform.mongo["jobs"]["jobs"].delete_many({"_id": {"$in": ids}})
        return done

    def _story(self, size: int) -> Round:
        idle = self.works[IDLE].rounds[size]
        with watched(self._platform.pids) as spent:
            story = self._platform.tell(BERLIN)
            self._platform.rest()
        self._platform.forget_mails()
        cpu = {
            name: max(0.0, 1000 * seconds - self._usual(idle, name) * spent.seconds)
            for name, seconds in spent.cpu.items()
        }
        took = sum(step.milliseconds for step in story.steps)
        return Round(1, spent.seconds, took, took, cpu, spent.memory)

    @staticmethod
    def _usual(idle: list[Round], name: str) -> float:
        return statistics.median(each.cpu[name] for each in idle)

    def _asked(
        self,
        service: str,
        requests: list[str],
        token: str = "",
        check: Callable[[Any], bool] = bool,
    ) -> Round:
        """One request after the other, straight at the service, and what follows from them."""
        taken = []
        with (
            httpx.Client(base_url=self._platform.stack.service_address(service)) as client,
            watched(self._platform.pids) as spent,
        ):
            for request in requests:
                method, path, *body = request.split(" ", 2)
                began = time.perf_counter()
                answer = client.request(
                    method, path, headers=_headers(token), content=body[0] if body else None
                )
                taken.append(1000 * (time.perf_counter() - began))
                if not answer.is_success or not check(answer.json()):
                    raise WrongResultError(f"{request}: {answer.status_code} {answer.text[:300]}")
            if method != "GET":
                self._platform.rest()
        p50, p95 = percentile(taken, 50), percentile(taken, 95)
        units = len(requests)
        return Round(units, spent.seconds, p50, p95, spent.per_unit(units), spent.memory)

    # What makes the figures worth anything ------------------------------------------------

    def _best_first(self, answer: Any) -> bool:
        scores = [hit["score"] for hit in answer["data"]]
        return scores == sorted(scores, reverse=True) and len(scores) <= PAGE

    def _newest_first(self, answer: Any) -> bool:
        return [each["id"] for each in answer["data"]] == self._crowd.own[::-1][:PAGE]

    def _check_crowd(self) -> None:
        """That as many are there as the table will say."""
        crowd, mongo = self._crowd, self._platform.mongo
        helpers = mongo["profiles"]["helpers"].estimated_document_count()
        jobs = mongo["jobs"]["jobs"].estimated_document_count()
        if helpers < len(crowd.city.ids) or jobs < crowd.jobs:
            raise WrongResultError(f"only {helpers} helpers and {jobs} jobs are there")

    async def _weighed(self) -> float:
        """Helpers that a search finds and scores, of whom it shows twenty."""
        database = Database(self._platform.stack.database_url, "profiles")
        scope = Scope(TENANTS["vodafone"], utc_now(), database, None)
        points = self._crowd.city.points
        hits = [len(await find_hits(Search(at, 10_000), scope)) for at in points]
        database.close()
        return statistics.mean(hits)


def _headers(token: str) -> Mapping[str, str]:
    host = {"Host": "vodafone.localhost", "Content-Type": "application/json"}
    return host | {"Authorization": f"Bearer {token}"} if token else host
