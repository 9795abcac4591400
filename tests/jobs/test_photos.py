"""Photos of the problem: who shows them, who sees them, and what is left of them."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from services.jobs.model.showing import MAX_PHOTOS
from services.jobs.privacy import JobsData
from services.jobs.store import PhotoFiles
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_id
from tests.harness import Harness
from tests.jobs.claims import SUPPORT, a_picture, looks_by
from tests.jobs.journey import DAY, Story, a_helper, ask
from tests.jobs.test_cases import supporter
from tests.profiles.builders import A_PDF

JPEG = {"Content-Type": "image/jpeg"}


async def show(
    story: Story, content: bytes | None = None, *, by: str = "", headers: Any = JPEG
) -> httpx.Response:
    photo = a_picture() if content is None else content
    async with story.jobs.client(by or story.customer, tenant=story.tenant) as client:
        path = f"/v1/jobs/{story.id}/photos"
        return await client.post(path, content=photo, headers=headers)


async def shown(story: Story) -> dict[str, Any]:
    answer = await show(story)
    assert answer.status_code == 201, answer.text
    photo: dict[str, Any] = answer.json()["data"][-1]
    return photo


@pytest.mark.parametrize("tenant", ["vodafone", "swisscom"])
async def test_the_asked_helper_sees_the_problem_without_what_the_camera_hides(
    jobs: Harness, tenant: str
):
    story = await ask(jobs, tenant=tenant)
    answer = await show(story, a_picture(hidden=b"Secret Camera"))
    assert (answer.status_code, answer.headers["etag"]) == (201, '"2"')
    for reader in (story.customer, story.helper):
        [photo] = (await story.get("/photos", by=reader)).json()["data"]
        assert photo["by"] == story.customer
        file = await story.get(f"/photos/{photo['id']}", by=reader)
        assert (file.status_code, file.headers["content-type"]) == (200, "image/jpeg")
        assert b"Secret Camera" not in file.content
        assert Image.open(io.BytesIO(file.content)).size == (60, 40)


async def test_a_photo_is_sealed_at_rest(jobs: Harness):
    story = await ask(jobs)
    photo = await shown(story)
    file = await story.get(f"/photos/{photo['id']}", by=story.customer)
    [kept] = (await story.stored()).photos
    chunks = jobs.runtime.database.collection(f"{PhotoFiles.bucket}.chunks")
    found = await chunks.find({"files_id": f"vodafone|{kept.file_id}"}).to_list(None)
    assert found
    assert not any(file.content[:100] in chunk["data"] for chunk in found)


async def test_strangers_and_other_tenants_see_nothing(jobs: Harness):
    story = await ask(jobs)
    photo = await shown(story)
    stranger = await a_helper(jobs)
    foreign = await jobs.person(tenant="swisscom")
    for who, tenant in ((stranger, "vodafone"), (foreign, "swisscom")):
        async with jobs.client(who, tenant=tenant) as client:
            for path in ("photos", f"photos/{photo['id']}"):
                assert (await client.get(f"/v1/jobs/{story.id}/{path}")).status_code == 404
            path = f"/v1/jobs/{story.id}/photos"
            sent = await client.post(path, content=a_picture(), headers=JPEG)
            assert sent.status_code == 404
            stale = JPEG | {"If-Match": '"99"'}
            sent = await client.post(path, content=a_picture(), headers=stale)
            assert sent.status_code == 404
    assert len((await story.stored()).photos) == 1


async def test_of_a_broadcast_bidders_see_photos_and_who_only_could_bid_does_not(jobs: Harness):
    story = await ask(jobs, broadcast=True)
    photo = await shown(story)
    assert (await story.get(by=story.helper)).status_code == 200
    for path in ("/photos", f"/photos/{photo['id']}"):
        assert (await story.get(path, by=story.helper)).status_code == 404
    await story.offer()
    for path in ("/photos", f"/photos/{photo['id']}"):
        assert (await story.get(path, by=story.helper)).status_code == 200


async def test_a_helper_shows_photos_once_booked(jobs: Harness):
    story = await ask(jobs)
    early = await show(story, by=story.helper)
    assert (early.status_code, early.json()["code"]) == (403, "not_your_command")
    await story.book()
    assert (await show(story, by=story.helper)).status_code == 201


async def test_supports_look_is_told(jobs: Harness):
    story = await ask(jobs)
    photo, sue = await shown(story), await supporter(jobs)
    for path in ("/photos", f"/photos/{photo['id']}"):
        assert (await story.get(path, by=sue, roles=SUPPORT)).status_code == 200
    assert [each["purpose"] for each in await looks_by(jobs, sue)] == ["photos", "photo"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"GIF89a" + b"\0" * 50, 415),
        (A_PDF, 415),
        (b"", 422),
        (b"\xff\xd8\xff\xe0" + b"\0" * 99, 422),
    ],
)
async def test_what_is_no_picture_is_refused(jobs: Harness, content: bytes, status: int):
    story = await ask(jobs)
    refused = await show(story, content)
    assert refused.status_code == status, refused.text
    assert (await story.stored()).photos == []
    as_text = await show(story, headers={"Content-Type": "text/plain"})
    assert as_text.status_code == 415


async def test_ten_photos_are_enough_and_a_repeated_one_is_one(jobs: Harness):
    story = await ask(jobs)
    again = JPEG | {"Idempotency-Key": new_id("key")}
    picture = a_picture()
    first, second = [await show(story, picture, headers=again) for _ in range(2)]
    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    for _ in range(MAX_PHOTOS - 1):
        assert (await show(story)).status_code == 201
    refused = await show(story)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many")
    assert (await show(story, picture, headers=again)).content == first.content


async def test_a_closed_job_takes_no_photo(jobs: Harness):
    story = await ask(jobs)
    await story.step("withdraw", by=story.customer)
    jobs.travel(20 * DAY)

    async def closed() -> bool:
        return (await story.stored()).state == "closed"

    await jobs.eventually(closed)
    refused = await show(story)
    assert (refused.status_code, refused.json()["code"]) == (409, "job_closed")


async def test_photos_are_exported_and_go_with_the_person(jobs: Harness):
    story = await ask(jobs)
    await story.book()
    await shown(story)
    await show(story, by=story.helper)
    mine = await JobsData().export(story.customer, jobs.scope())
    assert len(mine.files) == 1
    kept = (await story.stored()).photos
    for _ in range(2):
        await JobsData().erase(story.customer, jobs.scope())
    assert (await story.stored()).photos == []
    for photo in kept:
        with pytest.raises(NotFound):
            await jobs.scope().store(PhotoFiles).get(photo.file_id)
