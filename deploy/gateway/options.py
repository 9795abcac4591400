"""What differs between one gateway and another; everything else is the same everywhere."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Endpoint:
    """Where a service listens: an address, or a DNS name that may stand for many replicas."""

    host: str
    port: int


@dataclass(frozen=True)
class Gateway:
    """Where the gateway and the services are, and what the gateway lets through.

    Rates are requests a second with a burst of twice as many. trusted_hops is the number of
    proxies of our own in front of the gateway, whose word on the client's address is taken.
    metrics_port opens a second listener with nothing but Prometheus metrics, for scrapers that
    cannot reach the admin port, which stays on loopback.
    """

    listen_port: int
    admin_port: int
    services: dict[str, Endpoint]
    token_issuer: str
    listen_address: str = "127.0.0.1"
    otlp_endpoint: str | None = None
    """OTLP over HTTP, without /v1/traces; None: spans are neither recorded nor exported."""
    trace_ratio: float = 1.0
    """Share of new traces that are recorded; a caller's decision is followed."""
    per_host_rps: int = 10_000
    per_client_rps: int = 2_000
    trusted_hops: int = 0
    metrics_port: int | None = None
    max_heap_bytes: int = 512 * _MEBIBYTE
    max_connections: int = 20_000


def endpoint_of(url: str, default_port: int) -> Endpoint:
    """Host and port of a plain http:// address; ValueError for anything else."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"an address of the form http://host[:port] is needed, not {url!r}")
    return Endpoint(parts.hostname, parts.port or default_port)
