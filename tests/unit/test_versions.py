"""Reference data as it was at each moment: what held then, whoever asks whenever."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.reads.versions import Version, Versions

MOMENTS = st.integers(0, 12)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Version[str]]:
    """Some versions of one item in the order of their arrival."""
    arrived = sorted(draw(st.lists(MOMENTS, max_size=7)))
    items = draw(st.lists(st.none() | st.sampled_from("abc"), min_size=len(arrived), max_size=len(arrived)))
    holds = draw(st.lists(MOMENTS, min_size=len(arrived), max_size=len(arrived)))
    return [Version(item, from_ms, at_ms) for item, from_ms, at_ms in zip(items, holds, arrived, strict=True)]


def versions_of(arrived: list[Version[str]]) -> Versions[str]:
    """All of them put under one key."""
    versions: Versions[str] = Versions()
    for version in arrived:
        versions.put("key", version)
    return versions


def held_by_the_rule(arrived: list[Version[str]], at_ms: int) -> str | None:
    """By hand: of those that began by then, less what a removal took back, whichever began last and then arrived last."""
    standing: list[Version[str]] = []
    for version in arrived:
        if version in standing:
            continue
        if version.item is None:
            standing = [one for one in standing if one.begins_ms <= version.begins_ms]
        standing.append(version)
    begun = [(one.begins_ms, order, one.item) for order, one in enumerate(standing) if one.begins_ms <= at_ms]
    return max(begun, key=lambda one: one[:2])[2] if begun else None


def test_nothing_held_before_the_first_version() -> None:
    """An item that did not exist yet proves nothing."""
    versions = versions_of([Version("limit 90", 100, 50)])
    assert versions.at("key", 99) is None
    assert "limit 90" == versions.at("key", 100)
    assert versions.at("other", 100) is None


def test_a_version_that_arrived_late_holds_from_its_arrival_and_claims_the_time_before() -> None:
    """Nobody could know of it: it may help, and takes nothing away from what held."""
    versions = versions_of([Version("120", 0, 0), Version("90", 100, 200)])
    assert ["120", "120", "90"] == [versions.at("key", at_ms) for at_ms in (99, 199, 200)]
    assert [(), ("90",), ()] == [versions.retroactive("key", at_ms) for at_ms in (99, 199, 200)]


def test_of_late_versions_that_arrived_together_each_claims_its_own_time() -> None:
    """A past that is imported whole: 130 until 50, then 70."""
    versions = versions_of([Version("70", 50, 200), Version("130", 0, 200)])
    assert [("130",), ("70",)] == [versions.retroactive("key", at_ms) for at_ms in (49, 50)]


def test_a_claim_of_a_short_while_counts_though_it_is_over_at_both_ends() -> None:
    """A sign that showed 120 for a minute, as is known afterwards."""
    versions = versions_of([Version("70", 0, 0), Version("120", 50, 200), Version("70", 60, 200)])
    assert [("70",), ("120", "70"), ()] == [
        versions.claimed_between("key", *times) for times in ((70, 80), (40, 90), (200, 300))
    ]


def test_what_is_known_of_a_moment_is_what_held_or_else_what_was_claimed_first() -> None:
    """A later claim changes nothing any more."""
    versions = versions_of([Version("first", 50, 200), Version("second", 0, 300)])
    assert ["second", "first", "first", "second"] == [versions.known_at("key", at_ms) for at_ms in (49, 50, 200, 300)]
    assert {"key": "first"} == dict(versions.as_known(60))
    assert {} == dict(versions.as_of(60))


def test_what_was_planned_begins_although_something_else_changed_meanwhile() -> None:
    """A limit for Monday stands, whatever is put in between."""
    versions = versions_of([Version("120", 0, 0), Version("70", 100, 10), Version("110", 50, 50)])
    assert ["120", "110", "70"] == [versions.at("key", at_ms) for at_ms in (49, 99, 100)]


def test_a_removal_takes_back_what_was_planned() -> None:
    """What was removed does not come back by itself; what is put afterwards does."""
    versions = versions_of([Version("120", 0, 0), Version("70", 100, 10), Version(None, 50, 50)])
    assert ["120", None, None] == [versions.at("key", at_ms) for at_ms in (49, 50, 100)]
    versions.put("key", Version("80", 60, 60))
    assert "80" == versions.at("key", 100)


def test_between_names_each_version_that_held_for_a_moment() -> None:
    """Both ends are included; None says that there was none for a while."""
    versions = versions_of([Version("120", 0, 0), Version("90", 100, 0), Version(None, 200, 150)])
    assert ("120", "90") == versions.between("key", 99, 100)
    assert ("90", None) == versions.between("key", 150, 200)
    assert (None,) == versions.between("other", 1, 2)


@given(arrivals(), MOMENTS)
def test_what_held_is_what_the_rule_says(arrived: list[Version[str]], at_ms: int) -> None:
    """Against the rule by hand."""
    versions = versions_of(arrived)
    expected = held_by_the_rule(arrived, at_ms)
    assert expected == versions.at("key", at_ms)
    assert ({} if expected is None else {"key": expected}) == dict(versions.as_of(at_ms))


@given(arrivals(), MOMENTS)
def test_nothing_that_arrives_later_changes_what_held(arrived: list[Version[str]], at_ms: int) -> None:
    """Whoever decides today about that moment decides as they did then."""
    then = versions_of([one for one in arrived if one.arrived_at_ms <= at_ms])
    assert then.at("key", at_ms) == versions_of(arrived).at("key", at_ms)


@given(arrivals(), MOMENTS)
def test_a_claim_about_the_past_is_never_taken_back(arrived: list[Version[str]], at_ms: int) -> None:
    """Whom a late version helped once it helps whenever somebody asks."""
    for now_ms in range(13):
        before = versions_of([one for one in arrived if one.arrived_at_ms <= now_ms])
        assert set(before.retroactive("key", at_ms)) <= set(versions_of(arrived).retroactive("key", at_ms))


@given(arrivals(), MOMENTS, MOMENTS)
def test_between_is_all_moments_together(arrived: list[Version[str]], one_ms: int, other_ms: int) -> None:
    """No version is left out, none is named that never held."""
    versions, (from_ms, until_ms) = versions_of(arrived), sorted((one_ms, other_ms))
    each = [versions.at("key", at_ms) for at_ms in range(from_ms, until_ms + 1)]
    assert set(each) == set(versions.between("key", from_ms, until_ms))


@given(arrivals(), MOMENTS)
def test_forgetting_the_past_changes_nothing_afterwards(arrived: list[Version[str]], at_ms: int) -> None:
    """Versions that held only before go; from that moment on all is as it was."""
    whole, less = versions_of(arrived), versions_of(arrived)
    less.forget_before(at_ms)
    for moment in range(at_ms, 14):
        assert whole.at("key", moment) == less.at("key", moment)
    assert len(less.history("key")) <= len(whole.history("key"))


@given(arrivals())
def test_the_same_versions_again_change_nothing(arrived: list[Version[str]]) -> None:
    """A repeated import leaves no trace."""
    versions = versions_of(arrived)
    before = versions.history("key")
    for version in before:
        versions.put("key", version)
    assert before == versions.history("key")
    assert dict(versions.current()) == dict(versions.as_of(100))
