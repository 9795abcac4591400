"""A message stays the event that it was, wherever it is sent and whatever is written on it."""

from typing import Any

import hypothesis.strategies as st
from aio_pika.abc import AbstractMessage
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.kernel.clock import utc_now
from shared.kernel.ids import new_id
from shared.rabbit import Outgoing, parking, read
from shared.rabbit.envelope import TRACEPARENT, to_message
from shared.rabbit.parking import ROUND, SUSPECT
from tests.properties.effort import effort
from tests.properties.errands import ChasedErrandDone, ErrandFacts

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

BYTES = st.binary(max_size=20) | st.binary(max_size=20).map(bytearray)
VALUE = st.none() | st.booleans() | st.integers(0, 2**31) | st.text(max_size=20) | BYTES
NAME = st.text(st.characters(codec="ascii"), max_size=20).map("other-{}".format)
OTHERS = st.dictionaries(NAME, VALUE | st.lists(VALUE, max_size=3), max_size=4)
SIZE = st.sampled_from([1, 1, 1, 40_000])
"""Of one more header in characters; the last is more than a frame may carry with ours."""


class Journey(RuleBasedStateMachine):
    """One message between work, retry, suspect and parked queues and the service's keeping."""

    def __init__(self) -> None:
        super().__init__()
        event = ChasedErrandDone(ErrandFacts(steps=(1, 2), done=2))
        outgoing = Outgoing(
            id=new_id("evt"),
            tenant="vodafone",
            routing_key=event.routing_key,
            source=event.publisher,
            subject=new_id("errand"),
            sequence=2,
            time=utc_now(),
            body=event.facts.model_dump_json().encode(),
        )
        self.message: AbstractMessage = to_message(outgoing, TRACE)
        self.original = read(self.message)
        self.round = 0
        self.suspect = False

    @precondition(lambda self: self.round < 5)
    @rule()
    def it_is_tried_again_later(self) -> None:
        self.round += 1
        self.message = parking.forwarded(self.message, expires_in=5.0, helphood_round=self.round)

    @rule()
    def it_is_suspected(self) -> None:
        self.suspect = True
        self.message = parking.forwarded(self.message, helphood_suspect=1)
        assert self.message.expiration is None

    @rule(times=st.integers(1, 20), reason=st.sampled_from(["expired", "delivery_limit"]))
    def the_broker_writes_on_it(self, times: int, reason: str) -> None:
        self.message.headers |= {
            "x-delivery-count": times,
            "x-death": [{"reason": reason, "count": times, "queue": "tests.errands"}],
            "x-first-death-reason": reason,
            "x-last-death-queue": "tests.errands",
        }

    @rule(others=OTHERS, size=SIZE)
    def somebody_else_writes_on_it(self, others: dict[str, Any], size: int) -> None:
        self.message.headers |= others | {"other-size": "x" * size}

    @rule(detail=st.text(st.characters(exclude_categories=[]), max_size=700))
    def it_is_parked_and_replayed(self, detail: str) -> None:
        parked = parking.parked(parking.given_up(self.message, "refused", detail), "tests.errands")
        assert (parked.reason, parked.tenant) == ("refused", "vodafone")
        assert len(parked.detail) <= 500 * len("\\U00000000")
        assert parked.subject == self.original.subject
        self.message = parking.replayed(parked)
        self.round, self.suspect = 0, False
        assert not [name for name in self.message.headers if name.startswith(("helphood-", "x-"))]

    @invariant()
    def it_is_the_same_event(self) -> None:
        assert read(self.message) == self.original
        assert self.message.headers[TRACEPARENT] == TRACE

    @invariant()
    def it_is_known_how_often_it_was_tried(self) -> None:
        headers = self.message.headers
        assert parking.count(headers, ROUND) == self.round
        assert bool(parking.count(headers, SUSPECT)) == self.suspect


Journey.TestCase.settings = effort()
TestJourney = Journey.TestCase
