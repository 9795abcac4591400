"""A service that takes its time with every event, and tells what it was given."""

import asyncio
import os
from pathlib import Path
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from fastapi import FastAPI

from shared.contracts.base import Delivered
from shared.contracts.reviews import RatingChanged
from shared.rabbit import Consumers
from shared.rabbit.delivery import Work
from shared.scope import Scope
from shared.service import build_service
from shared.settings import ServiceSettings, load

SERVICE = "slow"
QUEUE = f"{SERVICE}.note_ratings"
REPORT = "SLOW_REPORT"
"""The variable that names the file of what was given and applied."""

consumers = Consumers(SERVICE)


def tell(*words: object) -> None:
    with Path(os.environ[REPORT]).open("a") as file:
        print(*words, file=file)


@consumers.on("note_ratings", RatingChanged)
async def note(delivered: Delivered[Any], scope: Scope) -> None:
    await asyncio.sleep(0.2)
    tell("applied", delivered.id)


def create() -> FastAPI:
    """The service as any other, but for a note of each delivery on its way in."""
    given = Work.__call__

    async def note_delivery(work: Work, message: AbstractIncomingMessage) -> None:
        again = message.redelivered or bool(message.headers.get("x-delivery-count"))
        tell("again" if again else "given", message.message_id)
        await given(work, message)

    Work.__call__ = note_delivery  # type: ignore[method-assign,assignment]
    return build_service(SERVICE, load(ServiceSettings), routers=[], consumers=consumers, stores=[])
