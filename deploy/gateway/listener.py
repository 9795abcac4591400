"""What the gateway listens on: the public door, and a small one for the scraper of metrics."""

from typing import Any

from deploy.gateway.answers import local_replies
from deploy.gateway.clusters import ADMIN, OTLP, socket
from deploy.gateway.filters import early_header_mutations, http_filters
from deploy.gateway.options import Gateway
from deploy.gateway.routing import RouteTable, virtual_host

_HCM = "envoy.filters.network.http_connection_manager"
_HCM_TYPE = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
    ".HttpConnectionManager"
)
_ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
}


def all_listeners(gateway: Gateway, routes: RouteTable) -> list[dict[str, Any]]:
    """The public listener, and the one for metrics where it is wanted."""
    public = _listener(
        "public", gateway.listen_address, gateway.listen_port, _connection_manager(gateway, routes)
    )
    if gateway.metrics_port is None:
        return [public]
    return [
        public,
        _listener("metrics", gateway.listen_address, gateway.metrics_port, _metrics_manager()),
    ]


def _listener(name: str, address: str, port: int, manager: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "address": socket(address, port),
        "per_connection_buffer_limit_bytes": 262_144,
        "socket_options": [_TAKES_NOTHING],
        "filter_chains": [
            {"filters": [{"name": _HCM, "typed_config": {"@type": _HCM_TYPE, **manager}}]}
        ],
    }


_TAKES_NOTHING = {
    "description": "TCP_USER_TIMEOUT: milliseconds that a client may leave untaken what was sent",
    "level": 6,
    "name": 18,
    "int_value": 20_000,
    "state": "STATE_LISTENING",
}


def _connection_manager(gateway: Gateway, routes: RouteTable) -> dict[str, Any]:
    return {
        "stat_prefix": "public",
        **_CLIENT_IDENTITY,
        "xff_num_trusted_hops": gateway.trusted_hops,
        **_PATHS,
        **_BOUNDS,
        "early_header_mutation_extensions": early_header_mutations(gateway),
        "tracing": _tracing(gateway),
        "access_log": [_ACCESS_LOG],
        "local_reply_config": local_replies(),
        "http_filters": http_filters(gateway),
        "route_config": {
            "name": "public",
            "virtual_hosts": [virtual_host(routes, set(gateway.services))],
        },
    }


_CLIENT_IDENTITY = {
    "use_remote_address": True,
    # A request id that survived the early mutations is well-formed and may stay.
    "preserve_external_request_id": True,
    "request_id_extension": {
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
            # Otherwise a caller's id would be altered, and ids of another form never traced.
            "pack_trace_reason": False,
            "use_request_id_for_trace_sampling": False,
        }
    },
    "server_header_transformation": "PASS_THROUGH",
}

_PATHS = {
    "strip_any_host_port": True,
    "strip_trailing_host_dot": True,
    "normalize_path": True,
    "merge_slashes": True,
    "path_with_escaped_slashes_action": "REJECT_REQUEST",
}

_BOUNDS = {
    "max_request_headers_kb": 32,
    "request_headers_timeout": "5s",
    # For the whole body: 10 MB over a slow line take about a minute.
    "request_timeout": "90s",
    "stream_idle_timeout": "60s",
    "common_http_protocol_options": {
        "idle_timeout": "300s",
        "max_headers_count": 64,
        "headers_with_underscores_action": "REJECT_REQUEST",
    },
    "http2_protocol_options": {
        "max_concurrent_streams": 100,
        "initial_stream_window_size": 65_536,
        "initial_connection_window_size": 1_048_576,
    },
}


def _tracing(gateway: Gateway) -> dict[str, Any]:
    """Traces begin here also where none are exported: problems always name their trace."""
    return {
        # A span for the request and one for each attempt, which is the service's parent.
        "spawn_upstream_span": True,
        "random_sampling": {"value": 100 * gateway.trace_ratio},
        "operation": "%REQ(:METHOD)% %ROUTE_NAME%",
        "upstream_operation": "%REQ(:METHOD)%",
        "custom_tags": [
            _tag("http.request.method", "%REQ(:METHOD)%"),
            _tag("http.route", "%ROUTE_NAME%"),
            _tag("http.response.status_code", "%RESPONSE_CODE%"),
            _tag("server.address", "%REQ(:AUTHORITY)%"),
        ],
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                "service_name": "gateway",
                **(_exporter(gateway.otlp_endpoint) if gateway.otlp_endpoint else _NO_EXPORTER),
            },
        },
    }


def _exporter(endpoint: str) -> dict[str, Any]:
    uri = endpoint.rstrip("/") + "/v1/traces"
    return {"http_service": {"http_uri": {"uri": uri, "cluster": OTLP, "timeout": "2s"}}}


# Envoy wants an exporter all the same; it gets a cluster without members, and nothing to send.
_NO_EXPORTER = {
    **_exporter("http://nowhere"),
    "sampler": {
        "name": "envoy.tracers.opentelemetry.samplers.trace_id_ratio_based",
        "typed_config": {
            "@type": "type.googleapis.com/"
            "envoy.extensions.tracers.opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig",
            "sampling_percentage": {"numerator": 0},
        },
    },
}


def _tag(name: str, value: str) -> dict[str, Any]:
    return {"tag": name, "value": value}


_ACCESS_LOG = {
    "name": "envoy.access_loggers.stdout",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        "log_format": {
            "json_format": {
                "timestamp": "%START_TIME%",
                "service": "gateway",
                "method": "%REQ(:METHOD)%",
                # Without the query, which may say where somebody lives.
                "path": "%PATH(NQ)%",
                "route": "%ROUTE_NAME%",
                "host": "%REQ(:AUTHORITY)%",
                "status": "%RESPONSE_CODE%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "flags": "%RESPONSE_FLAGS%",
                "milliseconds": "%DURATION%",
                "upstream": "%UPSTREAM_CLUSTER%",
                "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
                "request_id": "%RESP(X-REQUEST-ID)%",
                "trace_id": "%TRACE_ID%",
            },
        },
    },
}


def _metrics_manager() -> dict[str, Any]:
    metrics = {
        "match": {"path": "/metrics"},
        "route": {"cluster": ADMIN, "prefix_rewrite": "/stats/prometheus"},
    }
    host = {"name": "metrics", "domains": ["*"], "routes": [metrics]}
    return {
        "stat_prefix": "metrics",
        "route_config": {"name": "metrics", "virtual_hosts": [host]},
        "http_filters": [_ROUTER],
    }
