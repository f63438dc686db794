"""What judgements of a violation amount to, whoever is first and whatever comes twice."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sections.judging import counted_at, judged, phase_of
from schemas.judgements import MOST_JUDGEMENTS, Judged, Judgement
from schemas.outcomes import RecordPlace
from tests.builders import NOON_MS
from tests.violations import AN, BO, judgement, make_violation

VIOLATION = make_violation()
DOES = [("accepted", AN), ("rejected", BO), ("asked", AN), ("accepted", BO), ("noted", AN)]


def after(*said: Judgement, state: Judged | None = None) -> Judged:
    """The state after these, in the order of the topic."""
    for at, one in enumerate(said):
        state = judged(state, one, RecordPlace(partition=0, offset=at), NOON_MS + at)
    assert state is not None
    return state


def phases(state: Judged | None) -> tuple[str, str]:
    """The phase while it stands, and after it was taken back."""
    return phase_of(state, withdrawn=False), phase_of(state, withdrawn=True)


def test_of_two_officers_at_once_the_first_counts_and_the_second_is_told_who_was_first() -> None:
    """Both saw the violation as nobody had judged it."""
    first, second = judgement(VIOLATION, "accepted", AN), judgement(VIOLATION, "rejected", BO)
    state = after(first, second)
    assert ("accepted", 1) == (state.verdict, state.revision)
    (told,) = state.not_counted
    assert (second.judgement_id, "acted_before", AN, "accepted") == (
        told.judgement_id,
        told.why,
        told.first_who,
        told.first_verdict,
    )


def test_who_sees_the_judgement_may_change_it() -> None:
    """A later judgement replaces the one before; the trail keeps both."""
    state = after(judgement(VIOLATION, "accepted"))
    state = after(judgement(VIOLATION, "rejected", BO, seen=state), state=state)
    assert ("rejected", ["accepted", "rejected"]) == (state.verdict, [one.verdict for one in state.steps])
    assert ("rejected", "withdrawn") == phases(state)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("accepted", ("accepted", "recalled")),
        ("rejected", ("rejected", "withdrawn")),
        ("asked", ("asked", "withdrawn")),
    ],
)
def test_what_is_left_to_do_follows_from_the_verdict_and_the_withdrawal(
    verdict: str, expected: tuple[str, str]
) -> None:
    """Only what was accepted and then taken back has to be told: somebody may have been fined."""
    assert expected == phases(after(judgement(VIOLATION, verdict)))
    assert ("open", "withdrawn") == phases(None)


def test_a_recall_is_told_until_an_officer_has_noted_it() -> None:
    """Noting changes no verdict; an acceptance after that makes it a recall again."""
    state = after(judgement(VIOLATION))
    noted = after(judgement(VIOLATION, "noted", seen=state), state=state)
    assert ("accepted", "withdrawn") == phases(noted)
    assert ("accepted", 2) == (noted.verdict, noted.revision)
    again = after(
        judgement(VIOLATION, "rejected", seen=noted), judgement(VIOLATION, "accepted", revision=3), state=noted
    )
    assert "recalled" == phase_of(again, withdrawn=True)


@pytest.mark.parametrize("first", [None, "rejected", "asked"])
def test_nothing_is_noted_of_what_was_not_accepted(first: str | None) -> None:
    """A note that fits nothing does not count."""
    state = after(judgement(VIOLATION, first)) if first else None
    state = after(judgement(VIOLATION, "noted", seen=state), state=state)
    assert "changes_nothing" == state.not_counted[-1].why


def test_the_same_verdict_again_changes_nothing_but_another_question_may_be_asked() -> None:
    """Two officers who agree are one judgement."""
    state = after(judgement(VIOLATION, "accepted"))
    assert "changes_nothing" == after(judgement(VIOLATION, "accepted", BO, seen=state), state=state).not_counted[-1].why
    asked = after(judgement(VIOLATION, "asked"))
    assert 2 == after(judgement(VIOLATION, "asked", note="and the other one?", seen=asked), state=asked).revision


def test_there_is_a_bound_and_who_meets_it_is_told() -> None:
    """The state stays small."""
    state: Judged | None = None
    for _ in range(MOST_JUDGEMENTS):
        state = after(judgement(VIOLATION, "asked", seen=state), state=state)
    state = after(judgement(VIOLATION, "accepted", seen=state), state=state)
    assert (MOST_JUDGEMENTS, "too_many") == (state.revision, state.not_counted[-1].why)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"verdict": "rejected"}, "needs a rejection"),
        ({"verdict": "accepted", "rejection": "plate_misread"}, "needs a rejection"),
        ({"verdict": "asked", "note": " "}, "need a note"),
        ({"verdict": "rejected", "rejection": "other"}, "need a note"),
    ],
)
def test_a_judgement_says_what_it_must(fields: dict[str, Any], fault: str) -> None:
    """A rejection has its reason, a question its words."""
    whole = msgspec.to_builtins(judgement(VIOLATION)) | fields
    with pytest.raises(msgspec.ValidationError, match=fault):
        msgspec.convert(whole, Judgement)


@given(st.lists(st.tuples(st.sampled_from(DOES), st.integers(0, 4), st.booleans()), max_size=12))
def test_any_order_gives_one_state_and_everybody_is_told(said: "list[tuple[tuple[str, str], int, bool]]") -> None:
    """Each judgement is a step or told why not; copies change nothing; each step saw exactly those before it."""
    state: Judged | None = None
    last: list[Judgement] = []
    for offset, ((verdict, who), revision, copied) in enumerate(said):
        one = last[-1] if copied and last else judgement(VIOLATION, verdict, who, revision=revision)
        at = RecordPlace(partition=0, offset=offset)
        before, state = state, judged(state, one, at, NOON_MS)
        if last and one is last[-1]:
            assert state is before
            assert not counted_at(state, at)
            continue
        last.append(one)
        steps, told = {step.judgement_id for step in state.steps}, {step.judgement_id for step in state.not_counted}
        assert (one.judgement_id in steps) != (one.judgement_id in told)
        assert counted_at(state, at) == (one.judgement_id in steps)
        assert state.revision == len(state.steps)
        if one.judgement_id in steps:
            assert one.revision == len(before.steps if before else ())
    if state is not None:
        verdicts = [step.verdict for step in state.steps if step.verdict != "noted"]
        assert (verdicts[-1] if verdicts else None) == state.verdict
