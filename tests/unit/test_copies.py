"""Two vehicles with one plate: at two places that no vehicle could reach in the time."""

import math
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist import life
from pipeline.hotlist.copies import anew, sure_sight
from pipeline.state import incident_changes as changes
from pipeline.state.incident_memory import Kept, WaitingAction
from schemas.base import Position
from schemas.incidents import IncidentState
from schemas.outcomes import Alert
from schemas.reads import ClockState
from tests.builders import NOON_MS, make_alert, make_camera, make_entry, make_read
from tests.incidents import AN, AT, action

CLOCK = ClockState(source="ptp", worst_error_ms=2.0, sync_age_ms=1_000)
PLATE = "1ABC234"
ENTRY = make_entry(PLATE)
FIRST = make_alert(ENTRY, make_read(PLATE, captured_at_ms=NOON_MS)).alert_id
Hit = tuple[Alert, Position]


def hit(after_s: float, east_km: float, clock: ClockState | None = CLOCK, **fields: Any) -> Hit:
    """A sure hit so long after noon, so far east of Brussels. fields: of the read."""
    given_fields: dict[str, Any] = {"confidence": 0.99} | fields
    plate = given_fields.pop("plate", PLATE)
    read = make_read(plate, "E40-1", NOON_MS + round(after_s * 1_000), clock=clock, **given_fields)
    entry = make_entry(plate, entry_id=ENTRY.entry_id)
    where = Position(lat=50.85, lon=4.35 + east_km / 70.3)
    return make_alert(entry, read, match="exact", confirm=False, incident_id=FIRST), where


def kept_of(*hits: Hit) -> Kept:
    """What is kept of the incident of these hits, in the order of their arrival."""
    kept = Kept()
    for number, (alert, where) in enumerate(hits):
        sure = sure_sight(alert, make_camera(position=where))
        at = msgspec.structs.replace(AT, offset=number)
        kept = changes.seen(alert, (), sure, NOON_MS, at, kept)
    return kept


def state_of(*hits: Hit) -> IncidentState:
    """The incident of these hits."""
    state = kept_of(*hits).state
    assert state is not None
    return state


def pair_of(*hits: Hit) -> tuple[str, str] | None:
    """The two hits that show two vehicles."""
    copied = state_of(*hits).copied
    return None if copied is None else (copied.first, copied.second)


HERE, FAR = hit(0, 0), hit(300, 60)
"""Sixty kilometres in five minutes: 720 km/h."""


def test_one_plate_at_two_places_that_no_vehicle_could_reach_is_two_vehicles() -> None:
    """In whatever order both are read, and nothing rings for it."""
    expected = (HERE[0].alert_id, FAR[0].alert_id)
    assert expected == pair_of(HERE, FAR) == pair_of(FAR, HERE)
    quiet = [msgspec.structs.replace(alert, rings=False) for alert, _ in (HERE, FAR)]
    assert 0 == state_of((quiet[0], HERE[1]), (quiet[1], FAR[1])).rings


@pytest.mark.parametrize(
    "other",
    [
        hit(300, 18),
        hit(1_000, 60),
        hit(0.2, 0.9),
        hit(300, 60, confidence=0.9),
        hit(300, 60, confidence_stated=False),
        hit(300, 60, alternatives={"1A8C234": 0.05}),
        hit(300, 60, clock=None),
        hit(300, 60, clock=ClockState(source="ntp", worst_error_ms=2.0)),
        hit(300, 60, clock=ClockState(source="ntp", synced=False, worst_error_ms=2.0, sync_age_ms=0)),
        hit(300, 60, clock=ClockState(source="ntp", worst_error_ms=900_000.0, sync_age_ms=0)),
    ],
    ids=["a fast car", "an ordinary one", "the next lane", "not sure", "not said how sure", "may say something else",
         "no word about the clock", "no word about its age", "not synchronised", "a clock that may be that wrong"],
)  # fmt: skip
def test_what_may_be_one_vehicle_is_not_called_two(other: Hit) -> None:
    """Nor is what nobody knows surely."""
    assert pair_of(HERE, other) is None is pair_of(other, HERE)


def test_a_plate_that_readers_take_for_another_vehicles_makes_none() -> None:
    """O and 0 count as one; nor do two countries' vehicles with one text, nor a place that nobody knows."""
    personal = [hit(0, 0, plate="BOB77"), hit(300, 60, plate="BOB77")]
    assert pair_of(*personal) is None
    countries = [hit(0, 0, country="BE", country_confidence=0.99), hit(300, 60, country="DE", country_confidence=0.99)]
    assert pair_of(*countries) is None
    assert None is sure_sight(HERE[0], make_camera(position=None)) is sure_sight(HERE[0], None)
    look_alike = msgspec.structs.replace(FAR[0], match="confusable")
    assert sure_sight(look_alike, make_camera(position=FAR[1])) is None


def test_what_is_taken_back_or_put_away_shows_no_second_vehicle_and_an_undo_shows_it_again() -> None:
    """A withdrawn hit, and one that a person called a misread."""
    kept = kept_of(HERE, FAR)
    assert kept.state is not None
    far = FAR[0].alert_id
    assert life.withdrawn(kept.state, far, NOON_MS).copied is None
    taken = changes.acted_on(WaitingAction(action(kept.state, "take", AN), NOON_MS, AT), kept)
    assert taken.state is not None
    misread = action(taken.state, "misread", AN, alert_id=far, plate="1ABC235")
    away = changes.acted_on(WaitingAction(misread, NOON_MS, AT), taken)
    assert away.state is not None
    assert away.state.copied is None
    undone = changes.acted_on(WaitingAction(action(away.state, "undo", AN), NOON_MS, AT), away)
    assert undone.state is not None
    assert undone.state.copied == kept.state.copied


HITS = st.lists(
    st.builds(
        hit, st.integers(0, 1_700), st.integers(0, 120),
        st.sampled_from((CLOCK, None, ClockState(source="ntp", worst_error_ms=30_000.0, sync_age_ms=5_000))),
        confidence=st.sampled_from((0.99, 0.99, 0.5)),
    ),
    min_size=1, max_size=8, unique_by=lambda one: one[0].alert_id,
)  # fmt: skip


@given(HITS, st.randoms(use_true_random=False))
def test_it_follows_from_the_set_of_hits_alone(hits: list[Hit], random: Any) -> None:
    """Any order of arrival gives the same pair: the earliest of those that a second reckoning finds."""
    found = pair_of(*hits)
    assert found == pair_of(*random.sample(hits, len(hits)))
    assert found == _reckoned(hits)
    state = state_of(*hits)
    assert state is anew(state)


def _reckoned(hits: list[Hit]) -> tuple[str, str] | None:
    """The earliest pair of sure hits further apart than 250 km/h allow: by the cosine rule on a sphere, in metres and seconds."""
    sure = []
    for alert, where in hits:
        clock = alert.read.clock
        if clock is not None and alert.read.confidence >= 0.95:
            sure.append((alert, where, clock.worst_error_ms + (clock.sync_age_ms or 0) / 10_000))
    pairs = []
    for one, here, doubt in sure:
        for other, there, more_doubt in sure:
            order = (one.read.captured_at_ms, one.alert_id) < (other.read.captured_at_ms, other.alert_id)
            a, b = map(math.radians, (here.lat, there.lat))
            angle = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(math.radians(here.lon - there.lon))
            apart_m = 6_371_000 * math.acos(min(1.0, angle))
            seconds = (other.read.captured_at_ms - one.read.captured_at_ms + doubt + more_doubt) / 1_000
            if order and apart_m - 1_000 > seconds * 250 / 3.6:
                pairs.append((other.read.captured_at_ms, one.read.captured_at_ms, other.alert_id, one.alert_id))
    return (min(pairs)[3], min(pairs)[2]) if pairs else None


def test_the_same_hit_again_changes_nothing() -> None:
    """As when a worker dies and its records come again."""
    kept = kept_of(HERE, FAR)
    again = partial(changes.seen, FAR[0], (), sure_sight(FAR[0], make_camera(position=FAR[1])), NOON_MS, AT)
    assert kept is again(kept)
