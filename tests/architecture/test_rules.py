"""What import-linter and ruff cannot see."""

import ast
import re
from collections.abc import Iterator

import pytest
import yaml

from deploy.local.programs import PROJECT
from tests.architecture.code import Module, dotted, imported, in_rooms, modules

DRIVERS = {"motor", "pymongo", "bson", "gridfs"}
BROKERS = {"aio_pika", "aiormq", "faststream"}
WEB = {"fastapi", "starlette", "http", "httpx", "uvicorn"}

READS_THE_CLOCK = re.compile(
    r"(^|\.)(utc_now|utcnow|now|today)$|^time\.(time|time_ns|monotonic|sleep)$"
)
READS_THE_WORLD = re.compile(r"^(open|input|print)$|^os\.|^random\.|^secrets\.|^uuid\.")
BELONGS_TO_A_PROCESS = re.compile(
    r"(Settings|Client|Broker|Connection|Database|Publisher|Verifier|Pool|Lock|Semaphore|FastAPI)$"
    r"|^(load|connect|create|build_service)$"
)
MONEY = frozenset({"amount", "price", "fee", "rate", "cost", "travel", "materials", "refund"})


# Libraries ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("libraries", "home"),
    [(DRIVERS, "shared/store"), (BROKERS, "shared/rabbit")],
    ids=["database", "broker"],
)
def test_a_library_stays_at_home_even_when_imported_late_or_by_name(
    libraries: set[str], home: str
) -> None:
    for module in modules("services", "shared"):
        if not str(module.path).startswith(home + "/"):
            for node, name in _imports(module):
                assert name.split(".")[0] not in libraries, f"{module.at(node)} imports {name}"


def test_rules_commands_and_consumers_know_nothing_of_http() -> None:
    for module in in_rooms("model", "commands", "consumers", "store"):
        for node, name in _imports(module):
            assert name.split(".")[0] not in WEB, f"{module.at(node)} imports {name}"
        for node in ast.walk(module.tree):
            assert "HTTPException" not in dotted(node), module.at(node)
            if isinstance(node, ast.keyword):
                assert node.arg != "status_code", f"{module.at(node.value)} knows a status code"


def _imports(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(module.tree):
        for name in imported(node):
            yield node, name


# Tenancy ------------------------------------------------------------------------------------


def test_no_code_knows_a_tenant_by_name() -> None:
    slugs = {path.stem for path in (PROJECT / "deploy" / "tenants").glob("*.yaml")}
    assert {"vodafone", "swisscom"} <= slugs
    brands = {
        yaml.safe_load((PROJECT / "deploy" / "tenants" / f"{slug}.yaml").read_text())
        .get("brand", {})
        .get("programme_name", slug)
        .lower()
        for slug in slugs
    }
    for module in modules("services", "shared"):
        prose = module.prose()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value.lower()
                known = {name for name in slugs | brands if name in text}
                assert id(node) in prose or not known, f"{module.at(node)} names {known}"


def test_only_the_stores_touch_collections() -> None:
    for module in modules("services"):
        if module.room == "store":
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"_documents", "handle"}, module.at(node)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr != "collection", f"{module.at(node)}: by a Store instead"


# Purity -------------------------------------------------------------------------------------


def test_rules_are_synchronous_and_read_neither_clock_nor_world() -> None:
    for module in in_rooms("model"):
        for node in ast.walk(module.tree):
            waits = isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncWith)
            assert not waits, f"{module.at(node)} waits"
            if isinstance(node, ast.Call):
                name = dotted(node.func)
                assert not READS_THE_CLOCK.search(name), f"{module.at(node)} calls {name}"
                assert not READS_THE_WORLD.search(name), f"{module.at(node)} calls {name}"


def test_time_is_read_by_the_kernels_clock_alone() -> None:
    own = re.compile(r"datetime\.(now|utcnow|today)$|^date\.today$|^time\.time(_ns)?$")
    for module in modules("services"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                assert not own.search(dotted(node.func)), module.at(node)


def test_nothing_that_belongs_to_a_process_is_made_on_import() -> None:
    for module in modules("services", "shared", "deploy"):
        for node in _run_on_import(module.tree):
            if isinstance(node, ast.Call):
                name = dotted(node.func).rsplit(".", 1)[-1]
                assert not BELONGS_TO_A_PROCESS.search(name), f"{module.at(node)} makes {name}"


def _run_on_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node outside of function bodies, and outside of ``if __name__ == "__main__"``."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "__name__" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_on_import(child)


def test_no_money_is_a_float() -> None:
    for module in modules("services", "shared"):
        for node, name, annotation in _annotated(module.tree):
            if MONEY & set(name.lower().split("_")):
                kinds = {part.id for part in ast.walk(annotation) if isinstance(part, ast.Name)}
                assert "float" not in kinds, f"{module.at(node)} {name} is a float"


def _annotated(tree: ast.AST) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    """Fields and arguments: where, name, annotation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node, node.target.id, node.annotation
        elif isinstance(node, ast.arg) and node.annotation is not None:
            yield node, node.arg, node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield node, node.name, node.returns


# The rules themselves -----------------------------------------------------------------------


def test_the_rules_see_what_they_forbid() -> None:
    late = ast.parse("def f():\n    import motor.motor_asyncio\n    import_module('pymongo')")
    assert {name for node in ast.walk(late) for name in imported(node)} == {
        "motor.motor_asyncio",
        "pymongo",
    }
    for call in ("utc_now()", "datetime.now(UTC)", "clock.now()", "time.time()", "date.today()"):
        assert READS_THE_CLOCK.search(dotted(_call(call).func)), call
    assert not READS_THE_CLOCK.search(dotted(_call("self.known()").func))
    for call in ("Settings()", "httpx.AsyncClient()", "load(Settings)", "Database(url)"):
        assert BELONGS_TO_A_PROCESS.search(dotted(_call(call).func).rsplit(".", 1)[-1]), call
    at_import = ast.parse("client = Client()\ndef f():\n    return Client()")
    assert sum(isinstance(node, ast.Call) for node in _run_on_import(at_import)) == 1
    fields = _annotated(ast.parse("price: float | None = None\ndef f(fee: Money): ..."))
    assert [name for _, name, _ in fields] == ["price", "fee"]


def _call(text: str) -> ast.Call:
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    return node
