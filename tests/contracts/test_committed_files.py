from deploy import topology


def test_the_brokers_definitions_are_what_the_code_declares() -> None:
    assert topology.FILE.exists(), "write it: helphood topology export"
    assert topology.FILE.read_text() == topology.exported(), "stale: helphood topology export"
