"""The reviews service with two kinds of messages that it cannot bear, wrapped from outside."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from services.reviews.app import create
from shared.contracts.base import Delivered
from shared.contracts.jobs import JobFacts
from shared.kernel.clock import utc_now
from shared.rabbit import Handler, Subscription
from shared.scope import Scope

QUEUE = "reviews.invite_parties"
REPORT = "PRESSURE_REPORT"
"""The variable that names the file to which every attempt is told: time, word, job."""

KILLS = "kills its worker"
FAILS = "fails each time"
"""Titles of jobs that do so."""


def reviews() -> FastAPI:
    """The service as it is, but for one handler."""
    app = create()
    consumers = app.state.runtime.consumers
    consumers.subscriptions = [_fragile(each) for each in consumers.subscriptions]
    return app


def _fragile(subscription: Subscription) -> Subscription:
    if subscription.queue != QUEUE:
        return subscription
    return replace(subscription, handler=_wrapped(subscription.handler))


def _wrapped(handler: Handler) -> Handler:
    async def apply(delivered: Delivered[Any], scope: Scope) -> None:
        facts: JobFacts = delivered.event.facts
        if facts.title == KILLS:
            _tell("killed", delivered)
            os.kill(os.getpid(), signal.SIGKILL)
        if facts.title == FAILS:
            _tell("failed", delivered)
            raise RuntimeError("it always does")
        await handler(delivered, scope)
        _tell("applied", delivered)

    return apply


def _tell(word: str, delivered: Delivered[Any]) -> None:
    now = utc_now()
    lag = (now - delivered.time).total_seconds()
    line = f"{now.timestamp():.3f} {word} {delivered.subject} {lag:.3f}\n"
    with Path(os.environ[REPORT]).open("a") as file:
        file.write(line)
