"""Confusable characters: classes, costs, skeletons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plates.confusable import belief, skeleton, skeletons, substitution_cost

TEXT = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", max_size=8)


@pytest.mark.parametrize("members", ["0ODQ", "1IL", "8B", "5S", "2Z", "6G", "UV", "MNW", "7T"])
def test_members_of_a_class_share_a_skeleton(members: str) -> None:
    """Whatever may be taken for one another is found under one key."""
    assert 1 == len({skeleton(member) for member in members})


def test_other_characters_keep_apart() -> None:
    """Twenty-three skeleton characters remain of 36: folding more would drown dispatch in likenesses."""
    assert 23 == len({skeleton(character) for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"})


def test_strong_weak_and_other_substitutions_cost_more_in_this_order() -> None:
    """A digit read as its letter is cheapest, then letter for letter, then weak classes; all else costs everything."""
    assert 0.0 == substitution_cost("0", "0")
    assert substitution_cost("0", "O") < substitution_cost("O", "Q") < substitution_cost("U", "V") < 1.0
    assert 1.0 == substitution_cost("A", "X")


@given(TEXT, TEXT)
def test_belief_is_positive_exactly_where_skeletons_agree(one: str, other: str) -> None:
    """The index and the score never disagree on what may be confused."""
    assert (skeleton(one) == skeleton(other)) == (belief(one, other) > 0.0)


@given(TEXT)
def test_skeleton_is_idempotent_and_keeps_the_length(text: str) -> None:
    """Folding folds once."""
    assert skeleton(text) == skeleton(skeleton(text))
    assert len(text) == len(skeleton(text))


def test_many_texts_are_folded_as_each_alone() -> None:
    """Whatever they hold: what is no plate stays what it is."""
    texts = ["1ABC234", "", "OQ7T", "é€\u1234O", "A?B*"]
    assert [skeleton(text) for text in texts] == skeletons(texts)
    assert [skeleton("O\nQ"), "A"] == skeletons(["O\nQ", "A"])
