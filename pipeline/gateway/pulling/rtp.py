"""Puts together what RTP cuts into packets: H.264 and H.265 video, and ONVIF's metadata.

Sources: RFC 3550 (RTP), RFC 6184 (H.264), RFC 7798 (H.265), ONVIF Streaming Specification 5.1.2 (metadata: a document ends with the
marker). A packet that is none, or of a part whose beginning is missing, is left out.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.gateway.request import MAX_BODY

START = b"\x00\x00\x00\x01"
LONGEST_UNIT = 4 * 1024 * 1024
"""Bytes of the largest unit of video that is put together: of a picture of 12 megapixels one takes a quarter of that."""


class Packet(NamedTuple):
    """One packet of RTP. number: 0..65535, one more each time, 0 after 65535. ends: it is the last of a picture or of a document
    (RTP's marker)."""

    number: int
    ends: bool
    payload: bytes


def packet_of(data: bytes) -> Packet | None:
    """The packet in these bytes; None: they are none.

    >>> packet_of(bytes.fromhex("80e0000700000000000000016501"))
    Packet(number=7, ends=True, payload=b'e\\x01')
    >>> packet_of(b"\\x80")
    """
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    start = 12 + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:  # an extension of the head
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    end = len(data) - (data[-1] if data[0] & 0x20 else 0)
    if start >= end:
        return None
    return Packet(int.from_bytes(data[2:4]), bool(data[1] & 0x80), data[start:end])


class Video:
    """Units of one video as a stream that decoders read ("Annex B"). parameters: of its line a=fmtp."""

    def __init__(self, encoding: str, parameters: Mapping[str, str]) -> None:
        self._is_265 = encoding == "H265"
        names = ("sprop-vps", "sprop-sps", "sprop-pps") if self._is_265 else ("sprop-parameter-sets",)
        self._head = b"".join(START + unit for name in names for unit in _units(parameters.get(name, "")))
        self._unit = bytearray()
        self._next: int | None = None

    def feed(self, packet: Packet) -> bytes:
        """What this packet makes whole; empty where it makes nothing whole."""
        if self._next is not None and packet.number != self._next:
            self._unit.clear()
        self._next = (packet.number + 1) % 65_536
        units = self._whole_265(packet.payload) if self._is_265 else self._whole_264(packet.payload)
        found = b"".join(START + unit for unit in units if unit)
        if found and self._head:
            found, self._head = self._head + found, b""
        return found

    def _whole_264(self, payload: bytes) -> Sequence[bytes]:
        kind = payload[0] & 0x1F
        if kind == 24:  # several units in one packet
            return _several(payload[1:])
        if kind == 28 and len(payload) > 2:  # a piece of a unit
            head = bytes([(payload[0] & 0xE0) | (payload[1] & 0x1F)])
            return self._pieces(head, payload[1], payload[2:])
        return [payload] if 1 <= kind <= 23 else []

    def _whole_265(self, payload: bytes) -> Sequence[bytes]:
        kind = payload[0] >> 1 & 0x3F
        if kind == 48:
            return _several(payload[2:])
        if kind == 49 and len(payload) > 3:
            head = bytes([(payload[0] & 0x81) | (payload[2] & 0x3F) << 1, payload[1]])
            return self._pieces(head, payload[2], payload[3:])
        return [payload] if kind < 48 and len(payload) > 2 else []

    def _pieces(self, head: bytes, mark: int, piece: bytes) -> Sequence[bytes]:
        """The unit, once its last piece has come. mark: its first bit says that this is the first piece, its second the last."""
        if mark & 0x80:
            self._unit[:] = head
        if not self._unit or len(self._unit) + len(piece) > LONGEST_UNIT:
            self._unit.clear()
            return []
        self._unit += piece
        if not mark & 0x40:
            return []
        whole = bytes(self._unit)
        self._unit.clear()
        return [whole]


def _units(text: str) -> Sequence[bytes]:
    """The units in a parameter: base64, with commas between them; none where it is no such text."""
    try:
        return [base64.b64decode(one, validate=True) for one in text.split(",") if one]
    except (binascii.Error, ValueError):
        return []


def _several(payload: bytes) -> Sequence[bytes]:
    """The units in a packet, each after its length."""
    found, at = [], 0
    while at + 2 < len(payload):
        length = int.from_bytes(payload[at : at + 2])
        found.append(payload[at + 2 : at + 2 + length])
        at += 2 + length
    return found


class Documents:
    """Documents of one stream of metadata."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._next: int | None = None
        self._is_whole = True

    def feed(self, packet: Packet) -> bytes | None:
        """The document that ends with this packet; None: none does, or it is not whole, or longer than a message may be."""
        self._is_whole &= self._next is None or packet.number == self._next
        self._next = (packet.number + 1) % 65_536
        if self._is_whole:
            self._held += packet.payload
            self._is_whole = len(self._held) <= MAX_BODY
        if not packet.ends:
            return None
        found = bytes(self._held) if self._is_whole else None
        self._held.clear()
        self._is_whole = True
        return found
