"""What is covert leaves no trace in what others get: the same frames come with it and without it."""

import os
from functools import cache
from random import Random
from types import SimpleNamespace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.access.rights import Person, may
from pipeline.desks.covert_lives import CovertLives, Opened, Told
from pipeline.desks.directory import Directory
from pipeline.desks.live import Live
from pipeline.desks.live_routes import LOOKED_AT, PAGE, Newest, page_of
from pipeline.desks.stream import FRAME_MS, Audience, StreamFrame, Streams, View, view_of
from pipeline.hotlist import life
from pipeline.hotlist.acting import acted
from pipeline.reads.versions import since_ever
from pipeline.runtime.sealing import Seal
from schemas.outcomes import Alert, RecordPlace, Withdrawal
from tests.builders import NOON_MS, make_alert, make_camera, make_entry, make_read, make_zone
from tests.incidents import action
from tests.people import ZONE, make_designation, make_user

CALM, COVERT, TAKEN_BACK, BEAT = "an alert", "a covert alert", "a covert alert taken back", "a beat"
LIVED = "a covert alert that its owner took, confirmed and closed"
BOTH = "a covert alert and an alert in one beat"
HIDDEN = (COVERT, TAKEN_BACK, LIVED)
"""What nobody but the owner may tell from a beat."""
RUNS, PLANTED_RUNS = int(os.environ.get("VIGIE_COVERT_RUNS", "10000")), 200
"""Random histories that are compared; fewer, where a fault is planted."""
MOST_STEPS = 16
DISPATCHER = Person(make_user(), (make_designation("dispatcher"),))
OWNER = Person(make_user(service="federal judicial police"), (make_designation("dispatcher"),))


class Clock:
    """A clock that goes on when somebody takes time."""

    def __init__(self) -> None:
        self.ms = NOON_MS

    def __call__(self) -> int:
        """The time, UTC ms."""
        return self.ms


class Clear(Seal):
    """A seal that seals nothing, as a mistake would be."""

    def seal(self, use: str, content: bytes) -> str:
        """The content itself."""
        return content.hex()


def streams_of(seal: Seal | None = None, kind: type[Streams] = Streams) -> Streams:
    """One process that knows a camera in a zone."""
    return kind(Live(DIRECTORY), seal or SEAL, Clock(), bytes(8))


def a_zone() -> Directory:
    """What is known of the road."""
    directory = Directory()
    directory.take("zones", [since_ever(ZONE, make_zone(ZONE, cameras=("CAM",)))], reset=False)
    directory.take("cameras", [since_ever("CAM", make_camera("CAM"))], reset=False)
    return directory


DIRECTORY, SEAL = a_zone(), Seal(bytes(32), "desks positions")


@cache
def alert(number: int, *, covert: bool) -> Alert:
    """One hit; a covert one is of an entry of another service."""
    entry = make_entry(
        entry_id=f"E-{number}-{covert}", covert=covert, owner="federal judicial police" if covert else "zone 5341"
    )
    read = make_read(camera_id="CAM", captured_at_ms=NOON_MS + number)
    return make_alert(entry, read, network="federal", purposes=("hotlist",))


def frames_of(steps: list[str], streams: Streams, person: Person = DISPATCHER) -> list[tuple[int, bytes]]:
    """What a reader gets, each frame with the millisecond at which it was made; beats are FRAME_MS apart."""
    audience = streams.join(View(person, None))
    got: list[tuple[int, bytes]] = []
    for beat, step in enumerate(steps):
        if step in HIDDEN or step == BOTH:
            for told in covert_told(beat, step):
                streams.live.take(told)
        if step in (CALM, BOTH):
            streams.live.take(alert(beat, covert=False))
        assert isinstance(streams.now_ms, Clock)
        streams.now_ms.ms = NOON_MS + beat * FRAME_MS
        streams._frame(audience)
        got += [(streams.now_ms(), frame.data) for frame in audience.frames]
        audience.frames.clear()
    return got


@cache
def covert_told(beat: int, step: str) -> list[Told]:
    """What the desks make of it; no two steps are of one incident."""
    lives, at = CovertLives(DIRECTORY), RecordPlace(partition=0, offset=beat)
    return [
        told for message in covert_messages(beat, step) for told in lives.take(message, at, NOON_MS + beat * FRAME_MS)
    ]


def covert_messages(beat: int, step: str) -> list[Opened]:
    """What stands on the sealed topic for a step."""
    hit = alert(beat, covert=True)
    if step == TAKEN_BACK:
        return [hit, Withdrawal(kind="alert", id=hit.alert_id, reason="ended", by="hotlist", at_ms=NOON_MS)]
    if step == LIVED:
        hit = msgspec.structs.replace(hit, match="confusable", confirm=True)
        state = life.seen(None, hit, (ZONE,), NOON_MS)
        done: list[Opened] = [hit]
        for did in ("take", "confirm", "close"):
            done.append(action(state, did))
            state = acted(state, done[-1], NOON_MS)  # type: ignore[arg-type]  # the last is an action
        return done
    return [hit]


def shape_of(frames: list[tuple[int, bytes]], *, masked: bool = True) -> list[tuple[int, bytes]]:
    """The same with each id replaced by its length, which is all that a reader without the key can tell of it. masked: False
    keeps the ids, for a stream whose ids are in clear."""
    if not masked:
        return frames
    shaped = []
    for beat, data in frames:
        lines = [b"id: %d letters" % len(line) if line.startswith(b"id: ") else line for line in data.split(b"\n")]
        shaped.append((beat, b"\n".join(lines)))
    return shaped


STEPS = st.lists(st.sampled_from([CALM, COVERT, TAKEN_BACK, LIVED, BEAT]), max_size=12)


@settings(max_examples=500)
@given(STEPS)
def test_others_get_the_same_with_a_covert_hit_and_without_it(steps: list[str]) -> None:
    """The same frames with the same beats; the ids that differ are as long."""
    without = [BEAT if step in HIDDEN else step for step in steps]
    assert shape_of(frames_of(without, streams_of())) == shape_of(frames_of(steps, streams_of()))


@settings(max_examples=200)
@given(STEPS)
def test_so_is_what_a_list_shows(steps: list[str]) -> None:
    """The items that may be seen, whatever lies between them."""

    def visible(these: list[str]) -> list[str]:
        streams = streams_of()
        frames_of(these, streams)
        view = View(DISPATCHER, None)
        return [one.event.message.alert_id for one in streams.live.newest("alert", None)  # type: ignore[union-attr]  # alerts
                if view.shows(one.event, NOON_MS)]  # fmt: skip

    assert visible([BEAT if step in HIDDEN else step for step in steps]) == visible(steps)


def test_covert_hits_move_nothing_out_of_what_others_are_shown() -> None:
    """However many there are: the same open alerts are left, and the newest covert ones for their owner."""
    left = []
    for covert in (0, 20):
        live = Live(DIRECTORY, most_kept={"alert": 5, "incident": 5})
        for number in range(20):
            live.take(alert(number, covert=False))
            if number < covert:
                live.take(alert(number, covert=True))
                live.take(msgspec.structs.replace(alert(number, covert=True), revision=2))
        for number in range(20):
            live.take(life.seen(None, alert(number, covert=False), (ZONE,), NOON_MS))
            if number < covert:
                live.take(life.seen(None, alert(number, covert=True), (ZONE,), NOON_MS))
        left.append([one.event.message for kind in ("alert", "incident") for one in live.newest(kind, None)  # type: ignore[arg-type]  # both are kinds
                     if not one.event.is_covert])  # fmt: skip
    assert left[0] == left[1]
    assert (10, 10, 10) == (len(left[0]), len(live.items["alert"]), len(live.items["incident"]))


class Numbering(Streams):
    """A stream with a planted fault: its ids are the events' numbers."""

    def id_of(self, number: int) -> str:
        """The number itself."""
        return f"{number:032}"


class Late(Streams):
    """A stream with a planted fault: what an audience may not see costs it a millisecond."""

    def _frame(self, audience: Audience) -> None:
        """Make the frame, and take longer for what is hidden."""
        hidden = [one for one in self.live.since(audience.seen) or () if one.matter.covert_owner is not None]
        assert isinstance(self.now_ms, Clock)
        self.now_ms.ms += len(hidden[:1])
        super()._frame(audience)


def histories(seed: int) -> tuple[list[str], list[str]]:
    """A random history with covert hits, and the same without them: a beat with nothing stands for each."""
    random = Random(seed)
    steps = random.choices([CALM, BOTH, COVERT, TAKEN_BACK, LIVED, BEAT], k=random.randrange(2, MOST_STEPS))
    steps[random.randrange(len(steps))] = COVERT
    without = dict.fromkeys(HIDDEN, BEAT) | {BOTH: CALM}
    return steps, [without.get(step, step) for step in steps]


def told_apart(kind: type[Streams], runs: int) -> int:
    """In how many of the runs a reader without the right gets other frames, or gets them at another millisecond."""
    found = 0
    for seed in range(runs):
        seen = []
        for steps in histories(seed):
            seen.append(shape_of(frames_of(steps, streams_of(kind=kind)), masked=kind is not Numbering))
        found += seen[0] != seen[1]
    return found


def test_nobody_else_can_tell_a_history_with_covert_hits_from_one_without() -> None:
    """Over all runs: the same bytes at the same milliseconds."""
    assert 0 == told_apart(Streams, RUNS)


def test_a_gap_in_numbers_and_a_millisecond_are_found_where_they_are_planted() -> None:
    """The same comparison, over fewer runs, of streams that betray a covert hit by either."""
    assert told_apart(Numbering, PLANTED_RUNS) > PLANTED_RUNS // 2
    assert told_apart(Late, PLANTED_RUNS) > PLANTED_RUNS // 4


def test_the_owner_sees_it() -> None:
    """Otherwise the tests above would hold of a stream that shows nothing."""
    assert [] != frames_of([COVERT], streams_of(), OWNER)
    assert b'"phase":"closed"' in frames_of([LIVED], streams_of(), OWNER)[0][1]
    assert [] == frames_of([COVERT], streams_of())
    assert [] != frames_of([CALM], streams_of())


def test_a_planted_gap_is_found() -> None:
    """With positions in clear the very same comparison would tell: the ids themselves differ."""
    with_, without = (
        frames_of(steps, streams_of(Clear(bytes(32), "desks positions"))) for steps in ([COVERT, CALM], [BEAT, CALM])
    )
    assert with_ != without
    sealed = [frames_of(steps, streams_of()) for steps in ([BEAT, CALM], [BEAT, CALM])]
    assert sealed[0] != sealed[1], "a sealed id is another each time, so that comparing ids tells nothing"


def test_a_planted_frame_is_found() -> None:
    """A stream that sent an empty frame for a covert hit would be seen by the comparison."""
    streams = streams_of()
    audience = streams.join(View(DISPATCHER, None))
    streams.live.take(alert(1, covert=True))
    audience.frames.append(StreamFrame(1, streams._event("changes", [], 1)))
    assert shape_of([(0, frame.data) for frame in audience.frames]) != shape_of(frames_of([BEAT], streams_of()))


def test_readers_of_one_audience_share_their_frames_and_others_do_not() -> None:
    """The same rights and desk are the same audience, whoever it is."""
    streams = streams_of()
    later = {"valid_from_ms": NOON_MS - 7, "valid_until_ms": NOON_MS + 8, "trained_until_ms": NOON_MS + 9}
    same = Person(make_user("jan.claes"), (make_designation("dispatcher", "jan.claes", **later),))
    narrower = Person(make_user("jan.claes"), (make_designation("dispatcher", "jan.claes", lists=()),))
    one = streams.join(view_of(DISPATCHER, None, NOON_MS))
    assert one is streams.join(view_of(same, None, NOON_MS))
    assert one is not streams.join(view_of(narrower, None, NOON_MS))
    assert one is not streams.join(view_of(OWNER, None, NOON_MS))
    assert 3 == len(streams.audiences)


def test_a_view_lasts_until_a_designation_ends_or_begins() -> None:
    """The first of these moments; what ended or has not begun yet gives nothing, and what holds is seen as by rights."""
    ends = make_designation("dispatcher", valid_until_ms=NOON_MS + 5, trained_until_ms=NOON_MS + 9)
    begins = make_designation("dispatcher", designation_id="D-2", zones=("ZONE-B",), valid_from_ms=NOON_MS + 3)
    person = Person(make_user(), (ends, begins))
    moments = (NOON_MS, NOON_MS + 3, NOON_MS + 5)
    views = [view_of(person, None, at_ms) for at_ms in moments]
    assert [NOON_MS + 3, NOON_MS + 5, NOON_MS + 9] == [view.until_ms for view in views]
    hit = streams_of().live.take(alert(1, covert=False))
    assert hit is not None
    assert [True, True, False] == [view.shows(hit, at_ms) for view, at_ms in zip(views, moments, strict=True)]
    assert None is view_of(Person(make_user()), None, NOON_MS).until_ms


def test_a_reader_that_is_too_far_behind_begins_anew() -> None:
    """Nothing is left out silently."""
    streams = streams_of()
    audience = streams.join(View(DISPATCHER, None))
    for number in range(streams.live.ring.maxlen + 5):  # type: ignore[operator]  # it has one
        streams.live.take(alert(number, covert=False))
    streams._frame(audience)
    assert audience.frames[-1].data.startswith(b"event: snapshot")
    assert None is streams.since(View(DISPATCHER, None), 1)


MANY = 10_001
"""More than any bound of what the desks keep in mind."""


def page_among(open_ones: int, before: int, after: int) -> tuple[int, bool]:
    """How many of so many open alerts the first page shows to a dispatcher, and whether another page follows. before, after: covert
    alerts that arrived before and after them."""
    streams, number = streams_of(), iter(range(2 * MANY))
    for covert, count in ((True, before), (False, open_ones), (True, after)):
        for _ in range(count):
            streams.live.take(alert(next(number), covert=covert))
    asked = SimpleNamespace(
        house=SimpleNamespace(live=streams.live, streams=streams), given=lambda _: Newest(), cursor=lambda *_: None,
        next_cursor=lambda *_: "next", may=lambda matter: may(DISPATCHER, "alerts.see", matter, NOON_MS),
    )  # fmt: skip
    shown, following, _ = page_of(asked, "alert")  # type: ignore[arg-type]  # what it uses of one
    return len(shown), following is not None


def test_where_a_page_ends_tells_nothing_of_covert_hits() -> None:
    """Neither one behind the last alert of a full page, nor thousands before it."""
    assert page_among(PAGE, 0, 0) == page_among(PAGE, 1, 0) == (PAGE, False)
    assert page_among(PAGE + 50, 0, 0) == page_among(PAGE + 50, 0, LOOKED_AT - 50)


def test_covert_hits_make_no_reader_begin_anew() -> None:
    """A flood of them takes no position away from a dispatcher, and its owner begins anew."""
    streams = streams_of()
    streams.live.take(alert(0, covert=False))
    for number in range(1, MANY + 1):
        streams.live.take(alert(number, covert=True))
    assert b"" == streams.since(View(DISPATCHER, None), 1)
    assert None is streams.since(View(OWNER, None), 1)


def test_covert_hits_of_unknown_places_leave_open_ones_to_be_told() -> None:
    """Once their zone is known, whatever came in between."""
    streams = streams_of()
    streams.live.directory = directory = Directory()
    streams.live._unplaced.directory = directory
    directory.take("cameras", [since_ever("CAM", make_camera("CAM"))], reset=False)
    streams.live.place()
    streams.live.take(alert(0, covert=False))
    for number in range(1, 1_500):
        streams.live.take(alert(number, covert=True))
    before = streams.live.last
    directory.take("zones", [since_ever(ZONE, make_zone(ZONE, cameras=("CAM",)))], reset=False)
    streams.live.place()
    assert alert(0, covert=False).alert_id.encode() in (streams.since(View(DISPATCHER, None), before) or b"")
