import socket

import pytest

from deploy.local.ports import Ports, free_ports, listens, refuse_taken
from deploy.local.programs import CannotRunError

SERVICES = ("identity", "profiles")


@pytest.mark.parametrize("gateway", [1024, 8080, 54_999, 55_000, 65_000])
def test_every_listener_has_a_port_of_its_own(gateway: int) -> None:
    numbers = list(Ports.block(gateway, SERVICES).named().values())
    assert len(set(numbers)) == len(numbers) == 12
    assert all(1024 <= number <= 65_535 for number in numbers)


def test_the_gateway_alone_keeps_the_asked_port() -> None:
    ports = Ports.block(8080, SERVICES)
    assert ports.gateway == 8080
    assert ports.services == {"identity": 18089, "profiles": 18090}


@pytest.mark.parametrize("gateway", [0, 80, 65_001])
def test_a_gateway_port_out_of_range_is_refused(gateway: int) -> None:
    with pytest.raises(CannotRunError, match="PORT must lie between 1024 and 65000"):
        Ports.block(gateway, SERVICES)


def test_ports_survive_json() -> None:
    ports = Ports.free(SERVICES)
    assert Ports.from_dict(ports.as_dict()) == ports


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listens(port)
        with pytest.raises(CannotRunError, match=rf"port {port} \(gateway\).*PORT=9080 make demo"):
            refuse_taken({"gateway": port})
    assert not listens(port)
    refuse_taken({"gateway": port})
