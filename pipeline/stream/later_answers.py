"""Judges what neighbours say later of the messages that they took, and sends a receipt of each word that its country signed.

Two workers may judge the same word: the receipts have the same id, and readers drop the second copy.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
        judged = [await self._judged(country, signed) for signed in waiting.values()]
        receipts = [receipt for _, receipt in sorted((one for one in judged if one), key=lambda pair: pair[0])]
        await self.sender.send_all([
            Outgoing(f"{self.namespace}.{RECEIPTS.name}", codec.encode(RECEIPTS, one), one.forward_id.encode())
            for one in receipts
        ])  # fmt: skip
        await self.words.settled(country, list(waiting))
        for one in receipts:
            self.counted(country, one.later or "")
            log.info(
                "liaison.later",
                forward=reference(one.forward_id),
                country=country,
                outcome=one.outcome,
                reason=one.reason,
            )

    async def _judged(self, country: str, signed: str) -> tuple[int, Receipt] | None:
        """When the neighbour said it (UTC ms), and its receipt. None: the signature is not the country's, or the country was never
        sent that forward."""
        try:
            word: LaterWord = verify_later(signed, self.rings[country], country)
        except NotAuthentic as error:
            self.counted(country, "unproven")
            log.warning("liaison.later_unproven", country=country, cause=error.detail)
            return None
        known, incident_id = await self.words.incident_of(country, word.forward_id)
        if not known:
            self.counted(country, "unknown_forward")
            return None
        return word.at_ms, receipt_of(word, signed, incident_id, self.now_ms())
