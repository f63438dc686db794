"""Cross-border: what is forwarded to whom, what it holds, and taking it back."""

from typing import Any

import msgspec
import pytest

from pipeline.law.abroad import MayTell
from pipeline.law.book import rule_at
from pipeline.neighbours.partitions import COUNTRIES, partition_of_country
from pipeline.neighbours.policy import NotForwarded, forwards_of, told_abroad
from pipeline.neighbours.recalls import correction_of, recall_of
from schemas import ids
from schemas.base import Position
from schemas.outcomes import Alert, Forward
from schemas.reference import Policy, Zone
from tests.builders import (
    NOON_MS,
    cameras_of,
    make_alert,
    make_camera,
    make_entry,
    make_policy,
    make_read,
    make_zone,
    zones_of,
)

ESTAIMPUIS = make_zone("border-fr", kind="border", cameras=("E40-1",), country="FR", outbound_heading_deg=180.0)


def forwards(
    alert: Alert, *policies: Policy, zones: tuple[Zone, ...] = (), now_ms: int = NOON_MS + 1_000
) -> list[Forward]:
    """What is forwarded of an alert of the usual camera a second after its capture."""
    return forwards_of(alert, policies or (make_policy(),), cameras_of(), zones_of(*zones), now_ms)


def shared(**fields: Any) -> Alert:
    """An alert on an entry that may be shared with the Netherlands."""
    return make_alert(make_entry(share_with=("NL",), **fields))


def test_a_hit_that_policy_and_entry_allow_is_forwarded() -> None:
    """With the policy's words and the read's facts."""
    (forward,) = forwards(shared(case_reference="BR 12/26"))
    assert ("NL", "hit", "BR 12/26", "theft", "stop") == (
        forward.to_country, forward.kind, forward.case_reference, forward.offence_category, forward.action,
    )  # fmt: skip
    assert ("treaty on police cooperation with NL, art. 13", "pursuit") == (forward.legal_basis, forward.purpose)
    assert ("1ABC234", NOON_MS, 0.95, "camera E40-1") == (
        forward.plate, forward.captured_at_ms, forward.confidence, forward.place,
    )  # fmt: skip


def test_a_forward_names_the_offence_as_the_list_does() -> None:
    """However the entry writes it; what is on no list is told as it is written."""
    words = ("diefstal", " Vol ", "poaching")
    found = [forwards(shared(category=word))[0].offence_category for word in words]
    assert ["theft", "theft", "poaching"] == found


def test_a_forward_holds_only_what_the_neighbour_needs() -> None:
    """No owner, no trail, no pictures, whatever the alert holds."""
    read = make_read(crop="2026-01-01/aa.jpg", overview="2026-01-01/bb.jpg", colour="vermilion", lane=2)
    entry = make_entry(share_with=("NL",), owner="zone 5341")
    (forward,) = forwards(make_alert(entry, read, notes=("seen with a trailer",)))
    wire = msgspec.json.encode(forward).decode()
    assert [] == [word for word in ("zone 5341", ".jpg", "trailer", "vermilion", read.read_id) if word in wire]


@pytest.mark.parametrize("share_with", [(), ("DE",)])
def test_nothing_is_forwarded_to_a_country_that_the_entry_does_not_name(share_with: tuple[str, ...]) -> None:
    """Empty stays at home."""
    assert [] == forwards(make_alert(make_entry(share_with=share_with)))


def test_a_covert_hit_is_never_forwarded() -> None:
    """It is its owner's alone, who tells neighbours himself: what forwards holds, others read."""
    alert = make_alert(make_entry(covert=True, share_with=("NL",)))
    assert [] == forwards(alert)
    assert [NotForwarded("NL", "covert")] == told_abroad(alert, [make_policy()], cameras_of(), {}, NOON_MS)


def test_a_hit_that_a_person_must_confirm_is_not_forwarded_until_confirmed() -> None:
    """A guess crosses no border; the confirmed alert does."""
    doubtful = make_alert(match="confusable", confirm=True)
    assert [] == forwards(doubtful)
    assert 1 == len(forwards(msgspec.structs.replace(doubtful, confirm=False)))


@pytest.mark.parametrize(
    "policy",
    [
        make_policy(lists=("sis",)),
        make_policy(categories=("kidnapping",)),
        make_policy(min_confidence=0.96),
        make_policy(per_case=True),
        make_policy(zones=("elsewhere",)),
        make_policy(directions=("outbound",)),
    ],
)
def test_a_policy_that_does_not_cover_the_hit_forwards_nothing(policy: Policy) -> None:
    """Another list, another category, too uncertain, no case, another place, direction unknown."""
    assert [] == forwards(shared(), policy)


def test_a_policy_per_case_forwards_entries_with_a_case_reference() -> None:
    """One message is about one case."""
    assert 1 == len(forwards(shared(case_reference="BR 12/26"), make_policy(per_case=True)))


@pytest.mark.parametrize(("heading_deg", "direction"), [(200.0, "outbound"), (20.0, "inbound")])
def test_direction_is_told_and_asked_for_at_the_border(heading_deg: float, direction: str) -> None:
    """South is the way out to France here."""
    alert = make_alert(make_entry(share_with=("FR",)), make_read(heading_deg=heading_deg))
    outbound_only = make_policy("FR", zones=("border-fr",), directions=("outbound",))
    both = make_policy("FR")
    assert [direction] == [forward.direction for forward in forwards(alert, both, zones=(ESTAIMPUIS,))]
    assert (direction == "outbound") == bool(forwards(alert, outbound_only, zones=(ESTAIMPUIS,)))


def test_a_forward_expires_from_its_capture_on() -> None:
    """What a camera uploads an hour late is history, not pursuit."""
    policy = make_policy(expires_after_ms=10_000)
    (forward,) = forwards(shared(), policy, now_ms=NOON_MS + 9_999)
    assert NOON_MS + 10_000 == forward.expires_at_ms
    assert [] == forwards(shared(), policy, now_ms=NOON_MS + 10_000)


def test_each_country_gets_one_forward_whatever_the_number_of_policies() -> None:
    """The first policy by id that allows it gives its words."""
    alert = make_alert(make_entry(share_with=("NL", "LU")))
    policies = [
        make_policy("NL", "NL-2", purpose="second"),
        make_policy("NL", "NL-1", purpose="first"),
        make_policy("LU"),
    ]
    assert [("LU", "pursuit"), ("NL", "first")] == [(one.to_country, one.purpose) for one in forwards(alert, *policies)]


def test_later_hits_of_an_incident_are_forwarded_under_ids_of_their_own() -> None:
    """The neighbour follows the vehicle."""
    first, later = (
        shared(),
        make_alert(read=make_read(captured_at_ms=NOON_MS + 500), incident_id="a-first", rings=False),
    )
    assert 2 == len({forward.forward_id for alert in (first, later) for forward in forwards(alert)})


def test_the_same_alert_gives_the_same_forward_id() -> None:
    """A replay makes no second message at the neighbour's desk."""
    (one,), (other,) = forwards(shared()), forwards(shared(), now_ms=NOON_MS + 2_000)
    assert ids.forward_id(shared().alert_id, "NL") == one.forward_id == other.forward_id


def test_cameras_that_may_not_serve_neighbours_forward_nothing() -> None:
    """Their purposes say so, or they are unknown."""
    camera = make_camera(purposes=("hotlist",))
    assert [] == forwards_of(shared(), [make_policy()], cameras_of(camera), {}, NOON_MS)
    assert [] == forwards_of(shared(), [make_policy()], {}, {}, NOON_MS)


def test_a_police_car_is_not_named_only_where_the_vehicle_was() -> None:
    """The place is the border zone, the position the read's own."""
    here = Position(lat=50.7, lon=3.2)
    zone = make_zone("border-nl", kind="border", country="NL", polygon=tuple(
        Position(lat=lat, lon=lon) for lat, lon in ((50, 3), (50, 4), (51, 4), (51, 3))))  # fmt: skip
    cameras = cameras_of(make_camera(position=None, name="patrol 14"))
    alert = make_alert(read=make_read(position=here))
    (forward,) = forwards_of(alert, [make_policy()], cameras, zones_of(zone), NOON_MS)
    assert ("zone border-nl", here) == (forward.place, forward.position)


def test_the_first_32_countries_have_a_partition_each() -> None:
    """A neighbour that is down holds nobody else back."""
    assert 32 == len({partition_of_country(country, 32) for country in COUNTRIES[:32]})
    assert all(0 <= partition_of_country(country, 32) < 32 for country in (*COUNTRIES, "US"))


def test_countries_keep_their_partitions() -> None:
    """A country that moved would overtake its own messages; new ones go to the end of the table."""
    assert [1, 6, 11, 12, 21, 24] == [partition_of_country(one, 32) for one in ("BE", "DE", "FR", "GB", "LU", "NL")]


def test_a_recall_refers_to_its_forward_and_has_one_id() -> None:
    """Recalled twice is recalled once; it lives on after the forward has expired."""
    (forward,) = forwards(shared())
    recall = recall_of(forward, now_ms=NOON_MS + 7_200_000)
    assert ("recall", forward.forward_id, "NL") == (recall.kind, recall.refers_to, recall.to_country)
    assert recall.forward_id == recall_of(forward, now_ms=NOON_MS + 9_000_000).forward_id != forward.forward_id
    assert recall.expires_at_ms > recall.created_at_ms > forward.expires_at_ms


def test_a_correction_says_other_terms_and_has_an_id_by_them() -> None:
    """Two different corrections are two messages, the same one twice is one."""
    (forward,) = forwards(shared())
    given, else_given = (msgspec.structs.replace(forward, purpose=purpose) for purpose in ("one", "another"))
    one = correction_of(forward, given, now_ms=NOON_MS + 5_000)
    again = correction_of(forward, given, now_ms=NOON_MS + 6_000)
    other = correction_of(forward, else_given, now_ms=NOON_MS + 5_000)
    assert ("correction", forward.forward_id, "one") == (one.kind, one.refers_to, one.purpose)
    assert one.forward_id == again.forward_id != other.forward_id


HAZELDONK = make_zone("border-nl", kind="border", cameras=("E40-1",), country="NL", outbound_heading_deg=20.0)


def reason_of(alert: Alert, *policies: Policy, zones: tuple[Zone, ...] = (), **camera: Any) -> str | None:
    """Why an alert of the usual camera goes to none of the countries that it is shared with; None when it goes."""
    told = told_abroad(alert, policies, cameras_of(make_camera(**camera)), zones_of(*zones), NOON_MS + 1_000)
    return next((one.reason for one in told if isinstance(one, NotForwarded)), None)


def to_france(**fields: Any) -> Alert:
    """An alert on an entry that may be shared with France, of a vehicle that drives north."""
    return make_alert(make_entry(share_with=("FR",), **fields), make_read(heading_deg=20.0))


def test_a_policy_that_names_no_zone_and_does_not_say_everywhere_forwards_from_nowhere() -> None:
    """Silence is no wider access, whoever wrote the item."""
    assert [] == forwards_of(make_alert(), [make_policy(everywhere=False)], cameras_of(), {}, NOON_MS)
    assert 1 == len(forwards_of(make_alert(), [make_policy(everywhere=True)], cameras_of(), {}, NOON_MS))


def test_the_way_out_to_one_neighbour_is_no_way_to_another() -> None:
    """A French policy may name the Dutch border, but nobody leaves for France there."""
    outbound = make_policy("FR", zones=("border-nl",), directions=("outbound",))
    assert "other_direction" == reason_of(to_france(), outbound, zones=(HAZELDONK,))
    (forward,) = forwards(to_france(), make_policy("FR", zones=("border-nl",)), zones=(HAZELDONK,))
    assert forward.direction is None


def test_nothing_is_forwarded_to_our_own_country() -> None:
    """Whatever a policy says."""
    assert "own_country" == reason_of(make_alert(make_entry(share_with=("BE",))), make_policy("BE"))


def test_what_came_from_sis_goes_through_its_own_channel_alone() -> None:
    """And our own entries do not go through it."""
    sirene, desk = make_policy(channel="sirene", lists=("sis", "stolen")), make_policy(lists=("sis", "stolen"))
    from_sis, on_sis, ours = shared(), shared(hotlist="sis"), shared()
    from_sis = msgspec.structs.replace(from_sis, origin="sis")
    assert ["channel", "channel", None] == [reason_of(one, desk) for one in (from_sis, on_sis, ours)]
    assert [None, None, "channel"] == [reason_of(one, sirene) for one in (from_sis, on_sis, ours)]


@pytest.mark.parametrize("category", ["Theft", " theft ", "vol", "Diefstal", "STOLEN  VEHICLE"])
def test_a_category_is_the_offence_that_it_names(category: str) -> None:
    """Without regard to case and blanks, in the languages of the desks."""
    assert reason_of(shared(category=category), make_policy(categories=("theft",))) is None
    assert "category" == reason_of(shared(category=category), make_policy(categories=("robbery",)))


def test_a_policy_forwards_only_on_a_treaty_that_binds_both() -> None:
    """The Benelux agreement of 2024 binds Belgium and the Netherlands."""
    basis = "Benelux agreement of 2024, art. 2"
    assert reason_of(shared(), make_policy("NL", legal_basis=basis)) is None
    to_luxembourg = make_alert(make_entry(share_with=("LU",)))
    assert "treaty" == reason_of(to_luxembourg, make_policy("LU", legal_basis=basis))


def test_an_alert_that_may_not_serve_neighbours_stays_at_home() -> None:
    """By its own purposes, whatever its camera allows by now."""
    alert = msgspec.structs.replace(shared(), purposes=("hotlist",))
    assert "not_for_neighbours" == reason_of(alert, make_policy())
    assert "not_for_neighbours" == reason_of(shared(), make_policy(), purposes=("hotlist",))


def test_what_the_law_does_not_let_a_neighbour_be_told_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no forward goes without keeps it at home; where our country has no rule nothing is told."""
    rule = rule_at(MayTell, "BE", NOON_MS)
    assert rule is not None
    for unsaid, expected in (
        ("position", "told"),
        ("direction", "told"),
        ("place", "may_not_tell"),
        (None, "may_not_tell"),
    ):
        tells = tuple(one for one in rule.tells if one != unsaid)
        lesser = None if unsaid is None else msgspec.structs.replace(rule, tells=tells)
        monkeypatch.setattr("pipeline.neighbours.policy.rule_at", lambda *_, lesser=lesser: lesser)
        (one,) = told_abroad(shared(), [make_policy()], cameras_of(), {}, NOON_MS + 1_000)
        if isinstance(one, NotForwarded):
            assert expected == one.reason
        else:
            assert ("told", unsaid == "position") == (expected, one.forward.position is None)
