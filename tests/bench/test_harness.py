"""The harness measures what it says: a slower side shows as slower, a lost unit is found."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy.local.ports import free_ports, listens
from deploy.local.programs import PROJECT, Child, Program
from tests.bench import child, report
from tests.bench.measure import (
    Round,
    Row,
    WrongResultError,
    check_once,
    cpu_seconds,
    percentile,
    resident_mib,
    watched,
)
from tests.bench.wrk import Answered, Load

SLEEPER = """
import asyncio, sys
import uvicorn

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await asyncio.sleep(float(sys.argv[1]))
    status = 409 if scope["path"] == "/refused" else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", lifespan="off")
"""


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Two servers that differ in nothing but a wait: of 40 ms, and of three times as much."""
    folder, found, children = tmp_path_factory.mktemp("sleepers"), {}, []
    try:
        for name, wait in (("quick", "0.04"), ("slowed", "0.12")):
            port = free_ports(1)[0]
            command = (sys.executable, "-c", SLEEPER, wait, str(port))
            server = Child(Program(name, command), folder / f"{name}.log")
            children.append(server)
            server.start()
            server.wait_until(partial(listens, port), 30)
            found[name] = f"http://127.0.0.1:{port}"
        yield found
    finally:
        for each in children:
            each.stop()


def _put(tmp_path: Path, address: str, path: str = "/") -> Answered:
    return Load(tmp_path).put(
        address, [f"GET {path}"], headers={"Host": "any"}, seconds=1, connections=4
    )


def a_round(rate: float, p50: float = 1.0, **cpu: float) -> Round:
    return Round(units=int(rate), seconds=1.0, p50=p50, p95=2 * p50, cpu=cpu, memory={"it": 10})


def a_row(**sides: list[Round]) -> Row:
    row = Row("trial", "floor", "ours", goal=0.6)
    for name, rounds in sides.items():
        for each in rounds:
            row.add(name, each)
    return row


def test_a_side_slowed_down_on_purpose_shows_as_slower_by_that_ratio(tmp_path, addresses):
    row = Row("waiting", "quick", "slowed")
    for _ in range(2):
        for name, address in addresses.items():
            answered = _put(tmp_path, address)
            row.add(name, Round(answered.good, answered.seconds, answered.p50, answered.p95))
    # Waiting costs no CPU, so a busy machine blurs this little; never as far as 1.
    assert 0.2 < row.ratio("slowed") < 0.6
    assert 1.7 < row.latency_ratio("slowed") < 5
    assert row.median("quick", "p50") >= 40


def test_a_refused_request_spoils_the_round(tmp_path, addresses):
    with pytest.raises(WrongResultError, match="409"):
        _put(tmp_path, addresses["quick"], "/refused")


def test_each_request_is_sent_but_once_where_that_is_asked_for(tmp_path, addresses):
    requests = [f"GET /{number}" for number in range(1_000)]
    once = partial(
        Load(tmp_path).put, addresses["quick"], headers={}, seconds=1, connections=2, once=True
    )
    answered = once(requests)
    # wrk looks at the first one before it begins, and hangs up on what is under way at the end.
    assert answered.good <= answered.sent <= answered.good + 3
    with pytest.raises(WrongResultError, match="too few"):
        once(requests[:4])


def test_a_lost_unit_is_found():
    with pytest.raises(WrongResultError, match="1 of 3 units are lost"):
        check_once(["a", "b", "c"], ["a", "c"])


def test_a_unit_that_was_applied_twice_is_found():
    with pytest.raises(WrongResultError, match="twice"):
        check_once(["a", "b"], ["a", "b", "b"])


def test_a_unit_that_nobody_asked_for_is_found():
    with pytest.raises(WrongResultError, match="nobody asked"):
        check_once(["a"], ["a", "x"])


def test_the_ratio_is_that_of_the_rounds_which_met_the_same_machine():
    """A slow minute hits both sides of a round; medians of the sides apart would blame one."""
    row = a_row(
        floor=[a_round(1000), a_round(100), a_round(800)],
        ours=[a_round(500), a_round(50), a_round(400)],
    )
    assert row.ratio("ours") == 0.5
    assert row.reached is False


def test_a_goal_of_latency_is_a_largest_ratio():
    row = Row("trial", "floor", "ours", latency_goal=1.5)
    row.add("floor", a_round(100, p50=2.0))
    row.add("ours", a_round(100, p50=2.9))
    assert row.latency_ratio("ours") == pytest.approx(1.45)
    assert row.reached is True


def test_cpu_and_memory_are_those_of_the_process_that_is_watched():
    busy = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass\n"
    busy += (
        "block = bytes(32 * 2**20)\nblock = bytearray(block)\nprint('done', flush=True)\ninput()"
    )
    with subprocess.Popen(
        (sys.executable, "-c", busy), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        with watched({"busy": process.pid, "idle": os.getppid()}) as spent:
            process.stdout.readline()
        assert 0.3 < spent.cpu["busy"] < 1.5
        assert spent.per_unit(100)["busy"] == pytest.approx(10 * spent.cpu["busy"])
        assert spent.memory["busy"] > 32
        assert cpu_seconds(process.pid) >= spent.cpu["busy"]
        assert resident_mib(process.pid) > 32
        process.communicate(b"\n")


def test_percentiles_are_values_that_occurred():
    assert percentile(range(100), 50) == 50
    assert percentile([3.0], 95) == 3.0


def test_paced_units_begin_on_time_and_side_by_side_ones_never_exceed_their_number():
    running, most = 0, 0

    async def work(unit: str) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return time.monotonic_ns()

    units = [str(number) for number in range(20)]
    assert set(asyncio.run(child._side_by_side(work, units, 4))) == set(units)
    assert most == 4
    commits = asyncio.run(child._paced(work, units, 100.0))
    assert (commits["19"] - commits["0"]) / 1e9 > 0.15


def test_the_report_says_what_was_measured_and_draws_it(tmp_path):
    row = a_row(floor=[a_round(1000, cpu=1.0)], ours=[a_round(500, cpu=2.0)])
    row.losses = {"ours": "nothing"}
    report.write([row], None, tmp_path, 5, "")
    text = (tmp_path / "performance.md").read_text()
    assert "| trial | 0.50 of the floor | ≥ 0.6 | **no** |" in text
    assert "| ours | 500 (500..500) | 0.50 | 1.0 | 2.0 | cpu 2.00 | it 10 |" in text
    assert (tmp_path / "performance.png").read_bytes().startswith(b"\x89PNG")


def test_too_few_rounds_are_refused():
    done = subprocess.run(
        (sys.executable, "-m", "tests.bench", "--rounds", "2"),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "between 5 and 15" in done.stderr


def test_the_committed_figures_are_of_every_row():
    text = (PROJECT / "docs" / "performance.md").read_text()
    for what in ("read:", "gateway:", "search:", "command:", "event hop:", "start:", "idle:"):
        assert what in text
    assert "Celery" in text
