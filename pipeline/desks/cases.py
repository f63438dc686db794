"""How violations were judged, what stands for what was corrected, and where each record stands first, in memory.

Each is a function of the topics' order alone, so every process has the same.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pipeline.sections.judging import counted_at, judged
from schemas.base import Message
from schemas.judgements import Judged, Judgement
from schemas.outcomes import RecordPlace, Violation, Withdrawal

V = TypeVar("V")
MOST_CASES = 200_000
"""Some ten thousand violations a day, as long as the law lets them be kept; the oldest are forgotten."""


@dataclass(slots=True)
class Cases:
    """What is known of violations, by violation_id. on_judged: called with each new state."""

    judged: "OrderedDict[str, Judged]" = field(default_factory=OrderedDict)
    corrected_by: "OrderedDict[str, str]" = field(default_factory=OrderedDict)
    on_judged: Callable[[Judged], None] = lambda _state: None
    _first: "OrderedDict[str, RecordPlace]" = field(default_factory=OrderedDict)

    def judge(self, one: Judgement, at: RecordPlace, at_ms: int) -> Judged | None:
        """Take in a judgement, which stands at `at`; at_ms: the broker's time. Returns the new state; None: it is a copy."""
        before = self.judged.get(one.violation_id)
        after = judged(before, one, at, at_ms)
        if after is before:
            return None
        _keep(self.judged, one.violation_id, after)
        self.on_judged(after)
        return after

    def place(self, message: Message, at: RecordPlace) -> None:
        """Note where a violation, or the withdrawal of one, stands, unless a copy of it stands before; and which violation it
        corrects."""
        name = _name(message)
        if name is not None and name not in self._first:
            _keep(self._first, name, at)
        if isinstance(message, Violation) and message.corrects is not None:
            _keep(self.corrected_by, message.corrects, message.violation_id)

    def place_of(self, violation_id: str) -> RecordPlace | None:
        """Where the violation stands on its topic; None: it is not known here."""
        return self._first.get(violation_id)

    def counts(self, message: Message, at: RecordPlace) -> bool:
        """Whether the record at this place says something new: it is no copy of an earlier one, and of a judgement, it counted."""
        if isinstance(message, Judgement):
            return counted_at(self.judged.get(message.violation_id), at)
        name = _name(message)
        return name is not None and self._first.get(name, at) == at


def _name(message: Message) -> str | None:
    if isinstance(message, Violation):
        return message.violation_id
    if isinstance(message, Withdrawal) and message.kind == "violation":
        return f"withdrawal {message.id}"
    return None


def _keep(found: "OrderedDict[str, V]", name: str, value: V) -> None:
    found[name] = value
    if len(found) > MOST_CASES:
        found.popitem(last=False)
