"""Whom an urgent incident alarms that nobody takes, written a second time for tests, from the rule in words: with clocks that run
down second by second. pipeline.hotlist.answering computes from the steps when the next alarm is due.

The rule: a desk that is asked has its time, from when it is asked or, if that is later, from the first ring that is urgent. Then
the desk that follows is alarmed, and has its own time; a desk that none follows is alarmed itself. Where a desk is asked that is no
more, those that answer for the incident are alarmed at once. When the time of all is over, or no desk is asked, everybody is
alarmed, and again every five minutes, until somebody takes the incident.
"""

from dataclasses import dataclass, field

AGAIN_S, NO_DESK_S = 300, 60


@dataclass
class Clocks:
    """One incident. within_s, follows: of each desk, its time, and the desk that follows. first: the desks that answer for the
    incident. left_s: the seconds that each desk has that was asked; rang: the desks that were alarmed since; alarms: whom, None for
    everybody, and in which second."""

    within_s: dict[str, int]
    follows: dict[str, str]
    first: tuple[str, ...]
    now_s: int = 0
    urgent: bool = False
    waits: bool = False
    left_s: dict[str, int] = field(default_factory=dict)
    rang: set[str] = field(default_factory=set)
    nobody_left_s: int = NO_DESK_S
    alarms: list[tuple[int, str | None]] = field(default_factory=list)

    def ask(self, *desks: str) -> None:
        """From now on these desks are asked."""
        self.waits, self.rang, self.nobody_left_s = True, set(), NO_DESK_S
        self.left_s = {one: self.within_s.get(one, NO_DESK_S) for one in desks}

    def taken(self) -> None:
        """Somebody has it, or it is over: nobody is asked."""
        self.waits = False

    def pass_second(self) -> None:
        """A second passes."""
        self.now_s += 1
        if not (self.waits and self.urgent):
            return
        self.nobody_left_s -= 1
        self.left_s = {desk: left - 1 for desk, left in self.left_s.items()}
        for desk in self._to_alarm():
            self.alarms.append((self.now_s, desk))
            self.rang.add(desk)
            self.left_s[desk] = self.within_s[desk]
        if self.nobody_left_s <= 0 and all(left <= 0 for left in self.left_s.values()):
            self.alarms.append((self.now_s, None))
            self.nobody_left_s = AGAIN_S

    def _to_alarm(self) -> list[str]:
        found = set[str]()
        for desk, left in self.left_s.items():
            if desk not in self.within_s:
                found |= set(self.first) - self.left_s.keys()
            elif left <= 0 and self.follows[desk] not in self.within_s:
                found |= {desk} - self.rang
            elif left <= 0:
                found |= {self.follows[desk]} - self.left_s.keys()
        return sorted(found)
