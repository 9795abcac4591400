"""Private files at rest: of no use without the service's secret, and in nobody else's place."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from shared.kernel.errors import NotFound, Unavailable
from shared.kernel.ids import new_id
from shared.store import Database, File, FileKeys, SealedFiles
from tests.shared.store.conftest import Bench

SECRET, NEXT = "s" * 32, "n" * 32
LETTER = b"Policy A-1, sum insured: 5,000,000 " * 20_000


@pytest.fixture
def database(bench: Bench) -> Database:
    return bench.database


class Letters(SealedFiles):
    bucket = "letters"


def letters(database: Database, tenant: str = "vodafone", *secrets: str) -> Letters:
    first, *others = secrets or (SECRET,)
    return Letters(database, tenant, FileKeys(first, others))


async def a_letter(store: Letters) -> File:
    file = File(new_id("file"), LETTER, "application/pdf")
    await store.put(file)
    return file


async def chunks(database: Database, file_id: str) -> list[dict[str, Any]]:
    found = database.handle["letters.chunks"].find({"files_id": file_id}).sort("n", 1)
    chunks: list[dict[str, Any]] = await found.to_list(None)
    return chunks


async def test_what_is_put_is_got(database: Database):
    store = letters(database)
    file = await a_letter(store)
    assert await store.get(file.id) == file


async def test_the_database_holds_nothing_that_can_be_read(database: Database):
    file = await a_letter(letters(database))
    stored = b"".join(each["data"] for each in await chunks(database, f"vodafone|{file.id}"))
    assert len(stored) == 12 + len(LETTER) + 16
    assert b"Policy" not in stored
    assert b"AAAA" not in stored


async def test_equal_files_do_not_look_equal(database: Database):
    store = letters(database)
    one, other = await a_letter(store), await a_letter(store)
    first = await chunks(database, f"vodafone|{one.id}")
    second = await chunks(database, f"vodafone|{other.id}")
    assert first[0]["data"] != second[0]["data"]


async def test_each_tenant_has_a_key_of_its_own(database: Database):
    keys = FileKeys(SECRET)
    nonce = bytes(12)
    sealed = keys.cipher(keys.current, "vodafone").encrypt(nonce, LETTER, None)
    with pytest.raises(InvalidTag):
        keys.cipher(keys.current, "swisscom").decrypt(nonce, sealed, None)


async def test_another_tenant_has_no_such_file(database: Database):
    file = await a_letter(letters(database))
    with pytest.raises(NotFound):
        await letters(database, "swisscom").get(file.id)


async def test_the_secret_changes_without_a_pause(database: Database):
    old = await a_letter(letters(database))
    # First every process learns the next one, while some seal with it already.
    early = await a_letter(letters(database, "vodafone", NEXT, SECRET))
    assert await letters(database, "vodafone", SECRET, NEXT).get(early.id) == early
    assert await letters(database, "vodafone", NEXT, SECRET).get(old.id) == old
    with pytest.raises(Unavailable, match="key of this file"):
        await letters(database, "vodafone", NEXT).get(old.id)


async def test_the_keys_name_is_stored_and_tells_no_secret(database: Database):
    file = await a_letter(letters(database))
    kept = await database.handle["letters.files"].find_one({"_id": f"vodafone|{file.id}"})
    assert kept["metadata"]["key_id"] == FileKeys(SECRET).current
    assert SECRET not in str(kept)
    assert FileKeys(NEXT).current != FileKeys(SECRET).current


@pytest.mark.parametrize("change", ["byte", "type", "place"])
async def test_a_file_that_was_tampered_with_is_not_shown(database: Database, change: str):
    store = letters(database)
    file, other = await a_letter(store), await a_letter(store)
    key = {"_id": f"vodafone|{file.id}"}
    if change == "type":
        kind = {"$set": {"metadata.content_type": "text/html"}}
        await database.handle["letters.files"].update_one(key, kind)
    else:
        [first, *_] = await chunks(database, f"vodafone|{file.id}")
        [foreign, *_] = await chunks(database, f"vodafone|{other.id}")
        data = bytes([first["data"][0] ^ 1]) + first["data"][1:]
        data = data if change == "byte" else foreign["data"]
        await database.handle["letters.chunks"].update_one(
            {"_id": first["_id"]}, {"$set": {"data": data}}
        )
    with pytest.raises(InvalidTag):
        await store.get(file.id)


async def test_putting_an_id_twice_keeps_the_first_and_deleting_forgets(database: Database):
    store = letters(database)
    file = await a_letter(store)
    await store.put(replace(file, content=b"other"))
    assert await store.get(file.id) == file
    await store.delete(file.id)
    await store.delete(file.id)
    with pytest.raises(NotFound):
        await store.get(file.id)
