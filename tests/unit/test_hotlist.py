"""Matching: which entries a read hits, how sure, how urgent, and the alert that comes of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist.matching import LEAST_SCORE, Hit, Hotlist, alert_of, match_read, match_reads
from pipeline.reads.versions import Changed, Version, Versions
from schemas.base import Position
from schemas.reads import PlateRead
from schemas.reference import HotlistEntry, Zone
from tests.builders import NOON_MS, cameras_of, hotlist_of, make_camera, make_entry, make_read, make_zone, zones_of


def hits_of(read: PlateRead, *entries: HotlistEntry | str, zones: tuple[Zone, ...] = ()) -> list[Hit]:
    """The hits of a read of the usual camera."""
    return match_read(read, hotlist_of(*entries), cameras_of(), zones_of(*zones))


def only_hit(read: PlateRead, *entries: HotlistEntry | str) -> Hit:
    """The one hit of a read."""
    (hit,) = hits_of(read, *entries)
    return hit


def test_a_plate_on_no_list_raises_no_alert() -> None:
    """A read that matches nothing yields nothing."""
    assert [] == hits_of(make_read("2XYZ999"), "1ABC234")


def test_an_exact_match_stays_urgent_without_confirmation() -> None:
    """The certain case goes straight out, with the read's confidence as its score."""
    hit = only_hit(make_read("1ABC234", confidence=0.95), "1ABC234")
    assert ("exact", "urgent", False, 0.95, ()) == (hit.match, hit.priority, hit.confirm, hit.score, hit.notes)


def test_an_uncertain_exact_match_needs_a_person() -> None:
    """A blurred plate stops nobody by itself."""
    assert only_hit(make_read("1ABC234", confidence=0.5), "1ABC234").confirm


def test_a_confusable_match_needs_a_person_and_scores_lower() -> None:
    """8 for B is believable; it says what was read and what is wanted."""
    hit = only_hit(make_read("1A8C234"), "1ABC234")
    assert ("confusable", True, ("read as 1A8C234, wanted 1ABC234",)) == (hit.match, hit.confirm, hit.notes)
    assert LEAST_SCORE < hit.score < 0.95


def test_more_substitutions_make_it_less_likely_until_it_is_no_alert() -> None:
    """Each one costs; several weak ones are another vehicle."""
    one, two = only_hit(make_read("1OBC234"), "1QBC234"), only_hit(make_read("1OIC234"), "1QLC234")
    assert one.score > two.score
    assert [] == hits_of(make_read("1UMC734"), "1VNCT34")


def test_an_alternative_of_the_reader_hits_with_its_own_probability() -> None:
    """The reader itself says that it may be the wanted plate, though it prefers another."""
    read = make_read("1XBC234", confidence=0.6, alternatives={"1ABC234": 0.35})
    hit = only_hit(read, "1ABC234")
    assert ("confusable", 0.35, True) == (hit.match, hit.score, hit.confirm)


def test_the_best_way_to_hit_an_entry_is_the_one_that_counts() -> None:
    """Exact beats an alternative that also points at the entry; the entry is hit once."""
    read = make_read("1ABC234", confidence=0.6, alternatives={"1A8C234": 0.3})
    assert "exact" == only_hit(read, "1ABC234").match


def test_a_near_match_needs_an_entry_that_asks_for_it() -> None:
    """One edit away, and an insertion, which readers do most, is likelier than a loss."""
    entry = make_entry("1ABC234", near=True)
    inserted, lost = only_hit(make_read("11ABC234"), entry), only_hit(make_read("1ABC23"), entry)
    assert ("near", True) == (inserted.match, inserted.confirm)
    assert inserted.score > lost.score
    assert [] == hits_of(make_read("11ABC234"), "1ABC234")


def test_a_pattern_matches_and_always_needs_a_person() -> None:
    """Somebody saw half a plate; half the town has the other half."""
    hit = only_hit(make_read("1ABC234"), "1AB?2*")
    assert ("pattern", True) == (hit.match, hit.confirm)
    assert [] == hits_of(make_read("1ABC334"), "1AB?2*")


def test_a_country_that_contradicts_downgrades_and_asks() -> None:
    """The same characters on a French car are another car, most likely."""
    entry = make_entry("AB123CD", country="IT")
    hit = only_hit(make_read("AB123CD", country="FR", country_confidence=0.9), entry)
    agreeing = only_hit(make_read("AB123CD", country="IT", country_confidence=0.9), entry)
    assert ("high", True) == (hit.priority, hit.confirm)
    assert "downgraded from urgent" in hit.notes[0]
    assert ("urgent", False) == (agreeing.priority, agreeing.confirm)
    assert hit.score < agreeing.score


def test_a_weak_guess_of_the_country_contradicts_nobody() -> None:
    """Less likely right than wrong is no contradiction."""
    read = make_read("AB123CD", country="FR", country_confidence=0.3)
    assert "urgent" == only_hit(read, make_entry("AB123CD", country="IT")).priority


def test_another_make_or_colour_is_noted_and_lowers_the_score() -> None:
    """Copied plates are the very case, so the alert stays, for a person to look at."""
    entry = make_entry(make="Volkswagen", colour="grey")
    same = only_hit(make_read(make="VW", colour="Gray"), entry)
    other = only_hit(make_read(make="Audi", colour="red"), entry)
    assert ((), False) == (same.notes, same.confirm)
    assert ("make seen as Audi, wanted Volkswagen", "colour seen as red, wanted grey") == other.notes
    assert other.confirm
    assert other.score < same.score


def test_a_colour_that_may_be_the_wanted_one_says_nothing_against_it() -> None:
    """A camera that cannot tell silver from white says `light`; registers write in any language."""
    for seen, wanted in (("light", "silver"), ("blue", "donkerblauw"), ("green", "vert foncé"), ("red", "Sahara")):
        assert () == only_hit(make_read(colour=seen), make_entry(colour=wanted)).notes


def test_another_look_alone_never_silences_a_hit() -> None:
    """One that is just credible stays so, and a person looks."""
    entry = make_entry("1ABC234", near=True, make="Volkswagen", colour="white")
    hit = only_hit(make_read("1ABC23", confidence=0.9, make="Audi", colour="black"), entry)
    assert (0.2, True, 3) == (hit.score, hit.confirm, len(hit.notes))


@pytest.mark.parametrize("confidence", [0.2, 0.3, 0.39])
def test_another_country_alone_never_silences_the_wanted_text(confidence: float) -> None:
    """A copied plate is on another country's car. The score falls to the least that is told, and a person looks."""
    read = make_read("1ABC234", confidence=confidence, country="FR", country_confidence=1.0)
    hit = only_hit(read, make_entry("1ABC234", country="BE"))
    assert (0.2, True, "exact") == (hit.score, hit.confirm, hit.match)


@pytest.mark.parametrize(("captured_at_ms", "counts"), [(99, False), (100, True), (199, True), (200, False)])
def test_an_entry_counts_when_it_was_valid_at_capture(captured_at_ms: int, counts: bool) -> None:
    """Not when the read arrived: cameras upload late."""
    entry = make_entry(valid_from_ms=100, valid_until_ms=200)
    assert counts == bool(hits_of(make_read(captured_at_ms=captured_at_ms), entry))


def test_an_entry_counts_only_at_its_cameras_and_in_its_zones() -> None:
    """Either is enough; an entry with neither counts everywhere."""
    read, zone = make_read(), make_zone("Z1", cameras=("E40-1",))
    assert hits_of(read, make_entry(cameras=("E40-1",)))
    assert not hits_of(read, make_entry(cameras=("E40-2",)))
    assert hits_of(read, make_entry(zones=("Z1",)), zones=(zone,))
    assert not hits_of(read, make_entry(zones=("Z1",)))
    assert hits_of(read, make_entry(zones=("Z1",), cameras=("E40-2",)), zones=(zone,))


def test_a_moving_cameras_hit_is_placed_by_the_reads_position() -> None:
    """The police car is in the zone or is not, at that moment."""
    corners = tuple(Position(lat=lat, lon=lon) for lat, lon in ((50, 4), (50, 5), (51, 5), (51, 4)))
    cameras, zones = cameras_of(make_camera(position=None)), zones_of(make_zone("Z1", polygon=corners))
    hotlist = hotlist_of(make_entry(zones=("Z1",)))
    for lat, inside in ((50.5, True), (51.5, False)):
        read = make_read(position=Position(lat=lat, lon=4.5))
        assert inside == bool(match_read(read, hotlist, cameras, zones))


def test_a_read_that_may_not_serve_hotlists_is_not_matched() -> None:
    """Neither where the camera's purposes exclude it, nor where the read's own do."""
    hotlist = hotlist_of("1ABC234")
    assert [] == match_read(make_read(), hotlist, cameras_of(make_camera(purposes=("lez",))), {})
    assert [] == match_read(
        make_read(purposes=("lez",)), hotlist, cameras_of(make_camera(purposes=("lez", "hotlist"))), {}
    )


def test_a_read_of_an_unknown_camera_is_not_matched() -> None:
    """Intake refuses it; matching does not depend on that."""
    assert [] == match_read(make_read(), hotlist_of("1ABC234"), {}, {})


def test_one_read_may_hit_several_entries_the_most_urgent_first() -> None:
    """A stolen car without insurance is two alerts."""
    low, urgent = make_entry(entry_id="a", priority="low"), make_entry(entry_id="b", priority="urgent")
    assert ["b", "a"] == [hit.entry.entry_id for hit in hits_of(make_read(), low, urgent)]


PLATES = st.text(alphabet="ABO08I1", min_size=1, max_size=4)


@given(PLATES, PLATES, st.floats(0, 1), st.booleans(), st.sampled_from([None, "BE", "FR"]))
def test_only_an_exact_match_goes_out_without_a_person(
    plate: str, wanted: str, confidence: float, near: bool, country: str | None
) -> None:
    """Whatever else holds, and a score is a probability above the bar."""
    read = make_read(plate, confidence=confidence, country=country)
    for hit in hits_of(read, make_entry(wanted, near=near, country="BE")):
        assert hit.confirm or (plate == wanted and country != "FR")
        assert LEAST_SCORE <= hit.score <= confidence


def alert(read: PlateRead | None = None, **times: Any) -> Any:
    """The alert of an exact hit."""
    read = read or make_read()
    return alert_of(only_hit(read, "1ABC234"), read, **({"decided_at_ms": NOON_MS + 500} | times))


def test_an_alert_is_live_within_the_bound_of_its_capture() -> None:
    """What was uploaded late is still told, but rings nowhere."""
    on_time, late = alert(decided_at_ms=NOON_MS + 60_000), alert(decided_at_ms=NOON_MS + 60_001)
    assert (True, True) == (on_time.live, on_time.rings)
    assert (False, False) == (late.live, late.rings)


def test_an_alert_decided_again_has_the_same_id() -> None:
    """A replay makes no second alert at the reader's end."""
    assert alert().alert_id == alert(decided_at_ms=NOON_MS + 90_000).alert_id


def test_an_alert_carries_the_cameras_network_and_what_the_read_may_be_used_for() -> None:
    """Whoever passes it on can hold that against his purpose."""
    read, camera = make_read(purposes=("hotlist", "investigation")), make_camera(purposes=("hotlist", "cross_border"))
    raised = alert_of(only_hit(read, "1ABC234"), read, camera, decided_at_ms=NOON_MS)
    assert ("federal", ("hotlist",)) == (raised.network, raised.purposes)


TEXTS = st.text("AB0O1", min_size=3, max_size=5)


@given(
    st.lists(st.tuples(TEXTS, st.booleans()), max_size=6), st.lists(TEXTS, max_size=2),
    st.lists(st.tuples(TEXTS, st.lists(TEXTS, max_size=2)), max_size=20),
)  # fmt: skip
def test_many_reads_hit_what_each_alone_would(
    wanted: list[tuple[str, bool]], patterns: list[str], seen: list[tuple[str, list[str]]]
) -> None:
    """Alike, near, by pattern, by what the reader offers: the glance that lets nearly all go lets none go that hits."""
    entries = [make_entry(plate, f"e{at}", near=near) for at, (plate, near) in enumerate(wanted)]
    entries += [make_entry(f"{text[:2]}*{text[3:]}", f"p{at}") for at, text in enumerate(patterns)]
    reads = [make_read(plate, alternatives=dict.fromkeys(offered, 0.4)) for plate, offered in seen]
    hotlist, cameras = hotlist_of(*entries), cameras_of()
    alone = [(read, match_read(read, hotlist, cameras, {})) for read in reads]
    assert [(read, hits) for read, hits in alone if hits] == list(
        match_reads(reads, hotlist, Versions(cameras), Versions())
    )


@pytest.mark.parametrize(
    ("alternatives", "confirm"),
    [({}, True), ({"B0B77": 0.06}, True), ({"B0B77": 0.004}, False), ({"B8B77": 0.1}, False)],
)
def test_a_text_whose_twin_may_be_another_vehicles_is_exact_only_if_the_picture_excludes_the_twin(
    alternatives: dict[str, float], confirm: bool
) -> None:
    """O and 0 count as one in a read's confidence, and both texts may be chosen in Belgium."""
    hit = only_hit(make_read("BOB77", confidence=0.9995, alternatives=alternatives), make_entry("BOB77", country="BE"))
    assert ("exact", confirm) == (hit.match, hit.confirm)
    assert confirm == bool(hit.notes)


def test_a_twin_that_the_entrys_country_issues_to_nobody_raises_no_doubt() -> None:
    """France uses neither O nor I; Belgium's ordinary series has its digits and letters in fixed places."""
    assert not only_hit(make_read("FZ410QT"), make_entry("FZ410QT", country="FR")).confirm
    assert not only_hit(make_read("1AOC555"), make_entry("1AOC555")).confirm


@pytest.mark.parametrize(
    ("wanted", "seen", "confirm"),
    [("motorcycle", "car", True), ("car", "van", False), ("lorry", "unknown", False), (None, "bus", False)],
)
def test_another_class_of_vehicle_is_noted_and_asks_a_person(wanted: Any, seen: Any, confirm: bool) -> None:
    """A car cannot be the wanted motorcycle; car and van are taken for one another."""
    hit = only_hit(make_read(vehicle_class=seen), make_entry(vehicle_class=wanted))
    assert (confirm, confirm) == (hit.confirm, bool(hit.notes))


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [("CITROEN", "Citroën"), ("Skoda", "Škoda"), ("DS", "DS Automobiles"), ("BMW AG", "BMW"), ("Шкода", "Skoda")],
)
def test_a_make_is_the_same_in_any_script_and_with_the_houses_name(seen: str, wanted: str) -> None:
    """Registers and cameras write makes in their own ways."""
    assert not only_hit(make_read(make=seen), make_entry(make=wanted)).confirm
    assert only_hit(make_read(make=seen), make_entry(make="Dacia")).confirm


@given(PLATES, PLATES, st.floats(0, 1), st.booleans(), st.sampled_from(["?", "*", ""]))
def test_what_needs_a_person_is_never_urgent(
    plate: str, wanted: str, confidence: float, near: bool, wildcard: str
) -> None:
    """Priority is never above certainty, whatever the entry asks for."""
    entry = make_entry(f"AB{wildcard}{wanted}", near=near and not wildcard)
    for hit in hits_of(make_read(f"AB{plate}", confidence=confidence), entry):
        assert not (hit.confirm and hit.priority == "urgent")


def test_two_passages_sent_under_one_id_are_two_alerts() -> None:
    """Who chooses ids could otherwise have a hit dropped as the copy of an earlier one."""
    first, second = (make_read("1ABC234", captured_at_ms=at_ms, read_id="r-1") for at_ms in (NOON_MS, NOON_MS + 60_000))
    alerts = [alert_of(only_hit(read, "1ABC234"), read, decided_at_ms=NOON_MS) for read in (first, second)]
    assert alerts[0].alert_id != alerts[1].alert_id
    assert [make_read("1ABC234").read_id] == [alerts[0].read.read_id]


def arrived_at(arrived_ms: int, *entries: HotlistEntry) -> Hotlist:
    """A hotlist whose entries arrived then, one after the other, each a millisecond later."""
    hotlist = Hotlist()
    for at, entry in enumerate(entries):
        version = Version(entry, entry.holds_from_ms or arrived_ms + at, arrived_ms + at)
        hotlist.take([Changed(entry.entry_id, (version,))])
    return hotlist


@pytest.mark.parametrize("fields", [{"holds_from_ms": NOON_MS - 1_000}, {"valid_from_ms": NOON_MS - 1_000}])
def test_an_entry_that_arrived_after_the_capture_and_claims_it_is_found_afterwards(fields: dict[str, int]) -> None:
    """A person confirms it, and it rings nowhere, though the read is live."""
    hotlist, read = arrived_at(NOON_MS + 500, make_entry(**fields)), make_read()
    (hit,) = match_read(read, hotlist, cameras_of(), {})
    found = alert_of(hit, read, decided_at_ms=NOON_MS + 1_000)
    assert (True, "high", True, False) == (hit.afterwards, hit.priority, found.confirm, found.rings)
    assert "found afterwards" in found.notes[0]
    assert not match_read(make_read(captured_at_ms=NOON_MS - 1_001), hotlist, cameras_of(), {})
    (later,) = match_read(make_read(captured_at_ms=NOON_MS + 500), hotlist, cameras_of(), {})
    assert (False, False) == (later.afterwards, later.confirm)


def test_an_entry_that_arrived_after_the_capture_and_says_nothing_hits_nothing() -> None:
    """Silence is no claim."""
    assert [] == match_read(make_read(), arrived_at(NOON_MS + 500, make_entry()), cameras_of(), {})


def test_the_entry_as_it_held_at_capture_counts_before_what_a_later_one_claims() -> None:
    """A correction that reaches back does not take the bell from what held then."""
    held = make_entry(entry_id="e", category="theft")
    hotlist = arrived_at(NOON_MS - 5_000, held, make_entry(entry_id="e", category="robbery"))
    late = make_entry(entry_id="e", category="homicide", holds_from_ms=NOON_MS - 60_000)
    hotlist.take([Changed("e", (Version(late, NOON_MS - 60_000, NOON_MS + 500),))])
    (hit,) = match_read(make_read(), hotlist, cameras_of(), {})
    assert ("robbery", False) == (hit.entry.category, hit.afterwards)


def test_a_read_whose_camera_does_not_say_how_sure_it_is_is_for_a_person() -> None:
    """Nothing is concluded from what is not said: the hit is there, never urgent, and a person looks."""
    entry = make_entry(priority="urgent")
    hit = only_hit(make_read(confidence=0.0, confidence_stated=False), entry)
    assert (True, "high") == (hit.confirm, hit.priority)
    assert "the camera does not say how sure it is: look at the picture" in hit.notes
    assert only_hit(
        make_read("1ABC23", confidence=0.0, confidence_stated=False), make_entry("1ABC234", near=True)
    ).confirm
    assert [] == hits_of(make_read(confidence=0.0), entry)


@pytest.mark.parametrize("pattern", ["1B0B?77", "1BOB*", "*B0B1*", "1BO?1*7"])
def test_a_pattern_sees_o_and_0_as_a_whole_plate_does(pattern: str) -> None:
    """Readers cannot tell them; the score says so, and the reader's alternatives count with their own probability."""
    read = make_read("1BOB177", confidence=0.9)
    hit = only_hit(read, pattern)
    exact = pattern in ("1BOB*", "1BO?1*7")
    assert ("pattern", True, 0.9 if exact else pytest.approx(0.72)) == (hit.match, hit.confirm, hit.score)
    other = make_read("1XYZ999", confidence=0.6, alternatives={"1BOB177": 0.35})
    assert only_hit(other, pattern).score == pytest.approx(0.35 if exact else 0.28)


def test_a_near_match_sees_o_and_0_and_the_readers_alternatives() -> None:
    """One edit away but for them."""
    entry = make_entry("1B0B177", near=True)
    assert ["near"] == [hit.match for hit in hits_of(make_read("1BOB17", confidence=1.0), entry)]
    other = make_read("9XYZ999", confidence=0.05, alternatives={"11B0B177": 0.9})
    assert ["near"] == [hit.match for hit in hits_of(other, entry)]


@pytest.mark.parametrize(("hotlist", "priority", "silent", "expected"), [
    ("no_insurance", "normal", None, ("low", False)), ("no_inspection", "low", None, ("low", False)),
    ("no_insurance", "high", None, ("high", True)), ("no_insurance", "normal", False, ("low", True)),
    ("stolen", "normal", None, ("normal", True)), ("stolen", "high", True, ("high", False)),
])  # fmt: skip
def test_lists_of_papers_are_low_and_make_no_sound_unless_an_entry_says_more(
    hotlist: Any, priority: Any, silent: bool | None, expected: tuple[str, bool]
) -> None:
    """A hit is there to be seen, and disturbs nobody."""
    read = make_read("1ABC234")
    hit = only_hit(read, make_entry("1ABC234", hotlist=hotlist, priority=priority, silent=silent))
    decided = alert_of(hit, read, decided_at_ms=read.captured_at_ms)
    assert expected == (decided.priority, decided.rings)


def test_a_german_text_that_two_vehicles_carry_needs_a_person() -> None:
    """B-MW 555 and BM-W 555 are told apart by the seal between the groups, which no reader writes down."""
    read = make_read("BMW555", country="DE", country_confidence=0.9)
    hit = only_hit(read, make_entry("BMW555", country="DE"))
    assert (True, "high") == (hit.confirm, hit.priority)
    assert any("B-MW 555 and BM-W 555 are two vehicles" in note for note in hit.notes)
    assert not only_hit(
        make_read("MA234", country="DE", country_confidence=0.9), make_entry("MA234", country="DE")
    ).confirm


def test_a_text_that_two_german_vehicles_carry_needs_a_person_where_nobody_knows_the_country() -> None:
    """It may be a German one. Where either says another country, it is not."""
    assert only_hit(make_read("BMW555", country=None), make_entry("BMW555")).confirm
    assert not only_hit(make_read("BMW555", country=None), make_entry("BMW555", country="SE")).confirm
    assert not only_hit(make_read("BMW555", country="SE", country_confidence=0.9), make_entry("BMW555")).confirm


def test_what_the_reader_hardly_believes_does_not_hide_a_near_match() -> None:
    """An alternative that is the very plate, but too improbable for a hit, is a closer kind of match with the same entry."""
    read = make_read("1ABC2345", confidence=0.9, alternatives={"1ABC234": 0.1})
    assert ("near", 0.36) == (only_hit(read, make_entry("1ABC234", near=True)).match, pytest.approx(0.36))
