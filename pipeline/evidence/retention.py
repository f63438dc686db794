"""Deletes the pictures of whole days (UTC) once the law's time or the setting's is over, whichever is shorter. Pictures under a
hold stay."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from pipeline.errors import BadRecord, Unavailable
from pipeline.evidence.case_holds import case_holds_on
from pipeline.evidence.holds import held_pictures, holds_in
from pipeline.evidence.store import EvidenceStore, day_of
from pipeline.law.book import days_kept

log = structlog.get_logger()
DAY_MS = 86_400_000
EVERY_S = 3600.0
HOME = "BE"


async def delete_old(store: EvidenceStore, kept_days: int, now_ms: int, country: str = HOME) -> int:
    """Delete the pictures of all days that ended more than kept_days ago, or fewer days ago where the country's law says so
    (law.book.days_kept); those under a hold stay. Returns how many were deleted. now_ms: UTC.

    Raises Unavailable; BadRecord, and deletes nothing more, when a hold cannot be read.
    """
    held = held_pictures(await holds_in(store), now_ms)
    before = day_of(now_ms - days_kept(kept_days, country, now_ms) * DAY_MS)
    days, noted = await store.days(), await store.note_days()
    deleted = 0
    for day in sorted({*days, *noted}):
        if day >= before:
            break
        cases = held_pictures(await case_holds_on(store, day), now_ms) if day in noted else frozenset[str]()
        if day in days:
            deleted += await store.drop_day(day, held=held | cases)
        if day in noted and not cases:
            await store.drop_notes(day)
    if deleted:
        log.info("evidence.deleted", pictures=deleted, kept_days=kept_days)
    return deleted


async def keep_deleting(
    store: EvidenceStore,
    kept_days: int,
    now_ms: Callable[[], int],
    country: str = HOME,
    *,
    holds_known: Callable[[], Awaitable[None]],
) -> None:
    """Call delete_old now and every hour, until cancelled. A failure is logged, and the next attempt follows an hour later.

    holds_known: returns when every case that was open a while ago is known to hold its pictures; nothing is deleted before.
    """
    while True:
        await holds_known()
        try:
            await delete_old(store, kept_days, now_ms(), country)
        except (Unavailable, BadRecord) as error:
            log.warning("evidence.not_deleted", cause=str(error), again_in_s=EVERY_S)
        await asyncio.sleep(EVERY_S)
