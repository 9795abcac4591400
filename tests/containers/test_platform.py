"""The reference deployment as docker-compose.yml has it: up, used through its gateway, gone."""

import json
from collections.abc import Iterator

import httpx
import pytest

from deploy.images import recipes
from deploy.images.engine import Engine
from deploy.local.people import Visitor
from deploy.local.story import BERLIN, CASTS, Cast
from services.identity.model.login import FAILURES_PER_ADDRESS
from tests.containers.project import Project, running

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def project(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with running(engine, tmp_path_factory.mktemp("mails")) as made:
        yield made
    assert made.left_over() == []


@pytest.mark.parametrize("cast", CASTS, ids=lambda cast: cast.tenant)
def test_its_gateway_tells_the_story(project: Project, cast: Cast):
    titles = [step.title for step in project.tell(cast).steps]
    assert len(titles) >= 21
    assert titles[-1] == "the next search shows the rating"


def test_its_broker_is_administered_from_this_machine_alone(project: Project):
    port = project.environment["BROKER_ADMIN_PORT"]
    who = ("helphood", project.environment["BROKER_PASSWORD"])
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", auth=who) as client:
        assert client.get("/overview").json()["rabbitmq_version"].startswith("4.")
        queues = client.get("/queues").json()
    assert {queue["type"] for queue in queues if queue["durable"]} == {"quorum"}


def test_a_service_cannot_read_anothers_database(project: Project):
    look = (
        "import os, pymongo; from pymongo.errors import OperationFailure\n"
        "url = 'mongodb://jobs:' + os.environ['JOBS_DB_PASSWORD'] + '@127.0.0.1/jobs'\n"
        "client = pymongo.MongoClient(url, directConnection=True)\n"
        "assert client.jobs.list_collection_names()\n"
        "try: client.identity.accounts.find_one()\n"
        "except OperationFailure: print('refused')\n"
    )
    said = project.compose("exec", "-T", "database", "/venv/bin/python", "-c", look)
    assert said.strip() == "refused"


def test_a_limit_by_address_is_one_for_each_address(project: Project):
    body = {"password": "not this one"}
    with Visitor(project.gateway, BERLIN.tenant, project.port) as here:
        for number in range(FAILURES_PER_ADDRESS + 1):
            guess = body | {"email": f"guess-{number}@people.example"}
            assert here.ask("POST", "/v1/auth/login", guess).status == 401
        last = body | {"email": "guess-last@people.example"}
        assert here.ask("POST", "/v1/auth/login", last).status == 429
    assert _ask_from_elsewhere(project, last) == 401


def _ask_from_elsewhere(project: Project, body: dict[str, str]) -> int:
    """The status that a guest in the gateway's network gets, who has an address of its own."""
    ask = (
        "import http.client, sys\n"
        "connection = http.client.HTTPConnection('gateway', 8080)\n"
        f"headers = {{'Host': '{BERLIN.tenant}.localhost', 'Content-Type': 'application/json'}}\n"
        "connection.request('POST', '/v1/auth/login', sys.argv[1], headers)\n"
        "print(connection.getresponse().status)\n"
    )
    network = ("--rm", "--network", f"{project.name}_edge")
    image = recipes.tag("base")
    return int(project.engine.run("run", *network, image, "python3", "-c", ask, json.dumps(body)))
