"""Pictures are deleted, by whole days, once they are older than the law and the settings allow."""

import asyncio
from collections.abc import Callable

import structlog

from pipeline.errors import Unavailable
from pipeline.evidence.store import EvidenceStore

log = structlog.get_logger()
DAY_MS = 86_400_000
EVERY_S = 3600.0


async def delete_old(store: EvidenceStore, kept_days: int, now_ms: int) -> int:
    """Delete the pictures of all days that ended more than kept_days ago; how many there were. Raises Unavailable."""
    deleted = await store.drop_before(now_ms - kept_days * DAY_MS)
    if deleted:
        log.info("evidence.deleted", pictures=deleted, kept_days=kept_days)
    return deleted


async def keep_deleting(store: EvidenceStore, kept_days: int, now_ms: Callable[[], int]) -> None:
    """Delete old pictures now and every hour, until cancelled. A store that is away is tried again at the next hour."""
    while True:
        try:
            await delete_old(store, kept_days, now_ms())
        except Unavailable as error:
            log.warning("evidence.not_deleted", cause=str(error), again_in_s=EVERY_S)
        await asyncio.sleep(EVERY_S)
