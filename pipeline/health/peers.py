"""What all cameras of a group together send now beside what they usually do: on a holiday, at a match, or while their network is
away, one camera's silence says little."""

MINUTE_MS = 60_000
KEPT = 180
"""Minutes that are kept at least; at most twice as many are held."""
FEWEST = 20.0
"""Reads to expect of a group before what it sends says anything."""


class Peers:
    """The last minutes of one group of cameras, which follow each other without gaps."""

    def __init__(self) -> None:
        self._begins_ms = 0
        self._until: list[tuple[float, int]] = [
            (0.0, 0)
        ]  # what was to be expected, and came, before each minute in all

    def add(self, begins_ms: int, expected: float, seen: int) -> None:
        """Take in the next whole minute: how many reads were to be expected of the group, and how many came. begins_ms: when it
        began, UTC."""
        if len(self._until) == 1:
            self._begins_ms = begins_ms
        before = self._until[-1]
        self._until.append((before[0] + expected, before[1] + seen))
        if len(self._until) > 2 * KEPT:
            self._begins_ms += (len(self._until) - KEPT - 1) * MINUTE_MS
            self._until = self._until[-KEPT - 1 :]

    def since(self, since_ms: int) -> tuple[int, int, float, int]:
        """Of the whole minutes since since_ms: when the first begins and the last ends (UTC ms), how many reads of the group were
        to be expected in them, and how many came."""
        first = min(max((since_ms - self._begins_ms) // MINUTE_MS, 0), len(self._until) - 1)
        (expected, seen), last = self._until[first], self._until[-1]
        from_ms, until_ms = (self._begins_ms + minute * MINUTE_MS for minute in (first, len(self._until) - 1))
        return from_ms, until_ms, last[0] - expected, last[1] - seen

    def share(self, since_ms: int, own: tuple[float, int] = (0.0, 0)) -> float | None:
        """Which share of the usual reads of the group has come since since_ms (UTC), at most 1; None: too few were to be expected
        to tell. own: reads that are left out, as those of one camera: how many were to be expected, and how many came."""
        _from_ms, _until_ms, expected, seen = self.since(since_ms)
        others = expected - own[0]
        return min(max(seen - own[1], 0) / others, 1.0) if others >= FEWEST else None
