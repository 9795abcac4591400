"""The chain a request passes: headers, health, rates, token, body, and on to its service."""

from typing import Any

from deploy.gateway.answers import REQUEST_ID, TRACE_NOTE, if_fits, set_header
from deploy.gateway.options import Gateway
from deploy.gateway.routing import DOCUMENTS_SERVICE, READY

MAX_BODY = 256 * 1024
"""Bytes; upload routes carry their own bound."""
KEYS_PATH = "/.well-known/jwks.json"

SPOOFABLE = (
    "baggage",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-http-method-override",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
)
SPOOFABLE_PREFIXES = ("x-envoy-", "x-internal", "x-tenant", "x-user")

TRACEPARENT = (
    "size(value) == 55",
    "value.matches('^00-[0-9a-f]{32}-')",
    "value.matches('-[0-9a-f]{16}-[0-9a-f]{2}$')",
    "!value.startsWith('00-00000000000000000000000000000000-')",
    "!value.contains('-0000000000000000-')",
)

SECURITY_HEADERS = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
_FILTERS = "type.googleapis.com/envoy.extensions.filters.http"


def early_header_mutations(gateway: Gateway) -> list[dict[str, Any]]:
    """Before anything looks at the headers: nobody outside can speak in our own name."""
    names = [*SPOOFABLE, *(["x-forwarded-for"] if gateway.trusted_hops == 0 else [])]
    mutations = [
        *({"remove": name} for name in names),
        *({"remove_on_match": {"key_matcher": {"prefix": p}}} for p in SPOOFABLE_PREFIXES),
        *_keep_if("x-request-id", REQUEST_ID),
        *_keep_if("traceparent", TRACEPARENT),
    ]
    kind = "early_header_mutation.header_mutation.v3.HeaderMutation"
    return [
        {
            "name": "strip",
            "typed_config": {
                "@type": f"type.googleapis.com/envoy.extensions.http.{kind}",
                "mutations": mutations,
            },
        }
    ]


def _keep_if(name: str, conditions: tuple[str, ...]) -> list[dict[str, Any]]:
    """Drop a header whose value is not of this form.

    It goes the long way over another name, as Envoy leaves a header alone that is set to nothing.
    """
    held = f"x-internal-{name}"
    return [
        {"append": set_header(held, if_fits(name, conditions))},
        {"remove": name},
        {"append": set_header(name, f"%REQ({held})%")},
        {"remove": held},
    ]


def http_filters(gateway: Gateway) -> list[dict[str, Any]]:
    """In order of passage; answers pass them backwards, also those of the gateway itself."""
    return [
        _filter("header_mutation", "HeaderMutation", mutations=_headers_by_the_way()),
        _filter("health_check", "HealthCheck", **_readiness()),
        _filter("local_ratelimit", "LocalRateLimit", **_rate_limits(gateway)),
        _filter("jwt_authn", "JwtAuthentication", **_tokens(gateway.token_issuer)),
        _filter("buffer", "Buffer", max_request_bytes=MAX_BODY),
        _filter("router", "Router", suppress_envoy_headers=True),
    ]


def _filter(name: str, message: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": f"envoy.filters.http.{name}",
        "typed_config": {"@type": f"{_FILTERS}.{name}.v3.{message}", **fields},
    }


def _headers_by_the_way() -> dict[str, Any]:
    """Notes the trace for answers of our own, which know no span; hardens and signs all answers."""
    secure = [set_header(*pair) for pair in SECURITY_HEADERS.items()]
    echoed = [
        set_header("x-request-id", "%REQ(x-request-id)%", "ADD_IF_ABSENT"),
        set_header("traceparent", "%REQ(traceparent)%", "ADD_IF_ABSENT"),
    ]
    return {
        "request_mutations": [{"append": set_header(TRACE_NOTE, "%TRACE_ID%")}],
        "response_mutations": [
            {"remove": "server"},
            {"remove": "x-powered-by"},
            {"remove_on_match": {"key_matcher": {"prefix": "x-envoy-"}}},
            *({"append": option} for option in [*secure, *echoed]),
        ],
    }


def _readiness() -> dict[str, Any]:
    """Without identity there are no tenants, keys or log-ins; the others may come and go."""
    return {
        "pass_through_mode": False,
        "cluster_min_healthy_percentages": {DOCUMENTS_SERVICE: {"value": 1}},
        "headers": [{"name": ":path", "string_match": {"exact": READY}}],
    }


def _rate_limits(gateway: Gateway) -> dict[str, Any]:
    """A bucket for each host and one for each client address, made when first seen."""
    host = {"request_headers": {"header_name": ":authority", "descriptor_key": "host"}}
    everything = {"default_value": {"numerator": 100}}
    return {
        "stat_prefix": "rates",
        "filter_enabled": everything,
        "filter_enforced": everything,
        "rate_limits": [{"actions": [host]}, {"actions": [{"remote_address": {}}]}],
        "descriptors": [
            _bucket("host", gateway.per_host_rps),
            _bucket("remote_address", gateway.per_client_rps),
        ],
        # Hosts and addresses that come and go push out the ones unseen for longest.
        "max_dynamic_descriptors": 10_000,
        "always_consume_default_token_bucket": False,
    }


def _bucket(key: str, rate: int) -> dict[str, Any]:
    return {
        "entries": [{"key": key}],
        "token_bucket": {
            "max_tokens": 2 * rate,
            "tokens_per_fill": rate,
            "fill_interval": "1s",
        },
    }


def _tokens(issuer: str) -> dict[str, Any]:
    """A token is checked if there is one; whether there must be one, the service knows."""
    keys = {
        "http_uri": {
            "uri": f"http://{DOCUMENTS_SERVICE}{KEYS_PATH}",
            "cluster": DOCUMENTS_SERVICE,
            "timeout": "2s",
        },
        "cache_duration": "300s",
        "async_fetch": {"fast_listener": True, "failed_refetch_duration": "1s"},
    }
    provider = {
        "issuer": issuer,
        "require_expiration": True,
        "clock_skew_seconds": 30,
        "forward": True,
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "remote_jwks": keys,
        "jwt_cache_config": {"jwt_cache_size": 2_000},
    }
    if_sent = {"requires_any": {"requirements": [{"provider_name": "us"}, {"allow_missing": {}}]}}
    return {
        "providers": {"us": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": if_sent}],
    }
