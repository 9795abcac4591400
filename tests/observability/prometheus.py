"""What a test asks a running Prometheus."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Any

import httpx

PATIENCE = 60.0
"""Seconds for what must come by itself, on a busy machine."""


class RefusedError(Exception):
    """Prometheus does not accept this PromQL; the text is its own."""


@dataclass(frozen=True)
class Sample:
    """One series of an instant's answer."""

    labels: dict[str, str]
    value: float


class Prometheus:
    """The HTTP API at a port of loopback."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def close(self) -> None:
        self._client.close()

    def query(self, text: str) -> list[Sample]:
        """What it is now, without what is no number."""
        answered = self._client.post("/api/v1/query", data={"query": text}).json()
        if answered["status"] != "success":
            raise RefusedError(f"{text}: {answered['error']}")
        found = answered["data"]["result"]
        if answered["data"]["resultType"] == "scalar":
            found = [{"metric": {}, "value": found}]
        samples = [Sample(each["metric"], float(each["value"][1])) for each in found]
        return [sample for sample in samples if not isnan(sample.value)]

    def targets(self) -> dict[str, str]:
        """Address -> health, of everybody who is asked."""
        active = self._client.get("/api/v1/targets").json()["data"]["activeTargets"]
        return {each["scrapeUrl"]: each["health"] for each in active}

    def rules(self) -> list[dict[str, Any]]:
        groups = self._client.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def alerts(self) -> list[dict[str, Any]]:
        """Those whose expression is true: pending as long as their rule says, then firing."""
        found: list[dict[str, Any]] = self._client.get("/api/v1/alerts").json()["data"]["alerts"]
        return found

    def until(self, text: str, holds: Callable[[list[Sample]], Any] = bool) -> list[Sample]:
        """The answer once it holds; fails the test if it never does."""
        deadline = time.monotonic() + PATIENCE
        while not holds(found := self.query(text)):
            assert time.monotonic() < deadline, f"{text} gives {found}"
            time.sleep(0.5)
        return found
