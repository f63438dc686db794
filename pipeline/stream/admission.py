"""The one place where an agent lets reads in or refuses them, by the rules of pipeline.reads.admission.

Several agents read the topic of reads, and all that look at a read refuse it for the same reason. Exactly one of them reports
each refused read to the dead letters: the agent that does not name the topic in `elsewhere`. The others leave it out and count
it (`vigie_refused_elsewhere`).
"""

from collections.abc import Callable, Sequence

import msgspec

from pipeline.law.book import days_kept
from pipeline.reads.admission import check_reads, need_cameras
from pipeline.runtime.settings import Settings
from pipeline.state.collections import CAMERAS
from pipeline.state.mirror import Mirror
from pipeline.stream.outputs import Outputs, Record
from schemas.reads import PlateRead, ReadBatch


class Admission:
    """Which reads an agent decides on. mirror: holds the cameras that are known. now_ms: the agent's clock, ms UTC, which tells
    for how long the cameras have been waited for."""

    def __init__(self, mirror: Mirror, settings: Settings, now_ms: Callable[[], int]) -> None:
        self._mirror = mirror
        self._cameras = mirror.of(CAMERAS)
        self._future_bound_ms, self._retention_days = settings.future_bound_ms, settings.retention_days
        self._country = settings.country
        self._now_ms = now_ms
        self._started_ms = now_ms()

    def need_cameras(self) -> None:
        """Raise Unavailable while nothing can be decided because the cameras are not known yet."""
        need_cameras(self._cameras, self._mirror.whole, self._now_ms() - self._started_ms)

    def admitted(
        self,
        records: Sequence[Record[ReadBatch]],
        now_ms: int,
        outputs: Outputs,
        *,
        among: Callable[[Sequence[PlateRead]], Sequence[PlateRead]] = lambda reads: reads,
    ) -> Sequence[PlateRead]:
        """The reads of these records that may enter, in order; the others are refused in the outputs. now_ms: the time at which
        that is judged, ms UTC.

        among: which of them the agent is interested in at all; the others are neither returned nor refused.
        """
        reads = among([read for record in records for read in record.message.reads])
        refusals = dict(
            check_reads(
                reads,
                self._cameras,
                now_ms,
                future_bound_ms=self._future_bound_ms,
                retention_days=days_kept(self._retention_days, self._country, now_ms),
            )
        )
        if not refusals:
            return reads
        places = {
            id(read): (record, position) for record in records for position, read in enumerate(record.message.reads)
        }
        for at, refusal in refusals.items():
            record, position = places[id(reads[at])]
            outputs.refuse(
                record,
                refusal.reason,
                refusal.detail,
                index=record.index_of(position),
                payload=msgspec.json.encode(reads[at]),
                shared=True,
            )
        return [read for at, read in enumerate(reads) if at not in refusals]
