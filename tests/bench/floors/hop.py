"""The hop by hand: aio-pika and motor, persistent, confirmed, acknowledged after the write.

``python -m tests.bench.floors.hop source`` or ``target``. No outbox: a process that ends between
write and publish loses the message. No deduplication and no order: the last to come wins.
"""

import os
import sys
import time

import aio_pika
import orjson
import uvloop
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import WriteConcern

from tests.bench.child import applied, begin, obey
from tests.bench.trial import SHIPPED, a_parcel

EXCHANGE, QUEUE, KEY = "byhand", "byhand.follow", "parcel.shipped"
PREFETCH = 20
DATABASE = "byhand"


def collection(name: str):
    client: AsyncIOMotorClient = AsyncIOMotorClient(os.environ["MONGO_URL"], tz_aware=True)
    safe = WriteConcern(w="majority", j=True)
    return client[DATABASE].get_collection(name, write_concern=safe)


async def source(exchange: AbstractExchange) -> None:
    parcels = collection("parcels")

    async def publish(id: str, state: dict) -> None:
        body = orjson.dumps(state)
        message = Message(
            body,
            content_type="application/json",
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=f"{id}:{state['sequence']}",
        )
        await exchange.publish(message, KEY)

    async def ship(id: str) -> int:
        parcel = await parcels.find_one({"_id": id})
        parcel["status"], parcel["sequence"] = SHIPPED, parcel["sequence"] + 1
        parcel["stops"].append("Berlin")
        changed = {name: parcel[name] for name in ("status", "stops", "sequence")}
        same = {"_id": id, "sequence": parcel["sequence"] - 1}
        result = await parcels.update_one(same, {"$set": changed})
        assert result.matched_count
        committed = time.monotonic_ns()
        await publish(id, parcel)
        return committed

    async def publish_alone(id: str) -> int:
        await publish(id, a_parcel(id))
        return time.monotonic_ns()

    await obey({"ship": ship, "publish": publish_alone})


async def target(channel: aio_pika.abc.AbstractChannel, exchange: AbstractExchange) -> None:
    rows, note = collection("rows"), applied()
    await channel.set_qos(PREFETCH)
    queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(exchange, KEY)

    async def follow(message: AbstractIncomingMessage) -> None:
        async with message.process():
            row = orjson.loads(message.body)
            if row["sequence"] == 1:
                await rows.insert_one(row)
            else:
                await rows.replace_one({"_id": row["_id"]}, row)
            note(row["_id"])

    await queue.consume(follow)
    await obey({})


async def main(role: str) -> None:
    connection = await aio_pika.connect_robust(os.environ["AMQP_URL"])
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
        if role == "source":
            await source(exchange)
        else:
            await target(channel, exchange)


if __name__ == "__main__":
    begin()
    uvloop.run(main(sys.argv[1]))
