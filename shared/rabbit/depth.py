"""How full queues are, asked of the broker without touching what is in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity

from shared.kernel.errors import Unavailable
from shared.rabbit.publisher import HEARTBEAT, close_quietly

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Depth:
    """ready: messages that wait for a consumer; both are None for a queue that is not there.

    What consumers hold without having settled it is not told over AMQP.
    """

    queue: str
    ready: int | None = None
    consumers: int | None = None


async def depths(url: str, queues: Sequence[str]) -> list[Depth]:
    """One for each queue, in order. Unavailable when the broker does not let us ask."""
    connection: AbstractConnection | None = None
    try:
        connection = await aio_pika.connect(url, heartbeat=HEARTBEAT, timeout=_SECONDS)
        return await _asked(connection, queues)
    except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
        raise Unavailable(f"the broker does not answer: {type(error).__name__}") from error
    finally:
        if connection is not None:
            await close_quietly(connection)


async def _asked(connection: AbstractConnection, queues: Sequence[str]) -> list[Depth]:
    found: list[Depth] = []
    channel: AbstractChannel | None = None
    for name in queues:
        channel = channel or await connection.channel()
        try:
            queue = await channel.declare_queue(name, passive=True, timeout=_SECONDS)
        except ChannelNotFoundEntity:
            # The broker closes a channel that asks for what is not there.
            found.append(Depth(name))
            channel = None
            continue
        told = queue.declaration_result
        found.append(Depth(name, told.message_count, told.consumer_count))
    return found
