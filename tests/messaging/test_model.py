from datetime import timedelta

import pytest

from services.messaging.model import (
    CONVERSATIONS,
    MESSAGES,
    SYSTEM,
    Acquaintance,
    Blocked,
    Conversation,
    Evidence,
    Gap,
    Message,
    Notice,
    check_openers,
)
from services.messaging.model.message import MILESTONES
from services.messaging.views.notices import TEXTS, text_of
from shared.contracts.messaging import ConversationOpened, ConversationReported, MessageSent
from shared.kernel.errors import Invalid, Limited, NotFound, Precondition
from tests.messaging.builders import MINUTE, NOW, a_conversation, a_draft, say


def test_a_pair_has_one_conversation_per_topic_and_tenant():
    general = Conversation.key("vodafone", "ada", "ben", None)
    assert general == Conversation.key("vodafone", "ada", "ben", None)
    others = {
        Conversation.key("vodafone", "ada", "ben", "job_1"),
        Conversation.key("vodafone", "ada", "ben", "job_2"),
        Conversation.key("swisscom", "ada", "ben", None),
        Conversation.key("vodafone", "ada", "bea", None),
    }
    assert len(others | {general}) == 5


def test_messages_sort_by_number_as_text():
    assert Message.key("c", 9) < Message.key("c", 10) < Message.key("c", 1000)


def test_the_first_message_opens_the_conversation():
    talk = a_conversation()
    assert talk.take(talk.compose(a_draft(), NOW)) == [ConversationOpened(talk.facts())]
    assert talk.last_number == 1


def test_a_message_tells_that_it_was_sent_but_not_what_it_says():
    message = a_conversation().compose(a_draft(text="secret"), NOW)
    assert message.sent() == [MessageSent(message.facts())]
    assert "secret" not in message.facts().model_dump_json()


def test_a_message_taken_twice_counts_once():
    talk = a_conversation()
    message = say(talk, "ada")
    before = talk.unread_of("ben")
    assert talk.take(message) == []
    assert (talk.last_number, talk.unread_of("ben")) == (1, before)


def test_the_heads_leave_no_gap():
    talk = a_conversation()
    ahead = a_conversation(last_number=4)
    with pytest.raises(Gap):
        talk.take(ahead.compose(a_draft(), NOW))


def test_unread_counts_what_the_other_said():
    talk = a_conversation()
    say(talk, "ada")
    say(talk, "ada")
    say(talk, "ben")
    assert (talk.unread_of("ada"), talk.unread_of("ben")) == (1, 2)


def test_reading_up_to_a_message_leaves_what_came_after():
    talk = a_conversation()
    said = [say(talk, "ada"), say(talk, "ben"), say(talk, "ada")]
    talk.read(said[1], "ben")
    assert talk.unread_of("ben") == 1
    talk.read(said[2], "ben")
    assert talk.unread_of("ben") == 0


def test_a_read_mark_never_goes_back():
    talk = a_conversation()
    said = [say(talk, "ada"), say(talk, "ada")]
    talk.read(said[1], "ben")
    talk.read(said[0], "ben")
    assert (talk.helper.read, talk.unread_of("ben")) == (2, 0)


def test_a_message_that_is_not_there_cannot_be_read():
    with pytest.raises(Invalid) as refusal:
        a_conversation().check_number(1)
    assert refusal.value.errors[0]["pointer"] == "/sequence"


def test_a_system_message_is_numbered_but_not_unread_and_not_the_last_word():
    talk = a_conversation()
    say(talk, "ada", "Hello")
    order = talk.helper_order
    say(talk, SYSTEM, "", notice=Notice("job_1", "booked"))
    assert talk.last_number == 2
    assert (talk.unread_of("ada"), talk.unread_of("ben")) == (0, 1)
    assert talk.helper.last is not None
    assert talk.helper.last.text == "Hello"
    assert talk.helper_order == order


def test_a_withheld_message_leaves_no_trace_on_the_other_side():
    talk = a_conversation()
    say(talk, "ada")
    before = (talk.helper, talk.helper_order, talk.unread_of("ben"))
    message = say(talk, "ada", "Are you there?", withheld=True)
    assert message.readers == ["ada"]
    assert message.facts().withheld
    assert (talk.helper, talk.helper_order, talk.unread_of("ben")) == before
    assert talk.customer.last is not None
    assert talk.customer.last.number == 2


def test_an_answer_settles_all_openers():
    talk = a_conversation()
    say(talk, "ada", opener=True)
    say(talk, "ada", opener=True)
    assert talk.customer.openers == 2
    say(talk, "ben")
    assert talk.customer.openers == 0


def test_a_plain_message_is_no_opener():
    talk = a_conversation()
    say(talk, "ada")
    assert talk.customer.openers == 0


def test_the_first_reply_is_the_first_word_of_the_side_that_was_asked():
    talk = a_conversation()
    say(talk, "ada")
    assert talk.first_reply_at is None
    say(talk, "ben")
    assert talk.first_reply_at == NOW


def test_a_long_message_is_cut_in_lists():
    talk = a_conversation()
    say(talk, "ada", "x" * 500)
    assert talk.helper.last is not None
    assert len(talk.helper.last.text) == 140


def test_strangers_have_no_role():
    with pytest.raises(NotFound):
        a_conversation().role_of("eve")


def test_a_stale_version_is_refused():
    with pytest.raises(Precondition):
        a_conversation(version=3).expect(2)
    a_conversation(version=3).expect(None)


def test_a_report_is_heard_once_per_reason_and_message():
    talk = a_conversation()
    say(talk, "ben")
    assert talk.report("scam", by="ada", at=NOW) == [ConversationReported(talk.facts())]
    assert talk.report("scam", by="ada", at=NOW + MINUTE) == []
    assert len(talk.report("safety", by="ada", at=NOW)) == 1
    assert talk.facts().report_reason == "safety"


def test_evidence_keeps_what_was_said():
    talk = a_conversation()
    said = [say(talk, "ben", "Pay me outside")]
    talk.report("off_platform_payment", by="ada", at=NOW)
    evidence = Evidence.freeze(talk, talk.reports[0], said)
    assert [(line.author, line.text) for line in evidence.lines] == [("ben", "Pay me outside")]


def test_acquaintance_is_mutual():
    assert Acquaintance.key("vodafone", "ada", "ben") == Acquaintance.key("vodafone", "ben", "ada")


def test_a_block_stops_the_blocker_and_withholds_from_the_blocker():
    pair = Acquaintance.of("vodafone", "ada", "ben")
    assert len(pair.block("ben", at=NOW)) == 1
    assert pair.block("ben", at=NOW) == []
    assert pair.blocked_by == ["ben"]
    with pytest.raises(Blocked):
        pair.check_open("ben")
    pair.check_open("ada")
    assert pair.withholds_from("ben")
    assert not pair.withholds_from("ada")


def test_the_first_booking_is_remembered():
    pair = Acquaintance.of("vodafone", "ada", "ben")
    pair.booked(NOW)
    pair.booked(NOW + MINUTE)
    assert pair.booked_at == NOW


def test_the_twenty_first_message_in_a_minute_waits_for_the_first_to_grow_old():
    times = [NOW - timedelta(seconds=age) for age in range(1, 21)]
    MESSAGES.check(times[1:], NOW)
    with pytest.raises(Limited) as refusal:
        MESSAGES.check(times, NOW)
    assert refusal.value.retry_after == 40
    MESSAGES.check(times, NOW + timedelta(seconds=40))


def test_the_eleventh_conversation_in_a_day_waits():
    times = [NOW - timedelta(hours=age) for age in range(10)]
    with pytest.raises(Limited) as refusal:
        CONVERSATIONS.check(times, NOW)
    assert refusal.value.retry_after == 15 * 3600


def test_the_fourth_unanswered_opener_waits():
    check_openers(2)
    with pytest.raises(Limited):
        check_openers(3)


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_milestone_is_told_in_every_language(language: str):
    for state in MILESTONES:
        assert text_of(Notice("job_1", state), language)
    assert set(TEXTS[language]) == set(MILESTONES)


def test_an_unknown_language_reads_english():
    assert text_of(Notice("job_1", "booked"), "sv") == "The job is booked."
