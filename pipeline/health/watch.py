"""Watches the cameras of one worker: counts what they send, learns what they usually send, and says what changes."""

from collections import Counter, defaultdict
from zoneinfo import ZoneInfo

from pipeline.health.everywhere import Everywhere, Position
from pipeline.health.habits import HOUR_MS, Habit, hour_of_week
from pipeline.health.peers import KEPT, MINUTE_MS, Peers
from pipeline.health.recent import DELAYS, WINDOW_MS, Recent, SeenRead
from pipeline.health.troubles import Judge, Troubles
from pipeline.health.views import View
from pipeline.vision.glance import Glance
from schemas.health import MOST_TROUBLES, CameraHealth, CameraTrouble, TroubleKind
from schemas.reference import Camera

LEARNED_ABOVE = 0.5
"""An hour in which one of a camera's groups sent less than this share of what it usually sends teaches nothing."""
UNLEARNED_MS = 7 * 24 * HOUR_MS
"""So long a silent camera's hours teach nothing; then it is what is usual."""
_CLOCKS: tuple[TroubleKind, ...] = ("clock_ahead", "behind")
FEWEST_CLOCKS = 5
_PICTURES: tuple[TroubleKind, ...] = ("blind", "moved")
FEW_VIEWS, MANY_VIEWS = 3, 0.2
"""So many cameras whose pictures become strange at once, and this share of all that are known, are the weather's."""


def is_to_send(camera: Camera) -> bool:
    """Whether reads are expected of the camera, so that its silence says something. No state: it is in use."""
    return camera.state in (None, "active", "on_trial")


class Watch:
    """The cameras that are watched. zone: where they stand. begins_ms: when the watch began (UTC)."""

    def __init__(self, zone: ZoneInfo, begins_ms: int) -> None:
        self._zone, self._judge = zone, Judge(zone)
        self._cameras: dict[str, Recent] = {}
        self._names: dict[str, tuple[str, ...]] = {}  # of the groups of each camera
        self._troubles: dict[str, Troubles] = {}
        self._peers: defaultdict[str, Peers] = defaultdict(Peers)
        self._seen: Counter[tuple[str, int]] = Counter()  # by group and minute
        self._everywhere = Everywhere()
        self._new: set[str] = set()  # cameras whose first read ever has come
        self._minute_ms = begins_ms // MINUTE_MS * MINUTE_MS
        self._hour_ms = begins_ms // HOUR_MS * HOUR_MS

    def __contains__(self, camera_id: str) -> bool:
        return camera_id in self._cameras

    def cameras(self) -> list[str]:
        """The cameras that are watched."""
        return list(self._cameras)

    def kinds(self) -> list[TroubleKind]:
        """The kinds of all troubles that there are now."""
        return [kind for troubles in self._troubles.values() for kind in troubles]

    def habit(self, camera_id: str) -> Habit:
        """What this camera usually sends."""
        return self._cameras[camera_id].habit

    def begin(self, camera_id: str, groups: tuple[str, ...], habit: Habit, troubles: Troubles, now_ms: int) -> None:
        """Watch a camera from now_ms on (UTC). groups: names of what it shares its fate with. habit, troubles: as known."""
        peers = tuple(self._peers[name] for name in groups)
        self._cameras[camera_id], self._names[camera_id] = Recent(now_ms, habit, peers), groups
        if troubles:
            self._troubles[camera_id] = troubles

    def end(self, camera_id: str, now_ms: int) -> CameraHealth | None:
        """Watch this camera no longer: it is not to send any more. Returns its health without troubles; None: it had none."""
        del self._cameras[camera_id], self._names[camera_id]
        ended = self._troubles.pop(camera_id, None)
        return CameraHealth(camera_id=camera_id, at_ms=now_ms) if ended else None

    def take(self, camera_id: str, read: SeenRead, at_ms: int, at: Position | None = None) -> None:
        """Take in a read of a watched camera that came to the platform at at_ms (UTC). at: where the camera stands, None: it
        moves."""
        if at is not None:
            self._everywhere.take(read.plate, camera_id, at, at_ms)
        recent = self._cameras[camera_id]
        if not recent.habit.last_ms:
            self._new.add(camera_id)
        recent.add(read, at_ms)
        minute = at_ms // MINUTE_MS
        for name in self._names[camera_id]:
            self._seen[name, minute] += 1

    def glance(self, camera_id: str, glance: Glance) -> None:
        """Take in a glance at a picture of a camera, if it is watched."""
        if camera_id in self._cameras:
            learns = self._troubles.get(camera_id, {}).keys().isdisjoint(_PICTURES)
            self._cameras[camera_id].glance(glance, learns=learns)

    def look(self, now_ms: int) -> list[CameraHealth]:
        """Judge all cameras at now_ms (UTC), when everything that came until then was taken. Returns those whose troubles have
        other kinds than before."""
        self._close_minutes(now_ms)
        found = {
            camera_id: self._judge.troubles(recent, self._troubles.get(camera_id, {}), now_ms)
            for camera_id, recent in self._cameras.items()
        }
        self._without_our_own(found)
        self._without_weather(found, now_ms)
        self._with_everywhere(found, now_ms)
        changed = (self._changed(camera_id, troubles, now_ms) for camera_id, troubles in found.items())
        return [one for one in changed if one is not None]

    def learn(self, now_ms: int) -> dict[str, Habit]:
        """Learn from the last whole hour before now_ms (UTC), once a minute of the next one has passed. Returns the habits to keep,
        by camera: after an hour was learned, those of cameras that ever sent something or are known for some hour; else those of
        cameras whose first read has come since the last call."""
        learned = {one: self._cameras[one].habit for one in self._new if one in self._cameras}
        self._new.clear()
        hour_ms = (now_ms - MINUTE_MS) // HOUR_MS * HOUR_MS
        if hour_ms <= self._hour_ms:
            return learned
        begins_ms, self._hour_ms = hour_ms - HOUR_MS, hour_ms
        hour = hour_of_week(begins_ms, self._zone)
        for camera_id, recent in self._cameras.items():
            count = recent.count(begins_ms, hour_ms)
            recent.habit.count(hour_ms, count if recent.begins_ms <= begins_ms else None)
            if recent.begins_ms <= begins_ms and self._teaches(camera_id, recent, now_ms):
                recent.habit.learn(hour, count)
                if self._troubles.get(camera_id, {}).keys().isdisjoint(_CLOCKS):
                    recent.learn_delay()
            if any(recent.habit.weeks) or recent.habit.last_ms:
                learned[camera_id] = recent.habit
            recent.forget(now_ms - WINDOW_MS - HOUR_MS)
        return learned

    def _teaches(self, camera_id: str, recent: Recent, now_ms: int) -> bool:
        silent = self._troubles.get(camera_id, {}).get("silent")
        if silent is not None and now_ms - silent.since_ms < UNLEARNED_MS:
            return False
        known = [share for one in recent.groups if (share := one.share(now_ms - HOUR_MS)) is not None]
        return min(known, default=1.0) >= LEARNED_ABOVE

    def _close_minutes(self, now_ms: int) -> None:
        if now_ms - self._minute_ms > KEPT * MINUTE_MS:  # nobody looked for hours
            self._minute_ms = now_ms // MINUTE_MS * MINUTE_MS
            self._seen.clear()
            self._peers.clear()
            for camera_id, recent in self._cameras.items():
                recent.groups = tuple(self._peers[name] for name in self._names[camera_id])
        while self._minute_ms + MINUTE_MS <= now_ms:
            expected: Counter[str] = Counter()
            hour = hour_of_week(self._minute_ms, self._zone)
            for camera_id, recent in self._cameras.items():
                rate = recent.habit.rate(hour)
                for name in self._names[camera_id] if rate else ():
                    expected[name] += rate / 60  # type: ignore[assignment, operator]  # a Counter adds up shares as well
            for name, peers in self._peers.items():
                peers.add(self._minute_ms, expected[name], self._seen.pop((name, self._minute_ms // MINUTE_MS), 0))
            self._minute_ms += MINUTE_MS

    def _without_our_own(self, found: dict[str, Troubles]) -> None:
        """Where most clocks are wrong in the same way, ours is, and no camera's."""
        known = sum(len(one.delays_s) == DELAYS for one in self._cameras.values())
        for kind in _CLOCKS:
            wrong = [troubles for troubles in found.values() if kind in troubles]
            if known >= FEWEST_CLOCKS and len(wrong) * 2 > known:
                for troubles in wrong:
                    del troubles[kind]

    def _without_weather(self, found: dict[str, Troubles], now_ms: int) -> None:
        """Where many cameras' pictures become strange at once, it is fog or snow. What was strange for UNLEARNED_MS is usual."""
        known = sum(one.habit.view.is_known for one in self._cameras.values())
        for kind in _PICTURES:
            new = [
                one for one, troubles in found.items() if kind in troubles and kind not in self._troubles.get(one, {})
            ]
            for camera_id in new if len(new) >= FEW_VIEWS and len(new) > MANY_VIEWS * known else ():
                del found[camera_id][kind]
            for camera_id, troubles in found.items():
                if kind in troubles and now_ms - troubles[kind].since_ms >= UNLEARNED_MS:
                    del troubles[kind]
                    self._cameras[camera_id].habit.view = View()

    def _with_everywhere(self, found: dict[str, Troubles], now_ms: int) -> None:
        for camera_id, places in self._everywhere.lately(now_ms).items():
            if camera_id not in found:
                continue
            before = self._troubles.get(camera_id, {}).get("everywhere")
            since_ms = now_ms if before is None else before.since_ms
            found[camera_id]["everywhere"] = CameraTrouble(
                kind="everywhere", since_ms=since_ms, found=places, usual=0.0
            )

    def _changed(self, camera_id: str, troubles: Troubles, now_ms: int) -> CameraHealth | None:
        before = self._troubles.pop(camera_id, {})
        if troubles:
            self._troubles[camera_id] = troubles
        if "silent" in before and "silent" not in troubles:
            self._cameras[camera_id].begins_ms = now_ms  # what was missing meanwhile was told already
        if before.keys() == troubles.keys():
            return None
        return CameraHealth(camera_id=camera_id, at_ms=now_ms, troubles=tuple(troubles.values())[:MOST_TROUBLES])
