"""What happens when services are away, slow to start or hang up, and when callers ask too much."""

from pathlib import Path

from tests.gateway.envoy import Door, running
from tests.gateway.test_passage import is_problem
from tests.gateway.upstream import Breaking, wait_until


def test_a_service_that_is_away_is_unavailable_and_others_are_not(tmp_path: Path) -> None:
    with running(tmp_path, down=("jobs",)) as door:
        answer = door.get("/v1/jobs")
        assert is_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "2"
        assert door.get("/v1/me").status == 200
        door.services["jobs"].start()
        wait_until(lambda: door.get("/v1/jobs").status == 200)


def test_connections_that_fail_are_tried_again(tmp_path: Path) -> None:
    with running(tmp_path, down=("jobs",)) as door:
        door.get("/v1/jobs")
        assert door.statistic("cluster.jobs.upstream_rq_retry") == 2
        door.ask("POST", "/v1/jobs", body=b"{}")
        assert door.statistic("cluster.jobs.upstream_rq_retry") == 3


def test_a_read_that_was_cut_off_is_repeated_and_a_command_is_not(tmp_path: Path) -> None:
    with running(tmp_path, down=("jobs",)) as door:
        breaking = Breaking(door.services["jobs"].port)
        try:
            assert is_problem(door.ask("POST", "/v1/jobs", body=b"{}"), 503, "unavailable")
            assert breaking.requests == ["POST /v1/jobs HTTP/1.1"]
            assert is_problem(door.get("/v1/jobs"), 503, "unavailable")
            assert breaking.requests[1:] == ["GET /v1/jobs HTTP/1.1"] * 3
        finally:
            breaking.stop()


def test_readiness_is_that_of_identity(tmp_path: Path) -> None:
    with running(tmp_path, down=("jobs",)) as door:
        wait_until(lambda: door.get("/readyz").status == 200)
        door.services["identity"].stop()
        wait_until(lambda: door.get("/readyz").status == 503, seconds=20)
        assert is_problem(door.get("/readyz"), 503, "unavailable")
        assert door.get("/healthz").status == 200
        door.services["identity"].start()
        wait_until(lambda: door.get("/readyz").status == 200)


def burst(door: Door, count: int, host: str = "a.example") -> list[int]:
    return [door.ask("GET", "/v1/me", host=host).status for _ in range(count)]


def test_a_host_that_asks_too_much_is_refused_and_others_are_not(tmp_path: Path) -> None:
    with running(tmp_path, per_host_rps=5) as door:
        statuses = burst(door, 40)
        assert statuses[:10] == [200] * 10
        assert 429 in statuses
        refused = door.ask("GET", "/v1/me", host="a.example")
        assert is_problem(refused, 429, "rate_limited")
        assert refused.headers["retry-after"] == "1"
        assert burst(door, 5, host="b.example") == [200] * 5
        wait_until(lambda: burst(door, 1) == [200])


def test_a_client_that_asks_too_much_is_refused_at_every_host(tmp_path: Path) -> None:
    with running(tmp_path, per_client_rps=5) as door:
        statuses = [burst(door, 1, host=f"{number}.example")[0] for number in range(40)]
        assert statuses[:5] == [200] * 5
        assert 429 in statuses


def test_a_claimed_address_does_not_help_a_client_that_asks_too_much(tmp_path: Path) -> None:
    with running(tmp_path, per_client_rps=5) as door:
        statuses = [door.get("/v1/me", x_forwarded_for=f"10.0.0.{n}").status for n in range(40)]
        assert 429 in statuses


def test_behind_a_proxy_of_our_own_each_client_has_its_own_limit(tmp_path: Path) -> None:
    with running(tmp_path, per_client_rps=5, trusted_hops=1) as door:
        statuses = [door.get("/v1/me", x_forwarded_for=f"10.0.0.{n}").status for n in range(40)]
        assert statuses == [200] * 40
