"""Puts violations back into the memory of section control, where Redis has lost it."""

import uuid
from collections.abc import Iterable, Sequence

from pipeline.sections.certainty import folded
from pipeline.sections.put_back import PutBack
from pipeline.state.redis_port import Argument
from pipeline.state.section_keys import SAFETY_MS, WHAT, SectionKeys
from pipeline.state.section_records import place_of, put_back_of
from pipeline.state.section_scripts import BEGIN, FINISH, IS_WHOLE, PUT_BACK
from schemas.outcomes import Violation


class PuttingBack(SectionKeys):
    """Puts the violations that stand back into the section memory; until that is done nothing is decided. Every method raises
    Unavailable when Redis is away."""

    @staticmethod
    def of(memory: SectionKeys) -> "PuttingBack":
        """The PuttingBack for this memory."""
        return PuttingBack(memory._client, memory._namespace)

    async def is_whole(self) -> bool:
        """Whether Redis has kept what was stored since `note_whole` was last called. While it has not,
        `SectionMemory.look` finds nothing that is to be decided."""
        (answer,) = await IS_WHOLE.run(self._client, WHAT, [([self._whole], [])])
        return bool(answer)

    async def begin(self) -> str:
        """Begin to put back the violations that were lost. Returns what `put_back` and `note_whole` take."""
        begun = uuid.uuid4().hex
        await BEGIN.run(self._client, WHAT, [([self._whole], [begun])])
        return begun

    async def put_back(self, violations: Iterable[Violation], begun: str, at_ms: int, settle_ms: int) -> None:
        """Store violations that stand by their topic, with their reads, as put back at at_ms (broker's time, UTC ms), unless
        somebody else has done so since `begin`. settle_ms: the settling time."""
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = []
        for one in violations:
            key = one.section_id, folded(one.entry.plate)
            shard, name = place_of(key)
            keys = [self._whole, self._due(shard), self._vehicle(key)]
            calls.append((keys, [begun, at_ms + settle_ms, name, SAFETY_MS, *put_back_of(PutBack(one, at_ms))]))
        await PUT_BACK.run(self._client, WHAT, calls)

    async def note_whole(self, begun: str) -> bool:
        """Note that nothing is missing in the memory, unless Redis lost it since `begin`. Returns whether nothing is."""
        (done,) = await FINISH.run(self._client, WHAT, [([self._whole], [begun])])
        return bool(done)
