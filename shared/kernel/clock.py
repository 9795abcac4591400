"""Time is read at the edge and passed down: aware UTC, whole milliseconds (what BSON keeps)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


def utc_now() -> datetime:
    """The machine's time; for tokens, outbox and expiry of records."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """Cut to milliseconds in UTC, so that a round trip through the database compares equal."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class BusinessClock:
    """The time that timers and windows see; trials may shift it, production never does.

    offset_file holds a number of seconds to add; a missing or empty file means none.
    The file is looked at on every call, so a running trial can travel in time.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def now(self) -> datetime:
        return utc_now() + self._offset()

    def _offset(self) -> timedelta:
        if self._offset_file is None:
            return timedelta(0)
        try:
            text = self._offset_file.read_text().strip()
        except FileNotFoundError:
            return timedelta(0)
        return timedelta(seconds=float(text)) if text else timedelta(0)
