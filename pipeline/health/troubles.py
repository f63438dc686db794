"""Which troubles a camera has now. A trouble begins at one bound and ends at a milder one, so that it does not come and go."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from pipeline.health.habits import HOUR_MS, hour_of_week, spans
from pipeline.health.peers import MINUTE_MS
from pipeline.health.recent import DELAYS, WINDOW_MS, Recent
from pipeline.health.views import view_troubles
from schemas.health import CameraTrouble, TroubleKind

CAUTION = 0.5
"""A road may have half of its usual traffic for reasons that nobody here knows."""
ALONE = 0.3
"""What is taken to come of the usual where no other camera tells: a holiday has about so much."""
MISSED = 10.0
"""Reads that are missing for certain before a camera is called silent: chance alone leaves out ten once in 20,000 times."""
LEAST_SILENT_MS = 2 * MINUTE_MS
FEW, FEW_ENDS, ENOUGH = 0.35, 0.6, 60.0
"""Shares of the usual below which a camera drops, and above which it does not any more; and reads to expect before it is said."""
AHEAD_S, AHEAD_ENDS_S = 5.0, 2.0
BEHIND_S, BEHIND_ENDS_S = 30.0, 15.0
DOUBTED, DOUBTED_ENDS = 0.5, 0.1
LESS_SURE, LESS_SURE_ENDS, SURE_READS = 0.15, 0.08, 200
ONE_PLATE, ONE_PLATE_ENDS = 0.4, 0.2
Troubles = dict[TroubleKind, CameraTrouble]
"""What is wrong with one camera, by kind."""


class Judge:
    """Judges cameras. zone: where they stand."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def expected(self, recent: Recent, from_ms: int, until_ms: int) -> float:
        """How many reads the camera usually sends from from_ms to until_ms (UTC); hours of which nothing is known count as none."""
        total = 0.0
        for at_ms, share in spans(from_ms, until_ms):
            total += (recent.habit.rate(hour_of_week(at_ms, self._zone)) or 0.0) * share
        return total

    def troubles(self, recent: Recent, before: Troubles, now_ms: int) -> Troubles:
        """What is wrong at now_ms (UTC). before: what was wrong until now."""
        found = (self._silent(recent, before, now_ms), *self._others(recent, before, now_ms))
        return {one.kind: one for one in found if one is not None}

    def _others(self, recent: Recent, before: Troubles, now_ms: int) -> Iterator[CameraTrouble | None]:
        if len(recent.delays_s) == DELAYS:
            quickest, usual = min(recent.delays_s), recent.habit.delay_s or 0.0
            yield _told("clock_ahead", before, now_ms, -quickest, 0.0, AHEAD_S, AHEAD_ENDS_S)
            yield _told("behind", before, now_ms, quickest, usual, BEHIND_S, BEHIND_ENDS_S)
            doubted = sum(recent.doubts) / DELAYS
            yield _told("clock_lost", before, now_ms, doubted, 0.0, DOUBTED, DOUBTED_ENDS)
        yield self._dropping(recent, before, now_ms)
        if recent.confident >= SURE_READS and recent.confidence is not None and recent.habit.confidence is not None:
            lacks = recent.habit.confidence - recent.confidence
            trouble = _told("poor_reads", before, now_ms, lacks, 0.0, LESS_SURE, LESS_SURE_ENDS)
            yield trouble and CameraTrouble(
                kind="poor_reads", since_ms=trouble.since_ms, found=recent.confidence, usual=recent.habit.confidence
            )
        if (favourite := recent.favourite()) is not None:
            yield _told("one_plate", before, now_ms, favourite[1], 0.0, ONE_PLATE, ONE_PLATE_ENDS)
        yield from view_troubles(recent.habit.view, recent.glances, before, now_ms)

    def _silent(self, recent: Recent, before: Troubles, now_ms: int) -> CameraTrouble | None:
        since_ms = recent.since_ms
        known = before.get("silent")
        if known is not None and recent.habit.last_ms <= known.since_ms:
            return known
        if now_ms - since_ms < LEAST_SILENT_MS:
            return None
        usual = self.expected(recent, since_ms, now_ms)
        if usual * CAUTION * self._share(recent, since_ms) < MISSED:
            return None
        an_hour = usual * HOUR_MS / (now_ms - since_ms)
        return CameraTrouble(kind="silent", since_ms=recent.habit.last_ms or since_ms, found=0.0, usual=an_hour)

    def _dropping(self, recent: Recent, before: Troubles, now_ms: int) -> CameraTrouble | None:
        until_ms = now_ms // MINUTE_MS * MINUTE_MS
        from_ms = max(until_ms - WINDOW_MS, -(-recent.begins_ms // MINUTE_MS) * MINUTE_MS)
        usual = self.expected(recent, from_ms, until_ms)
        expected = usual * self._share(recent, from_ms)
        if expected < ENOUGH:
            return before.get("dropping")
        seen = recent.count(from_ms, until_ms)
        bound = FEW_ENDS if "dropping" in before else FEW
        if seen == 0 or seen >= bound * expected:
            return None
        hours = (until_ms - from_ms) / HOUR_MS
        return CameraTrouble(
            kind="dropping", since_ms=_since(before, "dropping", now_ms), found=seen / hours, usual=usual / hours
        )

    def _share(self, recent: Recent, since_ms: int) -> float:
        """Which share (0..1) of their usual reads the other cameras of a group have sent since since_ms (UTC): of the camera's
        groups the lowest; ALONE where no group tells."""
        shares: list[float] = []
        own: tuple[float, int] | None = None
        for peers in recent.groups:
            if own is None:  # all groups have the same minutes
                from_ms, until_ms, _expected, _seen = peers.since(since_ms)
                own = self.expected(recent, from_ms, until_ms), recent.count(from_ms, until_ms)
            if (share := peers.share(since_ms, own)) is not None:
                shares.append(share)
        return min(shares, default=ALONE)


def _told(
    kind: TroubleKind, before: Troubles, now_ms: int, found: float, usual: float, begins: float, ends: float
) -> CameraTrouble | None:
    """The trouble, where what was found exceeds the usual by `begins` or more, or by `ends`, if the camera had it before; else
    None."""
    if found - usual < (ends if kind in before else begins):
        return None
    return CameraTrouble(kind=kind, since_ms=_since(before, kind, now_ms), found=found, usual=usual)


def _since(before: Troubles, kind: TroubleKind, now_ms: int) -> int:
    return before[kind].since_ms if kind in before else now_ms
