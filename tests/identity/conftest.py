"""Identity in this process, believing the tokens that it signs itself too."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.identity.app import create
from services.identity.settings import Settings
from services.identity.signing import Signer
from tests.harness import Harness


@pytest.fixture(scope="session")
async def identity(
    broker_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Harness]:
    folder = tmp_path_factory.mktemp("identity")
    async with Harness.running(
        create,
        Settings,
        broker_url,
        mongo_url,
        folder,
        key_secret="k" * 32,
        password_memory_kib=64,
        platform_admin_email="root@helphood.example",
        platform_admin_password="correct horse battery staple",
    ) as harness:
        await _believe_own_tokens(harness, folder / "jwks.json")
        yield harness


async def _believe_own_tokens(harness: Harness, file: Path) -> None:
    signer = harness.runtime.resources[Signer]

    def signing() -> bool:
        return bool(signer._public)

    await harness.eventually(signing)
    keys = json.loads(file.read_text())["keys"] + signer.jwks()["keys"]
    file.write_text(json.dumps({"keys": keys}))
    assert await harness.runtime.verifier.refresh()
