"""A small application with one route of each kind, and a shelf that stands in for a store."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import httpx
from fastapi import FastAPI, Header
from fastapi import Form as FormParameter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shared.contracts.identity import TenantFacts
from shared.edge import Edge, Replay
from shared.http import (
    ALSO_PLATFORM,
    ANY_HOST,
    CONDITIONAL,
    IDEMPOTENCY_REQUIRED,
    PERSON,
    PLATFORM,
    PUBLIC,
    Actor,
    CallDep,
    PagingDep,
    Router,
    TokenVerifier,
    answer,
    body,
    make_http_app,
    page_response,
    roles,
)
from shared.http.fields import (
    Body,
    Form,
    IdOf,
    Instant,
    Int,
    Line,
    MoneyIn,
    Page,
    PointIn,
    Text,
    View,
)
from shared.kernel.clock import utc_now
from shared.kernel.errors import (
    Conflict,
    Invalid,
    Limited,
    NotFound,
    Precondition,
    Unavailable,
)
from shared.scope import Scope
from shared.settings import ServiceSettings
from tests.shared.tokens import TokenMaker
from tests.tenants import SWISSCOM, VODAFONE

ALICE = "acc_alice"
router = Router()


@dataclass
class Item:
    id: str
    title: str
    version: int = 1


class Boxes:
    """What is stored: per tenant the items and the answers remembered by key."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.memory: dict[str, tuple[str, int, bytes, int]] = {}
        self.edges: list[Edge] = []


class Shelf:
    """The store's side of the bargain: heeds the edge, remembers answers."""

    def __init__(self, boxes: Boxes, tenant: str, edge: Edge | None) -> None:
        self._boxes, self._tenant, self._edge = boxes, tenant, edge
        if edge is not None:
            boxes.edges.append(edge)

    @classmethod
    def open(cls, scope: Scope, edge: Edge | None = None) -> Self:
        return cls(scope.the(Boxes), scope.tenant.slug, edge)

    def put(self, item: Item) -> Item:
        edge = self._edge
        if edge is not None and edge.key in self._boxes.memory:
            body_hash, status, content, version = self._boxes.memory[edge.key]
            if body_hash != edge.body_hash:
                raise Invalid("used", parameter="Idempotency-Key", code="idempotency_key_reused")
            raise Replay(status, content, version)
        self._boxes.items[self._tenant, item.id] = item
        if edge is not None and edge.key is not None:
            memory = (edge.body_hash, edge.status, edge.answer(item), item.version)
            self._boxes.memory[edge.key] = memory
        return item

    def change(self, id: str, title: str) -> Item:
        item = self.get(id)
        edge = self._edge
        if edge is not None and edge.require_match:
            raise Precondition("name a version", code="precondition_required")
        if edge is not None and edge.if_match not in (None, item.version):
            raise Precondition("that was another version")
        item.title, item.version = title, item.version + 1
        return item

    def get(self, id: str) -> Item:
        try:
            return self._boxes.items[self._tenant, id]
        except KeyError:
            raise NotFound("there is no such item") from None


class Lot(Body):
    kind: Literal["big", "small"]
    start: Instant


class NewItem(Body):
    title: Annotated[str, Line(1, 10)]
    text: Annotated[str, Text(0, 40)] = ""
    count: Int = 1
    price: MoneyIn | None = None
    place: PointIn | None = None
    owner: Annotated[str, IdOf("acc")] | None = None
    lots: list[Lot] = []
    extra: Lot | list[Lot] | None = None


class Title(Body):
    title: Annotated[str, Line(1, 10)]


class ItemView(View):
    id: str
    title: str
    at: Instant


class Credentials(Form):
    grant_type: Literal["client_credentials"]
    lifetime: int = 60


EPOCH = datetime(2026, 3, 1, 9, 0, 0, 123000, tzinfo=UTC)


def view_of(item: Item) -> ItemView:
    return ItemView(id=item.id, title=item.title, at=EPOCH)


@router.get("/v1/open", operation_id="shop_get_open", openapi_extra=PUBLIC | ALSO_PLATFORM)
async def get_open(call: CallDep) -> dict[str, Any]:
    return {"tenant": call.tenant.slug, "actor": call.actor.id if call.actor else None}


@router.get("/v1/keys", operation_id="shop_get_keys", openapi_extra=ANY_HOST)
async def get_keys() -> dict[str, Any]:
    return {"keys": []}


@router.get("/v1/support/items", operation_id="shop_list_support", openapi_extra=roles("support"))
async def list_support(call: CallDep) -> dict[str, Any]:
    return {"data": call.person.id}


@router.post("/v1/support/items", operation_id="shop_add_support", openapi_extra=roles("support"))
async def add_support(call: CallDep, body: Title) -> dict[str, Any]:
    return {"data": body.title}


@router.get("/v1/admin/tenants", operation_id="shop_list_tenants", openapi_extra=PLATFORM)
async def list_tenants(call: CallDep) -> dict[str, Any]:
    return {"data": call.tenant.slug}


@router.post(
    "/v1/items",
    operation_id="shop_create_item",
    status_code=201,
    response_model=ItemView,
    openapi_extra=IDEMPOTENCY_REQUIRED,
)
async def create_item(call: CallDep, body: NewItem) -> Response:
    shelf = call.answering(Shelf, view_of)
    item = shelf.put(Item(call.derived_id("item"), body.title))
    return answer(call, view_of(item), etag=item.version)


@router.post("/v1/notes", operation_id="shop_create_note", openapi_extra=PERSON)
async def create_note(call: CallDep, body: NewItem) -> dict[str, Any]:
    return {"id": call.derived_id("note"), **body.model_dump(mode="json")}


@router.post("/v1/accounts", operation_id="shop_open_account", openapi_extra=PUBLIC)
async def open_account(call: CallDep, body: Title) -> dict[str, Any]:
    return {"key": call.exchange.key}


@router.post("/v1/auth/login", operation_id="shop_log_in", openapi_extra=PUBLIC)
async def log_in(call: CallDep, body: Title) -> dict[str, Any]:
    return {"key": call.exchange.key}


@router.post(
    "/v1/auth/token",
    operation_id="shop_get_token",
    openapi_extra=PUBLIC | body(["application/x-www-form-urlencoded"]),
)
async def get_token(call: CallDep, form: Annotated[Credentials, FormParameter()]) -> dict[str, Any]:
    return form.model_dump()


@router.put(
    "/v1/photo",
    operation_id="shop_put_photo",
    status_code=204,
    openapi_extra=body(["image/png", "image/jpeg"], max_bytes=300_000),
)
async def put_photo(call: CallDep, request: Request) -> Response:
    return Response(status_code=204, headers={"X-Length": str(len(await request.body()))})


@router.patch(
    "/v1/items/{id}",
    operation_id="shop_change_item",
    response_model=ItemView,
    openapi_extra=CONDITIONAL,
)
async def change_item(call: CallDep, id: str, body: Title) -> Response:
    item = call.answering(Shelf, view_of).change(id, body.title)
    return answer(call, view_of(item), etag=item.version)


@router.post("/v1/items/{id}/close", operation_id="shop_close_item", response_model=ItemView)
async def close_item(call: CallDep, id: str) -> Response:
    item = call.answering(Shelf, view_of).change(id, "closed")
    return answer(call, view_of(item), etag=item.version)


@router.get("/v1/items/{id}", operation_id="shop_get_item")
async def get_item(call: CallDep, id: str, response: Response) -> ItemView:
    item = call.store(Shelf).get(id)
    response.headers["ETag"] = f'"{item.version}"'
    return view_of(item)


@router.get("/v1/items", operation_id="shop_list_items", response_model=Page[ItemView])
async def list_items(call: CallDep, paging: PagingDep, state: str | None = None) -> Response:
    first = 0 if paging.after is None else paging.after[1] + 1
    numbers = range(first, min(first + paging.limit, 45))
    views = [ItemView(id=f"item_{n}", title=f"{n}", at=EPOCH) for n in numbers]
    last = numbers[-1] if numbers else 44
    return page_response(paging, views, (EPOCH + timedelta(days=last), last) if last < 44 else None)


@router.get("/v1/number", operation_id="shop_get_number")
async def get_number(call: CallDep, n: int, x_size: Annotated[int, Header()] = 1) -> dict[str, int]:
    return {"n": n}


@router.get("/v1/fail/{how}", operation_id="shop_fail", openapi_extra=PUBLIC)
async def fail(call: CallDep, how: str) -> dict[str, Any]:
    if how == "limited":
        call.report_limit("login", quota=10, window_s=900, remaining=0, reset_s=60)
        raise Limited("slow down", retry_after=60)
    refusals: dict[str, Exception] = {
        "conflict": Conflict("no", code="illegal_transition", allowed=["cancel"], status=1),
        "conflict_at": Conflict("no", code="cool_down", next_attempt_at=EPOCH),
        "unavailable": Unavailable("away", retry_after=7),
        "crash": RuntimeError("secret-4711"),
    }
    raise refusals[how]


@router.get("/v1/stream", operation_id="shop_stream", openapi_extra=PUBLIC)
async def stream(call: CallDep) -> Response:
    async def lines() -> Any:
        yield "data: 1\n\n"
        yield "data: 2\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


@dataclass
class Town:
    """Tenants by host; ready says whether the replica holds any."""

    hosts: dict[str, TenantFacts]
    ready: bool = True

    async def fresh(self) -> None: ...

    def by_host(self, host: str) -> TenantFacts | None:
        return self.hosts.get(host)


@dataclass
class Banned:
    ids: set[str] = field(default_factory=set)

    async def fresh(self) -> None: ...

    def refuses(self, actor: Actor) -> bool:
        return actor.id in self.ids


class Shop:
    """The application with everything a test wants to look at."""

    def __init__(self, folder: Path) -> None:
        self.tokens = TokenMaker()
        self.tokens.write_jwks(folder / "jwks.json")
        platform = VODAFONE.model_copy(update={"slug": "platform", "hosts": ["platform.localhost"]})
        self.town = Town({facts.hosts[0]: facts for facts in (VODAFONE, SWISSCOM, platform)})
        self.banned = Banned()
        self.boxes = Boxes()
        self.spans = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.spans))
        settings = ServiceSettings(
            amqp_url="amqp://nowhere",
            mongo_url="mongodb://nowhere",
            jwks_url=f"file://{folder / 'jwks.json'}",
            cursor_secret="c" * 32,
        )
        self.app: FastAPI = make_http_app(
            "shop",
            routers=[router],
            tenants=self.town,
            revocations=self.banned,
            verifier=TokenVerifier(settings.jwks_url, settings.token_issuer),
            settings=settings,
            provider=provider,
            scope_of=self.scope,
            lifespan=_lifespan,
        )

    def scope(self, tenant: TenantFacts) -> Scope:
        return Scope(tenant, utc_now(), None, None, {Boxes: self.boxes})

    def client(
        self, person: str | None = ALICE, *, tenant: str = "vodafone", **claims: Any
    ) -> httpx.AsyncClient:
        """Somebody at the tenant's host; person None: without a token."""
        headers = {}
        if person is not None:
            token = self.tokens.token(person, tenant, **claims)
            headers["Authorization"] = f"Bearer {token}"
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url=f"http://{tenant}.localhost",
            headers=headers,
        )


@asynccontextmanager
async def _lifespan(_: FastAPI) -> Any:
    yield
