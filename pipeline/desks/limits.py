"""Limits how much one person may ask: a steady rate, with a number at once."""

from collections import OrderedDict

PER_SECOND, AT_ONCE = 20.0, 60.0
MOST_PERSONS = 10_000


class Limits:
    """One token bucket per person, in the memory of this process."""

    def __init__(self, per_second: float = PER_SECOND, at_once: float = AT_ONCE) -> None:
        self._per_ms, self._at_once = per_second / 1000, at_once
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait_ms(self, who: str, now_ms: int) -> int:
        """Count one request. Returns 0 when it may be answered, else after how many ms the next one may.

        >>> limits = Limits(per_second=1, at_once=1)
        >>> limits.wait_ms("a", 0), limits.wait_ms("a", 0), limits.wait_ms("b", 0), limits.wait_ms("a", 1000)
        (0, 1000, 0, 0)
        """
        left, at_ms = self._left.pop(who, (self._at_once, now_ms))
        left = min(self._at_once, left + max(0, now_ms - at_ms) * self._per_ms)
        allowed = left >= 1.0
        self._left[who] = (left - 1.0 if allowed else left, now_ms)
        if len(self._left) > MOST_PERSONS:
            self._left.popitem(last=False)
        return 0 if allowed else max(1, round((1.0 - left) / self._per_ms))
