"""Each reason for which nothing is forwarded has words, and each policy is asked."""

from typing import get_args

from pipeline.neighbours.policy import AllowedForward, Reason, each_said, told_abroad
from pipeline.neighbours.reasons import PERMITS
from tests.builders import NOON_MS, cameras_of, make_alert, make_policy, zones_of


def test_every_reason_has_words() -> None:
    """Nobody reads a code."""
    assert set(get_args(Reason)) == set(PERMITS)
    assert all(words.strip() for words in PERMITS.values())


def test_each_policy_is_asked_and_the_first_that_allows_it_tells() -> None:
    """What each says; what the country is told is what told_abroad says."""
    policies = [make_policy("NL", "NL-3"), make_policy("NL", "NL-1", lists=("sis",)), make_policy("NL", "NL-2")]
    given = make_alert(), policies, cameras_of(), zones_of(), NOON_MS
    said = each_said(*given)
    assert [("NL-1", False), ("NL-2", True), ("NL-3", True)] == [
        (one.policy_id, isinstance(one.said, AllowedForward)) for one in said
    ]
    assert [said[1].said] == told_abroad(*given)
