"""What a writer is told of the limit on messages."""

from services.messaging.model import MESSAGES
from services.messaging.store import Messages
from shared.http import Call


async def report_limit(call: Call) -> None:
    """RateLimit headers as they will be once this message is written."""
    times = await call.store(Messages).times(call.person.id, MESSAGES.most)
    window = int(MESSAGES.window.total_seconds())
    call.report_limit(
        "messages",
        quota=MESSAGES.most,
        window_s=window,
        remaining=MESSAGES.left(times, call.now) - 1,
        reset_s=MESSAGES.reset(times, call.now) or window,
    )
