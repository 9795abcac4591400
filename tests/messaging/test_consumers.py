from services.messaging.model import Acquaintance
from services.messaging.store import Acquaintances
from shared.contracts.jobs import JobCompleted, JobConfirmed, JobRequested, JobRescheduled
from shared.contracts.messaging import ConversationOpened, MessageSent
from shared.kernel.clock import utc_now
from tests.harness import Harness
from tests.messaging.builders import (
    Talk,
    a_helper,
    a_job,
    a_talk,
    book,
    post,
    tell,
    unlist,
    words,
)


async def notices(talk: Talk, who: str) -> list[str]:
    return [said["notice"]["state"] for said in await talk.heard_by(who) if said["notice"]]


async def test_opening_and_sending_are_told_on_the_bus_without_the_text(messaging: Harness):
    talk = await a_talk(messaging, text="A secret")
    opened = await messaging.published(ConversationOpened, subject=talk.id, tenant="vodafone")
    assert opened.event.facts.customer_id == talk.customer
    sent = await messaging.published(MessageSent, subject=f"{talk.id}:00000001")
    assert (sent.event.facts.sender_id, sent.event.facts.number) == (talk.customer, 1)
    assert "secret" not in sent.event.facts.model_dump_json()


async def test_a_jobs_milestones_are_told_in_the_pairs_conversation_in_the_readers_language(
    messaging: Harness,
):
    talk = await a_talk(messaging, helper=await a_helper(messaging, language="en"))
    job = await a_job(messaging, talk.customer, talk.helper)
    await book(messaging, job)
    for_helper = (await talk.heard_by(talk.helper))[-1]
    for_customer = (await talk.heard_by(talk.customer))[-1]
    assert for_helper["text"] == "The job is booked."
    assert for_customer["text"] == "Der Auftrag ist gebucht."
    assert for_helper["sender_id"] is None
    assert for_helper["notice"] == {"job_id": job.id, "state": "booked"}


async def test_a_milestone_that_comes_twice_or_late_is_told_once(messaging: Harness):
    talk = await a_talk(messaging)
    job = await a_job(messaging, talk.customer, talk.helper)
    await book(messaging, job)
    await book(messaging, job)
    now = utc_now()
    moved = job.facts(state="booked", booked_at=now)
    await tell(messaging, job, JobRescheduled(moved), 3)
    confirmed = job.facts(state="confirmed", booked_at=now, confirmed_at=now)
    await tell(messaging, job, JobConfirmed(confirmed), 4)
    await tell(messaging, job, JobRequested(job.facts()), 1)
    assert await notices(talk, talk.customer) == ["booked", "confirmed"]


async def test_a_stale_milestone_is_still_told(messaging: Harness):
    talk = await a_talk(messaging)
    job = await a_job(messaging, talk.customer, talk.helper)
    now = utc_now()
    done = job.facts(state="completed", booked_at=now, completed_at=now)
    await tell(messaging, job, JobCompleted(done), 5)
    await book(messaging, job)
    assert await notices(talk, talk.customer) == ["completed", "booked"]


async def test_a_jobs_own_conversation_is_preferred_and_nothing_is_told_twice(
    messaging: Harness,
):
    general = await a_talk(messaging)
    job = await a_job(messaging, general.customer, general.helper)
    await book(messaging, job)
    own = await a_talk(messaging, customer=general.customer, helper=general.helper, job=job)
    await book(messaging, job)
    now = utc_now()
    confirmed = job.facts(state="confirmed", booked_at=now, confirmed_at=now)
    await tell(messaging, job, JobConfirmed(confirmed), 3)
    assert await notices(general, general.customer) == ["booked"]
    assert await notices(own, general.customer) == ["confirmed"]


async def test_people_who_never_talked_are_told_nothing(messaging: Harness):
    customer, helper = await messaging.person(), await a_helper(messaging)
    await book(messaging, await a_job(messaging, customer, helper))
    talk = await a_talk(messaging, customer=customer, helper=helper)
    assert await notices(talk, customer) == []


async def test_a_system_message_changes_neither_unread_nor_preview(messaging: Harness):
    talk = await a_talk(messaging)
    before = await talk.seen_by(talk.helper)
    await book(messaging, await a_job(messaging, talk.customer, talk.helper))
    assert await talk.seen_by(talk.helper) == before


async def test_a_booking_in_either_direction_lifts_the_redaction(messaging: Harness):
    talk = await a_talk(messaging)
    await book(messaging, await a_job(messaging, talk.helper, talk.customer))
    answer = await talk.say(talk.customer, "0176 12345678")
    assert (answer.json()["text"], answer.json()["redacted"]) == ("0176 12345678", False)


async def test_a_booking_in_one_tenant_is_none_in_the_other(messaging: Harness):
    talk = await a_talk(messaging)
    await book(messaging, await a_job(messaging, talk.customer, talk.helper))
    people = messaging.scope("swisscom").store(Acquaintances)
    assert await people.find(Acquaintance.key("swisscom", talk.customer, talk.helper)) is None


async def test_an_unlisted_helper_cannot_be_newly_written_to_but_an_old_talk_goes_on(
    messaging: Harness,
):
    talk = await a_talk(messaging)
    await unlist(messaging, talk.helper)
    stranger = await messaging.person("Eve")
    path, body = "/v1/conversations", words(helper_id=talk.helper)
    assert (await post(messaging, path, body, stranger)).status_code == 404
    assert (await post(messaging, path, body, talk.customer)).status_code == 200
    assert (await talk.say(talk.customer)).status_code == 201
