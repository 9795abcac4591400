"""The HTTP API of messaging."""

from services.messaging.api import attachments, conversations, messages, notices, stream, support

ROUTERS = (
    conversations.router,
    messages.router,
    attachments.router,
    stream.router,
    notices.router,
    support.router,
)
