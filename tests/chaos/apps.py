"""The services as they are, but with a handler that dies of poison, and on demand with a defect.

A name is a service's and perhaps a mutant's: ``jobs__``, ``jobs__guard_off``.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from shared.contracts.base import Delivered
from shared.rabbit.consumers import Handler
from shared.scope import Scope
from tests.chaos.mutants import MUTANTS

KILLER = "killer"
"""A message about such a subject kills whoever handles it."""


def __getattr__(name: str) -> Callable[[], FastAPI]:
    service, _, mutant = name.partition("__")
    if service.startswith("_") or (mutant and mutant not in MUTANTS):
        raise AttributeError(name)

    def create() -> FastAPI:
        if mutant:
            MUTANTS[mutant]()
        app: FastAPI = import_module(f"services.{service}.app").create()
        consumers = app.state.runtime.consumers
        consumers.subscriptions[:] = [
            replace(each, handler=_mortal(each.handler)) for each in consumers.subscriptions
        ]
        return app

    return create


def _mortal(handler: Handler) -> Handler:
    async def handle(delivered: Delivered[Any], scope: Scope) -> None:
        if delivered.subject.startswith(KILLER):
            os.kill(os.getpid(), signal.SIGKILL)
        await handler(delivered, scope)

    return handle
