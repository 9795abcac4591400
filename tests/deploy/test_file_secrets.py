"""What services that keep files are told of secrets, and say in one line when it cannot be."""

import pytest

from services.jobs.settings import Settings as JobsSettings
from services.profiles.settings import Settings as ProfilesSettings
from shared.settings import ServiceSettings, load

TOLD = {
    "AMQP_URL": "amqp://localhost",
    "MONGO_URL": "mongodb://localhost",
    "JWKS_URL": "file:///jwks.json",
    "CURSOR_SECRET": "c" * 32,
    "FILE_SECRET": "f" * 32,
}


@pytest.mark.parametrize("settings", [JobsSettings, ProfilesSettings])
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FILE_SECRET", None, "FILE_SECRET"),
        ("FILE_SECRET", "short-and-secret", "FILE_SECRET"),
        ("FILE_KEYS_KNOWN", "no-list-and-secret", "file_keys_known"),
        ("FILE_KEYS_KNOWN", '["short-and-secret"]', "FILE_KEYS_KNOWN_0"),
    ],
)
def test_a_wrong_secret_ends_the_start_with_a_line_that_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: type[ServiceSettings],
    name: str,
    value: str | None,
    said: str,
):
    for each, told in (TOLD | {name: value}).items():
        if told is None:
            monkeypatch.delenv(each, raising=False)
        else:
            monkeypatch.setenv(each, told)
    with pytest.raises(SystemExit):
        load(settings)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert "and-secret" not in lines[0]
