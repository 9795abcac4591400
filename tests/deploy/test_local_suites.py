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
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        (sys.executable, "-m", "deploy.local.suites", "-p", "no:cacheprovider", *arguments),
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
