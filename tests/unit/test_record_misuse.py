"""What those who watch look for in the record: samples, repeated targets, consultations outside any shift or case."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.record.misuse import drawn, outside_work, repeated_targets
from pipeline.record.reading import ShownIntent
from schemas.accesses import Intent, Outcome

DAY_MS = 86_400_000
VAN, CAR = f"2026-11.{'a' * 32}", f"2026-11.{'b' * 32}"


def entry(
    number: int, who: str = "an", *, day: int = 0, outcome: str | None = "answered", **fields: object
) -> ShownIntent:
    """A consultation of VAN on a day, at no desk and for no case."""
    access_id = f"e-{number:024x}"
    given: dict[str, object] = {"act": "query", "subjects": (VAN,)} | fields
    intent = Intent(who=who, origin="10.0.0.7", what="GET /alerts/{id}", **given)  # type: ignore[arg-type]  # as the fields are
    became = None if outcome is None else Outcome(intent_id=access_id, outcome=outcome)
    return ShownIntent(number, access_id, day * DAY_MS + number, intent, became)


@given(st.randoms(use_true_random=False), st.text("abcdef0123456789", min_size=8, max_size=20), st.integers(1, 60))
def test_who_knows_the_seed_draws_the_same_whatever_the_order(random: Random, seed: str, count: int) -> None:
    """All are drawn when there are fewer; a smaller sample is the beginning of a larger one."""
    entries = [entry(number) for number in range(50)]
    sample = drawn(entries, seed, count)
    shuffled = random.sample(entries, len(entries))
    assert sample == drawn(shuffled, seed, count)
    assert sample == drawn(shuffled, seed, 60)[:count]
    assert min(count, 50) == len({one.access_id for one in sample})


def test_every_entry_is_drawn_about_as_often_as_another() -> None:
    """Over many seeds; a lot that preferred some entries would hide the others."""
    entries = [entry(number) for number in range(20)]
    times = dict.fromkeys(range(20), 0)
    for seed in range(2000):
        for one in drawn(entries, f"seed-{seed:04}", 5):
            times[one.index] += 1
    assert 2000 * 5 == sum(times.values())
    assert all(400 < count < 600 for count in times.values()), times


def test_one_persons_repeated_target_is_found_and_a_days_work_is_not() -> None:
    """Often and on several days, by one person; by many, on one day, or refused does not count."""
    mine = [entry(number, day=number) for number in range(5)]
    one_day = [entry(10 + number, "bo", subjects=(CAR,)) for number in range(9)]
    many = [entry(30 + number, f"u-{number}", day=number) for number in range(9)]
    refused = [entry(50 + number, "cy", day=number, outcome="refused") for number in range(9)]
    found = repeated_targets([*mine, *one_day, *many, *refused], times=5, days=3)
    assert [("an", VAN, 5, 5, 0)] == [(one.who, one.subject, one.count, one.days, one.cases) for one in found]
    assert (0, 4 * DAY_MS + 4) == (found[0].first_ms, found[0].last_ms)
    assert [4, 3, 2, 1, 0] == [one.index for one in found[0].entries]
    assert [] == repeated_targets(mine, times=6, days=3)


def test_what_has_no_outcome_may_have_been_shown_and_counts() -> None:
    """Silence never counts for the person."""
    entries = [entry(number, day=number, outcome=None) for number in range(5)]
    assert 1 == len(repeated_targets(entries, times=5, days=5))


def test_consultations_at_no_desk_and_for_no_case_are_told_by_person() -> None:
    """A shift or a case is enough; what shows no plate needs none."""
    entries = [
        entry(1), entry(2), entry(3, desk="DESK-1"), entry(4, case_reference="2026/17"), entry(5, "bo"),
        entry(6, "cy", act="login"), entry(7, "dan", outcome="refused"),
    ]  # fmt: skip
    assert [("an", 2, 4), ("bo", 1, 1)] == [(one.who, one.count, one.of) for one in outside_work(entries)]
