"""Judges what neighbours say later of the messages that they took, and sends a receipt of each word that its country signed.

Two workers may judge the same word: the receipts have the same id, and readers drop the second copy.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from pipeline.errors import Unavailable
from pipeline.neighbours.later import LaterWord, receipt_of, verify_later
from pipeline.neighbours.signatures import KeyRing, NotAuthentic
from pipeline.runtime.log import reference
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.state.later_words import LaterWords
from pipeline.stream import codec
from schemas.outcomes import Receipt
from schemas.topics import RECEIPTS

EVERY_S = 0.5
UNPROVEN_KEPT_MS = 600_000
"""So long a word waits that no key here verifies: while a neighbour changes its key, another worker may know the new one."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterAnswers:
    """Judges what neighbours say later of messages that they took, and sends the receipts. rings: the neighbours' keys, by country.
    counted: called once for each word, with the country and the outcome, or why the word counts for nothing."""

    words: LaterWords
    rings: Mapping[str, KeyRing]
    sender: Sender
    namespace: str
    now_ms: Callable[[], int]
    counted: Callable[[str, str], None]
    _unproven: dict[str, dict[str, int]] = field(init=False, default_factory=dict)
    """By country and the name of a word, when it was first looked at, UTC ms."""

    async def run(self) -> None:
        """Judge what comes, until cancelled. While Redis or Kafka is away it tries again."""
        while True:
            try:
                for country in self.rings:
                    await self.look(country)
            except Unavailable as error:
                log.debug("liaison.later_waiting", cause=str(error))
            await asyncio.sleep(EVERY_S)

    async def look(self, country: str) -> None:
        """Judge what this country has said and was not judged yet, and send the receipts. Raises Unavailable."""
        waiting = await self.words.waiting(country)
        words = self._proven(country, waiting)
        judged = [await self._judged(country, word, waiting[name]) for name, word in words.items() if word is not None]
        receipts = [receipt for _, receipt in sorted((one for one in judged if one), key=lambda pair: pair[0])]
        await self.sender.send_all([
            Outgoing(f"{self.namespace}.{RECEIPTS.name}", codec.encode(RECEIPTS, one), one.forward_id.encode())
            for one in receipts
        ])  # fmt: skip
        await self.words.settled(country, list(words))
        for one in receipts:
            self.counted(country, one.later or "")
            log.info(
                "liaison.later",
                forward=reference(one.forward_id),
                country=country,
                outcome=one.outcome,
                reason=one.reason,
            )

    def _proven(self, country: str, waiting: Mapping[str, str]) -> dict[str, LaterWord | None]:
        """The words, by name, that are to be settled now: those that the country signed, and None for each that no key here has
        verified for UNPROVEN_KEPT_MS. The others go on waiting."""
        found: dict[str, LaterWord | None] = {}
        since = self._unproven.setdefault(country, {})
        for name, signed in waiting.items():
            try:
                found[name] = verify_later(signed, self.rings[country], country)
            except NotAuthentic as error:
                if name not in since:
                    since[name] = self.now_ms()
                    self.counted(country, "unproven")
                    log.warning("liaison.later_unproven", country=country, cause=error.detail)
                if self.now_ms() - since[name] >= UNPROVEN_KEPT_MS:
                    found[name] = None
        self._unproven[country] = {name: at for name, at in since.items() if name in waiting and name not in found}
        return found

    async def _judged(self, country: str, word: LaterWord, signed: str) -> tuple[int, Receipt] | None:
        """When the neighbour said it (UTC ms), and its receipt. None: the country was never sent that forward."""
        known, incident_id = await self.words.incident_of(country, word.forward_id)
        if not known:
            self.counted(country, "unknown_forward")
            return None
        return word.at_ms, receipt_of(word, signed, incident_id, self.now_ms())
