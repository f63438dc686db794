"""Ids as functions of what they name: a replay makes the same id, so every end can drop the second copy.

>>> read_id("E40-12", 1735689600000, "1ABC234")
'r-b8f230338e6bbfde030f0e20'
"""

from hashlib import blake2b

_SEPARATOR = "\x1f"


def _digest(kind: str, *parts: str) -> str:
    return f"{kind}-{blake2b(_SEPARATOR.join(parts).encode(), digest_size=12).hexdigest()}"


def track_id(camera_id: str, captured_at_ms: int, box: tuple[int, int, int, int]) -> str:
    """One passage's track: camera, first sight, where the plate was then (x, y, width, height)."""
    return _digest("t", camera_id, str(captured_at_ms), *map(str, box))


def read_id(camera_id: str, captured_at_ms: int, plate: str) -> str:
    """One read: camera, capture time, plate."""
    return _digest("r", camera_id, str(captured_at_ms), plate)


def alert_id(read_id: str, entry_id: str) -> str:
    """One hit: read and hotlist entry."""
    return _digest("a", read_id, entry_id)


def corrected_alert_id(alert_id: str, content: str) -> str:
    """An alert that takes another's place: that one and what this one says."""
    return _digest("a", alert_id, content)


def violation_id(section_id: str, entry_read_id: str, exit_read_id: str) -> str:
    """One violation: section and both reads."""
    return _digest("v", section_id, entry_read_id, exit_read_id)


def forward_id(alert_id: str, country: str, kind: str = "hit") -> str:
    """One message across the border: alert, country and kind."""
    return _digest("f", alert_id, country, kind)


def receipt_id(forward_id: str, outcome: str) -> str:
    """One outcome of one forward."""
    return _digest("p", forward_id, outcome)


def dead_letter_id(stage: str, topic: str, partition: int, offset: int, index: int | None = None) -> str:
    """One refusal: stage and the record's place."""
    return _digest("d", stage, topic, str(partition), str(offset), "" if index is None else str(index))


def outcome_id(access_id: str) -> str:
    """What became of one intent of the record."""
    return _digest("e", access_id, "outcome")
