"""A real Envoy with a generated configuration, and a client that sends exactly what it is told."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters

from deploy.gateway.config import render, to_yaml
from deploy.gateway.options import Endpoint, Gateway
from deploy.gateway.routing import RouteTable
from deploy.local.ports import free_ports
from tests.gateway.upstream import Upstream, wait_until

ENVOY = Path(sys.executable).with_name("envoy")
ISSUER = "https://helphood.example"
HOST = "vodafone.localhost"
UPLOAD_BYTES = 1024 * 1024

ROUTES: RouteTable = {
    "identity": [
        {"path": "/v1/auth/refresh", "methods": {"POST": {"access": "public"}}},
        {"path": "/v1/me", "methods": {"GET": {}, "PATCH": {}}},
    ],
    "jobs": [
        {"path": "/v1/helpers/{id}", "methods": {"GET": {}}},
        {"path": "/v1/helpers/{id}/agreement.pdf", "methods": {"GET": {}}},
        {"path": "/v1/jobs", "methods": {"GET": {}, "POST": {}}},
        {"path": "/v1/jobs/{id}/photo", "methods": {"PUT": {"max_bytes": UPLOAD_BYTES}}},
    ],
    "messaging": [
        {"path": "/v1/helpers/me", "methods": {"GET": {}}},
        {"path": "/v1/stream", "methods": {"GET": {"streaming": True}}},
    ],
}


@dataclass(frozen=True)
class Answer:
    """Status, headers by lower-case name, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Door:
    """A running gateway and the services behind it."""

    port: int
    admin_port: int
    pid: int
    services: dict[str, Upstream]
    collector: Upstream
    key: ECKey
    seconds_to_start: float

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        host: str = HOST,
    ) -> Answer:
        """One request on a connection of its own; path and headers go out as they are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {"Host": host, **(headers or {})})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """GET with headers given as keywords: x_request_id for X-Request-Id."""
        return self.ask("GET", path, {name.replace("_", "-"): v for name, v in headers.items()})

    def token(self, key: ECKey | None = None, **claims: Any) -> str:
        """The value of an Authorization header; valid unless key or claims say otherwise."""
        usual = {"iss": ISSUER, "sub": "account", "exp": int(time.time()) + 900}
        key = key or self.key
        header = {"alg": "ES256", "kid": key.kid}
        return "Bearer " + jwt.encode(header, {**usual, **claims}, key)

    def knows_keys(self) -> bool:
        """Whether the keys came by the regular way, which is tried again a second after start."""
        return self.statistic("http.public.jwt_authn.jwks_fetch_success") > 0

    def statistic(self, name: str) -> int:
        """A counter of Envoy's, by its full name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", f"/stats?filter=^{name}$")
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        return int(text.rpartition(": ")[2]) if text else 0


def new_key(kid: str | None = None) -> ECKey:
    """A fresh signing key, with an id of its own unless one is given."""
    parameters: KeyParameters = {"use": "sig", "alg": "ES256"}
    if kid:
        parameters["kid"] = kid
    key = ECKey.generate_key("P-256", parameters)
    key.ensure_kid()
    return key


@contextmanager
def running(
    folder: Path,
    *,
    down: tuple[str, ...] = (),
    cache_keys: str | None = None,
    **options: Any,
) -> Iterator[Door]:
    """A gateway over three services, of which those named in down are not started.

    cache_keys shortens the time for which fetched keys are held. options are Gateway's.
    """
    key = new_key()
    # All at once, so that none is given out twice.
    listen_port, admin_port, collector_port, *ports = free_ports(3 + len(ROUTES))
    named = zip(ROUTES, ports, strict=True)
    services = {name: Upstream(name, port) for name, port in named}
    services["identity"].keys = {"keys": [key.as_dict(private=False)]}
    collector = Upstream("collector", collector_port)
    gateway = Gateway(
        listen_port=listen_port,
        admin_port=admin_port,
        services={name: Endpoint("127.0.0.1", one.port) for name, one in services.items()},
        token_issuer=ISSUER,
        otlp_endpoint=f"http://127.0.0.1:{collector.port}",
    )
    gateway = Gateway(**{**vars(gateway), **options})
    config = to_yaml(render(gateway, ROUTES))
    if cache_keys is not None:
        config = config.replace("cache_duration: 300s", f"cache_duration: {cache_keys}")
    (folder / "envoy.yaml").write_text(config)
    for one in (*services.values(), collector):
        if one.name not in down:
            one.start()
    try:
        with _process(folder) as process:
            begun = time.monotonic()
            door = Door(
                gateway.listen_port, gateway.admin_port, process.pid, services, collector, key, 0.0
            )
            wait_until(lambda: _answers(door, process))
            door.seconds_to_start = time.monotonic() - begun
            yield door
    finally:
        for one in (*services.values(), collector):
            one.stop()


@contextmanager
def _process(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(ENVOY), "-c", str(folder / "envoy.yaml"), "--concurrency", "1"]
    command += ["--disable-hot-restart", "--log-level", "warning"]
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=10)


def _answers(door: Door, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "Envoy ended at once; see envoy.log"
    try:
        return door.ask("GET", "/healthz").status == 200
    except OSError:
        return False
