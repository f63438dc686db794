"""Decides what a dead letter keeps of the refused record, by the reason for the refusal.

A letter is kept for as long as the law lets reads be used. A record that cannot be read is kept whole, so that nothing is lost by
an error of ours or of its sender, unless it says that it was captured more than YOUNG_MS before; a record that the law forbids to
keep, for its age or its purpose, is not kept at all, and neither is a batch into which nobody can look: its letter says where its
topic has it. A read of a camera that nobody registered is kept, so that it can be sent
again, only while it is young: else its letter would outlive what reads may.
"""

import re
from typing import Literal

from schemas.topics import DAY_MS

Keep = Literal["whole", "young", "nothing"]
YOUNG_MS = DAY_MS
"""The letter of a read that is no older ends at most so much after the read itself would have."""

CLOCKS_DIFFER_MS = 60_000
"""What was captured later than that after its refusal is not young: its time is wrong."""

KEPT: dict[str, Keep] = {
    # the law
    "older_than_retention": "nothing",
    "not_allowed_purpose": "nothing",
    # whose record it is, or when it was made, is in doubt
    "captured_in_future": "whole",
    "unknown_camera": "young",
    "not_active": "young",
    # it cannot be read
    "empty": "whole",
    "undecodable": "whole",
    "invalid": "whole",
    "unreadable": "whole",
    "record_too_large": "whole",
    # nobody can look into it: neither how old its reads are, nor whether the law lets anybody keep them
    "batch_too_large": "nothing",
    "batch_broken": "nothing",
    # pictures
    "not_a_picture": "whole",
    "truncated_picture": "whole",
    "truncated_video": "whole",
    "picture_too_small": "whole",
    "picture_too_large": "whole",
    "picture_too_costly": "whole",
    "not_a_plate": "whole",
    # a camera's message, where no gateway could make a read of it
    "clock_not_set": "whole",
    "ambiguous_date": "whole",
    "incomplete_body": "whole",
    "incomplete_file": "whole",
    "xml_with_doctype": "whole",
    "unknown_format": "whole",
    # the record
    "wrong_partition": "whole",
    # it could not be done
    "failed": "whole",
    "no_desk": "whole",
    "unsupported": "whole",
    "too_large": "whole",
    "output_too_large": "whole",
}
"""By the reason of a refusal, how much of the record its dead letter keeps. A reason that is not here keeps nothing; a contract
test fails for one that the agents' code gives as a literal and that is missing here."""


def kept_of(reason: str, payload: bytes, refused_at_ms: int) -> bytes:
    """The part of the payload that a letter with this reason may keep. refused_at_ms: UTC.

    What says that it was captured more than YOUNG_MS before is kept under no reason, also where the rest of it cannot be read.

    >>> kept_of("undecodable", b"{", 0), kept_of("older_than_retention", b'{"plate": ...}', 0)
    (b'{', b'')
    >>> kept_of("unknown_camera", b'{"captured_at_ms": 5}', 6), kept_of("unknown_camera", b'{"captured_at_ms": 5}', 2 * DAY_MS)
    (b'{"captured_at_ms": 5}', b'')
    """
    rule = KEPT.get(reason, "nothing")
    captured_ms = _captured_ms(payload)
    if rule == "nothing" or any(refused_at_ms - at_ms > YOUNG_MS for at_ms in captured_ms):
        return b""
    if rule == "young" and (not captured_ms or max(captured_ms) > refused_at_ms + CLOCKS_DIFFER_MS):
        return b""
    return payload


def _captured_ms(payload: bytes) -> list[int]:
    """The capture times in JSON or msgpack, whole or broken, UTC ms."""
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), payload)
    packed = _PACKED.findall(payload)
    return [*map(int, _CAPTURED.findall(plain)), *(int.from_bytes(eight or four) for eight, four in packed)]


_CAPTURED = re.compile(rb'"captured_at_ms"\s{0,20}:\s{0,20}"?([0-9]{1,20})')
"""In JSON. Whoever writes a number otherwise writes no read of ours."""
_ESCAPED = re.compile(rb"\\u00([0-7][0-9a-fA-F])")  # as any letter of a name may be written
_PACKED = re.compile(rb"captured_at_ms(?:[\xcf\xd3](.{8})|[\xce\xd2](.{4}))", re.DOTALL)
"""In msgpack, as frames and tracks are; also of the capture times whose names end so."""
