"""Upstreams: how the gateway reaches a service, when it gives up and when it comes back."""

import ipaddress
from typing import Any

from deploy.gateway.options import Endpoint, Gateway, endpoint_of
from deploy.gateway.routing import RouteTable, stream_cluster, streaming_services

OTLP = "otlp"
ADMIN = "admin"
STREAMS = 10_000
"""Live streams that may be open at once; each holds one connection to its service."""
IDLE = "4s"
"""Less than the keep-alive of the services' HTTP server (5 s), so that the gateway never sends a
command on a connection that the service is just closing: a POST could not be repeated."""


def all_clusters(gateway: Gateway, routes: RouteTable) -> list[dict[str, Any]]:
    """One cluster for each service, a second for each that streams, one for the collector."""
    found = [_service(name, at) for name, at in sorted(gateway.services.items())]
    found += [
        _stream(stream_cluster(name), gateway.services[name])
        for name in sorted(streaming_services(routes))
    ]
    if gateway.otlp_endpoint:
        found.append(_cluster(OTLP, endpoint_of(gateway.otlp_endpoint, 4318)))
    else:
        found.append({"name": OTLP, "type": "STATIC", "connect_timeout": "1s"})
    if gateway.metrics_port is not None:
        found.append(_cluster(ADMIN, Endpoint("127.0.0.1", gateway.admin_port)))
    return found


def socket(host: str, port: int) -> dict[str, Any]:
    """Envoy's form of a TCP address."""
    return {"socket_address": {"address": host, "port_value": port}}


def _service(name: str, at: Endpoint) -> dict[str, Any]:
    limits = {"max_connections": 512, "max_pending_requests": 256, "max_requests": 512}
    return {
        **_cluster(name, at),
        "circuit_breakers": {"thresholds": [{**limits, "retry_budget": _RETRY_BUDGET}]},
        "health_checks": [_HEALTH_CHECK],
        "outlier_detection": _OUTLIERS,
    }


def _stream(name: str, at: Endpoint) -> dict[str, Any]:
    limits = {
        "max_connections": STREAMS,
        "max_pending_requests": 1_000,
        "max_requests": STREAMS,
    }
    return {**_cluster(name, at), "circuit_breakers": {"thresholds": [limits]}}


def _cluster(name: str, at: Endpoint) -> dict[str, Any]:
    return {
        "name": name,
        **_discovery(at.host),
        "connect_timeout": "1s",
        "per_connection_buffer_limit_bytes": 262_144,
        "typed_extension_protocol_options": {_PROTOCOL: _HTTP_1},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket(at.host, at.port)}}]}],
        },
    }


def _discovery(host: str) -> dict[str, Any]:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Every address behind the name is a replica; a new one is found within seconds.
        return {
            "type": "STRICT_DNS",
            "dns_lookup_family": "V4_PREFERRED",
            "dns_refresh_rate": "5s",
        }
    return {"type": "STATIC"}


_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_HTTP_1 = {
    "@type": f"type.googleapis.com/{_PROTOCOL}",
    "common_http_protocol_options": {"idle_timeout": IDLE},
    "explicit_http_config": {"http_protocol_options": {}},
}

_RETRY_BUDGET = {"budget_percent": {"value": 20}, "min_retry_concurrency": 3}

# Unready services are asked often, so that a start is quick, ready ones seldom, as asking
# costs them a look at the database. While nobody is ready requests go out all the same (Envoy's
# panic threshold): a doubtful replica is better than a certain refusal.
_HEALTH_CHECK = {
    "timeout": "2s",
    "interval": "5s",
    "interval_jitter": "0.5s",
    "no_traffic_interval": "0.5s",
    "no_traffic_healthy_interval": "5s",
    "unhealthy_interval": "0.5s",
    "unhealthy_threshold": 3,
    "healthy_threshold": 1,
    "http_health_check": {"path": "/readyz"},
}

# Only what says that the replica itself is away counts: a bug that answers 500 would be thrown
# out replica by replica without being mended.
_OUTLIERS = {
    "split_external_local_origin_errors": True,
    "consecutive_gateway_failure": 5,
    "enforcing_consecutive_gateway_failure": 100,
    "consecutive_local_origin_failure": 5,
    "enforcing_consecutive_5xx": 0,
    "enforcing_success_rate": 0,
    "interval": "2s",
    "base_ejection_time": "5s",
    "max_ejection_time": "60s",
    "max_ejection_percent": 50,
}
