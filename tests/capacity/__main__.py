"""By hand: ``python -m tests.capacity [stories]`` measures what one whole story costs.

Stories are told one after the other in both tenants, on the local stack without tracing; what the
idle platform uses in the same time is taken off. A story is what `make demo` tells: two people
register, one becomes a helper, and a job goes from the first message to both reviews.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bson
import httpx
from pymongo import MongoClient
from rich.console import Console
from rich.progress import track

from deploy.local.demo import administrator
from deploy.local.keeper import belonging
from deploy.local.neighbours import berlin, portrait
from deploy.local.ports import Ports
from deploy.local.stack import SERVICES, Stack
from deploy.local.story import CASTS, Cast, Story
from deploy.tenants import FOLDER, load_all

STORIES = 5
"""In each tenant, unless told."""

WARM = 1
IDLE_SECONDS = 20.0
QUIET_SECONDS = 6.0
"""After the last step, for what events still bring about."""

_TICK = os.sysconf("SC_CLK_TCK")
_METRICS = {
    "events_published_total": "events published",
    "event_lag_seconds_count": "deliveries applied",
    "http_server_requests_total": "requests at the services",
}
out = Console(highlight=False)


@dataclass
class Spent:
    """cpu in seconds, by program; documents and their bytes by collection; other counts by name."""

    at: float
    cpu: Counter[str]
    documents: Counter[str]
    sizes: Counter[str]
    counts: Counter[str]

    @classmethod
    def until_now(cls, stack: Stack) -> "Spent":
        documents, sizes = _stored(stack)
        return cls(time.monotonic(), _cpu(stack), documents, sizes, _counts(stack))


def _cpu(stack: Stack) -> Counter[str]:
    """Of all processes that live, those that they waited for included."""
    parents, names, ticks = {}, {}, {}
    for pid in belonging(stack.home):
        try:
            name, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        parents[pid], names[pid] = int(fields[1]), name
        ticks[pid] = sum(int(each) for each in fields[11:15])
    kept = {state.pid: program for program, state in stack.status().items()}
    found: Counter[str] = Counter()
    for pid, spent in ticks.items():
        above = pid
        while above not in kept and above in parents:
            above = parents[above]
        found[kept.get(above, "supervisor")] += spent / _TICK  # type: ignore[assignment]
    return found


def _stored(stack: Stack) -> tuple[Counter[str], Counter[str]]:
    documents: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    with MongoClient[dict[str, Any]](stack.database_url) as client:
        for service in SERVICES:
            for name in client[service].list_collection_names():
                for document in client[service][name].find({}):
                    documents[f"{service}.{name}"] += 1
                    sizes[f"{service}.{name}"] += len(bson.encode(document))
    return documents, sizes


def _counts(stack: Stack) -> Counter[str]:
    found: Counter[str] = Counter()
    for service in SERVICES:
        text = httpx.get(f"{stack.service_address(service)}/metrics", timeout=30).text
        for line in text.splitlines():
            name = line.split("{")[0].split(" ")[0]
            if name in _METRICS:
                found[_METRICS[name]] += int(float(line.split()[-1]))
    for line in stack.broker().control("list_connections", "recv_oct", "send_oct").splitlines():
        words = line.split()
        if len(words) == 2 and all(word.isdigit() for word in words):
            found["bytes to the broker"] += int(words[0])
            found["bytes from the broker"] += int(words[1])
    return found


def _tell(stack: Stack, admin: Any, cast: Cast, photo: bytes) -> Counter[str]:
    """One story; the requests of its people at the gateway."""
    story = Story(
        cast,
        gateway=stack.address(),
        port=stack.ports.gateway,
        mails=stack.mail_folder,
        admin=admin.request,
        photo=photo,
    )
    story.tell()
    people = (story.customer, story.helper, story.support, story.stranger)
    asked = sum(len(person.answers) for person in people)
    return Counter({"requests at the gateway": asked})


def main(stories: int = STORIES) -> None:
    photo = portrait(berlin(1)[0])
    with tempfile.TemporaryDirectory(prefix="helphood-capacity-") as home:
        stack = Stack(Path(home), Ports.free(SERVICES), report=lambda _: None)
        try:
            stack.up()
            with administrator(stack) as admin:
                for slug, body in load_all(FOLDER).items():
                    admin.apply(slug, body)
                for cast in CASTS * WARM:
                    _tell(stack, admin, cast, photo)
                time.sleep(QUIET_SECONDS)
                idle_from = Spent.until_now(stack)
                time.sleep(IDLE_SECONDS)
                before = Spent.until_now(stack)
                asked: Counter[str] = Counter()
                for cast in track(CASTS * stories, "telling stories", console=out):
                    asked += _tell(stack, admin, cast, photo)
                time.sleep(QUIET_SECONDS)
                after = Spent.until_now(stack)
        finally:
            stack.down()
    _show(idle_from, before, after, asked, len(CASTS) * stories)


def _show(idle_from: Spent, before: Spent, after: Spent, asked: Counter[str], number: int) -> None:
    idle = before.at - idle_from.at
    seconds = after.at - before.at
    out.print(f"\n{number} stories in {seconds:.0f} s\n\n| process | CPU ms a story | idle, % |")
    out.print("|---|---|---|")
    total = unused = 0.0
    for name in sorted(after.cpu):
        share = (before.cpu[name] - idle_from.cpu[name]) / idle
        cost = (after.cpu[name] - before.cpu[name] - share * seconds) / number
        total, unused = total + cost, unused + share
        out.print(f"| {name} | {cost * 1000:,.0f} | {share * 100:.1f} |")
    out.print(f"| all | {total * 1000:,.0f} | {unused * 100:.1f} |")
    out.print("\n| what | a story |\n|---|---|")
    counted = asked + Counter(
        {name: after.counts[name] - before.counts[name] for name in after.counts}
    )
    for name in sorted(counted):
        out.print(f"| {name} | {counted[name] / number:,.0f} |")
    out.print("\n| database | documents a story | bytes a story |\n|---|---|---|")
    for service in SERVICES:
        mine = [name for name in after.documents if name.startswith(f"{service}.")]
        documents = sum(after.documents[name] - before.documents[name] for name in mine)
        size = sum(after.sizes[name] - before.sizes[name] for name in mine)
        out.print(f"| {service} | {documents / number:,.1f} | {size / number:,.0f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
