"""Following plates through one camera's pictures."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.vision.boxes import Box
from pipeline.vision.passages import IDLE_MS, SILENT_MS, Passages
from pipeline.vision.sights import Sight
from pipeline.vision.tracking import GONE_MS, LONGEST_MS, MAX_OPEN, MAX_SIGHTS, Spent, TrackedPassage, Tracker
from schemas.pictures import Frame

FRAME_MS = 40


@dataclass
class Vehicle:
    """A plate that moves through the picture: from where, when, for how many frames, how fast in pixels a frame."""

    x: int
    y: int
    begins: int
    frames: int
    speed: int = 3

    def box_at(self, number: int) -> Box | None:
        """Where its plate is in a frame, or None."""
        passed = number - self.begins
        return (self.x, self.y + passed * self.speed, 100, 24) if 0 <= passed < self.frames else None


def frame_at(number: int, camera_id: str = "C1") -> Frame:
    """One frame of a camera that sends 25 a second."""
    return Frame(
        camera_id=camera_id, captured_at_ms=number * FRAME_MS, received_at_ms=number * FRAME_MS, image=b"image"
    )


def sights_at(number: int, vehicles: list[Vehicle], quality: float = 0.1) -> list[Sight]:
    """What is found in a frame."""
    boxes = [vehicle.box_at(number) for vehicle in vehicles]
    return [Sight(b"crop", box, quality) for box in boxes if box is not None]


def drive(tracker: Tracker, vehicles: list[Vehicle], frames: range, quality: float = 0.1) -> list[TrackedPassage]:
    """Feed frames; what is complete by the end, in order."""
    done: list[TrackedPassage] = []
    for number in frames:
        done += tracker.observe(frame_at(number), number, sights_at(number, vehicles, quality))
    return done


def test_one_vehicle_makes_one_passage() -> None:
    """Seen in eight pictures and then gone: handed on once, with the best few sights."""
    passages = drive(Tracker("C1"), [Vehicle(50, 50, 0, 8)], range(30))
    assert 1 == len(passages)
    assert MAX_SIGHTS == len(passages[0].seen)


def test_a_vehicle_that_stays_is_handed_on_once() -> None:
    """In view for ten seconds, moving slowly: half a second after its first sight it is handed on, and never again."""
    tracker = Tracker("C1")
    passages = drive(tracker, [Vehicle(50, 50, 0, 250, speed=0)], range(260))
    assert [0] == [passage.first_ms for passage in passages]
    assert passages[0].last_ms - passages[0].first_ms == -(-LONGEST_MS // FRAME_MS) * FRAME_MS
    assert tracker.open_since() is None


def test_enough_good_sights_end_the_wait() -> None:
    """Five crisp sights need no half second."""
    (passage,) = drive(Tracker("C1"), [Vehicle(50, 50, 0, 250, speed=0)], range(6), quality=0.9)
    assert (MAX_SIGHTS - 1) * FRAME_MS == passage.last_ms


def test_the_best_sights_are_kept_best_first() -> None:
    """By quality, not by time."""
    tracker = Tracker("C1")
    for number, quality in enumerate([0.05, 0.2, 0.1, 0.25, 0.15, 0.22, 0.01]):
        tracker.observe(frame_at(number), number, [Sight(b"", (50, 50, 100, 24), quality)])
    (passage,) = tracker.flush()
    assert [0.25, 0.22, 0.2, 0.15, 0.1] == [seen.sight.quality for seen in passage.seen]


def test_two_vehicles_side_by_side_make_two_passages() -> None:
    """Each keeps its own boxes."""
    passages = drive(Tracker("C1"), [Vehicle(50, 50, 0, 9), Vehicle(400, 50, 2, 9)], range(30))
    assert [{50}, {400}] == [{seen.sight.box[0] for seen in passage.seen} for passage in passages]


def test_a_vehicle_at_the_same_place_later_is_another_one() -> None:
    """After the first has been gone for the time that means gone."""
    gap = GONE_MS // FRAME_MS + 2
    assert 2 == len(drive(Tracker("C1"), [Vehicle(50, 50, 0, 5), Vehicle(50, 50, 5 + gap, 5)], range(60)))


def test_a_crowd_is_bounded_and_nobody_is_lost() -> None:
    """More plates at once than are followed: the oldest are handed on early."""
    crowd = [Vehicle(150 * column, 150 * row, 0, 3, speed=0) for column in range(8) for row in range(6)]
    tracker = Tracker("C1")
    passages = tracker.observe(frame_at(0), 0, sights_at(0, crowd))
    assert len(crowd) - MAX_OPEN == len(passages)
    assert len(crowd) == len(passages + tracker.flush())


def test_the_same_frame_twice_changes_nothing() -> None:
    """A camera source that sends again after a lost answer makes no second sight."""
    tracker = Tracker("C1")
    for offset in range(3):
        tracker.observe(frame_at(0), offset, [Sight(b"", (50, 50, 100, 24), 0.5)])
    (passage,) = tracker.flush()
    assert 1 == len(passage.seen)


VEHICLES = st.lists(
    st.builds(
        Vehicle,
        x=st.integers(0, 6).map(lambda lane: lane * 220),
        y=st.integers(0, 200),
        begins=st.integers(0, 60),
        frames=st.integers(1, 40),
        speed=st.integers(0, 6),
    ),
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(VEHICLES, st.integers(1, 120), st.integers(0, 30))
def test_a_crash_anywhere_makes_no_passage_twice_and_loses_none(
    vehicles: list[Vehicle], crash_at: int, uncommitted: int
) -> None:
    """Started again from the first frame that an open passage needs, with what was used up: the same passages come out.

    Their ids are compared, for that is what every consumer drops a second copy by. uncommitted: how many frames before that one
    come again too, because the commit lagged.
    """
    undisturbed = drive(Tracker("C1"), vehicles, range(140))
    first, spent = Tracker("C1"), list[Spent]()
    before: list[TrackedPassage] = []
    for number in range(crash_at):
        before += first.observe(frame_at(number), number, sights_at(number, vehicles))
        spent += first.take_spent()
    since = first.open_since()
    again = range(max(0, (crash_at if since is None else since) - uncommitted), 140)
    after = drive(Tracker("C1", spent), vehicles, again)
    assert sorted(p.track_id for p in undisturbed) == sorted(p.track_id for p in before + after)


def test_a_camera_that_falls_silent_hands_on_what_is_open() -> None:
    """Idle is counted on the platform's clock; the passage is whole."""
    passages = Passages()
    passages.add("C1", 0, ())
    passages.observe(frame_at(0), 7, [Sight(b"", (50, 50, 100, 24), 0.5)], now_ms=1_000)
    assert ([], {0: 7}) == (passages.flush(1_000 + IDLE_MS - 1), passages.open_since())
    assert 1 == len(passages.flush(1_000 + IDLE_MS))
    assert {} == passages.open_since()


def test_a_process_that_is_behind_ends_no_passage_early() -> None:
    """A camera whose frames still wait in its partition is not idle, however slow this process is."""
    passages = Passages()
    passages.add("C1", 0, ())
    passages.observe(frame_at(0), 7, [Sight(b"", (50, 50, 100, 24), 0.5)], now_ms=1_000, sent_ms=100)
    assert [] == passages.flush(60_000, caught_up=lambda _partition: False)
    assert 1 == len(passages.flush(60_000, caught_up=lambda _partition: True))


def test_a_camera_that_its_partition_left_behind_is_idle() -> None:
    """Later frames of other cameras show that it has sent nothing since, live or in a backlog."""
    passages = Passages()
    passages.add("C1", 0, ())
    passages.add("C2", 0, ())
    passages.observe(frame_at(0), 7, [Sight(b"", (50, 50, 100, 24), 0.5)], now_ms=1_000, sent_ms=100)
    other = Frame(camera_id="C2", captured_at_ms=0, received_at_ms=0, image=b"")
    passages.observe(other, 8, [], now_ms=1_001, sent_ms=100 + IDLE_MS - 1)
    assert [] == passages.flush(1_001, caught_up=lambda _partition: False)
    passages.observe(other, 9, [], now_ms=1_002, sent_ms=100 + IDLE_MS)
    assert 1 == len(passages.flush(1_002, caught_up=lambda _partition: False))


def test_a_camera_that_was_silent_for_long_is_forgotten() -> None:
    """Memory is held for the cameras that send."""
    passages = Passages()
    passages.add("C1", 0, ())
    passages.observe(frame_at(0), 0, [], now_ms=0)
    passages.forget_silent(SILENT_MS - 1)
    assert [] == passages.unknown(["C1"])
    passages.forget_silent(SILENT_MS)
    assert ["C1"] == passages.unknown(["C1"])


def test_short_memory_hands_on_early() -> None:
    """The camera that holds most goes first; nothing is dropped."""
    passages = Passages()
    for number, camera_id in enumerate(["C1", "C2"]):
        passages.add(camera_id, 0, ())
        heavy = Frame(camera_id=camera_id, captured_at_ms=0, received_at_ms=0, image=bytes((1 + number) * 1_000))
        passages.observe(heavy, number, [Sight(b"", (50, 50, 100, 24), 0.5)], now_ms=0)
    assert ["C2"] == [passage.seen[0].frame.camera_id for passage in passages.flush(0, most_bytes=1_500)]


def test_what_can_no_longer_come_again_is_forgotten() -> None:
    """Used-up detections of committed frames are dropped, so that a camera may run for months."""
    tracker = Tracker("C1")
    drive(tracker, [Vehicle(50, 50, 0, 3), Vehicle(50, 50, 50, 3)], range(100))
    tracker.forget_spent(before_offset=50)
    assert {50, 51, 52} == {one.offset for one in tracker.remembered()}
