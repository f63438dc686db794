"""What every message is built from: the frozen base and the constrained field types.

Unknown fields are ignored on reading and absent ones take their default, so a field may be added at any time if it has a
default; a field may never change its meaning, and none is removed while a reader needs it.
"""

from typing import Annotated

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no message. The last: nested more deeply than anything of ours, as also a field that
is ignored may be."""
IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9._:-]*"
PLATE = r"[A-Z0-9]+"
COUNTRY = r"[A-Z]{2}"
Identifier = Annotated[str, msgspec.Meta(pattern=rf"\A{IDENTIFIER}\Z", max_length=64)]
"""A name given by people or systems (camera, section, zone, entry): a letter or digit, then letters, digits and ``. _ : -``; at
most 64 characters."""
Plate = Annotated[str, msgspec.Meta(pattern=rf"\A{PLATE}\Z", max_length=16)]
"""Compact form: A-Z 0-9, no separators, at most 16 characters."""
Country = Annotated[str, msgspec.Meta(pattern=rf"\A{COUNTRY}\Z")]
"""ISO 3166-1 alpha-2: DE, never the oval sign."""
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
EpochMs = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]
"""Milliseconds since 1970-01-01 UTC; at most the year 2100, so that seconds or microseconds sent by mistake are refused."""
Degrees = Annotated[float, msgspec.Meta(ge=0.0, le=360.0)]
SpeedKmh = Annotated[float, msgspec.Meta(ge=0.0, le=500.0)]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""How many, or the how manieth: an offset, a partition, an index, attempts."""
Pixels = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
DIGEST = "[0-9a-f]{1,24}"
AlertId = Annotated[str, msgspec.Meta(pattern=rf"\Aa-{DIGEST}\Z", max_length=26)]
ViolationId = Annotated[str, msgspec.Meta(pattern=rf"\Av-{DIGEST}\Z", max_length=26)]
ForwardId = Annotated[str, msgspec.Meta(pattern=rf"\Af-{DIGEST}\Z", max_length=26)]
ReceiptId = Annotated[str, msgspec.Meta(pattern=rf"\Ap-{DIGEST}\Z", max_length=26)]
TrackId = Annotated[str, msgspec.Meta(pattern=rf"\At-{DIGEST}\Z", max_length=26)]
DeadLetterId = Annotated[str, msgspec.Meta(pattern=rf"\Ad-{DIGEST}\Z", max_length=26)]
ActionId = Annotated[str, msgspec.Meta(pattern=rf"\Ac-{DIGEST}\Z", max_length=26)]
AccessId = Annotated[str, msgspec.Meta(pattern=rf"\Ae-{DIGEST}\Z", max_length=26)]
"""Of an entry of the record: random for an intent, ids.outcome_id for its outcome. The types above: ids as schemas/ids.py computes
them."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of everything that flows: immutable, with named fields; default values are left out of the bytes.

    gc=False: an immutable object is never part of a reference cycle, so the garbage collector need not visit thousands of
    reads.
    """


class Position(Message, frozen=True, kw_only=True):
    """A place on Earth in WGS 84 degrees."""

    lat: Annotated[float, msgspec.Meta(ge=-90.0, le=90.0)]
    lon: Annotated[float, msgspec.Meta(ge=-180.0, le=180.0)]
