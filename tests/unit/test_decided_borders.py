"""What neighbours are told of a whole history, and what is taken back there."""

from typing import Any

import pytest

from schemas.outcomes import Forward
from tests.histories import ROAD, HistoryLine, decided, entry, policy, reads, remove


def shared(after_ms: int = 0, **fields: Any) -> HistoryLine:
    """Puts a stolen vehicle on the hotlist that the Netherlands may be told of."""
    return entry(after_ms, **({"share_with": ["NL"]} | fields))


async def forwards(*lines: HistoryLine) -> list[Forward]:
    """The forwards of a history."""
    return [one.forward for one in await decided(*ROAD, *lines) if one.forward is not None]


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [({"plate": "2XYZ999"}, {"hit"}), ({"owner": "zone 5340"}, {"hit"}), ({"case_reference": "C2"}, {"hit"}),
     ({}, {"hit", "correction"})],
    ids=["another vehicle", "another owner", "another case", "the same on two lists"],
)  # fmt: skip
async def test_what_is_told_of_a_case_corrects_only_what_was_told_of_its_vehicle_and_owner(
    fields: HistoryLine, kinds: set[str]
) -> None:
    """Of another one it is a message of its own, which stands when the first is recalled."""
    second = {"case_reference": "C1"} | fields
    lines = (
        policy(per_case=True),
        shared(case_reference="C1"),
        shared(entry_id="e2", **second),
        reads(1_000, ("IN", 900)),
    )
    if "plate" in fields:
        lines += (reads(2_000, ("IN", 1_900), plate=fields["plate"]),)
    told = await forwards(*lines)
    assert (2, kinds) == (len(told), {one.kind for one in told})


async def test_where_only_updates_are_left_of_a_case_the_latest_is_told_again_as_a_hit() -> None:
    """What they update is recalled, yet the vehicle is wanted: whoever keeps one message a case must not let it pass."""
    lines = [policy(per_case=True), shared(case_reference="C1"), shared(entry_id="e2", case_reference="C1")]
    lines += [reads(at_ms, ("IN", at_ms - 100)) for at_ms in (1_000, 61_000)]
    lines += [remove("hotlist", "e1", 90_000), reads(121_000, ("IN", 120_900))]
    told = await forwards(*lines)
    recalled = {one.refers_to for one in told if one.kind == "recall"}
    standing = [one for one in told if one.kind != "recall" and one.forward_id not in recalled]
    assert ["correction", "correction", "hit", "correction"] == [one.kind for one in standing]
    assert standing[2].forward_id == standing[3].refers_to
    assert standing[1].captured_at_ms == standing[2].captured_at_ms
    removed = await forwards(*lines, remove("hotlist", "e2", 150_000))
    recalled = {one.refers_to for one in removed if one.kind == "recall"}
    assert set() == {one.forward_id for one in removed if one.kind != "recall"} - recalled


@pytest.mark.parametrize("blank", [" ", "\u200b", "\u00a0\u2060", "\u3164"])
@pytest.mark.parametrize("field", ["case_reference", "legal_basis", "owner", "category"])
async def test_a_text_in_which_nothing_can_be_seen_is_refused(field: str, blank: str) -> None:
    """It would join the cases of everybody who wrote it, or pass for a legal basis."""
    outcomes = await decided(entry(**{field: blank}))
    assert [True] == [one.refused is not None for one in outcomes]
