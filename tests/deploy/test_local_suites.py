import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.programs import PROJECT

TESTS = """
import pytest

@pytest.fixture
def mongo_url():
    return "mongodb://nowhere/"

def test_passes(): ...

def test_needs_a_database(mongo_url): ...

@pytest.mark.skipif({skipped}, reason="no till here")
def test_pays(): ...
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "shop").mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    return tmp_path


def run(folder: Path, *arguments: str, skipped: bool, ci: str = "") -> tuple[int, str]:
    (folder / "tests" / "shop" / "test_shop.py").write_text(TESTS.format(skipped=skipped))
    return suites(folder, "-p", "no:cacheprovider", *arguments, ci=ci)


def suites(folder: Path, *arguments: str, ci: str = "") -> tuple[int, str]:
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        (sys.executable, "-m", "deploy.local.suites", *arguments),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_the_summary_names_each_suite_and_why_something_was_skipped(folder: Path) -> None:
    code, said = run(folder, skipped=True)
    assert code == 0
    assert "2 passed, 1 skipped" in said
    assert "1 skipped: no till here" in said
    assert any(line.startswith("shop ") for line in said.splitlines())


def test_in_ci_nothing_may_be_skipped(folder: Path) -> None:
    assert run(folder, skipped=True, ci="true")[0] == 1
    assert run(folder, skipped=False, ci="true")[0] == 0


def test_the_fast_run_leaves_out_what_needs_a_server(folder: Path) -> None:
    code, said = run(folder, "--fast", skipped=False)
    assert code == 0
    assert "2 passed, 1 deselected" in said


def test_without_arguments_every_suite_has_its_process_and_its_line(folder: Path) -> None:
    for name in ("shop", "till", "chaos"):
        (folder / "tests" / name).mkdir(exist_ok=True)
        (folder / "tests" / name / f"test_{name}.py").write_text("def test_it(): ...\n")
    (folder / "tests" / "not_a_suite").mkdir()
    code, said = suites(folder)
    assert code == 0
    assert [line.split()[0] for line in said.splitlines() if line.endswith("1 passed")] == [
        *("1", "2", "3"),
        *("chaos", "shop", "till"),
    ]
    assert "3 suites in" in said
    assert "3 of 3  chaos" in said
    assert "1 passed" in (folder / ".local" / "tests" / "till.log").read_text()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("def test_it(): assert 2 + 2 == 5", "assert (2 + 2) == 5"),
        ("import os\ndef test_it(): os._exit(7)", "till           ended with 7"),
        ("no python at all", "SyntaxError"),
    ],
)
def test_one_suite_that_fails_fails_the_run_and_says_why(
    folder: Path, body: str, word: str
) -> None:
    (folder / "tests" / "till").mkdir()
    (folder / "tests" / "shop" / "test_shop.py").write_text("def test_it(): ...\n")
    (folder / "tests" / "till" / "test_till.py").write_text(body)
    code, said = suites(folder)
    assert code == 1
    assert word in said
    assert said.splitlines()[-1].endswith("failed: till")
