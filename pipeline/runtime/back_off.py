"""How long to wait before the next attempt."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """Pauses between attempts that double from first_s up to cap_s.

    patience_s: the longest pause that the other side may ask for; it is granted even where it is longer than cap_s.
    """

    first_s: float = 0.5
    cap_s: float = 30.0
    patience_s: float = 300.0

    def wait_s(self, attempt: int, random: Random | None = None, *, asked_s: float | None = None) -> float:
        """The pause in seconds after `attempt` failures in a row (from 1). asked_s: the pause that the other side asked for
        (Retry-After).

        random: shortens the pause by up to half, so that many clients do not come back in the same moment; None: not
        shortened.
        """
        longest = min(self.cap_s, self.first_s * 2.0 ** min(attempt - 1, 32))
        shortened = longest if random is None else longest * (1.0 - random.random() / 2)
        return max(shortened, min(asked_s or 0.0, self.patience_s))
