"""A whole history decided in one process: what the agents make of it, when, and what they take back."""

from collections.abc import Sequence

import pytest

from pipeline.decide.deciding import Deciding
from pipeline.decide.history import events_in
from pipeline.errors import BadRecord
from pipeline.runtime.settings import load_settings
from tests.histories import (
    AGAIN,
    DAY_MS,
    ROAD,
    START_MS,
    HistoryLine,
    camera,
    decided,
    entry,
    policy,
    reads,
    reasons,
    remove,
    section,
    told,
)


async def test_a_passage_is_decided_when_it_has_settled() -> None:
    """Ten seconds after its last read; time goes on after the last line."""
    outcomes = await decided(*ROAD, section(), reads(200, ("IN", 0)), reads(120_300, ("OUT", 120_000)))
    assert [("violation", 130_301)] == told(outcomes)
    assert outcomes[0].violation is not None
    assert (120, 120_000) == (outcomes[0].violation.limit_kmh, outcomes[0].violation.travel_ms)


async def test_a_limit_that_was_lowered_afterwards_fines_nobody() -> None:
    """Driven at 120 under 120, uploaded ten minutes later under 90: the limit that held when they drove counts."""
    late = reads(800_000, ("IN", 0), ("OUT", 150_000))
    assert [] == told(await decided(*ROAD, section(120), section(90, 700_000), late))
    assert ["violation"] == [name for name, _ in told(await decided(*ROAD, section(90), late))]


async def test_a_section_that_was_not_there_yet_proves_nothing() -> None:
    """Nor one that says afterwards that it was."""
    late = reads(800_000, ("IN", 0), ("OUT", 100_000))
    assert [] == told(await decided(*ROAD, section(90, 700_000), late))
    assert [] == told(await decided(*ROAD, section(90, 700_000, holds_from_ms=START_MS - 1), late))


@pytest.mark.parametrize(
    ("limit_kmh", "stands"), [(130, [(130, 141)]), (145, []), (70, [(120, 141)])]
)  # fmt: skip
async def test_what_is_recorded_of_the_section_afterwards_takes_back_or_lessens(
    limit_kmh: int, stands: list[tuple[int, int]]
) -> None:
    """Also when Redis is emptied later and the last hours are read again."""
    history = (*ROAD, section(), reads(121_000, ("IN", 0), ("OUT", 120_000)))
    late: HistoryLine = section(limit_kmh, 600_000, holds_from_ms=START_MS - 1)
    outcomes = await decided(*history, late, {"at_ms": START_MS + 700_000, "forget": "redis"})
    gone = {one.withdrawn.id for one in outcomes if one.withdrawn}
    found = [one.violation for one in outcomes if one.violation and one.violation.violation_id not in gone]
    assert stands == [(one.limit_kmh, one.corrected_kmh) for one in found]


@pytest.mark.parametrize(
    ("changes", "proves"),
    [
        ((camera("OUT", 4.563),), False),
        ((camera("OUT", 4.557),), False),
        ((camera("OUT", 4.56006),), True),
        ((camera("OUT", 4.56, name="renamed"),), True),
        ((camera("OUT", 4.557), section(110)), False),
        ((camera("OUT", 4.557), camera("OUT", 4.56)), True),
        ((camera("OUT", 4.557), remove("sections", "S1", 0), section()), False),
        ((camera("OUT", 4.557), section(certificate=AGAIN)), True),
    ],
)
async def test_a_camera_that_was_moved_proves_nothing_until_the_section_is_certified_anew(
    changes: Sequence[HistoryLine], proves: bool
) -> None:
    """The distance was certified to where it stood: 210 m nearer, who drove 140 seems to drive 150. A change of the limit alone
    certifies nothing, nor does the same certificate after a night without the section."""
    later = [line | {"at_ms": START_MS + 1_000 + number} for number, line in enumerate(changes)]
    drive = reads(140_000, ("IN", 10_000), ("OUT", 130_000))
    outcomes = await decided(*ROAD, section(), *later, drive)
    assert (["violation"] if proves else []) == [name for name, _ in told(outcomes)]
    assert ([] if proves else ["camera_unfit"]) == reasons(outcomes)


async def test_a_limit_for_later_holds_from_then() -> None:
    """The schedule of a sign, put in beforehand."""
    schedule = (section(120), section(90, holds_from_ms=START_MS + 400_000))
    before, after = reads(300_000, ("IN", 0), ("OUT", 150_000)), reads(700_000, ("IN", 500_000), ("OUT", 650_000))
    assert ["violation"] == [name for name, _ in told(await decided(*ROAD, *schedule, before, after))]


async def test_a_copied_plate_of_which_both_drove_well_is_not_fined() -> None:
    """Entries at 0 and 80 s, exits at 200 and 280 s: each exit has two entries that fit."""
    ends = [("IN", 0), ("IN", 80_000), ("OUT", 200_000), ("OUT", 280_000)]
    outcomes = await decided(*ROAD, section(), *(reads(at_ms + 100, (name, at_ms)) for name, at_ms in ends))
    assert [] == told(outcomes)


async def test_two_cameras_a_gantry_are_one_passage_of_the_longest_time() -> None:
    """Both see the vehicle at both ends, 0.4 s apart."""
    cameras = (*ROAD, camera("IN2", 4.50), camera("OUT2", 4.56))
    distances = [
        {"entry_camera_id": one, "exit_camera_id": other, "metres": 5_000.0}
        for one in ("IN", "IN2")
        for other in ("OUT", "OUT2")
    ]
    entries, exits = ([{"camera_id": name} for name in names] for names in (("IN", "IN2"), ("OUT", "OUT2")))
    both = section(entries=entries, exits=exits, distances=distances)
    passage = reads(121_000, ("IN", 0), ("IN2", 400), ("OUT", 120_000), ("OUT2", 120_400))
    (outcome,) = [one for one in await decided(*cameras, both, passage) if one.violation is not None]
    assert outcome.violation is not None
    assert 120_400 == outcome.violation.travel_ms


async def test_what_was_decided_is_not_decided_again_after_redis_was_emptied() -> None:
    """The last hours are read again: nobody is fined twice, nor by today's limit who was cleared by yesterday's."""
    cleared, fined = (
        reads(160_000, ("IN", 0), ("OUT", 150_000)),
        reads(400_000, ("IN", 250_000), ("OUT", 370_000), plate="2XYZ999"),
    )
    gone: HistoryLine = {"at_ms": START_MS + 600_000, "forget": "redis"}
    outcomes = await decided(*ROAD, section(120), cleared, fined, section(70, 500_000), gone)
    assert [("violation", 410_001)] == told(outcomes)


async def test_what_cannot_be_a_section_is_refused_with_its_reason() -> None:
    """Shorter than the beeline; a camera that moves."""
    short = section(distances=[{"entry_camera_id": "IN", "exit_camera_id": "OUT", "metres": 500.0}])
    (outcome,) = await decided(*ROAD, short)
    assert outcome.refused is not None
    assert ("not_taken", True) == (outcome.refused.reason, "beeline" in outcome.refused.detail)


@pytest.mark.parametrize(
    "fields",
    [
        {"plate": "*1*2*", "priority": "urgent"},
        {"plate": "*"},
        {"legal_basis": " "},
        {"valid_from_ms": START_MS + 1, "valid_until_ms": START_MS},
        {"share_with": ["UK"]},
    ],
)
async def test_an_entry_that_an_import_refuses_is_refused(fields: HistoryLine) -> None:
    """And the history goes on without it."""
    outcomes = await decided(*ROAD, entry(**fields), reads(1_000, ("IN", 900)))
    assert [("refused", 0)] == told(outcomes)


async def test_an_alert_goes_with_its_entry_and_with_it_what_the_neighbour_was_told() -> None:
    """Withdrawn when the entry is removed; the neighbour gets a recall."""
    removal = remove("hotlist", "e1", 60_000)
    outcomes = await decided(*ROAD, policy(), entry(share_with=["NL"]), reads(1_000, ("IN", 900)), removal)
    assert [
        ("alert", 1_000),
        ("forward", 1_000),
        ("withdrawn", 60_000),
        ("withdrawn", 60_000),
        ("forward", 60_000),
    ] == told(outcomes)
    kinds = [one.forward.kind for one in outcomes if one.forward is not None]
    assert ["hit", "recall"] == kinds


async def test_what_was_told_before_redis_was_emptied_is_taken_back_all_the_same() -> None:
    """The topics give open alerts and forwards back: with the entry both go."""
    forget: HistoryLine = {"at_ms": START_MS + 30_000, "forget": "redis"}
    hit = reads(1_000, ("IN", 900))
    outcomes = await decided(*ROAD, policy(), entry(share_with=["NL"]), hit, forget, remove("hotlist", "e1", 60_000))
    assert ["alert", "forward", "withdrawn", "withdrawn", "forward"] == [name for name, _ in told(outcomes)]


async def test_an_entry_that_expires_takes_its_alerts_back_at_that_moment() -> None:
    """Between two lines, without anything arriving."""
    expiring = entry(valid_until_ms=START_MS + 30_000)
    outcomes = await decided(*ROAD, expiring, reads(1_000, ("IN", 900)), reads(90_000, ("IN", 89_000), plate="2XYZ999"))
    assert [("alert", 1_000), ("withdrawn", 30_000)] == told(outcomes)


IN_FLIGHT: dict[str, tuple[HistoryLine, list[str]]] = {
    "the entry is removed": (remove("hotlist", "e1", 1_000), []),
    "the entry expires": (entry(1_000, share_with=["NL"], valid_until_ms=START_MS + 1_500), []),
    "another plate is wanted": (entry(1_000, plate="2XYZ999", share_with=["NL"]), []),
    "the owner shares it no more": (entry(1_000), ["alert"]),
    "the policy is removed": (remove("policies", "NL-1", 1_000), ["alert", "not_forwarded"]),
    "the policy takes other lists": (policy(1_000, lists=["sis"]), ["alert", "not_forwarded"]),
    "it is wanted for longer": (
        entry(1_000, share_with=["NL"], valid_until_ms=START_MS + 30 * DAY_MS),
        ["alert", "forward"],
    ),
}


@pytest.mark.parametrize("what", IN_FLIGHT)
async def test_a_hit_that_is_on_its_way_while_something_changes_is_as_it_would_be_after_the_change(what: str) -> None:
    """Nobody hears, and nobody abroad is told, what would be taken back in the same moment."""
    change, expected = IN_FLIGHT[what]
    hit = reads(2_000, ("IN", 500))
    outcomes = await decided(*ROAD, policy(), entry(share_with=["NL"]), change, hit)
    came = [next(name for name in one.__struct_fields__[1:] if getattr(one, name) is not None) for one in outcomes]
    assert expected == came


@pytest.mark.parametrize(
    "change",
    [
        [policy(5_000, handling_code="judicial use only")],
        [policy(4_000, policy_id="NL-2", handling_code="judicial use only"), remove("policies", "NL-1", 5_000)],
        [policy(500, handling_code="judicial use only", holds_from_ms=START_MS + 5_000)],
    ],
)
async def test_a_neighbour_is_told_of_other_terms_than_those_under_which_he_was_told(change: list[HistoryLine]) -> None:
    """The policy was corrected, at once or ahead of time, or removed while another allows the same: the forward stands, under
    those."""
    hit = reads(1_000, ("IN", 900))
    lines = sorted([hit, *change], key=lambda line: int(line["at_ms"]))
    outcomes = await decided(*ROAD, policy(), entry(share_with=["NL"]), *lines)
    assert [("alert", 1_000), ("forward", 1_000), ("forward", 5_000)] == told(outcomes)
    first, correction = [one.forward for one in outcomes if one.forward is not None]
    assert ("correction", first.forward_id) == (correction.kind, correction.refers_to)
    assert "judicial use only" == correction.handling_code != first.handling_code


async def test_after_the_last_line_time_goes_on_until_no_alert_is_open_any_more() -> None:
    """What expires in days is withdrawn then; what expires in years is not, for by then the alert is long closed."""
    expiring = entry(valid_until_ms=START_MS + 3 * DAY_MS)
    assert [("alert", 1_000), ("withdrawn", 3 * DAY_MS)] == told(
        await decided(*ROAD, expiring, reads(1_000, ("IN", 900)))
    )
    for lasting in (entry(), entry(valid_until_ms=START_MS + 8 * DAY_MS)):
        assert [("alert", 1_000)] == told(await decided(*ROAD, lasting, reads(1_000, ("IN", 900))))


@pytest.mark.parametrize(
    ("days", "expected"), [(3, ["alert", "forward", "withdrawn", "withdrawn", "forward"]), (8, ["alert", "forward"])]
)
async def test_what_was_told_is_taken_back_for_seven_days(days: int, expected: list[str]) -> None:
    """No forward is good for longer."""
    removal = remove("hotlist", "e1", days * DAY_MS)
    outcomes = await decided(*ROAD, policy(), entry(share_with=["NL"]), reads(1_000, ("IN", 900)), removal)
    assert expected == [name for name, _ in told(outcomes)]


async def test_a_policy_whose_forwards_would_outlast_what_is_remembered_of_them_is_refused() -> None:
    """For they could not be recalled."""
    (outcome,) = await decided(policy(expires_after_ms=8 * DAY_MS))
    assert outcome.refused is not None
    assert "7 days" in outcome.refused.detail


@pytest.mark.parametrize("at_ms", [200_000, 4 * 3_600_000])
async def test_a_violation_that_was_sent_before_redis_was_emptied_is_lessened_or_withdrawn_all_the_same(
    at_ms: int,
) -> None:
    """However long before; and until something helps the driver it stands, once."""
    fast = reads(121_000, ("IN", 0), ("OUT", 120_000))
    lost: HistoryLine = {"at_ms": START_MS + at_ms, "forget": "redis"}
    late = {"holds_from_ms": START_MS - 1_000}
    before = [*ROAD, section(), fast, lost]
    for limit_kmh, expected in (
        (None, ["violation"]),
        (130, ["violation", "violation", "withdrawn"]),
        (150, ["violation", "withdrawn"]),
    ):
        change = [section(limit_kmh, at_ms + 3_600_000, **late)] if limit_kmh else []
        assert expected == [name for name, _ in told(await decided(*before, *change))]


async def test_one_passage_sent_three_times_is_one_alert_and_one_forward() -> None:
    """Whatever names it goes by."""
    again = [reads(1_000 * number, ("IN", 900), read_id=f"r-{number:024d}") for number in (1, 2, 3)]
    outcomes = await decided(*ROAD, policy(), entry(share_with=["NL"]), *again)
    assert 1 == sum(one.forward is not None for one in outcomes)
    assert 1 == sum(one.alert is not None and one.alert.rings for one in outcomes)


async def test_what_is_not_forwarded_is_explained() -> None:
    """The entry is shared, and no policy lets it through."""
    outcomes = await decided(*ROAD, entry(share_with=["NL"]), reads(1_000, ("IN", 900)))
    explained = [one.not_forwarded for one in outcomes if one.not_forwarded is not None]
    assert [("NL", "no_policy")] == [(one.country, one.reason) for one in explained]


async def test_a_read_that_may_not_enter_is_refused() -> None:
    """Of a camera that nobody knew when it was captured, and one that is none."""
    outcomes = await decided(*ROAD, reads(1_000, ("NOBODY", 900)), reads(2_000, ("IN", 900), plate="no plate"))
    refused = [one.refused.reason for one in outcomes if one.refused is not None]
    assert ["unknown_camera", "invalid"] == refused


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"[]", b'{"at_ms": 5}', b'{"at_ms": 5, "put": {"collection": "cars", "item": {}}}', b'{"at_ms": 5, "reads": []}',
        b'{"at_ms": 5, "forget": "kafka"}', b'{"at_ms": 5, "forget": "redis", "more": 1}', b'{"at_ms": 0, "forget": "redis"}',
        b'{"at_ms": 5, "put": {"collection": "cameras", "item": {"camera_id": "IN"}}}',
    ],
)  # fmt: skip
async def test_a_bad_line_is_refused_with_its_number(line: bytes) -> None:
    """No JSON, no event, out of order, no item."""
    with pytest.raises(BadRecord, match="line 3"):
        [
            one
            async for one in Deciding(load_settings({})).outcomes(
                events_in([b'{"at_ms": 3, "forget": "redis"}', b"", line])
            )
        ]
