"""What must hold when people act at the same time."""

import asyncio

from services.profiles.store import DocumentStore, HelperStore
from tests.harness import Harness
from tests.profiles.builders import (
    a_body,
    an_image,
    answer_with,
    begin,
    decide,
    describe,
    hand_in,
    right_answers,
    show_photo,
)


async def test_two_first_profiles_at_once_make_one(profiles: Harness):
    person = await profiles.person()

    async def create(headline: str) -> int:
        async with profiles.client(person) as client:
            body, head = a_body(headline=headline), {"If-None-Match": "*"}
            return (await client.put("/v1/helpers/me", json=body, headers=head)).status_code

    statuses = await asyncio.gather(*(create(f"number {number}") for number in range(3)))
    assert sorted(statuses) == [201, 412, 412]


async def test_an_attempt_answered_twice_at_once_counts_once(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    attempt = (await begin(profiles, person)).json()["id"]
    answers = await right_answers(profiles, attempt)
    both = await asyncio.gather(
        *(answer_with(profiles, person, attempt, answers) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in both) == [200, 409]


async def test_nobody_opens_more_than_three_papers_by_asking_at_once(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    begun = await asyncio.gather(*(begin(profiles, person) for _ in range(4)))
    assert sorted(answer.status_code for answer in begun) == [201, 201, 201, 409]


async def test_of_two_opposite_decisions_one_holds_everywhere(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    document_id = (await hand_in(profiles, person)).json()["id"]
    both = await asyncio.gather(
        decide(profiles, document_id, "verified"),
        decide(profiles, document_id, "rejected", "blurred"),
    )
    assert sorted(answer.status_code for answer in both) == [200, 409]
    document = await profiles.scope().store(DocumentStore).get(document_id)
    helper = await profiles.scope().store(HelperStore).get(person)
    assert document.status == helper.reviews[document_id].status
    assert ("insurance" in helper.proofs) == (document.status == "verified")


async def test_the_loop_goes_on_while_photos_are_decoded(profiles: Harness):
    person = await profiles.person()
    await describe(profiles, person)
    content = an_image("PNG", (6_000, 5_000))
    uploads = asyncio.gather(*(show_photo(profiles, person, content) for _ in range(2)))
    turns = 0
    while not uploads.done():
        await asyncio.sleep(0.005)
        turns += 1
    assert [answer.status_code for answer in await uploads] == [204, 204]
    assert turns > 10
