"""What becomes of an incident: what persons do about it, what happens by itself, and who is told."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist import life
from pipeline.hotlist.acting import acted, is_decided
from pipeline.hotlist.answering import AGAIN_MS, answers_for, next_alarm
from pipeline.hotlist.awaiting import next_overdue
from pipeline.hotlist.put_away import TAKES_BACK
from pipeline.hotlist.revising import revised, revision_of
from pipeline.state.incident_changes import due_ms, passed
from pipeline.state.incident_memory import Kept
from schemas import ids
from schemas.incidents import MOST_ALARMED, MOST_ANSWERS, MOST_SIGHTINGS, Did, Dismissal, IncidentAction, IncidentState
from schemas.outcomes import WITHDRAWN, LaterOutcome, Receipt, ReceiptOutcome, RecordPlace
from schemas.people import Desk
from tests.builders import NOON_MS
from tests.incidents import AN, AT, BO, action, after, begun, first_alert, later_alert
from tests.oracles.incident_life import Reference

SURE = {"plate": "1AOC555", "match": "exact", "confirm": False}


def test_who_comes_second_is_told_who_was_first() -> None:
    """Two dispatchers take the same incident: the second learns the name, and nothing else changes."""
    seen = begun()
    state = after(seen, action(seen, "take", AN), action(seen, "take", BO))
    (told,) = state.refused
    assert ("taken", AN, 1) == (state.phase, state.holder, state.revision)
    assert (BO, "acted_before", AN, "take") == (told.who, told.why, told.first_who, told.first_did)


def test_an_action_that_comes_again_is_decided_once() -> None:
    """Also one that was refused."""
    seen = begun()
    first, second = action(seen, "take", AN), action(seen, "take", BO)
    state = after(seen, first, second)
    assert state is after(state, second, first, second)


def test_what_another_holds_is_the_others_until_handed_or_taken_over() -> None:
    """Who sees the holder may still take over, and then decide."""
    state = after(begun(), ("take", AN), ("close", BO), ("dismiss", BO))
    assert ["not_yours", "held"] == [one.why for one in state.refused]
    assert BO == after(state, ("take", BO)).holder
    handed = after(state, ("hand_over", AN))
    assert ("handed_over", None, "NIGHT") == (handed.phase, handed.holder, handed.desk)
    assert ("closed", BO) == (after(handed, ("take", BO), ("close", BO)).phase, BO)


def test_an_alert_that_rang_meanwhile_is_not_dismissed_unseen() -> None:
    """If it came first, the dismissal does not count; if it came afterwards, the incident is open again, and nobody's."""
    first = first_alert()
    ring = later_alert(5_000, first, rings=True, **SURE)
    taken = after(begun(first), ("take", AN))
    dismissal = action(taken, "dismiss")
    one = after(life.seen(taken, ring, (), NOON_MS), dismissal)
    other = life.seen(after(taken, dismissal), ring, (), NOON_MS)
    assert "rang_since" == one.refused[0].why
    assert ("taken", AN, None) == (one.phase, one.holder, one.sightings[1].reopens)
    assert ("new", None, 2) == (other.phase, other.holder, other.rings)


def test_a_misread_silences_its_own_text_and_never_an_exact_read() -> None:
    """The incident is over while nothing else stands, and open again with the wanted text itself."""
    first = first_alert()
    state = after(begun(first), ("misread", AN))
    assert "misread" == state.phase
    same = life.seen(state, later_alert(4_000, first), (), NOON_MS)
    assert "misread" == same.phase
    exact = later_alert(8_000, first, rings=True, **SURE)
    assert "new" == life.seen(same, exact, (), NOON_MS).phase
    wrong_exact = after(begun(first_alert(**SURE)), ("misread", AN))
    assert "new" == life.seen(wrong_exact, later_alert(9_000, first, **SURE), (), NOON_MS).phase


def stands(state: IncidentState, before: IncidentState | None = None) -> list[tuple[int, bool]]:
    """Revision and confirm of each sighting after a change from `before`."""
    return [(one.revision, one.confirm) for one in revised(before, state)[0].sightings]


def test_a_confirmation_is_a_higher_revision_that_does_not_ring_and_undoing_it_another() -> None:
    """What the neighbour was told is told otherwise, and told again when it is confirmed again."""
    alert = first_alert()
    state = begun(alert)
    told = []
    for did in ("confirm", "undo", "confirm"):
        before = state
        state, sent = revised(before, after(state, (did, AN)))
        told.append(revision_of(state, alert))
        assert [alert.alert_id] == sent
    assert [(2, False, AN), (3, True, None), (4, False, AN)] == [
        (one.revision, one.confirm, one.confirmed and one.confirmed.who) for one in told
    ]
    assert not any(one.rings for one in told)
    assert {AT} == {one.confirmed.action_at for one in told if one.confirmed}


@pytest.mark.parametrize("reason", get_args(Dismissal))
def test_a_dismissal_takes_back_what_crossed_if_the_vehicle_is_not_meant(reason: Dismissal) -> None:
    """Nobody free to stop it says nothing about the vehicle."""
    state = begun(first_alert(**SURE))
    dismissed = after(state, action(state, "dismiss", dismissal=reason, note="why"))
    taken_back = reason in ("not_wanted_any_more", "innocent_vehicle", "exercise")
    assert [(2, True) if taken_back else (1, False)] == stands(dismissed, state)


def test_what_redis_forgot_is_sent_no_second_time() -> None:
    """Our own revision comes back from the topic, then the action that made it: neither makes another."""
    alert = first_alert()
    confirmed, _ = revised(None, after(begun(alert), ("confirm", AN)))
    ours = revision_of(confirmed, alert)
    anew = life.seen(begun(alert), ours, (), NOON_MS)
    assert [(2, False)] == stands(anew, begun(alert)) == stands(after(anew, ("confirm", AN)), anew)


def test_what_is_withdrawn_is_over_when_no_alert_stands() -> None:
    """A correction's new alert comes before the old one's withdrawal, and keeps the incident open."""
    first = first_alert()
    state = begun(first, later_alert(3_000, first))
    assert "new" == (state := life.withdrawn(state, first.alert_id, NOON_MS)).phase
    assert "withdrawn" == (state := life.withdrawn(state, state.sightings[1].alert_id, NOON_MS)).phase
    assert ["over"] == [one.why for one in after(state, ("take", AN)).refused]


def test_a_neighbours_answer_is_in_the_trail_once() -> None:
    """With the reference to ring about."""
    receipt = Receipt(receipt_id="p-1", forward_id="f-1", to_country="NL", outcome="acknowledged",
                      neighbour_reference="NL-7", decided_at_ms=NOON_MS)  # fmt: skip
    state = life.answered(begun(), receipt, NOON_MS)
    assert ["NL-7"] == [one.reference for one in state.answers]
    assert state is life.answered(state, receipt, NOON_MS)


def receipt(said: str, after_ms: int = 0, forward_id: str = "f-1", **fields: Any) -> Receipt:
    """What became of a message to the Netherlands, or what it said later, so long after the hit."""
    later = said.removeprefix("later ") if said.startswith("later ") else None
    outcome = ("refused" if later == "refused" else "acknowledged") if later else said
    given = {"forward_id": forward_id, "to_country": "NL", "outcome": outcome, "later": later}
    given["decided_at_ms"] = NOON_MS + after_ms
    return Receipt(receipt_id=ids.receipt_id(forward_id, str(outcome)), **(given | fields))


def told_of(state: IncidentState, *receipts: Receipt) -> IncidentState:
    """The incident after these receipts."""
    for one in receipts:
        state = life.answered(state, one, one.decided_at_ms)
    return state


TAKEN = receipt("acknowledged", 1_000, answer_by_ms=NOON_MS + 60_000)


def test_a_neighbour_that_says_nothing_in_time_is_told_of_once() -> None:
    """Who holds the incident goes on holding it; what the neighbour says afterwards is shown all the same."""
    state = after(told_of(begun(), TAKEN), ("take", AN))
    due = next_overdue(state)
    assert due is not None
    assert NOON_MS + 60_000 == due[0]
    late = passed({}, NOON_MS + 60_000, Kept(state)).state
    assert late is not None
    assert ("alarmed", "NL", "f-1") == ((step := late.steps[-1]).did, step.to_country, step.forward_id)
    assert ("taken", AN, state.revision, None) == (late.phase, late.holder, late.revision, next_overdue(late))
    said = told_of(late, receipt("later stopped", 90_000))
    assert [None, "stopped"] == [one.later for one in said.answers]
    assert () == said.alarmed


@pytest.mark.parametrize("outcome", get_args(LaterOutcome))
def test_any_word_of_the_neighbour_in_time_is_an_answer(outcome: LaterOutcome) -> None:
    """Also that it does not act; and the word may come before the receipt of its acknowledgement."""
    said = receipt(f"later {outcome}", 30_000)
    assert (None, None) == (next_overdue(told_of(begun(), TAKEN, said)), next_overdue(told_of(begun(), said, TAKEN)))


def test_a_neighbour_to_which_an_incident_was_passed_on_is_waited_for_and_its_silence_opens_it_again() -> None:
    """Whoever passed it on has it again; closed otherwise, nobody relies on the neighbour."""
    held = after(told_of(begun(), TAKEN), ("take", AN))
    passed_on = after(held, action(held, "close", ending="passed_on"))
    assert NOON_MS + 60_000 == due_ms(passed_on, {})
    silent = passed({}, NOON_MS + 60_000, Kept(passed_on)).state
    assert silent is not None
    assert ("taken", AN, "f-1", None) == (
        silent.phase,
        silent.holder,
        silent.steps[-1].forward_id,
        next_overdue(silent),
    )
    assert "closed" == after(silent, ("close", AN)).phase
    answered = told_of(passed_on, receipt("later stopped", 30_000))
    assert ("closed", None) == (answered.phase, due_ms(answered, {}))
    assert due_ms(after(held, ("close", AN)), {}) is None


def test_of_a_message_that_was_recalled_no_answer_is_waited_for() -> None:
    """As soon as the neighbour took the recall, whatever its cause; at once where a person took the hit back, or its alert was
    withdrawn. That the recall itself did not arrive is told."""
    sure = first_alert(**SURE)
    forward_id = ids.forward_id(sure.alert_id, "NL")
    state = told_of(
        begun(sure, later_alert(1_000, sure, **SURE)), msgspec.structs.replace(TAKEN, forward_id=forward_id)
    )
    assert next_overdue(state) is not None
    recall_id = ids.forward_id(forward_id, "NL", "recall")
    assert next_overdue(told_of(state, receipt("acknowledged", 2_000, recall_id))) is None
    lost = next_overdue(told_of(state, receipt("expired", 3_000, recall_id)))
    assert recall_id == (lost and lost[1].forward_id)
    assert next_overdue(life.withdrawn(state, sure.alert_id, NOON_MS)) is None
    misread, _ = revised(state, after(state, action(state, "misread", alert_id=sure.alert_id)))
    assert ("taken", None) == (misread.phase, next_overdue(misread))


@pytest.mark.parametrize("before", [0, 40])
def test_what_waits_for_an_answer_is_kept_however_many_receipts_come(before: int) -> None:
    """What leaves nothing open goes first, and a neighbour's later word after the rest; the trail stays bounded."""
    taken = receipt("acknowledged", 1_000, "f-first", answer_by_ms=NOON_MS + 60_000)
    others = [receipt("acknowledged", 2_000 + one, f"f-{one}") for one in range(80)]
    state = told_of(begun(), *others[:before], taken, receipt("later stopped", 1_500, "f-x"), *others[before:])
    assert (MOST_ANSWERS, "f-first") == (len(state.answers), next_overdue(state)[1].forward_id)  # type: ignore[index]  # it is there
    assert "stopped" in [one.later for one in state.answers]


def test_of_more_open_answers_than_there_is_room_for_each_neighbour_keeps_its_own() -> None:
    """And of those of one neighbour the earliest deadlines."""
    open_ = [receipt("acknowledged", one, f"f-{one}", answer_by_ms=NOON_MS + 60_000 + one) for one in range(60)]
    other = receipt("acknowledged", 1, "f-lu", to_country="LU", answer_by_ms=NOON_MS + 900_000)
    state = told_of(begun(), other, *open_)
    assert {"f-lu", *(f"f-{one}" for one in range(MOST_ANSWERS - 1))} == {one.forward_id for one in state.answers}
    assert state is told_of(state, open_[-1])


def test_no_deadline_is_lost_of_more_open_answers_than_are_shown() -> None:
    """Those that are shown are answered in time; of the others each silence is told, once."""
    open_ = [receipt("acknowledged", one, f"f-{one}", answer_by_ms=NOON_MS + 60_000 + one) for one in range(90)]
    heard = [receipt("later accepted", 100 + one, f"f-{one}") for one in range(MOST_ANSWERS)]
    state = told_of(begun(), *open_, *heard)
    alarms = list[str | None]()
    while (overdue := next_overdue(state)) is not None:
        state = life.unanswered(state, overdue[1], overdue[0])
        alarms.append(state.steps[-1].forward_id)
    assert [one.forward_id for one in open_[MOST_ANSWERS:]] == alarms
    assert state == msgspec.json.decode(msgspec.json.encode(state), type=IncidentState)


@pytest.mark.parametrize("ending", ["dismiss", "close", "expired"])
def test_a_recall_that_did_not_arrive_is_told_of_however_the_incident_ended_and_opens_nothing(ending: str) -> None:
    """The neighbour may still stop whom nobody wants any more."""
    taken = after(told_of(begun(), TAKEN), ("take", AN))
    over = life.expired(taken, NOON_MS) if ending == "expired" else after(taken, (ending, AN))
    state = told_of(over, receipt("expired", 3_000, "f-r", recall=True))
    overdue = next_overdue(state)
    assert "f-r" == (overdue and overdue[1].forward_id)
    told = life.unanswered(state, overdue[1], NOON_MS + 4_000)  # type: ignore[index]  # it is there
    assert (over.phase, True, None) == (told.phase, told.steps[-1].recall, next_overdue(told))
    assert next_overdue(told_of(over, receipt("expired", 3_000, "f-r", recall=True, reason=WITHDRAWN))) is None


def test_what_was_not_delivered_in_time_is_told_unless_it_was_taken_back() -> None:
    """A dispatcher would think that the neighbour knows."""
    late = next_overdue(told_of(begun(), receipt("expired", 5_000)))
    assert (NOON_MS + 5_000, "f-1") == (late and late[0], late and late[1].forward_id)
    assert next_overdue(told_of(begun(), receipt("expired", 5_000, reason=WITHDRAWN))) is None
    assert next_overdue(after(told_of(begun(), TAKEN), ("take", AN), ("close", AN))) is None


def test_a_neighbour_that_promised_nothing_is_not_waited_for() -> None:
    """Silence of one that has no deadline alarms nobody."""
    assert next_overdue(told_of(begun(), receipt("acknowledged"))) is None


@given(
    st.lists(
        st.builds(
            receipt,
            st.sampled_from([*get_args(ReceiptOutcome), *(f"later {one}" for one in get_args(LaterOutcome))]),
            st.integers(0, 9_000),
            st.sampled_from(("f-1", "f-2", "f-3")),
            answer_by_ms=st.none() | st.integers(NOON_MS, NOON_MS + 60_000),
        ),
        max_size=8,
        unique_by=lambda one: (one.receipt_id, one.later),
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_answers_arrive_changes_nothing_of_what_is_overdue(
    receipts: list[Receipt], random: Any
) -> None:
    """What is told in the end is about the same messages."""
    shuffled = random.sample(receipts, len(receipts))
    ends = []
    for some in (receipts, shuffled):
        end = passed({}, NOON_MS + 3_600_000, Kept(told_of(begun(), *some))).state
        assert end is not None
        assert next_overdue(end) is None
        ends.append(sorted(one.forward_id for one in end.steps if one.forward_id is not None))
    assert ends[0] == ends[1]


DESKS = {
    one.desk_id: one
    for one in (
        Desk(desk_id="DAY", name="day", zones=("ZONE-A",), lists=("stolen",), successor="NIGHT"),
        Desk(
            desk_id="NIGHT", name="night", zones=("ZONE-B",), lists=("stolen",), successor="CHIEF", answers_within_s=30
        ),
        Desk(desk_id="CHIEF", name="chief", lists=("stolen",), successor="DAY"),
    )
}


def test_an_urgent_incident_that_nobody_takes_alarms_the_desk_that_follows_and_then_the_next() -> None:
    """By the broker's time of the alert; after the last one's time everybody, and again and again until somebody takes it."""
    state = begun(first_alert(priority="urgent"))
    assert (NOON_MS + 60_000, "NIGHT") == next_alarm(state, DESKS)
    state = life.alarmed(state, "NIGHT", NOON_MS + 60_000)
    assert (NOON_MS + 90_000, "CHIEF") == next_alarm(state, DESKS)
    state = life.alarmed(state, "CHIEF", NOON_MS + 90_000)
    assert (("NIGHT", "CHIEF"), (NOON_MS + 150_000, None)) == (state.alarmed, next_alarm(state, DESKS))
    for at_ms in range(NOON_MS + 150_000, NOON_MS + 86_000_000, AGAIN_MS):
        assert (at_ms, None) == next_alarm(state, DESKS)
        state = life.alarmed(state, None, at_ms)
    assert (True, ["rang", *["alarmed"] * 4]) == (state.everybody, [one.did for one in state.steps])
    assert NOON_MS + 90_000 == state.changed_at_ms, "it expires a day after its last other change"
    taken = after(state, ("take", AN))
    assert next_alarm(taken, DESKS) is None
    handed = after(taken, ("hand_over", AN))
    assert (False, "CHIEF") == (handed.everybody, next_alarm(handed, DESKS)[1])  # type: ignore[index]  # somebody is


def test_a_desk_that_none_follows_is_alarmed_itself_and_then_everybody() -> None:
    """Its people may have gone; where no desk answers for the incident, nobody would have heard of it."""
    alone = {"DAY": msgspec.structs.replace(DESKS["DAY"], successor="GONE")}
    state = begun(first_alert(priority="urgent"))
    assert (NOON_MS + 60_000, "DAY") == next_alarm(state, alone)
    state = life.alarmed(state, "DAY", NOON_MS + 60_000)
    assert (("DAY",), (NOON_MS + 120_000, None)) == (state.alarmed, next_alarm(state, alone))
    nobodys = life.seen(None, first_alert(priority="urgent"), (), NOON_MS)
    assert (NOON_MS + 60_000, None) == next_alarm(nobodys, DESKS)
    assert next_alarm(nobodys, {}) is None


def test_of_very_many_desks_so_many_are_alarmed_by_name_and_then_everybody() -> None:
    """The state that tells it can be read by everyone."""
    many = {
        f"D-{one:02}": Desk(desk_id=f"D-{one:02}", name="d", zones=("ZONE-A",), lists=("stolen",)) for one in range(20)
    }
    state = passed(many, NOON_MS + 60_000, Kept(begun(first_alert(priority="urgent")))).state
    assert state is not None
    assert (MOST_ALARMED, NOON_MS + 120_000) == (len(state.alarmed), (next_alarm(state, many) or (0,))[0])
    assert state == msgspec.json.decode(msgspec.json.encode(state), type=IncidentState)


def test_nobody_is_alarmed_for_what_was_taken_or_is_not_urgent() -> None:
    """And one that was handed over is the other desk's to answer."""
    urgent = begun(first_alert(priority="urgent"))
    assert next_alarm(after(urgent, ("take", AN)), DESKS) is None
    assert next_alarm(begun(first_alert(priority="high")), DESKS) is None
    handed = after(urgent, ("take", AN), ("hand_over", AN))
    assert (NOON_MS + 2_000 + 30_000, "CHIEF") == next_alarm(handed, DESKS)


@pytest.mark.parametrize(
    ("did", "fields"),
    [("confirm", {}), ("misread", {"alert_id": "a-1"}), ("dismiss", {}), ("hand_over", {}), ("close", {}),
     ("dismiss", {"dismissal": "other", "note": " "})],
)  # fmt: skip
def test_an_action_without_what_it_needs_is_no_action(did: str, fields: dict[str, str]) -> None:
    """A misread says what the plate really is, a dismissal why, a closing how it ended."""
    whole = msgspec.to_builtins(action(begun(), "take"))
    with pytest.raises(msgspec.ValidationError, match=f"{did} needs"):
        msgspec.convert(whole | {"did": did} | fields, IncidentAction)


HITS = [
    first_alert(),
    later_alert(1_000, first_alert()),
    later_alert(2_000, first_alert(), plate="1A0C555", rings=True),
    later_alert(3_000, first_alert(), **SURE),
    later_alert(4_000, first_alert(), rings=True, **SURE),
    later_alert(5_000, first_alert(), plate="1A0C555"),
    later_alert(6_000, first_alert(), live=False, **SURE),
    later_alert(7_000, first_alert(), silent=True, **SURE),
    later_alert(8_000, first_alert(), camera_id="E40-2"),
]
HAPPENINGS = st.one_of(
    st.tuples(st.just("hit"), st.sampled_from(HITS)),
    st.tuples(st.just("withdrawn"), st.sampled_from(HITS)),
    st.tuples(st.just("expired"), st.none()),
)
ACTIONS = st.tuples(
    st.sampled_from(get_args(Did)),
    st.sampled_from((AN, BO)),
    st.sampled_from((0, 0, 0, 1, 2)),  # by how many actions what the person sees is behind
    st.sampled_from(HITS),
    st.sampled_from(get_args(Dismissal)),
    st.sampled_from((0, 0, 1, 2)),  # how many of the latest hits the person does not see
)


@given(st.lists(st.one_of(ACTIONS, ACTIONS, HAPPENINGS), max_size=30))
def test_any_order_of_actions_gives_one_state_and_all_are_told(steps: list[Any]) -> None:
    """Against rules that were written a second time; each action counts or is refused, and its repetition changes nothing."""
    state, reference = begun(HITS[0]), Reference()
    reference.hit(HITS[0])
    for one in steps:
        before = state
        if one[0] == "hit":
            state = life.seen(state, one[1], (), NOON_MS)
            reference.hit(one[1])
        elif one[0] == "withdrawn":
            state = life.withdrawn(state, one[1].alert_id, NOON_MS)
            reference.withdraw(one[1].alert_id)
        elif one[0] == "expired":
            state = life.expired(state, NOON_MS)
            reference.expire()
        else:
            state = decided(state, reference, one)
        state, _ = revised(before, state)
        assert (reference.phase, reference.now.holder, reference.confirmed, len(reference.done), reference.rings) == (
            state.phase, state.holder, set(state.confirmed), state.revision, state.rings,
        )  # fmt: skip
        assert {one.alert_id: reference.must_look(one.alert_id) for one in state.sightings if not one.withdrawn} == {
            one.alert_id: one.confirm for one in state.sightings if not one.withdrawn
        }


def decided(state: IncidentState, reference: Reference, one: Any) -> IncidentState:
    """The state after an action, which both decide alike; asked again, nothing changes."""
    did, who, behind, hit, dismissal, unseen = one
    given = {"revision": max(0, state.revision - behind), "rings": max(0, state.rings - behind), "note": "why"}
    if did in ("confirm", "misread"):
        given["alert_id"] = hit.alert_id
    if did in ("dismiss", "close"):
        standing = [one.alert_id for one in state.sightings if not one.withdrawn]
        given["alert_ids"] = tuple(standing[: max(1, len(standing) - unseen)])
    if did == "dismiss":
        given["dismissal"] = dismissal
    wanted = action(state, did, who, **given)
    told = reference.act(wanted)
    found = acted(state, wanted, NOON_MS, AT)
    assert is_decided(found, wanted.action_id)
    assert found is acted(found, wanted, NOON_MS, AT)
    if told.why is None:
        assert wanted.action_id == [one for one in found.steps if one.role][-1].action_id
        return found
    refused = found.refused[-1]
    assert (wanted.action_id, told.why) == (refused.action_id, refused.why)
    if told.first is not None:
        assert told.first == refused.first_who
    return found


def ring_after(state: IncidentState, **fields: Any) -> IncidentState:
    """The incident after a sure hit, ten minutes later, that does not ring by itself."""
    return life.seen(state, later_alert(600_000, HITS[0], **(SURE | fields)), ("ZONE-A",), NOON_MS + 600_000)


@pytest.mark.parametrize("reason", sorted(TAKES_BACK))
def test_a_dismissal_takes_back_what_stood_then_and_a_later_sure_hit_stands_and_is_heard(reason: Dismissal) -> None:
    """The innocent vehicle with the same plate stays taken back; nobody holds the incident, and the desk's minute begins."""
    state = after(begun(sure := first_alert(priority="urgent", **SURE)), ("take", AN))
    dismissed, _ = revised(state, after(state, action(state, "dismiss", dismissal=reason)))
    again, sent = revised(dismissed, ring_after(dismissed, priority="urgent"))
    assert ([], [(2, True), (1, False)]) == (sent, [(one.revision, one.confirm) for one in again.sightings])
    assert ("new", None, 2) == (again.phase, again.holder, again.rings)
    assert (NOON_MS + 660_000, "NIGHT") == next_alarm(again, DESKS)
    undone, sent = revised(again, after(again, ("undo", AN)))
    assert [sure.alert_id] == sent, "an undo alone makes it stand again"
    assert (3, False) == (undone.sightings[0].revision, undone.sightings[0].confirm)


def test_a_ring_never_tells_the_neighbour_again_of_what_was_dismissed() -> None:
    """However it rings: surer, more urgent, or too far away."""
    state = begun(first_alert(**SURE))
    dismissed, _ = revised(state, after(state, action(state, "dismiss", dismissal="innocent_vehicle")))
    for ring in (later_alert(5_000, HITS[0], rings=True, **SURE), HITS[2]):
        assert [] == revised(dismissed, life.seen(dismissed, ring, (), NOON_MS))[1]


def test_what_only_says_that_nobody_acts_is_opened_again_by_a_ring_alone() -> None:
    """The same vehicle at the next camera tells no news; a second one does."""
    state = begun(first_alert(**SURE))
    dismissed = after(state, action(state, "dismiss", dismissal="no_unit"))
    assert "dismissed" == ring_after(dismissed).phase
    assert "new" == ring_after(dismissed, rings=True).phase


def test_what_came_too_late_or_is_silent_opens_an_incident_again_without_a_sound() -> None:
    """A person looks at it, for it may have crossed the border; nobody is alarmed."""
    ended = after(begun(first_alert(priority="urgent", **SURE)), ("take", AN), ("close", AN))
    for fields in ({"live": False}, {"silent": True}):
        state = ring_after(ended, priority="urgent", **fields)
        assert ("new", 1, None) == (state.phase, state.rings, next_alarm(state, DESKS))


@pytest.mark.parametrize("reason", get_args(Dismissal))
def test_nobody_puts_an_incident_away_for_those_whose_hits_he_may_not_see(reason: Dismissal) -> None:
    """The hit in another's zone stands, and its people hear of it."""
    state = ring_after(begun(first := first_alert(**SURE)))
    ended = action(state, "dismiss", dismissal=reason, note="why", alert_ids=(first.alert_id,))
    assert ("new", None, 2) == ((told := after(state, ended)).phase, told.holder, told.rings)


def test_a_hit_that_the_person_did_not_see_stands_whichever_came_first() -> None:
    """A dismissal names the hits that it is about."""
    seen = begun(first := first_alert(**SURE))
    dismissal = action(seen, "dismiss", dismissal="innocent_vehicle", alert_ids=(first.alert_id,))
    before, later = after(ring_after(seen), dismissal), ring_after(after(seen, dismissal))
    for state in (before, later):
        state, _ = revised(seen, state)
        assert ("new", None, 2, [True, False]) == (
            state.phase, state.holder, state.rings, [one.confirm for one in state.sightings]
        )  # fmt: skip


def test_a_confirmation_of_what_was_withdrawn_or_put_away_confirms_nothing_else() -> None:
    """The corrected alert that takes its place waits for a person of its own."""
    first = first_alert()
    confirmed = after(begun(first), ("confirm", AN))
    corrected = life.seen(confirmed, later_alert(0, first, plate="1A0C555", corrects=first.alert_id), (), NOON_MS)
    state = life.withdrawn(corrected, first.alert_id, NOON_MS)
    assert ("taken", ()) == (state.phase, state.confirmed)
    other = later_alert(1_000, first, plate="1A0C555")
    misread = after(life.seen(confirmed, other, (), NOON_MS), ("misread", AN))
    assert ("taken", ()) == (misread.phase, misread.confirmed)


def test_an_incident_that_rings_again_and_again_alarms_by_its_first_ring() -> None:
    """And who was alarmed stays so."""
    state = begun(first_alert(priority="urgent"))
    for second in (30, 50, 70):
        ring = later_alert(second * 1_000, HITS[0], priority="urgent", rings=True, **SURE)
        state = life.seen(state, ring, ("ZONE-A",), NOON_MS + second * 1_000)
    assert ((NOON_MS + 60_000, "NIGHT"), 2) == (next_alarm(state, DESKS), len(state.steps))
    state = life.alarmed(state, "NIGHT", NOON_MS + 60_000)
    ring = later_alert(80_000, HITS[0], priority="urgent", rings=True, **SURE)
    state = life.seen(state, ring, ("ZONE-A",), NOON_MS + 80_000)
    assert (NOON_MS + 90_000, "CHIEF") == next_alarm(state, DESKS)


def test_an_alert_that_was_dropped_of_too_many_is_known_when_it_comes_again() -> None:
    """As when a day is read again; a later one of the same topic is new."""
    state = begun(HITS[0])
    hits = [later_alert(1_000 * (one + 1), HITS[0], **SURE) for one in range(MOST_SIGHTINGS + 5)]
    for offset, one in enumerate(hits):
        state = life.seen(state, one, (), NOON_MS + offset, RecordPlace(partition=3, offset=offset))
    assert (MOST_SIGHTINGS + 6, MOST_SIGHTINGS) == (state.sighting_count, len(state.sightings))
    assert state is life.seen(state, hits[0], (), NOON_MS, RecordPlace(partition=3, offset=0))
    new = later_alert(900_000, HITS[0], **SURE)
    assert state is not life.seen(state, new, (), NOON_MS + 900_000, RecordPlace(partition=3, offset=99))


def test_an_incident_is_of_the_list_of_its_latest_hit_that_stands() -> None:
    """A correction may move its entry to another list: its desk is alarmed, and not the first one's."""
    first = first_alert(priority="urgent", hotlist="ad_hoc", rings=True)
    state = begun(first, later_alert(1_000, first, priority="urgent", hotlist="stolen", category="robbery"))
    assert ("stolen", "robbery", ["ad_hoc", "stolen"]) == (
        state.hotlist, state.category, [one.hotlist for one in state.sightings]
    )  # fmt: skip
    assert answers_for(DESKS["DAY"], state)
    withdrawn = life.withdrawn(state, state.sightings[1].alert_id, NOON_MS)
    assert ("ad_hoc", False) == (withdrawn.hotlist, answers_for(DESKS["DAY"], withdrawn))


@given(st.permutations([*HITS[1:], "take", "confirm", "answer"]))
def test_hits_and_answers_may_come_in_any_order_between_the_actions(order: list[Any]) -> None:
    """What a person decided holds whatever else arrived before or after."""
    state = begun(HITS[0])
    persons = iter(("take", "confirm"))
    for one in order:
        if one == "answer":
            state = life.answered(state, Receipt(receipt_id="p-1", forward_id="f-1", to_country="NL",
                                                 outcome="refused", decided_at_ms=1), NOON_MS)  # fmt: skip
        elif isinstance(one, str):
            state = after(state, (next(persons), AN))
        else:
            state = life.seen(state, one, (), NOON_MS)
    assert ("confirmed", AN, (HITS[0].alert_id,), len(HITS), 3) == (
        state.phase, state.holder, state.confirmed, state.sighting_count, state.rings,
    )  # fmt: skip
