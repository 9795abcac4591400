"""Which port belongs to what, and whether it is still to be had."""

import contextlib
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from deploy.local.programs import CannotRunError

_FIXED = (
    *("gateway", "gateway_admin", "amqp", "distribution", "epmd", "mongo", "smtp"),
    *("broker_metrics", "prometheus", "traces"),
)
_BLOCK = 10_000
"""Everything but the gateway lies this far above it (or below it, for a high port)."""


@dataclass(frozen=True)
class Ports:
    """One port for each listener of the stack, all of them on loopback but the gateway's."""

    gateway: int
    gateway_admin: int
    amqp: int
    distribution: int
    epmd: int
    mongo: int
    smtp: int
    broker_metrics: int
    prometheus: int
    traces: int
    services: Mapping[str, int]

    @classmethod
    def block(cls, gateway: int, services: Iterable[str]) -> Self:
        """Fixed ports that follow from the gateway's (18080 and up for 8080)."""
        if not 1024 <= gateway <= 65_000:
            raise CannotRunError(f"PORT must lie between 1024 and 65000, not be {gateway}")
        base = gateway + (_BLOCK if gateway < 55_000 else -_BLOCK)
        names = list(services)
        return cls.of(names, [gateway, *range(base, base + len(_FIXED) - 1 + len(names))])

    @classmethod
    def free(cls, services: Iterable[str]) -> Self:
        """Ports that nobody listens on now; for tests."""
        names = list(services)
        return cls.of(names, free_ports(len(_FIXED) + len(names)))

    @classmethod
    def of(cls, services: Sequence[str], numbers: Sequence[int]) -> Self:
        """numbers: one for each fixed listener, the gateway's first, then one for each service."""
        named = dict(zip([*_FIXED, *services], numbers, strict=True))
        fixed = {name: named.pop(name) for name in _FIXED}
        return cls(**fixed, services=named)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)

    def as_dict(self) -> dict[str, Any]:
        """The other way round of from_dict, ready for JSON."""
        return asdict(self)

    def named(self) -> dict[str, int]:
        """Every port by the name of what listens on it."""
        data = self.as_dict()
        services: dict[str, int] = data.pop("services")
        return data | services


def free_ports(count: int) -> list[int]:
    """Different free ports of the loopback address, from the system's own range."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def refuse_taken(ports: Mapping[str, int]) -> None:
    """Raises CannotRunError that names the first port on which somebody listens already."""
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise CannotRunError(
                    f"port {port} ({name}) is taken by another program; end that program, "
                    "or choose other ports: PORT=9080 make demo"
                ) from None


def listens(port: int) -> bool:
    """Whether somebody accepts connections at this port of the loopback address."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
        return True
    return False
