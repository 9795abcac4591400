import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.images import distribution, recipes
from deploy.images.database import standin
from deploy.images.engine import Engine, find
from deploy.local.programs import PROJECT, CannotRunError

PINS = re.compile(r"^([\w.-]+==\S+)", re.MULTILINE)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """What is asked of this machine once is asked anew."""
    distribution._pip_configuration.cache_clear()
    yield
    distribution._pip_configuration.cache_clear()


@pytest.fixture
def pip_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pip whose configuration is what stands in this file."""
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\ncat "$(dirname "$0")/said"\n')
    pip.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "said"


def test_an_index_of_ones_own_reaches_the_build(pip_says: Path) -> None:
    pip_says.write_text(
        "global.index-url='https://packages.example/simple'\n"
        "global.trusted-host='packages.example'\n"
        ":env:.timeout='30'\n"
    )
    assert distribution.package_index() == (
        "[global]\n"
        "index-url = https://packages.example/simple\n"
        "trusted-host = packages.example\n"
        "timeout = 30\n"
    )


def test_folders_of_this_machine_stay_here(pip_says: Path) -> None:
    pip_says.write_text(
        "global.extra-index-url='file:///opt/index'\nglobal.find-links='/opt/wheels'\n"
    )
    assert distribution.package_index() == ""


def test_the_environments_word_on_authorities_is_the_last(pip_says: Path) -> None:
    ours = pip_says.with_name("ours.pem")
    ours.touch()
    pip_says.write_text(f"global.cert='/nowhere.pem'\n:env:.cert='{ours}'\n")
    assert distribution.certificates() == ours


def test_another_releases_packages_come_from_the_same_mirrors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
        ("http://mirror.example/debian", "bookworm-backports"),
        ("http://mirror.example/security", "bookworm-security"),
        ("http://mirror.example/debian", "bookworm"),
    ]
    monkeypatch.setattr(distribution, "_debian_targets", lambda: own)
    assert distribution.sources("trixie") == [
        "deb http://mirror.example/debian trixie main",
        "deb http://mirror.example/debian trixie-updates main",
        "deb http://mirror.example/security trixie-security main",
    ]


def test_every_image_comes_after_what_it_stands_on() -> None:
    seen: set[str] = set()
    for image in recipes.IMAGES:
        if isinstance(image, recipes.Built):
            assert image.base in seen, image.name
            assert image.dockerfile.is_file()
        seen.add(image.name)


def test_an_unknown_image_is_named_with_those_there_are() -> None:
    with pytest.raises(CannotRunError, match=r"no image nonsense; there are base, .*gateway"):
        recipes.build(Engine(""), ["nonsense"])


@pytest.mark.parametrize("name", ["database", "gateway"])
def test_an_image_holds_the_versions_that_the_tests_run_with(name: str) -> None:
    ours = PINS.findall((recipes.HERE / name / "requirements.txt").read_text())
    assert ours
    tested = PINS.findall((PROJECT / "requirements" / "dev.txt").read_text())
    assert set(ours) <= set(tested)


def test_each_database_password_makes_a_user_of_its_own() -> None:
    told = {"JOBS_DB_PASSWORD": "a", "REVIEWS_DB_PASSWORD": "b", "MONGO_INITDB_ROOT_PASSWORD": "c"}
    assert standin.own_databases(told) == {"jobs": "a", "reviews": "b"}


def test_without_an_engine_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'nobody.sock'}")
    monkeypatch.setattr("deploy.images.engine.Daemon.host", f"unix://{tmp_path / 'none.sock'}")
    assert find() is None


def test_no_image_recipe_names_a_mirror_or_an_index() -> None:
    files = [path for path in recipes.HERE.rglob("*") if path.suffix != ".pyc" and path.is_file()]
    assert len(files) > 10
    for file in files:
        assert not re.search(r"https?://(?!127\.0\.0\.1)", file.read_text()), file
