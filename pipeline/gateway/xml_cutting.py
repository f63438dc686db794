"""Cuts a stream of XML over TCP into messages, as `cutting` cuts one of JSON."""

import re

from pipeline.gateway.cutting import Held

_TAG = re.compile(rb"<(?:/([A-Za-z][A-Za-z0-9_.:-]{0,60})\s{0,8}>|([A-Za-z][A-Za-z0-9_.:-]{0,60})(?=[\s/>])|(\?xml)\s)")
_LONGEST_TAG = 80
_DECLARED = re.compile(rb"<\?xml[^<>]{0,300}\?>\s*\Z")
_ROOTS = (b"root", b"msg")


class XmlCutter(Held):
    """Cuts at the end tags of root elements. A message is broken where the next root or declaration begins before its end tag."""

    def __init__(self) -> None:
        super().__init__()
        self._root: bytes | None = None
        self._opening = False  # within the root's own tag

    def next(self) -> bytes | None:
        """See Cutter."""
        while True:
            if self._opening:
                end = self._held.find(b">", self._at)
                if end < 0:
                    self._at = len(self._held)
                    return None
                self._at, self._opening = end + 1, False
                if self._held[end - 1] == b"/"[0]:
                    return self._ended(end + 1)
            tag = _TAG.search(self._held, self._at)
            if tag is None:
                self._at = self._last_begin()
                return None
            ended = self._tag(tag)
            if ended is not None:
                return self._ended(ended)

    def _ended(self, end: int) -> bytes:
        self._root = None
        return self._cut(end)

    def _tag(self, tag: re.Match[bytes]) -> int | None:
        """Take in a tag. Returns the index after the message that ends here; None: none ends here."""
        closed, opened, declared = tag.groups()
        self._at = tag.end()
        if self._root is not None:
            if closed == self._root:
                return tag.end()
            is_new = declared or opened == self._root or (opened or b"").lower().rpartition(b":")[2] in _ROOTS
            return self._again_from(tag.start()) if is_new else None
        if opened:
            if self._held.find(b"<", 0, self._begin(tag.start())) >= 0:  # what comes before is no message
                return self._again_from(tag.start())
            self._root, self._opening = opened, True
        return None

    def _again_from(self, at: int) -> int:
        self._at = self._begin(at)
        return self._at

    def _begin(self, at: int) -> int:
        """Where the message begins whose root begins there: with its declaration, if it has one."""
        declared = _DECLARED.search(self._held, max(at - 400, 0), at)
        return declared.start() if declared else at

    def _last_begin(self) -> int:
        """Where a tag may begin that has not come whole; else the end."""
        found = self._held.rfind(b"<", max(self._at, len(self._held) - _LONGEST_TAG))
        return found if found >= 0 else len(self._held)
