"""Holds that persons ask for: pictures that are kept beyond their usual time, because a case or a court still needs them. What
open cases hold by themselves is in case_holds.

A hold names its pictures, the reason, who asked, and its end; after that the pictures are deleted like others of their age.
Holds are stored beside the pictures, in the evidence store: the deletion reads them there, and they do not depend on Redis.
A change is a new object `holds/ID/TIME.json`, and none is ever overwritten, so that it can be seen later what was held when,
and by whom.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from pipeline.errors import BadRecord
from pipeline.evidence.store import EvidenceStore
from schemas.base import UNREADABLE, EpochMs, Identifier, Message
from schemas.base import Text as AnyText
from schemas.reads import EVIDENCE_PATH

Text = Annotated[AnyText, msgspec.Meta(min_length=1)]
Picture = Annotated[str, msgspec.Meta(pattern=rf"\A{EVIDENCE_PATH}\Z", max_length=80)]
LONGEST_MS = 366 * 86_400_000
"""No hold lasts longer than a year at a time: what is still open then must be held anew, by somebody who has looked."""


class Hold(Message, frozen=True, kw_only=True):
    """The state of one hold from changed_at_ms on. Times in UTC ms."""

    hold_id: Identifier
    pictures: Annotated[tuple[Picture, ...], msgspec.Meta(min_length=1, max_length=256)]
    about: Annotated[str, msgspec.Meta(max_length=64)] | None = None  # the alert, violation or read that refers to them
    reason: Text
    owner: Text  # who asked
    from_ms: EpochMs
    until_ms: EpochMs  # when it ends by itself
    changed_at_ms: EpochMs
    changed_by: Text
    released: bool = False  # it ended before its time

    def holds_at(self, at_ms: int) -> bool:
        """Whether the hold, as it stands now, keeps its pictures at at_ms (UTC). A released one never does, also not at a time
        before its release, when it did."""
        return not self.released and self.from_ms <= at_ms < self.until_ms


def checked(hold: Hold, now_ms: int) -> Hold:
    """The same hold. Raises BadRecord when it ends before it begins, has ended at now_ms (UTC), or lasts longer than
    LONGEST_MS."""
    if hold.until_ms <= max(hold.from_ms, now_ms):
        raise BadRecord("bad_hold", f"hold {hold.hold_id} would end before it begins, or has ended already")
    if hold.until_ms - max(hold.from_ms, now_ms) > LONGEST_MS:
        raise BadRecord(
            "bad_hold", f"hold {hold.hold_id} would last longer than a year: hold it anew when that is over"
        )
    return hold


async def holds_in(store: EvidenceStore) -> list[Hold]:
    """The last state of every hold, ended ones included, by id. Raises Unavailable; BadRecord for an unreadable one."""
    last: dict[str, Hold] = {}
    for name, data in await store.holds():
        try:
            hold = msgspec.json.decode(data, type=Hold)
        except UNREADABLE as error:
            raise BadRecord("unreadable_hold", f"{name}: {error}") from error
        known = last.get(hold.hold_id)
        if known is None or hold.changed_at_ms >= known.changed_at_ms:
            last[hold.hold_id] = hold
    return [last[hold_id] for hold_id in sorted(last)]


async def put_hold(store: EvidenceStore, hold: Hold) -> None:
    """Begin a hold, or change the one with its hold_id. Raises Unavailable; BadRecord as `checked` does."""
    await store.put_hold(hold.hold_id, hold.changed_at_ms, msgspec.json.encode(checked(hold, hold.changed_at_ms)))


async def release(store: EvidenceStore, hold_id: str, *, by: str, at_ms: int) -> Hold:
    """End a hold at at_ms (UTC). Returns its new state. Raises Unavailable; BadRecord for one that is unknown or has ended."""
    found = next((hold for hold in await holds_in(store) if hold.hold_id == hold_id), None)
    if found is None or found.released or found.until_ms <= at_ms:
        raise BadRecord("unknown_hold", f"no hold {hold_id} holds anything now; see `vigie evidence holds list`")
    ended = msgspec.structs.replace(
        found, released=True, changed_by=by, changed_at_ms=max(at_ms, found.changed_at_ms + 1)
    )
    await store.put_hold(hold_id, ended.changed_at_ms, msgspec.json.encode(ended))
    return ended


def held_pictures(holds: Iterable[Hold], at_ms: int) -> frozenset[str]:
    """The paths of all pictures that some hold keeps at at_ms (UTC)."""
    return frozenset(path for hold in holds if hold.holds_at(at_ms) for path in hold.pictures)
