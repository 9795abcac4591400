import ast
import re
from itertools import takewhile
from pathlib import Path

import pytest

from deploy.local.programs import PROJECT
from deploy.local.stack import SERVICES
from tests.architecture.code import ROOMS, Module, modules

CAPS = {"app": 90, "settings": 90, "consumers": 150}
"""Lines of a file; wiring is a screen, consumers are one line of work each."""
OTHER_ROOMS, ANYTHING = 320, 400
LONGEST_FUNCTION = 60

BAGS = {"utils", "util", "common", "misc", "service", "managers", "manager", "base"}
"""Names without a stopping rule: such a file grows for ever."""

DOORS = ("README.md", "__init__.py", *ROOMS)
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "services").glob("*/README.md")])


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("room", DOORS)
def test_every_service_has_the_same_rooms(service: str, room: str) -> None:
    folder = PROJECT / "services" / service
    if room in ROOMS:
        file, package = folder / f"{room}.py", folder / room / "__init__.py"
        assert file.is_file() != package.is_file(), f"{folder / room}: one file or one package"
    else:
        assert (folder / room).is_file()


def test_there_is_no_service_that_nobody_starts() -> None:
    found = {path.parent.name for path in (PROJECT / "services").glob("*/__init__.py")}
    assert found == set(SERVICES)


@pytest.mark.parametrize("module", modules("services", "shared"), ids=lambda m: str(m.path))
def test_a_file_stays_within_its_size(module: Module) -> None:
    cap = CAPS.get(module.room, OTHER_ROOMS if module.room in ROOMS else ANYTHING)
    assert module.lines <= cap, f"{module.lines} lines: cut it by behaviour into a package"


def test_a_function_fits_a_screen() -> None:
    for module in modules("services", "shared", "deploy"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= LONGEST_FUNCTION, f"{module.at(node)} {node.name}: {length}"


def test_no_file_is_a_bag() -> None:
    bags = [str(module.path) for module in modules("services") if module.path.stem in BAGS]
    assert not bags


# The pages -----------------------------------------------------------------------------------

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
ROW = re.compile(r"\|(?P<concern>[^|]+)\|(?P<files>.+)\|")


def test_the_first_page_says_where_each_concern_lives() -> None:
    found = concerns((PROJECT / "README.md").read_text())
    assert len(found) >= 10, "README.md has a table: | concern | file |"
    for concern, paths in found.items():
        assert paths, f"{concern} names no file"
        for path in paths:
            assert (PROJECT / path).exists(), f"{concern}: there is no {path}"


def concerns(page: str) -> dict[str, list[str]]:
    """The rows of the table that begins with a column named concern, and the files they name."""
    lines = iter(page.splitlines())
    if not any(re.match(r"\|\s*concern\s*\|", line, re.IGNORECASE) for line in lines):
        return {}
    rows = takewhile(bool, map(ROW.fullmatch, lines))
    named = {row["concern"].strip(): row["files"] for row in rows if row}
    return {
        concern: LINK.findall(files) or re.findall(r"`([^`\s]+)`", files)
        for concern, files in named.items()
        if not set(concern) <= set("-: ")
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_links_to_exists(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if not re.match(r"[a-z]+:", link):
            assert (page.parent / link).exists(), link


def test_the_table_is_found_with_the_files_of_every_row() -> None:
    page = "# x\n\n| Concern | file |\n|---|---|\n| a b | [c/](c/d.py) |\n| e | `f.py` |\n\n| g |\n"
    assert concerns(page) == {"a b": ["c/d.py"], "e": ["f.py"]}
