"""The HTTP API of messaging."""

from services.messaging.api import conversations, messages

ROUTERS = (conversations.router, messages.router)
