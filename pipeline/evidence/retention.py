"""Deletes pictures, by whole days, when they are older than the law and the settings allow."""

import asyncio
from collections.abc import Callable

import structlog

from pipeline.errors import Unavailable
from pipeline.evidence.store import EvidenceStore

log = structlog.get_logger()
DAY_MS = 86_400_000
EVERY_S = 3600.0


async def delete_old(store: EvidenceStore, kept_days: int, now_ms: int) -> int:
    """Delete the pictures of all days that ended more than kept_days ago. Returns how many were deleted. Raises Unavailable."""
    deleted = await store.drop_before(now_ms - kept_days * DAY_MS)
    if deleted:
        log.info("evidence.deleted", pictures=deleted, kept_days=kept_days)
    return deleted


async def keep_deleting(store: EvidenceStore, kept_days: int, now_ms: Callable[[], int]) -> None:
    """Delete old pictures now and every hour, until cancelled. When the store is away, the next hour's attempt follows."""
    while True:
        try:
            await delete_old(store, kept_days, now_ms())
        except Unavailable as error:
            log.warning("evidence.not_deleted", cause=str(error), again_in_s=EVERY_S)
        await asyncio.sleep(EVERY_S)
