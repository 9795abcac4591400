"""The rows that are asked over HTTP: read, search, command, gateway."""

import asyncio
import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pika

from deploy.gateway import config
from deploy.local.ports import free_ports
from shared.settings import ServiceSettings
from tests.bench.ground import Ground, Web, until
from tests.bench.hop import alternated
from tests.bench.measure import Round, Row, WrongResultError, check_once, watched
from tests.bench.town import ERRANDS, City, Errand, Jobs, cities, learn, settle

SECONDS = 1.0
CONNECTIONS = 16
WARM_UP = 1.0
JOBS = 1_000
"""Fresh jobs for each round: more than the faster side takes in its seconds."""

_HEARD = "bench.heard"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class House:
    """profiles, jobs, the floor's application and a gateway, each started when first needed."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.asked = ground.folder / "asked.json"

    @cached_property
    def cities(self) -> tuple[City, City]:
        """Settled when profiles has made its indexes."""
        url = f"{self.profiles.address}/readyz"
        assert _answers(url), "the indexes come before the helpers"
        towns = cities()
        for city in towns:
            settle(self.ground.mongo["profiles"]["helpers"], city)
        asyncio.run(learn(self.ground.database.mongo_url, towns, self.asked))
        return towns

    @cached_property
    def profiles(self) -> Web:
        return self._service("profiles")

    @cached_property
    def jobs(self) -> Web:
        return self._service("jobs")

    @cached_property
    def floor(self) -> Web:
        points = sum(len(city.points) for city in self.cities)
        assert points == len(json.loads(self.asked.read_text())), "the floor knows what to ask"
        return self.ground.web(
            "floor", "tests.bench.floors.web:create", BENCH_ASKED=str(self.asked)
        )

    @cached_property
    def gateway(self) -> Web:
        """In front of profiles; without its rate limits, which such a load is made to trip."""
        port, admin = free_ports(2)
        file = self.ground.folder / "envoy.yaml"
        config.write(
            file,
            listen_port=port,
            admin_port=admin,
            # Keys come from identity in real life; without tokens nobody asks for them.
            service_ports=dict.fromkeys(("identity", "profiles"), _port(self.profiles)),
            otlp_endpoint=None,
            token_issuer=ServiceSettings.model_fields["token_issuer"].default,
            per_host_rps=1_000_000,
            per_client_rps=1_000_000,
        )
        envoy = str(Path(sys.executable).with_name("envoy"))
        options = ("--concurrency", "1", "--log-level", "warning", "--disable-hot-restart")
        child = self.ground.program("gateway", (envoy, "-c", str(file), *options), port)
        return Web(child, port)

    def _service(self, name: str) -> Web:
        asyncio.run(self.ground.know_tenants(name))
        web = self.ground.web(name, f"services.{name}.app:create")
        until(lambda: _answers(f"{web.address}/readyz"), f"{name}'s start")
        return web


def read(house: House, rounds: int, step: Callable[[], None]) -> Iterator[Row]:
    row = Row("read: GET /v1/helpers/{id} at the service", "by hand", "helphood", goal=0.85)
    ids = house.cities[1].ids[:500]
    sides = {"helphood": house.profiles, "by hand": house.floor}
    _same_answer(sides, f"/v1/helpers/{ids[0]}")
    requests = [f"GET /v1/helpers/{id}" for id in ids]
    _rounds(house, row, sides, requests, rounds, step)
    yield row


def gateway(house: House, rounds: int, step: Callable[[], None]) -> Iterator[Row]:
    row = Row("gateway: the same read through Envoy", "straight", "gateway", goal=0.8)
    ids = house.cities[1].ids[:500]
    sides = {"gateway": house.gateway, "straight": house.profiles}
    _same_answer(sides, f"/v1/helpers/{ids[0]}")
    extra = {"service": house.profiles.pid}
    _rounds(house, row, sides, [f"GET /v1/helpers/{id}" for id in ids], rounds, step, extra=extra)
    yield row


def search(house: House, rounds: int, step: Callable[[], None]) -> Iterator[Row]:
    few, many = house.cities
    sides = {"helphood": house.profiles, "by hand": house.floor}
    rows = []
    for city, goal in ((few, None), (many, 0.6)):
        title = f"search: the best 20 of {city.helpers:,} helpers near a point, scored"
        row = Row(title, "by hand", "helphood", goal=goal)
        requests = {
            "helphood": [f"GET /v1/helpers?near={at.lat},{at.lon}" for at in city.points],
            "by hand": [
                f"GET /v1/helpers?near={at.lat},{at.lon}&tenant={city.slug}" for at in city.points
            ],
        }
        _check_hits(house.profiles, city)
        _rounds(house, row, sides, requests, rounds, step, city.slug, connections=2)
        rows.append(row)
    growth = rows[1].median("helphood", "p95") / rows[0].median("helphood", "p95")
    rows[1].notes.append(
        f"p95 grows {growth:.2f} times from {few.helpers:,} to {many.helpers:,} helpers (goal: "
        f"less than 2)"
    )
    yield from rows


def command(house: House, rounds: int, step: Callable[[], None]) -> Iterator[Row]:
    """A change without an event, and one that is published too; the floor publishes neither."""
    sides = {"helphood": house.jobs, "by hand": house.floor}
    jobs = Jobs(house.ground.mongo["jobs"]["jobs"])
    for errand in ERRANDS:
        told = "with its event published" if errand.event else "no event"
        row = Row(
            f"command: POST /v1/jobs/{{id}}/{errand.name}, {told}", "by hand", "helphood", goal=0.6
        )
        for name in sides:
            _given(house, jobs, errand, name, sides[name], WARM_UP)
        for number in range(rounds):
            for name in alternated(sides, number):
                row.add(name, _given(house, jobs, errand, name, sides[name], SECONDS))
                step()
        yield row


def _given(house: House, jobs: Jobs, errand: Errand, name: str, web: Web, seconds: float) -> Round:
    """One round on fresh jobs. Each acknowledged command must have been applied, each once."""
    ours, ground = name == "helphood", house.ground
    ids = jobs.fresh(errand, JOBS)
    token = ground.tokens.token("ben", "vodafone")
    headers = _host("vodafone") | {"Content-Type": "application/json"}
    with _listening(ground, errand if ours else None) as heard:
        with watched({"service": web.pid} | ground.pids) as spent:
            answered = ground.load.put(
                web.address,
                [f"POST /v1/jobs/{id}/{errand.name} {errand.body}".rstrip() for id in ids],
                headers=headers | {"Authorization": f"Bearer {token}"},
                seconds=seconds,
                connections=CONNECTIONS,
                once=True,
            )
            if ours and errand.event:
                until(lambda: not _unrelayed(ground), "relaying")
        jobs.used(errand, answered.sent)
        applied = jobs.changed(ids, errand)
        # wrk hangs up on what is under way at its end: applied perhaps, and not counted.
        if not answered.good <= len(applied) <= answered.good + CONNECTIONS:
            raise WrongResultError(f"{answered.good} acknowledged, {len(applied)} applied")
        check_once(applied, [id for id, times in applied.items() for _ in range(times)])
        if ours and errand.event:
            check_once(applied, heard())
    cpu = spent.per_unit(len(applied))
    return Round(answered.good, answered.seconds, answered.p50, answered.p95, cpu, spent.memory)


class _listening:  # noqa: N801 - reads as a with statement
    """A queue of its own that hears the errand's event, as another service's would."""

    def __init__(self, ground: Ground, errand: Errand | None) -> None:
        self._event = errand.event if errand else None
        self._url = ground.broker.amqp_url

    def __enter__(self) -> Callable[[], list[str]]:
        if self._event:
            self._connection = pika.BlockingConnection(pika.URLParameters(self._url))
            self._channel = self._connection.channel()
            arguments = {"x-queue-type": "quorum"}
            self._channel.queue_declare(_HEARD, durable=True, arguments=arguments)
            self._channel.queue_bind(_HEARD, "events", self._event)
        return self._heard

    def __exit__(self, *_: object) -> None:
        if self._event:
            self._connection.close()

    def _heard(self) -> list[str]:
        """The subjects of all events that came; the queue is empty afterwards."""
        subjects = []
        until(self._filled, "events' way to their queue", 10)
        while True:
            _, properties, _ = self._channel.basic_get(_HEARD, auto_ack=True)
            if properties is None or properties.headers is None:
                break
            subjects.append(properties.headers["cloudEvents_subject"])
        return subjects

    def _filled(self) -> bool:
        before = self._count()
        time.sleep(0.1)
        return before == self._count()

    def _count(self) -> int:
        declared = self._channel.queue_declare(_HEARD, passive=True)
        return int(declared.method.message_count)


def _unrelayed(ground: Ground) -> int:
    return ground.mongo["jobs"]["jobs"].count_documents({"outbox_since": {"$gt": _EPOCH}})


def _rounds(
    house: House,
    row: Row,
    sides: Mapping[str, Web],
    requests: list[str] | dict[str, list[str]],
    rounds: int,
    step: Callable[[], None],
    slug: str = "vodafone",
    *,
    connections: int = CONNECTIONS,
    extra: Mapping[str, int] | None = None,
) -> None:
    ground = house.ground

    def load(name: str, seconds: float) -> Round:
        web = sides[name]
        asked = requests if isinstance(requests, list) else requests[name]
        pids = {"service": web.pid, "database": ground.database.pid}
        if extra:
            pids = {"gateway": web.pid} | pids | dict(extra) if name == "gateway" else pids
        with watched(pids) as spent:
            answered = ground.load.put(
                web.address,
                asked,
                headers=_host(slug),
                seconds=seconds,
                connections=connections,
            )
        cpu = spent.per_unit(answered.good)
        return Round(answered.good, answered.seconds, answered.p50, answered.p95, cpu, spent.memory)

    for name in sides:
        load(name, WARM_UP)
    for number in range(rounds):
        for name in alternated(dict(sides), number):
            row.add(name, load(name, SECONDS))
            step()


def _same_answer(sides: Mapping[str, Web], path: str) -> None:
    first, second = (_get(f"{web.address}{path}") for web in sides.values())
    if first != second:
        different = [name for name in first if first[name] != second.get(name)]
        raise WrongResultError(f"{path} is not answered alike: {different}")


def _check_hits(profiles: Web, city: City) -> None:
    at = city.points[0]
    url = f"{profiles.address}/v1/helpers?near={at.lat},{at.lon}"
    hits = [hit["score"] for hit in _get(url, city.slug)["data"]]
    if len(hits) != 20 or hits != sorted(hits, reverse=True):
        raise WrongResultError(f"a search shows {len(hits)} helpers, not the best 20 in order")


def _get(url: str, slug: str = "vodafone") -> Any:
    request = urllib.request.Request(url, headers=_host(slug))
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _host(slug: str) -> dict[str, str]:
    return {"Host": f"{slug}.localhost"}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def _port(web: Web) -> int:
    return int(web.address.rpartition(":")[2])
