"""How cameras do, over simulated weeks: what is wrong is told soon, and nothing is told that is not."""

import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.health.habits import HOUR_MS, HOURS, Habit, hour_of_week, usual
from pipeline.health.peers import MINUTE_MS
from pipeline.health.recent import SeenRead
from pipeline.health.watch import Watch
from schemas.health import CameraHealth

ZONE = ZoneInfo("Europe/Brussels")
MONDAY_MS = int(datetime(2026, 3, 2, tzinfo=ZONE).timestamp() * 1000)
DAY_MS = 24 * HOUR_MS
CAMERAS = tuple(f"E40-{number}" for number in range(1, 9))
BUSY = 240.0  # reads an hour at most


def rate(at_ms: int) -> float:
    """Reads an hour of a camera: two peaks on working days, one low hill at weekends, nearly nothing at night."""
    at = datetime.fromtimestamp(at_ms / 1000, ZONE)
    if at.hour < 5:
        return 4.0
    if at.weekday() >= 5:
        return 80.0
    return BUSY if at.hour in (7, 8, 16, 17) else 120.0


def learned() -> Habit:
    """What a camera with that traffic usually sends."""
    rates = [rate(MONDAY_MS + hour * HOUR_MS) for hour in range(HOURS)]
    return Habit(rates=rates, weeks=[3] * HOURS, delay_s=1.0, confidence=0.9, last_ms=MONDAY_MS)


class Road:
    """Eight cameras of one network, and what was told of them. Each minute has its reads by chance."""

    def __init__(self, seed: int, at_ms: int, habit: Callable[[], Habit] = learned) -> None:
        self.random, self.at_ms = random.Random(seed), at_ms
        self.watch = Watch(ZONE, at_ms)
        for camera_id in CAMERAS:
            self.watch.begin(camera_id, ("network/federal",), habit(), {}, at_ms)
        self.told: list[CameraHealth] = []

    def drive(
        self,
        minutes: int,
        share: Callable[[str, int], float] = lambda _camera, _at_ms: 1.0,
        read: Callable[[str, int, random.Random], SeenRead] | None = None,
        look_every: int = 1,
    ) -> "Road":
        """Let so many minutes pass. share: of the usual traffic that a camera sends; read: what a read is like."""
        for _ in range(minutes):
            for camera_id in CAMERAS:
                expected = rate(self.at_ms) / 60 * share(camera_id, self.at_ms)
                for at_ms in sorted(
                    self.at_ms + self.random.randrange(MINUTE_MS) for _ in range(self.chance(expected))
                ):
                    made = (read or plain)(camera_id, at_ms, self.random)
                    self.watch.take(camera_id, made, at_ms)
            self.at_ms += MINUTE_MS
            if self.at_ms // MINUTE_MS % look_every == 0:
                self.told += self.watch.look(self.at_ms)
                self.watch.learn(self.at_ms)
        return self

    def chance(self, expected: float) -> int:
        """How many come in a minute in which so many are to be expected: in bunches, as traffic lights let them go."""
        count, left = 0, expected
        while left > 0 and self.random.random() < 1 - 2.718281828 ** -min(left, 2.0):
            count += 1 + (self.random.random() < 0.5)
            left -= 1.5
        return count

    def kinds(self) -> set[tuple[str, str]]:
        """Which troubles of which cameras were told of."""
        return {(one.camera_id, trouble.kind) for one in self.told for trouble in one.troubles}


def plain(_camera_id: str, at_ms: int, chance: random.Random) -> SeenRead:
    """A read of a camera that is well."""
    return SeenRead(at_ms - 1000, at_ms, f"1ABC{chance.randrange(1000)}", 0.9 + chance.random() * 0.02, False)


def at(day: int, hour: int, minute: int = 0) -> int:
    """A moment of the first week, local time. day 0: Monday."""
    return MONDAY_MS + day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS


@settings(max_examples=5)
@given(seed=st.integers(0, 1_000_000), hour=st.integers(5, 23), day=st.integers(0, 6))
def test_a_camera_that_falls_silent_is_told_of_within_fifteen_minutes(seed: int, hour: int, day: int) -> None:
    """In every hour that is not the night; and it is well again with its first read."""
    road = Road(seed, at(day, hour)).drive(70, look_every=1)
    road.told.clear()
    last_ms = road.at_ms
    within = 15 if rate(last_ms) >= 100 else 25
    road.drive(within, lambda camera_id, _: float(camera_id != CAMERAS[0]))
    if rate(last_ms) >= 80 and rate(road.at_ms) >= 80:
        assert {(CAMERAS[0], "silent")} == road.kinds()
        road.told.clear()
        road.drive(20)
        assert [CameraHealth(camera_id=CAMERAS[0], at_ms=road.told[0].at_ms)] == road.told


def test_at_its_busy_hour_it_takes_seven_minutes() -> None:
    """At four reads a minute; a camera with more is told of sooner."""
    road = Road(1, at(1, 7)).drive(30)
    road.drive(7, lambda camera_id, _: float(camera_id != CAMERAS[3]))
    assert {(CAMERAS[3], "silent")} == road.kinds()


@settings(max_examples=int(os.environ.get("VIGIE_TEST_EXAMPLES", "1")))
@given(seed=st.integers(0, 1_000_000))
def test_days_on_which_nothing_is_wrong_tell_nothing(seed: int) -> None:
    """A working day, two nights and a Sunday."""
    assert set() == Road(seed, at(4, 14)).drive(2 * 24 * 60, look_every=5).kinds()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 2.0])
@pytest.mark.parametrize("hour", [0, 6, 15])
def test_a_holiday_a_snowstorm_and_a_network_that_is_away_are_no_cameras_fault(share: float, hour: int) -> None:
    """All of them send less at once, or nothing, or more."""
    road = Road(3, at(2, hour)).drive(60)
    road.drive(180, lambda _camera, _at_ms: share)
    road.drive(60)
    assert set() == road.kinds()


def test_who_is_away_with_the_network_and_stays_away_is_told_of() -> None:
    """Once the others are back."""
    road = Road(4, at(3, 9)).drive(60)
    road.drive(60, lambda _camera, _at_ms: 0.0)
    assert set() == road.kinds()
    road.drive(20, lambda camera_id, _: float(camera_id != CAMERAS[5]))
    assert {(CAMERAS[5], "silent")} == road.kinds()


def test_a_camera_that_sees_a_quarter_of_its_vehicles_is_told_of() -> None:
    """And not any more when it sees most of them again."""
    road = Road(5, at(1, 9)).drive(60)
    road.drive(180, lambda camera_id, _: 0.2 if camera_id == CAMERAS[2] else 1.0)
    assert {(CAMERAS[2], "dropping")} == road.kinds() - {(CAMERAS[2], "silent")}
    road.drive(240)
    assert () == road.told[-1].troubles


def test_clocks_ahead_behind_and_lost_are_told_apart() -> None:
    """By the quickest of the last reads: one that waited in a buffer says nothing of the clock."""

    def read(camera_id: str, at_ms: int, chance: random.Random) -> SeenRead:
        one = plain(camera_id, at_ms, chance)
        if camera_id == CAMERAS[0]:
            return one._replace(captured_at_ms=at_ms + 60_000)
        if camera_id == CAMERAS[1]:
            return one._replace(captured_at_ms=at_ms - 3_600_000)
        if camera_id == CAMERAS[2]:
            return one._replace(captured_at_ms=at_ms, doubted=True)
        return one._replace(captured_at_ms=at_ms - chance.choice((1_000, 900_000)))

    road = Road(6, at(1, 9)).drive(60)
    road.drive(60, read=read)
    wrong = {(CAMERAS[0], "clock_ahead"), (CAMERAS[1], "behind"), (CAMERAS[2], "clock_lost")}
    assert wrong == road.kinds()


def test_a_platform_whose_own_clock_is_wrong_accuses_no_camera() -> None:
    """All are ahead of it at once."""
    road = Road(7, at(1, 9)).drive(60)
    road.drive(60, read=lambda *made: plain(*made)._replace(captured_at_ms=made[1] + 30_000))
    assert set() == road.kinds()


def test_poor_reads_and_a_plate_that_is_everywhere_are_told_of() -> None:
    """A dirty lens; a sign beside the road that is taken for a plate."""

    def read(camera_id: str, at_ms: int, chance: random.Random) -> SeenRead:
        one = plain(camera_id, at_ms, chance)
        if camera_id == CAMERAS[0]:
            return one._replace(confidence=0.6 + chance.random() * 0.1)
        if camera_id == CAMERAS[1] and chance.random() < 0.6:
            return one._replace(plate="P0LICE")
        return one._replace(confidence=None)

    road = Road(8, at(1, 9)).drive(120)
    road.drive(120, read=read)
    assert {(CAMERAS[0], "poor_reads"), (CAMERAS[1], "one_plate")} == road.kinds()


def test_what_is_usual_is_learned_within_a_day() -> None:
    """From nothing: then a silent camera is told of, and until then nothing is."""
    road = Road(9, at(0, 5), Habit).drive(27 * 60, look_every=10)
    assert set() == road.kinds()
    road.drive(20, lambda camera_id, _: float(camera_id != CAMERAS[0]))
    assert {(CAMERAS[0], "silent")} == road.kinds()


def test_silence_is_not_learned_as_what_is_usual_and_a_closed_road_is_in_the_end() -> None:
    """A day without it changes nothing; after a week it is what is usual."""
    road = Road(10, at(0, 0))
    road.drive(24 * 60, lambda camera_id, _: float(camera_id != CAMERAS[0]), look_every=10)
    assert {rate(at(0, hour)) for hour in (9, 12)} == {road.watch.habit(CAMERAS[0]).rates[hour] for hour in (9, 12)}
    road.drive(7 * 24 * 60, lambda camera_id, _: float(camera_id == CAMERAS[1]), look_every=60)
    assert road.watch.habit(CAMERAS[0]).rates[24 + 9] == rate(at(1, 9))  # others were away, too: nothing was learned
    road.drive(4 * 60, lambda camera_id, _: float(camera_id != CAMERAS[0]), look_every=10)
    assert road.watch.habit(CAMERAS[0]).rates[24 + 2] < rate(at(1, 2))


def test_hours_are_those_of_the_place_through_summer_time() -> None:
    """The week has its 168 hours, whichever time holds."""
    for day in (datetime(2026, 1, 5, tzinfo=ZONE), datetime(2026, 7, 6, tzinfo=ZONE)):
        assert list(range(HOURS)) == list(hours_from(int(day.astimezone(UTC).timestamp() * 1000)))


def hours_from(begins_ms: int) -> Iterator[int]:
    """The hours of the week that begins there."""
    return (hour_of_week(begins_ms + one * HOUR_MS, ZONE) for one in range(HOURS))


def test_the_last_hours_of_a_camera_are_counted_and_hours_that_nobody_watched_stay_empty() -> None:
    """Against what is usual in each; a day at most."""
    road = Road(3, MONDAY_MS + 30 * MINUTE_MS).drive(3 * 60)
    habit = road.watch.habit(CAMERAS[0])
    assert (None, MONDAY_MS + 3 * HOUR_MS) == (habit.lately[0], habit.until_ms)
    assert 3 == len(habit.lately)
    assert all(count is not None for count in habit.lately[1:])
    habit.count(MONDAY_MS + 6 * HOUR_MS, 7)
    assert [None, None, 7] == habit.lately[-3:]
    for hour in range(7, 40):
        habit.count(MONDAY_MS + hour * HOUR_MS, hour)
    assert list(range(16, 40)) == habit.lately
    assert [rate(MONDAY_MS + hour * HOUR_MS) for hour in range(15, 39)] == list(usual(learned(), habit.until_ms, ZONE))
