"""The broker's time where nothing arrives: what the broker said last, and how long ago this machine heard it."""

from collections.abc import Callable


class BrokersClock:
    """The broker's clock, from the times at which it took records. Between them it is taken to pass as fast as this machine's
    monotonic clock; before the first, this machine's clock counts. own_ms: this machine's clock, UTC ms.
    monotonic_s: its monotonic clock, seconds."""

    def __init__(self, own_ms: Callable[[], int], monotonic_s: Callable[[], float]) -> None:
        self._own_ms, self._monotonic_s = own_ms, monotonic_s
        self._heard: tuple[int, float] | None = None

    def heard(self, broker_ms: int) -> None:
        """Note that the broker's clock has reached broker_ms (UTC)."""
        if self._heard is None or broker_ms > self.now_ms():
            self._heard = broker_ms, self._monotonic_s()

    def now_ms(self) -> int:
        """The earliest time that the broker's clock can show now, UTC ms."""
        if self._heard is None:
            return self._own_ms()
        broker_ms, at_s = self._heard
        return broker_ms + int((self._monotonic_s() - at_s) * 1_000)
