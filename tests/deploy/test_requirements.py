import re

import pytest

from deploy.local.programs import PROJECT

FOLDER = PROJECT / "requirements"


def pins(name: str) -> dict[str, set[str]]:
    """Package to its pinned versions (more than one where they differ by Python version)."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==(\S+)", (FOLDER / name).read_text(), re.M):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", ["main.txt", "dev.txt", "bootstrap.txt"])
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=[\w.-]+==)", (FOLDER / name).read_text())[1:]
    assert len(blocks) == sum(map(len, pins(name).values()))
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("name", ["main.txt", "dev.txt", "bootstrap.txt"])
def test_no_index_and_no_path_of_a_machine_is_written_down(name: str) -> None:
    assert not re.search(r"://|index-url|find-links|\s/\w", (FOLDER / name).read_text())


def test_trials_and_tests_use_the_versions_of_the_services() -> None:
    main, dev = pins("main.txt"), pins("dev.txt")
    assert {name: dev[name] for name in main} == main


def test_everything_asked_for_is_pinned() -> None:
    for name in ("main", "dev"):
        text = (FOLDER / f"{name}.in").read_text()
        asked = re.findall(r"^([a-z][\w.-]*)", text, re.M)
        assert set(asked) <= set(pins(f"{name}.txt"))
