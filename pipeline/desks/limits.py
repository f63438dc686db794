"""Limits how much one person, browser or place may ask: a steady rate, with a number at once."""

from collections import OrderedDict

PER_SECOND, AT_ONCE = 20.0, 60.0
PLATES_PER_SECOND, PLATES_AT_ONCE = 2.0, 10_000.0
"""How many items that show plates one person is shown: nobody reads a list of a million by its pages. The live stream is not
counted."""
LOGINS_PER_SECOND, LOGINS_AT_ONCE = 1.0, 60.0
"""How many attempts to log in, each of which is recorded, come from one place or from one browser in which somebody has logged in
before."""
MOST_PERSONS = 10_000


class Limits:
    """One token bucket for each person, browser or place, in the memory of this process."""

    def __init__(self, per_second: float = PER_SECOND, at_once: float = AT_ONCE) -> None:
        self._per_ms, self._at_once = per_second / 1000, at_once
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait_ms(self, who: str, now_ms: int) -> int:
        """Count one request. Returns 0 when it may be answered, else after how many ms the next one may.

        >>> limits = Limits(per_second=1, at_once=1)
        >>> limits.wait_ms("a", 0), limits.wait_ms("a", 0), limits.wait_ms("b", 0), limits.wait_ms("a", 1000)
        (0, 1000, 0, 0)
        """
        left = self.left(who, now_ms)
        if left >= 1.0:
            self.spend(who, now_ms, 1)
            return 0
        return max(1, round((1.0 - left) / self._per_ms))

    def left(self, who: str, now_ms: int) -> float:
        """How much may be asked at once now; below 0 after an answer that held more than was left."""
        left, at_ms = self._left.get(who, (self._at_once, now_ms))
        return min(self._at_once, left + max(0, now_ms - at_ms) * self._per_ms)

    def spend(self, who: str, now_ms: int, count: int) -> None:
        """Count so much."""
        self._left[who] = (self.left(who, now_ms) - count, now_ms)
        self._left.move_to_end(who)
        if len(self._left) > MOST_PERSONS:
            self._left.popitem(last=False)
