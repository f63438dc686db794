"""Which incident a hit belongs to, and when it rings."""

from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist.incidents import MOST_KMH, WINDOW_MS, Incidents, Sureness, place, sureness_of, without
from pipeline.reads.geography import beeline_m
from schemas.base import Position
from schemas.outcomes import Alert
from tests.builders import BRUSSELS, NOON_MS, make_alert, make_entry, make_read

ENTRY = make_entry("1AOC555")
OSTEND, ARLON = Position(lat=51.230, lon=2.920), Position(lat=49.683, lon=5.817)
Told = list[Alert]


def hit(after_ms: int = 0, **fields: Any) -> Alert:
    """A sure hit so long after noon; fields: of the alert."""
    camera_id = fields.pop("camera_id", "E40-1")
    plate = fields.pop("plate", ENTRY.plate)
    return make_alert(ENTRY, make_read(plate, camera_id, NOON_MS + after_ms), **fields)


def lookalike(after_ms: int = 0, **fields: Any) -> Alert:
    """A hit that only looks alike."""
    return hit(after_ms, **({"plate": "1ADC555", "match": "confusable", "confirm": True, "priority": "high"} | fields))


def told(*hits: Alert | tuple[Alert, Position]) -> Told:
    """The alerts of these hits in their order, all of one subject; each at Brussels unless it says where."""
    incidents: Incidents = ()
    found = []
    for one in hits:
        alert, where = one if isinstance(one, tuple) else (one, BRUSSELS)
        incidents, placed = place(incidents, alert, where)
        found.append(placed)
    return found


def rings(*hits: Alert | tuple[Alert, Position]) -> list[bool]:
    """Which of them ring."""
    return [alert.rings for alert in told(*hits)]


def test_the_first_live_hit_rings_and_the_next_cameras_add_to_its_trail() -> None:
    """One vehicle, one bell; the incident bears the first alert's id."""
    first, second = hit(0), hit(60_000)
    placed = told(first, second)
    assert [(True, first.alert_id), (False, first.alert_id)] == [(one.rings, one.incident_id) for one in placed]


def test_a_lookalike_never_silences_the_real_one() -> None:
    """Six seconds later, whether a person must still look or not."""
    assert [True, True] == rings(lookalike(0), hit(6_000))
    assert [True, True, True] == rings(lookalike(0), hit(6_000, confirm=True, priority="high"), hit(9_000))
    assert [True, False] == rings(hit(0), lookalike(6_000))


def test_what_becomes_more_urgent_rings_again_but_not_for_a_second_decimal() -> None:
    """A better score alone is no news."""
    assert [True, True] == rings(hit(0, priority="high"), hit(6_000, priority="urgent"))
    assert [True, False] == rings(hit(0, score=0.91), hit(6_000, score=0.92))
    assert [True, False] == rings(hit(0, priority="high"), hit(6_000, priority="normal"))


def test_a_vehicle_where_the_first_could_not_have_got_to_rings() -> None:
    """Ostend to Arlon, 270 km, in ten minutes: there are two. Each then has its own trail."""
    assert [True, True, False, False] == rings(
        (hit(0), OSTEND), (hit(600_000), ARLON), (hit(660_000), OSTEND), (hit(720_000), ARLON)
    )
    metres = beeline_m(OSTEND, BRUSSELS)
    in_time_ms = int(metres / (MOST_KMH - 1) * 3_600)
    assert [True, False] == rings((hit(0), OSTEND), (hit(in_time_ms), BRUSSELS))


def test_what_was_uploaded_late_never_rings_and_silences_nothing() -> None:
    """The vehicle that is here now rings."""
    assert [False, True] == rings(hit(0, live=False), hit(60_000))


def test_after_half_an_hour_without_a_hit_a_new_incident_begins() -> None:
    """By time of capture: what comes late joins the incident that it belongs to."""
    first, second = hit(0), hit(WINDOW_MS + 1)
    assert [first.alert_id, second.alert_id, first.alert_id] == [
        one.incident_id for one in told(first, second, hit(WINDOW_MS // 2 - 1, camera_id="E40-2"))
    ]


def test_an_incident_whose_alerts_were_withdrawn_is_forgotten() -> None:
    """The next hit begins a new one and rings."""
    incidents, first = place((), hit(0), BRUSSELS)
    assert place(without(incidents, frozenset({first.incident_id})), hit(60_000), BRUSSELS)[1].rings


def test_a_wanted_vehicle_behind_a_lookalike_rings_with_its_first_exact_live_read_always() -> None:
    """In 10,000 random histories of look-alikes and real reads, in any order, some uploaded late, all over the country."""
    random = Random(20260101)
    for _ in range(10_000):
        incidents: Incidents = ()
        exact_rang: set[str] = set()
        for step in range(random.randint(2, 12)):
            after_ms = random.choice((step * 6_000, random.randint(0, 4_000_000)))
            kind = random.choice((lookalike, lookalike, hit))
            sure = kind is hit and random.random() < 0.5
            alert = kind(
                after_ms, live=random.random() < 0.8, confirm=not sure, priority=random.choice(("high", "low")),
                camera_id=f"C-{random.randint(1, 40)}", score=random.random(),
            )  # fmt: skip
            where = Position(lat=random.uniform(49.5, 51.5), lon=random.uniform(2.5, 6.4))
            incidents, placed = place(incidents, alert, random.choice((where, None)))
            if placed.live and placed.match == "exact" and placed.incident_id not in exact_rang:
                assert placed.rings
                exact_rang.add(placed.incident_id)


HITS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["urgent", "high", "normal", "low"]),
        st.sampled_from([None, BRUSSELS, OSTEND, ARLON]),
    ),
    min_size=1,
    max_size=14,
)


@given(HITS)
def test_every_ring_is_news(history: list[Any]) -> None:
    """What rings is first in its incident, surer, more urgent or elsewhere; incidents never overlap; none is lost."""
    incidents: Incidents = ()
    for step, (minute, exact, confirm, live, priority, where) in enumerate(history):
        make = hit if exact else lookalike
        alert = make(minute * 60_000 + step, confirm=confirm or not exact, live=live, priority=priority)
        before = {one.incident_id: one for one in incidents}
        incidents, placed = place(incidents, alert, where)
        home = before.get(placed.incident_id)
        if not placed.rings:
            assert not live or home is not None
            continue
        assert live
        if home is not None and home.sureness != Sureness.NOTHING_RANG:
            assert placed.notes[-1].startswith("rings again")
            assert home.trails or sureness_of(alert) > home.sureness or placed.notes[-1].count("more urgent")
        spans = [(one.first_ms, one.last_ms) for one in incidents]
        assert all(end < begin for (_, end), (begin, _) in pairwise(spans))
    assert len({one.incident_id for one in incidents}) == len(incidents)
