"""What the parties see of their conversations."""

from services.messaging.views.stream import Teller, TicketView
from services.messaging.views.talk import (
    ConversationView,
    FoundView,
    MessageView,
    Names,
    PeerView,
    conversation_view,
    found_view,
    message_view,
    names_of,
)

__all__ = [
    "ConversationView",
    "FoundView",
    "MessageView",
    "Names",
    "PeerView",
    "Teller",
    "TicketView",
    "conversation_view",
    "found_view",
    "message_view",
    "names_of",
]
