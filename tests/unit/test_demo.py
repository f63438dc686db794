"""The demo's parts that decide: what pictures were read right, what the last table says, what the screen shows."""

from collections import deque
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from pipeline.demo.agent_metrics import AgentMetrics, Sample, parse, quantile
from pipeline.demo.lists import WANTED_LISTS, on_lists
from pipeline.demo.pictures import (
    PICTURE_CAMERAS,
    REAL,
    WANTED,
    Judged,
    ShownPassage,
    judge,
    real_pictures,
    rendered_passages,
)
from pipeline.demo.report import Delivery, make_report, print_report
from pipeline.demo.screen import Screen
from pipeline.demo.watch import Watch
from pipeline.errors import Misconfigured
from pipeline.hotlist.matching import alert_of, match_read
from pipeline.simulation.compare import SeenOutputs, compare, compare_outcome
from pipeline.simulation.network_small import small_network
from pipeline.simulation.truth import Truth
from pipeline.stream.metrics import StageMetrics
from schemas.outcomes import Alert, DeadLetter
from schemas.reads import ReadBatch
from tests.builders import NOON_MS, cameras_of, hotlist_of, make_camera, make_entry, make_read

CAMERA = PICTURE_CAMERAS[0]


def shown(plate: str | None = "1KBD806", after_ms: int = 0, camera_id: str = CAMERA) -> ShownPassage:
    """A passage of 320 ms."""
    return ShownPassage(camera_id, after_ms, 320, plate, ())


def alert_for(plate: str, *, read_as: str | None = None, camera_id: str = CAMERA, **entry: Any) -> Alert:
    """A live hit on that plate at a picture camera."""
    read = make_read(read_as or plate, camera_id=camera_id)
    (hit,) = match_read(read, hotlist_of(make_entry(plate, **entry)), cameras_of(make_camera(camera_id)), {})
    return alert_of(hit, read, decided_at_ms=NOON_MS + 300)


def report_of(judged: list[Judged], alerts: list[Alert]) -> Any:
    """A report in which everything but the pictures agrees."""
    nothing = compare_outcome(Truth(), SeenOutputs())
    return make_report(nothing, [], Delivery([], []), judged, alerts, [], compare([], []), compare([], []))


def test_every_entry_is_on_the_list_of_its_kind() -> None:
    """So that who keeps lists finds them all in the demo."""
    entries = on_lists((*small_network().hotlist, *WANTED))
    kinds = {one.list_id: one.hotlist for one in WANTED_LISTS}
    assert {one.hotlist for one in entries} == set(kinds.values())
    assert [] == [one.entry_id for one in entries if kinds[one.list_id or ""] != one.hotlist]


def test_a_read_belongs_to_the_passage_of_its_time_and_camera() -> None:
    """Two vehicles one after another, and a read that nobody can explain."""
    first, second = make_read("1KBD806", CAMERA, NOON_MS + 160), make_read("FZ418QT", CAMERA, NOON_MS + 5_080)
    stranger = make_read("2XYZ999", CAMERA, NOON_MS + 2_500)
    judged, left = judge([shown(), shown("FZ4180T", 5_000)], [first, second, stranger], NOON_MS)
    assert [True, False] == [one.right for one in judged]
    assert [first, second] == [one.read for one in judged]
    assert [stranger] == left


def test_of_several_reads_of_a_passage_the_right_one_counts() -> None:
    """A vehicle that was followed in two parts."""
    wrong = make_read("1KBD8O6", CAMERA, NOON_MS, confidence=0.99)
    right = make_read("1KBD806", CAMERA, NOON_MS + 100, confidence=0.7)
    (one,), _ = judge([shown()], [wrong, right], NOON_MS)
    assert (one.read, one.right) == (right, True)


def test_real_pictures_take_o_for_0_and_i_for_1_as_their_truth_does() -> None:
    """Rendered ones do not."""
    real, rendered = shown("RK6O5AB", camera_id=REAL.camera_id), shown("RK6O5AB")
    assert Judged(real, make_read("RK605AB", REAL.camera_id), real=True).right
    assert not Judged(rendered, make_read("RK605AB", CAMERA), real=False).right
    assert not Judged(real, None, real=True).right


def test_a_wanted_vehicle_read_right_must_raise_its_alert() -> None:
    """Read right and no alert: the demo fails."""
    plate = WANTED[0].plate
    judged = [Judged(shown(plate), make_read(plate, CAMERA), real=False)]
    assert not report_of(judged, []).agrees
    assert report_of(judged, [alert_for(plate)]).agrees


def test_a_misread_wanted_vehicle_may_but_need_not_raise_an_alert() -> None:
    """It is told of apart; whether a matcher forgives the misread is no matter of the demo."""
    plate = WANTED[0].plate
    judged = [Judged(shown(plate), make_read("6HXF94I", CAMERA), real=False)]
    report = report_of(judged, [])
    assert report.agrees
    assert report_of(judged, [alert_for(plate, read_as="6HXF94I")]).agrees
    assert [(1, 0)] == [(pictures.passages, pictures.right) for pictures in report.pictures]


def test_an_alert_for_a_vehicle_that_nobody_showed_is_spurious() -> None:
    """Whatever was read, this one was not there."""
    assert not report_of([Judged(shown(), make_read("1KBD806", CAMERA), real=False)], [alert_for("1KBD806")]).agrees


def test_the_last_table_names_what_is_missing() -> None:
    """A person can go and look for it."""
    nothing = compare_outcome(Truth(), SeenOutputs())
    report = make_report(
        nothing, ["f-1"], Delivery([], []), [], [], ["E40-TER"], compare([], []), compare(["no password"], [])
    )
    console = Console(record=True, width=120, file=StringIO())
    print_report(report, console)
    text = console.export_text()
    assert "forwards taken by desks: missing: f-1" in text
    assert "E40-TER out of order" in text
    assert "intrusions kept out: missing: no password" in text
    assert "DIFFERS" in text


def test_pictures_of_a_folder_carry_the_truth_beside_them(tmp_path: Path) -> None:
    """The last word of the .txt; none where there is none."""
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff picture")
    (tmp_path / "a.txt").write_text("a.jpg\t1\t2\t3\t4\tM5XSX\n")
    found = list(real_pictures(tmp_path, 60))
    assert ["M5XSX", None] == [one.plate for one in found]
    assert found[1].after_ms - found[0].after_ms >= 700


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    """A wrong path is said at once."""
    with pytest.raises(Misconfigured, match="path"):
        list(real_pictures(tmp_path / "nowhere", 60))


def test_every_picture_camera_sees_vehicles_and_the_wanted_ones_come_by() -> None:
    """In a short demo, too."""
    passages = list(rendered_passages(small_network(), 14, seed=1))
    assert set(PICTURE_CAMERAS) == {passage.camera_id for passage in passages}
    assert passages == sorted(passages, key=lambda passage: passage.after_ms)
    assert {entry.plate for entry in WANTED} & {passage.plate for passage in passages}


def test_metrics_are_read_from_what_an_agent_serves() -> None:
    """The names on both sides fit."""
    from prometheus_client import generate_latest

    metrics = StageMetrics("hotlist")
    metrics.messages_in.inc(7)
    metrics.lag_records.set(3)
    for seconds in (0.1, 0.2, 0.3):
        metrics.capture_latency_seconds.observe(seconds)
    sample = parse(generate_latest(metrics.registry).decode(), 5.0)
    assert (7.0, 3.0, 5.0) == (sample.messages_in, sample.lag, sample.at_s)
    assert quantile(sample.buckets, 0.5) == pytest.approx(0.2, abs=0.1)


def test_a_quantile_of_nothing_is_none() -> None:
    """And one beyond the last bound is the last bound."""
    assert quantile([], 0.5) is None
    assert quantile([(1.0, 0.0), (float("inf"), 0.0)], 0.5) is None
    assert quantile([(1.0, 0.0), (float("inf"), 4.0)], 0.5) == 1.0


def test_covert_hits_are_counted_but_not_shown() -> None:
    """They are for their owner alone; the demo's screen is a dispatcher's."""
    watch = Watch()
    watch.take(alert_for("1VFX739", covert=True, camera_id="E40-TER"))
    watch.take(alert_for("2FRX490", camera_id="E40-TER"))
    text = rendered_screen(watch)
    assert "1VFX739" not in text
    assert "2FRX490" in text
    assert "1 covert" in text


def test_the_screen_shows_places_priorities_and_agents() -> None:
    """And a second copy of an alert once."""
    watch, alert = Watch(), alert_for("2FRX490", camera_id="E40-TER", priority="urgent")
    watch.take(alert)
    watch.take(alert)
    watch.take(ReadBatch(reads=(make_read(),)))
    watch.take(DeadLetter(dead_letter_id="d-1", stage="hotlist", reason="unknown_camera", detail="", topic="t", partition=0,
                          offset=0, recorded_at_ms=NOON_MS, refused_at_ms=NOON_MS, payload=b""))  # fmt: skip
    text = rendered_screen(watch)
    assert text.count("2FRX490") == 1
    for word in ("E40 Ternat, towards Ghent", "urgent", "hotlist", "refused 1", "ready"):
        assert word in text


def rendered_screen(watch: Watch) -> str:
    """The screen as text, with one agent."""
    child = SimpleNamespace(process=SimpleNamespace(state="ready"))
    agent = AgentMetrics("hotlist", child)  # type: ignore[arg-type]  # the screen reads its state alone
    agent.samples = deque([Sample(0.0), Sample(2.0, messages_in=10, buckets=((0.1, 1.0), (0.2, 4.0)))])
    cameras = {camera.camera_id: camera for camera in small_network().cameras}
    screen = Screen(watch, cameras, [agent], Truth(), 75.0, passed_s=10.0)
    assert "10 s" in screen.progress_line()
    console = Console(record=True, width=150, height=40, file=StringIO())
    console.print(screen.render(40))
    return console.export_text()
