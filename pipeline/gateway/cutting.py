"""Cuts what a camera sends over TCP into messages, as it comes: each byte is looked at once, whatever comes.

A broken message is cut out as a message of its own, where the next one plainly begins, so that it costs itself alone; also where
the next one begins within a text that was never closed. So a JSON text that ends in }{ is cut there, too, but no maker's packet has
such.
"""

import re
from typing import Protocol

BLANK = b" \t\r\n\x0b\x0c\x00\x02\x03"
"""What may stand between messages; some senders frame each with the control characters for a text's begin and end."""
_ENDS_TEXT = b"\r\n\x00\x02\x03"  # no JSON text holds such
_OPEN, _CLOSE, _QUOTE, _ESCAPE = b'{}"\\'
_MARK, _TEXT_MARK = re.compile(rb'[{}"]'), re.compile(rb'["\\]')
_AROUND_OBJECT = BLANK + b"[],"


class Cutter(Protocol):
    """Cuts one connection's stream. Feed it, then ask for the next message until there is none."""

    def feed(self, chunk: bytes) -> None:
        """Take in what came."""

    def next(self) -> bytes | None:
        """The next message, whole or broken; None: none has ended yet."""

    @property
    def size(self) -> int:
        """Bytes that are held."""

    @property
    def rest(self) -> bytes:
        """What is held and belongs to no message yet; empty where it is only what may stand between messages."""


class Held:
    """What has come and is not cut off yet. _at: where to look on."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._at = 0

    def feed(self, chunk: bytes) -> None:
        """See Cutter."""
        self._held += chunk

    @property
    def size(self) -> int:
        """See Cutter."""
        return len(self._held)

    @property
    def rest(self) -> bytes:
        """See Cutter."""
        return bytes(self._held) if self._held.strip(BLANK) else b""

    def _cut(self, end: int) -> bytes:
        """Take off what stands before `end`, and return it."""
        found = bytes(self._held[:end])
        del self._held[:end]
        self._at = max(self._at - end, 0)
        return found


class JsonCutter(Held):
    """Cuts at the ends of JSON objects. A message is broken where an object begins within one of its texts, or where none may
    begin."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._in_text = False

    def next(self) -> bytes | None:
        """See Cutter."""
        while mark := (_TEXT_MARK if self._in_text else _MARK).search(self._held, self._at):
            end = self._text_mark(mark.start()) if self._in_text else self._mark(mark.start())
            if end is not None:
                return self._cut(end).lstrip(_AROUND_OBJECT)
        self._at = max(self._at, len(self._held))
        return None

    def _mark(self, at: int) -> int | None:
        """Take in a brace or a quote outside of texts. Returns the index after the message that ends here; None: none ends here."""
        self._at = at + 1
        if self._held[at] == _QUOTE:
            self._in_text = self._depth > 0
        elif self._held[at] == _OPEN:
            before = self._back(at)
            is_broken = before >= 0 and self._held[before] not in b"[,:" if self._depth else self._has_said(at)
            self._depth = 1 if is_broken else self._depth + 1
            return at if is_broken else None
        elif self._depth:
            self._depth -= 1
            return None if self._depth else at + 1
        return None

    def _text_mark(self, at: int) -> int | None:
        """Take in a quote or an escape within a text. Returns as `_mark`."""
        if self._held[at] == _ESCAPE:
            self._at = at + 2
            return None
        self._at = at + 1
        opens = self._back(at)
        if opens > 0 and self._held[opens] == _OPEN and self._is_new(opens):
            self._depth = 1  # and the quote begins a name
            return opens
        self._in_text = False
        return None

    def _is_new(self, opens: int) -> bool:
        """Whether the { at `opens`, within a text, begins the next object: the one before has closed, or its line has ended."""
        if self._held[opens - 1] in _ENDS_TEXT:
            return True
        closes = self._back(opens)
        return closes >= 0 and self._held[closes] == _CLOSE

    def _back(self, at: int) -> int:
        """Where the last byte before `at` stands that is not blank; -1: there is none."""
        at -= 1
        while at >= 0 and self._held[at] in BLANK:
            at -= 1
        return at

    def _has_said(self, end: int) -> bool:
        """Whether there is something before `end` that is no object."""
        return bool(self._held[:end].strip(_AROUND_OBJECT))


class RecordCutter(Held):
    """Cuts after the control character that ends a text (0x03), whatever stands before it."""

    def next(self) -> bytes | None:
        """See Cutter."""
        end = self._held.find(b"\x03", self._at) + 1
        if end:
            return self._cut(end)
        self._at = len(self._held)
        return None
