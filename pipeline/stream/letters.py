"""Decides what a dead letter keeps of the refused record, by the reason for the refusal.

A letter is kept for thirty days. A record that cannot be read is kept whole, so that nothing is lost by an error of ours or
of its sender; a record that the law forbids to keep, for its age or its purpose, is not kept at all.
"""

from typing import Literal

Keep = Literal["whole", "nothing"]

KEPT: dict[str, Keep] = {
    # the law
    "older_than_retention": "nothing",
    "not_allowed_purpose": "nothing",
    # whose record it is, or when it was made, is in doubt
    "captured_in_future": "whole",
    "unknown_camera": "whole",
    # it cannot be read
    "empty": "whole",
    "undecodable": "whole",
    "invalid": "whole",
    "unreadable": "whole",
    "batch_too_large": "whole",
    "batch_broken": "whole",
    # pictures
    "not_a_picture": "whole",
    "truncated_picture": "whole",
    "picture_too_small": "whole",
    "picture_too_large": "whole",
    "picture_too_costly": "whole",
    "not_a_plate": "whole",
    # the record
    "wrong_partition": "whole",
    # it could not be done
    "failed": "whole",
    "no_desk": "whole",
    "unsupported": "whole",
    "too_large": "whole",
    "output_too_large": "whole",
}
"""A reason that is not here keeps nothing; a contract test finds every reason that the code gives."""


def kept_of(reason: str, payload: bytes) -> bytes:
    """The part of the payload that a letter with this reason may keep.

    >>> kept_of("undecodable", b"{"), kept_of("older_than_retention", b'{"plate": ...}')
    (b'{', b'')
    """
    return payload if KEPT.get(reason) == "whole" else b""
