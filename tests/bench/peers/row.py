"""The row: ours, by hand and the three libraries, side by side on the same queue type."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from shared.kernel.ids import new_id
from tests.bench import hop
from tests.bench.floors import hop as byhand
from tests.bench.ground import Ground, Worker
from tests.bench.hop import alternated, taken
from tests.bench.measure import Round, Row, check_once, watched
from tests.bench.peers.work import COLLECTION, DATABASE
from tests.bench.trial import TARGET

COUNT, AT_ONCE = 240, 64
SETTLE = 30.0

LOSSES = {
    "helphood": "nothing: the event is in the outbox by the write of the state, and the row "
    "knows its sequence",
    "by hand": "the message whose sender ends between its write and the publish; the newest row "
    "to an older message that comes late; all that was in hand to a message that kills (it comes "
    "again for ever)",
    "Celery": "as by hand, between write and delay(); a task that raises is acknowledged and gone "
    "unless it retries itself, and a retry is a new message whose write is not one with the ack; "
    "one that kills comes again for ever",
    "Dramatiq": "as by hand, between write and send(); retries are re-published and dropped to a "
    "queue that expires after seven days; with the library's own classic queues all that the "
    "broker's disk had not",
    "taskiq": "as by hand, between write and kiq(); a task that raises is acknowledged and gone "
    "unless a retry middleware sends it anew",
}


@dataclass
class Pair:
    source: Worker
    target: Worker
    rows: Any

    @property
    def pids(self) -> dict[str, int]:
        return {"source": self.source.pid, "target": self.target.pid}


def pairs(ground: Ground, known: dict[str, hop.Pair]) -> dict[str, Pair]:
    """Our pair and the one by hand serve the hop as well."""
    mongo = ground.mongo
    found = {
        "helphood": Pair(known["helphood"].source, known["helphood"].target, mongo[TARGET]["rows"]),
        "by hand": Pair(
            known["by hand"].source, known["by hand"].target, mongo[byhand.DATABASE]["rows"]
        ),
    }
    rows = mongo[DATABASE][COLLECTION]
    rows.insert_one({"_id": "first"})
    for name in ("Celery", "Dramatiq", "taskiq"):
        module, label = f"tests.bench.peers.by_{name.lower()}", name.lower()
        target = ground.worker(f"{label}-target", module, "target")
        target.ready()
        source = ground.worker(f"{label}-source", module, "source")
        source.ready()
        found[name] = Pair(source, target, rows)
    return found


def measure(
    ground: Ground, known: dict[str, hop.Pair], rounds: int, step: Callable[[], None]
) -> Iterator[Row]:
    sides = pairs(ground, known)
    row = Row(
        "the same durable work: a confirmed persistent message, one write, the ack after it",
        "by hand",
        "helphood",
        losses=LOSSES,
    )
    for pair in sides.values():
        published(ground, pair, COUNT // 4)
    for number in range(rounds):
        for name in alternated(sides, number):
            row.add(name, published(ground, sides[name], COUNT))
            step()
    yield row


def published(ground: Ground, pair: Pair, count: int) -> Round:
    """One round of fresh units; each must be written once."""
    units = [new_id("parcel") for _ in range(count)]
    pair.target.forget()
    with watched(pair.pids | ground.pids) as spent:
        done = pair.source.ask(work="publish", units=units, at_once=AT_ONCE)
        pair.target.applied_at_least(count, SETTLE)
    applied = pair.target.applied()
    check_once(units, [unit for unit, times in applied.items() for _ in times])
    check_once(units, [each["_id"] for each in pair.rows.find({"_id": {"$in": units}}, {"_id": 1})])
    return taken(done, applied, spent.per_unit(count), spent.memory)
