"""What neighbours were told lately, in memory: forwards, their recalls and withdrawals, and the neighbours' receipts. The alert of
what is still open is read from its topic where it came before what is kept of alerts."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import dropwhile
from typing import Literal

from schemas.base import ForwardId
from schemas.outcomes import WITHDRAWN, Alert, Forward, Receipt, RecordPlace, Withdrawal

MOST_KEPT = 20_000
"""The most forwards that are kept; the oldest are left out."""
MOST_OPEN = 100
"""The most alerts that are read for one page because something is open of them."""
MOST_RECEIPTS = 16
"""The most receipts of one forward: one of each outcome is usual."""
State = Literal[
    "waiting", "sent", "acknowledged", "refused", "expired", "accepted", "stopped", "not_found", "recalled", "not_sent"
]  # fmt: skip
"""waiting: it may be sent, and no message was seen yet. not_sent: no policy allows it. sent: no answer yet. recalled: the neighbour
was told to forget it. The others: the outcome of its latest receipt, or what the neighbour said later."""


@dataclass(slots=True)
class Told:
    """One forward, and what became of it."""

    forward: Forward
    receipts: list[Receipt] = field(default_factory=list)
    withdrawal: Withdrawal | None = None
    recall: Forward | None = None
    recall_receipts: list[Receipt] = field(default_factory=list)  # whether the recall itself arrived

    @property
    def state(self) -> State:
        """What became of the forward, in one word."""
        if self.withdrawal is not None or self.recall is not None:
            return "recalled"
        said = [one.later for one in self.receipts if one.later is not None]
        return said[-1] if said else self.receipts[-1].outcome if self.receipts else "sent"

    @property
    def is_open(self) -> bool:
        """Whether something must yet come of it: its delivery, an answer that was promised, or the delivery of its recall; also
        where the recall was not delivered in time: the neighbour may act on what was taken back."""
        if self.state == "recalled":
            return not any(one.outcome != "expired" or one.reason == WITHDRAWN for one in self.recall_receipts)
        promised = any(one.answer_by_ms is not None for one in self.receipts)
        return self.state in ("sent", "accepted") or (self.state == "acknowledged" and promised)


async def _nowhere(_place: RecordPlace) -> Alert | Withdrawal | None:
    return None


@dataclass(slots=True)
class Abroad:
    """The latest forwards by id. ready: set once everything that was in the topics at the start was taken in. find: the message of
    the topic alerts that stands there; None: there is none."""

    told: "OrderedDict[str, Told]" = field(default_factory=OrderedDict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    find: Callable[[RecordPlace], Awaitable[Alert | Withdrawal | None]] = _nowhere
    _found: "OrderedDict[RecordPlace, Alert | Withdrawal | None]" = field(default_factory=OrderedDict)
    _recalls: dict[str, str] = field(default_factory=dict)  # by the recall's id, the forward that it takes back
    _early: "OrderedDict[str, list[Receipt | Withdrawal | Forward]]" = field(
        default_factory=OrderedDict
    )  # before their forward

    def take(self, message: Forward | Receipt | Withdrawal) -> None:
        """Take in a message. The two topics are read independently: what is about a forward may come before it."""
        about = _about(message)
        if about is None:
            assert isinstance(message, Forward), "what is about nothing else is a forward"
            self._add(message)
            return
        known = self.told.get(self._recalls.get(about, about))
        if known is not None:
            self._note(known, message)
            return
        early = self._early.setdefault(about, [])
        if len(early) < MOST_RECEIPTS:
            early.append(message)
        if len(self._early) > MOST_KEPT:  # of forwards that come no more; what came lately may still get its own
            self._early.popitem(last=False)

    async def open_alerts(
        self, known: Container[ForwardId], sees: Callable[[Alert], bool], after: ForwardId | None = None
    ) -> tuple[list[Alert], ForwardId | None]:
        """The alerts of the latest forwards that are open and not known, each once; MOST_OPEN at the most are read, and left out
        where they may not be seen. after: only of forwards before this one. Returns them, and after which forward to go on; None:
        there are no more. Raises Unavailable."""
        alerts: dict[str, Alert] = {}
        read, last = set[RecordPlace | None](), after
        every: Iterator[Told] = reversed(list(self.told.values()))
        if after is not None:
            every = dropwhile(lambda one: one.forward.forward_id != after, every)
            next(every, None)
        for told in every:
            if not told.is_open or told.forward.forward_id in known:
                continue
            place = told.forward.alert_at
            if len(read) >= MOST_OPEN and place not in read:
                return list(alerts.values()), last
            read.add(place)
            last, alert = told.forward.forward_id, await self._alert_at(place)
            if isinstance(alert, Alert) and sees(alert):
                alerts.setdefault(alert.alert_id, alert)
        return list(alerts.values()), None

    async def open_alert(self, forward_ids: Iterable[ForwardId]) -> Alert | None:
        """The alert of the first of these forwards that is open; None: there is none. Raises Unavailable."""
        for one in forward_ids:
            if (told := self.told.get(one)) is not None and told.is_open:
                alert = await self._alert_at(told.forward.alert_at)
                return alert if isinstance(alert, Alert) else None
        return None

    async def _alert_at(self, place: RecordPlace | None) -> Alert | Withdrawal | None:
        if place is None:
            return None
        if place not in self._found:
            self._found[place] = await self.find(place)
            if len(self._found) > 2 * MOST_OPEN:
                self._found.popitem(last=False)
        return self._found[place]

    def _add(self, forward: Forward) -> None:
        if forward.forward_id in self.told:
            return  # a second copy
        self.told[forward.forward_id] = one = Told(forward)
        for message in self._early.pop(forward.forward_id, []):
            self._note(one, message)
        if len(self.told) > MOST_KEPT:
            _, gone = self.told.popitem(last=False)
            self._recalls.pop(gone.recall.forward_id if gone.recall else "", None)

    def _note(self, one: Told, message: Receipt | Withdrawal | Forward) -> None:
        if isinstance(message, Withdrawal):
            one.withdrawal = message
        elif isinstance(message, Forward):
            one.recall = message
            self._recalls[message.forward_id] = one.forward.forward_id
            for early in self._early.pop(message.forward_id, []):
                self._note(one, early)
        else:
            _add(one.receipts if message.forward_id == one.forward.forward_id else one.recall_receipts, message)


def _about(message: Forward | Receipt | Withdrawal) -> str | None:
    """The forward_id that a message is about; None: it is itself a forward of a hit."""
    if isinstance(message, Receipt):
        return message.forward_id
    if isinstance(message, Withdrawal):
        return message.id
    return message.refers_to if message.kind == "recall" else None


def _add(receipts: list[Receipt], one: Receipt) -> None:
    known = {(known.receipt_id, known.later) for known in receipts}
    if len(receipts) < MOST_RECEIPTS and (one.receipt_id, one.later) not in known:
        receipts.append(one)
