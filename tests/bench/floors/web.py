"""The same routes by hand: FastAPI and motor, the same query, write and answer, and nothing else.

No tenant of the host, no token, no version, no event, no trace, no metric and no log.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import orjson
from fastapi import FastAPI, HTTPException, Request, Response
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import WriteConcern

from shared.kernel.geo import Point
from tests.bench.trial import TENANT

JSON = "application/json"

_SHOWN = (
    *("version", "state", "customer_id", "helper_id", "broadcast", "category", "title"),
    *("description", "address", "place", "slots", "request_expires_at", "offers", "slot"),
    *("changes", "change", "milestones"),
)


def create() -> FastAPI:
    app = FastAPI(openapi_url=None)
    client: AsyncIOMotorClient = AsyncIOMotorClient(os.environ["MONGO_URL"], tz_aware=True)
    safe = WriteConcern(w="majority", j=True)
    helpers = client["profiles"]["helpers"]
    jobs = client["jobs"].get_collection("jobs", write_concern=safe)
    asked = json.loads(Path(os.environ["BENCH_ASKED"]).read_text())

    @app.get("/v1/helpers/{helper_id}")
    async def get_helper(helper_id: str) -> Response:
        helper = await helpers.find_one({"_id": helper_id, "tenant": TENANT})
        if helper is None:
            raise HTTPException(404)
        return Response(orjson.dumps(shown(helper)), media_type=JSON)

    @app.get("/v1/helpers")
    async def search(near: str, tenant: str) -> Response:
        cards: list[str] = []
        for keys, limit in asked[near]:
            where = {"tenant": tenant, "keys": {"$in": keys}}
            found = helpers.find(where, {"card": 1}, batch_size=limit).limit(limit)
            cards += [each["card"] for each in await found.to_list(None)]
        return Response(f"[{','.join(cards[:20])}]", media_type=JSON)

    async def changed(job_id: str, name: str, change: dict) -> Response:
        job = await jobs.find_one({"_id": job_id, "tenant": TENANT})
        if job is None:
            raise HTTPException(404)
        now = datetime.now(UTC)
        job |= change | {"version": job["version"] + 1}
        step = {"version": job["version"], "state": job["state"], "command": name, "at": now}
        job["timeline"].append(step | {"actor": job["helper_id"], "reason": None})
        written = {each: job[each] for each in ("version", "timeline", *change)}
        await jobs.update_one({"_id": job_id, "tenant": TENANT}, {"$set": written})
        answer = {each: job[each] for each in _SHOWN if each in job}
        return Response(orjson.dumps({"id": job_id} | answer), media_type=JSON)

    @app.post("/v1/jobs/{job_id}/depart")
    async def depart(job_id: str) -> Response:
        now = datetime.now(UTC)
        return await changed(job_id, "depart", {"state": "en_route", "milestones": {"on": now}})

    @app.post("/v1/jobs/{job_id}/propose-change")
    async def propose_change(job_id: str, request: Request) -> Response:
        body = orjson.loads(await request.body())
        return await changed(job_id, "propose-change", {"change": body})

    return app


def shown(helper: dict) -> dict:
    """What ``GET /v1/helpers/{id}`` answers, field by field as the service does."""
    profile, standing, record = helper["profile"], helper["standing"], helper["record"]
    place = Point(**profile["place"]).rounded()
    unknown = {"value": None, "count": 0, "new": True}
    return {
        "id": helper["_id"],
        "display_name": standing["display_name"],
        "headline": profile["headline"],
        "bio": profile["bio"],
        "skills": profile["skills"],
        "languages": profile["languages"],
        "hourly_rate": profile["hourly_rate"],
        "min_minutes": profile["min_minutes"],
        "place": {"lat": place.lat, "lon": place.lon},
        "radius_m": profile["radius_m"],
        "trader_status": profile["trader_status"],
        "photo_url": f"/v1/helpers/{helper['_id']}/photo?v={helper['photo_id']}",
        "rating": None,
        "newcomer": True,
        "insured": False,
        "qualified": [each for each in profile["skills"] if each in helper["qualifications"]],
        "jobs_completed": record["completed"],
        "statistics": {
            "jobs_completed": record["completed"],
            "reliability": unknown,
            "first_time_fix": unknown,
            "response": {"median_minutes": None, "answered": None, "count": 0, "new": True},
        },
        "listed_at": f"{helper['listed_at']:%Y-%m-%dT%H:%M:%S}.000Z",
    }
