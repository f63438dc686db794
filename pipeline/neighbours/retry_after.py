"""Parses the Retry-After header of an HTTP answer to seconds (RFC 9110, 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after_s(value: str | None, now_ms: int) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date); None if absent or wrong.

    >>> retry_after_s("120", 0), retry_after_s("Thu, 01 Jan 1970 00:00:30 GMT", 10_000), retry_after_s("soon", 0)
    (120.0, 20.0, None)
    """
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        moment = parsedate_to_datetime(value)
        at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (at - datetime.fromtimestamp(now_ms / 1000, UTC)).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):  # as a neighbour's clock may write it
        return None
