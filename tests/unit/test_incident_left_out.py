"""What becomes of the hits that an incident's trail has no room for, and of those at another camera than the misread one."""

from itertools import count

import pytest

from pipeline.hotlist import life
from pipeline.hotlist.acting import acted, refusal_of
from pipeline.hotlist.revising import left_out_again, revised
from pipeline.stream.incident_recovery import alerts_from_ms
from schemas.incidents import MOST_SIGHTINGS, IncidentAction, IncidentState
from schemas.outcomes import Alert
from tests.builders import NOON_MS
from tests.incidents import AT, action, after, begun, first_alert, later_alert

SURE = {"plate": "1AOC555", "match": "exact", "confirm": False}
MANY = MOST_SIGHTINGS + 36
END_MS = NOON_MS + 3_600_000


def crossed(match: str = "exact", plate: str = "1AOC555") -> tuple[list[Alert], IncidentState]:
    """Many hits of one incident, of which each crosses the border by itself."""
    fields = {"plate": plate, "match": match, "confirm": False}
    first = first_alert(**fields)
    hits = [first, *(later_alert(1_000 * one, first, **fields) for one in range(1, MANY))]
    return hits, begun(*hits)


def told(before: IncidentState, hits: list[Alert], *done: IncidentAction) -> tuple[IncidentState, dict[str, Alert]]:
    """The state after these actions, and which hits' alerts are sent again, by id."""
    state = before
    for one in done:
        state = acted(state, one, END_MS, AT)
    state, sent = revised(before, state)
    again = {one.alert_id: one for one in left_out_again(before, state, hits)}
    assert not again.keys() & set(sent)
    return state, again | {one.alert_id: one for one in hits if one.alert_id in sent}


@pytest.mark.parametrize("reason", ["not_wanted_any_more", "innocent_vehicle", "exercise"])
def test_everything_that_crossed_is_recalled_however_long_the_trail(reason: str) -> None:
    """And told again once the dismissal is undone; each revision is higher than the one before."""
    hits, state = crossed()
    every = {one.alert_id for one in hits}
    dismissed, away = told(state, hits, action(state, "dismiss", dismissal=reason))
    assert every == away.keys()
    seen = {one.alert_id for one in state.sightings}
    assert {(2, True)} == {(one.revision, one.confirm) for name, one in away.items() if name not in seen}
    undone, back = told(dismissed, hits, action(dismissed, "undo"))
    assert every == back.keys()
    assert {(3, False)} == {(one.revision, one.confirm) for name, one in back.items() if name not in seen}
    assert [] == left_out_again(undone, undone, hits)


def test_a_misread_recalls_every_look_alike_of_its_text_however_long_the_trail() -> None:
    """Those of another camera stay: there it may be the wanted vehicle."""
    hits, state = crossed("confusable", "1ADC555")
    elsewhere = later_alert(1_500, hits[0], plate="1ADC555", confirm=False, camera_id="E40-2")
    _, away = told(state, [*hits, elsewhere], action(state, "misread", plate="1ADC556"))
    assert {one.alert_id for one in hits} == away.keys()


def test_a_dismissal_that_only_says_that_nobody_acts_recalls_nothing() -> None:
    """Nor does taking the incident, nor one more hit."""
    hits, state = crossed()
    for done in (action(state, "take"), action(state, "dismiss", dismissal="no_unit")):
        assert {} == told(state, hits, done)[1]
    later = later_alert(900_000, hits[0], **SURE)
    assert [] == left_out_again(state, life.seen(state, later, (), NOON_MS + 900_000), hits)


def test_what_is_sent_after_a_crash_is_what_was_sent_before_it() -> None:
    """Whoever does not know what was sent sends all of it again; its own revision comes back and is no new hit."""
    hits, state = crossed()
    dismissed, away = told(state, hits, action(state, "dismiss", dismissal="exercise"))
    again = left_out_again(None, dismissed, hits)
    assert {one.alert_id: one for one in again} == {one.alert_id: away[one.alert_id] for one in again}
    assert MANY - MOST_SIGHTINGS == len(again)
    for one in again:
        assert dismissed is life.seen(dismissed, one, (), END_MS + 1_000)


def test_a_hit_that_came_after_a_dismissal_is_not_put_away_by_it() -> None:
    """It opened the incident again, or came once that was open."""
    first = first_alert(**SURE)
    state = begun(first)
    state = acted(state, action(state, "dismiss", dismissal="innocent_vehicle"), NOON_MS + 500, AT)
    state, _ = revised(begun(first), state)
    ids, hits = count(1), list[Alert]()
    for _ in range(MANY):
        hits.append(one := later_alert(1_000 * next(ids), first, **SURE))
        state = life.seen(state, one, (), one.read.captured_at_ms)
    assert [] == left_out_again(None, state, hits)


def test_a_misread_says_nothing_of_what_another_camera_reads() -> None:
    """There it may be the wanted vehicle: the incident is open again and heard, and its hit can be confirmed."""
    first = first_alert()
    misread = after(state := begun(first), action(state, "misread", plate="1ADC556"))
    assert "misread" == misread.phase
    other = later_alert(600_000, first, camera_id="E19-9")
    state = life.seen(misread, other, ("ZONE-A",), other.read.captured_at_ms)
    assert ("new", misread.rings + 1) == (state.phase, state.rings)
    assert refusal_of(state, action(state, "confirm", alert_id=other.alert_id)) is None
    same = later_alert(600_000, first)
    assert "misread" == life.seen(misread, same, ("ZONE-A",), same.read.captured_at_ms).phase


def test_the_alerts_of_an_old_incident_are_found_again_though_it_changed_today() -> None:
    """Else undoing a confirmation of the day before would recall nothing."""
    state = begun(first_alert())
    today = NOON_MS + 20 * 3_600_000
    assert today == alerts_from_ms([], today)
    assert NOON_MS >= alerts_from_ms([state], today)
    assert NOON_MS - 86_400_000 == alerts_from_ms([state], NOON_MS - 86_400_000)
