"""What does not fit together in the reference data."""

import msgspec

from pipeline.reads.versions import Version
from pipeline.tables.reference_checks import dangling, dangling_entries, moved, unfit, unseen
from schemas.base import Position
from schemas.reference import Camera, Certificate, Distance, HotlistEntry, Line, Policy, Section, WantedList, Zone
from tests import builders
from tests.builders import make_entry

CAMERAS = [Camera(camera_id=name, name=name, network="federal") for name in ("A", "B")]


def make_section(entry: str = "A", exit_: str = "B", certified: tuple[str, str] = ("A", "B")) -> Section:
    """A section from one camera to another."""
    return Section(
        section_id="S",
        name="S",
        country="BE",
        entries=(Line(camera_id=entry),),
        exits=(Line(camera_id=exit_),),
        distances=(Distance(entry_camera_id=certified[0], exit_camera_id=certified[1], metres=5230.5),),
        limit_kmh=120,
        certificate=Certificate(number="C", valid_from_ms=0, valid_until_ms=1),
    )


def make_policy(*zones: str) -> Policy:
    """A policy for these zones."""
    return Policy(
        policy_id="P",
        country="NL",
        lists=("stolen",),
        legal_basis="Benelux treaty of 2018",
        purpose="p",
        contact="c",
        zones=zones,
    )


def test_what_fits_together_is_not_mentioned() -> None:
    """No warning without a reason."""
    zone = Zone(zone_id="Z", name="Z", kind="border", cameras=("A",))
    assert [] == dangling(CAMERAS, [make_section()], [zone], [make_policy("Z")])


def test_unknown_cameras_and_zones_are_named() -> None:
    """With who names them."""
    zone = Zone(zone_id="Z", name="Z", kind="border", cameras=("X",))
    assert [
        "section S names camera X, which is unknown",
        "zone Z names camera X, which is unknown",
        "policy P names zone Y, which is unknown",
    ] == dangling(CAMERAS, [make_section(exit_="X", certified=("A", "X"))], [zone], [make_policy("Y")])


def test_a_section_without_its_distance_can_prove_nothing() -> None:
    """And a distance between other cameras is of no use."""
    assert [
        "section S has no certified distance from A to B: no violation can be proved there",
        "section S certifies a distance from B to A, which are not its entry and exit",
    ] == dangling(CAMERAS, [make_section(certified=("B", "A"))], [], [])


def test_a_camera_that_is_moved_under_its_certificate_is_told_of() -> None:
    """By 211 m, when the distance still fits the beeline; under another certificate the distance is said anew."""
    section = builders.make_section(metres=2_000.0)
    reference = builders.reference_of(section)
    before = reference.cameras.current()["OUT"]
    assert before.position is not None
    north = Position(lat=before.position.lat - 211.0 / builders.METRES_A_DEGREE, lon=before.position.lon)
    reference.cameras.put(
        "OUT", Version(msgspec.structs.replace(before, position=north), builders.NOON_MS, builders.NOON_MS)
    )
    assert [] == moved(reference, builders.NOON_MS - 1)
    (told,) = moved(reference, builders.NOON_MS)
    assert told.startswith(
        "section S1: OUT: was moved by 211 m after 2000 m of certificate P 1.1-234; it proves nothing"
    )
    renewed = msgspec.structs.replace(section.certificate, number="P 1.1-235")
    anew = msgspec.structs.replace(section, certificate=renewed)
    reference.sections.put("S1", Version(anew, builders.NOON_MS + 1, builders.NOON_MS + 1))
    assert [] == moved(reference, builders.NOON_MS + 1)


def test_a_zone_of_nothing_is_mentioned() -> None:
    """Nothing is ever in it."""
    found = dangling(CAMERAS, [], [Zone(zone_id="Z", name="Z", kind="watch")], [])
    assert ["zone Z has neither cameras nor a polygon: nothing is ever in it"] == found


def test_hotlist_entries_are_checked_where_they_are_bound_to_places() -> None:
    """A wanted plate that counts only in an unknown zone never counts."""
    entry = HotlistEntry(
        entry_id="E",
        plate="1",
        hotlist="sis",
        category="c",
        owner="o",
        legal_basis="l",
        zones=("Z", "Y"),
        cameras=("X",),
    )
    assert [
        "entry E names camera X, which is unknown",
        "entry E names zone Y, which is unknown",
    ] == list(dangling_entries([entry], {"A"}, {"Z"}))


def test_a_section_that_can_be_none_is_told_with_the_reason() -> None:
    """A moving camera at one end; cameras that are not known yet are asked for later, by the verdict."""
    moving = Camera(camera_id="A", name="car", network="vehicle")
    assert ["section S: camera A has no fixed position"] == unfit([make_section()], [moving], 1_767_268_800_000)
    assert [] == unfit([make_section()], [], 1_767_268_800_000)


def test_a_list_that_names_designations_in_vain_is_told() -> None:
    """Its hits would be seen by nobody."""

    def one(*seen_by: str) -> WantedList:
        return WantedList(
            list_id="L", name="n", hotlist="sis", owner="o", authority="a", legal_basis="l", seen_by=seen_by
        )

    assert [] == list(unseen([one(), one("D-1")], {"D-1"}))
    assert [
        "list L is seen by D-2, which are no designations",
        "list L is seen by D-2, which are no designations; nobody sees its hits at the desks",
    ] == list(unseen([one("D-1", "D-2"), one("D-2")], {"D-1"}))


def test_entries_that_are_shared_in_vain_alike_are_told_of_together() -> None:
    """Not a million times."""
    entries = [make_entry(entry_id=f"E{at}", share_with=("NL",)) for at in range(5)]
    entries.append(make_entry(entry_id="E5", share_with=("LU",)))
    assert [
        "entry E0 is shared with NL, but no policy forwards anything there",
        "entry E5 is shared with LU, but no policy forwards anything there",
        "4 more entries are shared as E0 is: the same is so of them",
    ] == list(dangling_entries(entries, (), ()))


def test_of_many_patterns_the_first_are_told_of_and_the_rest_counted() -> None:
    """A list may have ten thousand."""
    told = list(dangling_entries([make_entry("1ABC23?", f"E{at}") for at in range(25)], (), ()))
    assert ["E0", "E19"] == [told[0].split()[1].strip(":"), told[19].split()[1].strip(":")]
    assert ["5 more entries are patterns"] == told[20:]


def test_of_covert_entries_whose_ids_can_be_guessed_the_first_is_told_of_and_the_rest_counted() -> None:
    """With how such an id should begin."""
    told = list(dangling_entries([make_entry("1ABC234", f"E{at}", covert=True) for at in range(3)], (), ()))
    assert "entry E0 is covert" in told[0]
    assert ["2 more entries are covert and have ids that can be guessed"] == told[1:]
