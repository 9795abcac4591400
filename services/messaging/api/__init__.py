"""The HTTP API of messaging."""

from services.messaging.api import conversations, messages, stream

ROUTERS = (conversations.router, messages.router, stream.router)
