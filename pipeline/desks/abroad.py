"""What neighbours were told lately, in memory: forwards, their recalls and withdrawals, and the neighbours' receipts."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

from schemas.outcomes import Forward, Receipt, Withdrawal

MOST_KEPT = 20_000
"""The most forwards that are kept; the oldest are left out."""
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


@dataclass(slots=True)
class Abroad:
    """The latest forwards by id. ready: set once everything that was in the topics at the start was taken in."""

    told: "OrderedDict[str, Told]" = field(default_factory=OrderedDict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
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
