"""The message bus; nothing outside this package knows the broker or its libraries."""

from shared.rabbit.consumers import Consumers, Handler, Subscription
from shared.rabbit.depth import Depth, depths
from shared.rabbit.envelope import Outgoing, Unreadable, read
from shared.rabbit.parking import ParkedMessage
from shared.rabbit.publisher import Publisher
from shared.rabbit.runner import Consuming
from shared.rabbit.topology import declare, definitions
from shared.rabbit.wakeups import Wakeups

__all__ = [
    "Consumers",
    "Consuming",
    "Depth",
    "Handler",
    "Outgoing",
    "ParkedMessage",
    "Publisher",
    "Subscription",
    "Unreadable",
    "Wakeups",
    "declare",
    "definitions",
    "depths",
    "read",
]
