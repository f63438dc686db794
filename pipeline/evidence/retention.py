"""Deletes pictures, by whole days, when they are older than the law and the settings allow."""

import asyncio
from collections.abc import Callable

import structlog

from pipeline.errors import BadRecord, Unavailable
from pipeline.evidence.holds import held_pictures, holds_in
from pipeline.evidence.store import EvidenceStore
from pipeline.law.book import days_kept

log = structlog.get_logger()
DAY_MS = 86_400_000
EVERY_S = 3600.0
HOME = "BE"


async def delete_old(store: EvidenceStore, kept_days: int, now_ms: int, country: str = HOME) -> int:
    """Delete the pictures of all days that ended more than kept_days ago, or fewer days ago where the country's law says so
    (law.book.days_kept); those under a hold stay. Returns how many were deleted. now_ms: UTC.

    Raises Unavailable; BadRecord, and deletes nothing, when a hold cannot be read.
    """
    held = held_pictures(await holds_in(store), now_ms)
    deleted = await store.drop_before(now_ms - days_kept(kept_days, country, now_ms) * DAY_MS, held=held)
    if deleted:
        log.info("evidence.deleted", pictures=deleted, kept_days=kept_days)
    return deleted


async def keep_deleting(store: EvidenceStore, kept_days: int, now_ms: Callable[[], int], country: str = HOME) -> None:
    """Call delete_old now and every hour, until cancelled. A failure is logged, and the next attempt follows an hour later."""
    while True:
        try:
            await delete_old(store, kept_days, now_ms(), country)
        except (Unavailable, BadRecord) as error:
            log.warning("evidence.not_deleted", cause=str(error), again_in_s=EVERY_S)
        await asyncio.sleep(EVERY_S)
