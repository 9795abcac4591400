"""The services as they are; asked for metrics, each also tells how many blocks of memory it holds.

Python counts its small objects (up to 512 bytes) in blocks. Unlike resident memory they can be
counted exactly, so that one object left behind by each story is seen after some dozen stories.
"""

import gc
import sys
from collections.abc import Callable
from importlib import import_module

import orjson
import pydantic_core
from fastapi import FastAPI
from prometheus_client import Gauge

from shared.http import tokens
from shared.rabbit import delivery

BLOCKS = "python_allocated_blocks"

FEW = 16
"""What a process remembers on purpose, up to a number, is full at once and hides nothing."""

STRINGS = 16_384
"""Short strings of JSON that pydantic keeps, so that the next one like it is not made anew."""


def __getattr__(name: str) -> Callable[[], FastAPI]:
    if name.startswith("_"):
        raise AttributeError(name)

    def create() -> FastAPI:
        tokens.REMEMBERED = delivery._REMEMBERED = FEW
        _keep_all_strings()
        Gauge(BLOCKS, "In use once nothing is left to be collected.").set_function(_in_use)
        app: FastAPI = import_module(f"services.{name}.app").create()
        return app

    return create


def _keep_all_strings() -> None:
    """Many times as many as there is room for, so that no place is left."""
    pydantic_core.from_json(orjson.dumps([f"growth {number}" for number in range(20 * STRINGS)]))


def _in_use() -> float:
    gc.collect()
    return sys.getallocatedblocks()
