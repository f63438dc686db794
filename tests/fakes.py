"""Ports without servers, for tests."""

from dataclasses import dataclass, field

from pipeline.access import record
from pipeline.access.record import MonthKey, NotRecorded, Operation, Result
from schemas.accesses import Access

KEY = MonthKey("2026-03", bytes(range(32)))
"""The key under which a MemoryRecorder names plates."""


@dataclass(slots=True)
class MemoryRecorder:
    """A Recorder that keeps its entries in a list. away: it raises NotRecorded, as when Kafka does not answer."""

    entries: list[Access] = field(default_factory=list)
    away: bool = False
    at_ms: int = 1_772_366_400_000

    async def intent(self, operation: Operation) -> str:
        """See Recorder.intent."""
        access_id = f"e-{len(self.entries):024x}"
        self._keep(record.intent(operation, access_id=access_id, salt="0" * 32, at_ms=self.at_ms, key=KEY))
        return access_id

    async def outcome(self, access_id: str, result: Result) -> None:
        """See Recorder.outcome."""
        self._keep(record.outcome(access_id, result, salt="0" * 32, at_ms=self.at_ms, key=KEY))

    def _keep(self, entry: Access) -> None:
        if self.away:
            raise NotRecorded("the test says so")
        self.entries.append(entry)
