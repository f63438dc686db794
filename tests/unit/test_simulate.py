"""The simulation: the same seed, the same reads; what must come of them is what the rules make of them."""

import io
from collections import Counter
from dataclasses import replace
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadRecord
from pipeline.hotlist.incidents import Incidents, place, subject_of
from pipeline.hotlist.matching import Hotlist, alert_of, match_read
from pipeline.neighbours.policy import forwards_of
from pipeline.reads.geography import contains, position_of
from pipeline.reads.versions import Versions
from pipeline.sections.checks import faults_of
from pipeline.sections.history import Histories
from pipeline.sections.lines import SectionIndex, sightings_of
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import ProvesNothing, Withdrawn
from pipeline.sections.rules import SETTLE_MS, Rules
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_big import big_network
from pipeline.simulation.network_small import POLICE_CAR, small_network
from pipeline.simulation.section_cases import MANNERS, section_case
from pipeline.simulation.simulate import Simulation, SimulationOptions, misread_of, simulate
from pipeline.simulation.truth import Truth, read_truth, write_lines
from pipeline.simulation.vehicles import WantedTexts, checksum, draw_vehicle, skeleton
from schemas import ids
from schemas.outcomes import Alert, Forward, Violation
from tests.builders import NOON_MS

SMALL = small_network()


def simulated(seed: int = 1, *, network: RoadNetwork = SMALL, seconds: int = 120, **options: float) -> Simulation:
    """Two minutes of the small network."""
    plain = SimulationOptions(start_ms=NOON_MS, duration_ms=seconds * 1000, seed=seed)
    return simulate(network, replace(plain, **options))  # type: ignore[arg-type]  # numbers by name


def decided(simulation: Simulation) -> tuple[dict[str, Alert], dict[str, Violation], dict[str, Forward]]:
    """What the platform's decisions make of the reads, without any platform around them."""
    network = simulation.network
    cameras = {camera.camera_id: camera for camera in network.cameras}
    zones = {zone.zone_id: zone for zone in network.zones}
    hotlist, sections = Hotlist(network.hotlist), SectionIndex.of(network.sections)
    memory, violations = Histories(Rules(Reference(sections.versions, Versions(cameras)))), dict[str, Violation]()
    alerts: dict[str, Alert] = {}
    incidents: dict[str, Incidents] = {}
    forwards: dict[str, Forward] = {}
    for due_ms, read, _ in simulation.reads:
        for hit in match_read(read, hotlist, cameras, zones):
            alert = alert_of(hit, read, cameras[read.camera_id], decided_at_ms=due_ms + 20)
            subject, where = subject_of(alert), position_of(read, cameras[read.camera_id])
            if alert.alert_id not in alerts:
                incidents[subject], alerts[alert.alert_id] = place(incidents.get(subject, ()), alert, where)
            sent = forwards_of(alert, network.policies, cameras, zones, due_ms + 30)
            forwards.update((forward.forward_id, forward) for forward in sent)
        memory.take(sightings_of(read, sections), due_ms)
        last_ms = due_ms
    for outcome in memory.settle(last_ms + SETTLE_MS + 1):
        if isinstance(outcome, Violation):
            violations[outcome.violation_id] = outcome
        elif isinstance(outcome, Withdrawn):
            del violations[outcome.violation.violation_id]
    return alerts, violations, forwards


@pytest.mark.parametrize("network", [SMALL, big_network(400)], ids=["small", "big"])
def test_the_sections_of_a_network_may_be_sections(network: RoadNetwork) -> None:
    """Fixed cameras of one direction, as far apart as certified."""
    assert [] == [fault for section in network.sections for fault in faults_of(section, network.by_id)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("within the clocks' error", "clock_error_could_tip_verdict"), ("two reads of the exit", "not_above_limit")],
)
def test_what_is_said_to_tip_the_verdict_does(name: str, reason: str) -> None:
    """On every section of a country, the long ones too: there a doubt of 0.2 s is less than 0.03 km/h."""
    network, sections = big_network(), SectionIndex.of(big_network().sections)
    reference = Reference(sections.versions, Versions(network.by_id))
    number = next(n for n, manner in enumerate(MANNERS) if manner.name == name)
    window = NOON_MS, NOON_MS + 3_600_000
    judged = Counter[str]()
    for seed in range(300):
        arrivals, _ = section_case(Random(seed), network, number, window, WantedTexts(()))
        memory = Histories(Rules(reference))
        for arrival in arrivals:
            memory.take(sightings_of(arrival.read, sections), NOON_MS)
        (found,) = memory.settle(NOON_MS + SETTLE_MS + 1)
        judged[found.reason if isinstance(found, ProvesNothing) else "violation"] += 1
    assert {reason: 300} == judged


def test_the_same_seed_gives_the_same_reads_and_truth() -> None:
    """A failure seen once can be seen again; and asking for the reads twice gives them twice."""
    first, second = simulated(7, seconds=30), simulated(7, seconds=30)
    assert list(first.reads) == list(second.reads) == list(first.reads)
    assert first.truth == second.truth
    assert list(first.reads) != list(simulated(8, seconds=30).reads)


def test_reads_come_in_the_order_of_their_arrival_and_within_the_time() -> None:
    """What a producer may rely on."""
    dues = [arrival.due_ms for arrival in simulated().reads]
    assert dues == sorted(dues)
    assert dues[0] >= NOON_MS
    assert dues[-1] < NOON_MS + 120_000 + 3_000  # a second copy may come a little later


def test_every_read_is_named_by_its_content_and_comes_from_a_known_camera() -> None:
    """Ids are functions of what they name."""
    for _, read, _ in simulated().reads:
        assert read.read_id == ids.read_id(read.camera_id, read.captured_at_ms, read.plate)
        assert read.camera_id in SMALL.by_id
        assert (read.position is not None) == (read.camera_id == POLICE_CAR)


def test_the_rate_is_about_what_was_asked_for() -> None:
    """The traffic is as dense at the beginning as at the end."""
    quarters = Counter((arrival.due_ms - NOON_MS) // 30_000 for arrival in simulated(seconds=120, reads_per_s=25).reads)
    assert all(0.7 * 750 < quarters[part] < 1.4 * 750 for part in range(4)), quarters


@pytest.mark.parametrize("seed", range(4))
def test_the_truth_is_what_the_rules_make_of_the_reads(seed: int) -> None:
    """Simulation and decisions were written apart; where they disagree, one of the two is wrong."""
    simulation = simulated(seed, seconds=600 if seed % 2 else 90, reads_per_s=8, misreads=0.1)
    truth, (alerts, violations, forwards) = simulation.truth, decided(simulation)
    assert {a.alert_id: (a.match, a.live, a.rings) for a in truth.alerts} == {
        key: (alert.match, alert.live, alert.rings) for key, alert in alerts.items()
    }
    assert {v.violation_id: (v.corrected_kmh, v.limit_kmh) for v in truth.violations} == {
        key: (violation.corrected_kmh, violation.limit_kmh) for key, violation in violations.items()
    }
    assert {(f.forward_id, f.to_country) for f in truth.forwards} == {(k, f.to_country) for k, f in forwards.items()}


def test_the_truth_of_a_big_network_holds_too() -> None:
    """Entries of a long hotlist do not get in each other's way."""
    simulation = simulated(network=big_network(400, hotlist=1_000), seconds=100, reads_per_s=25)
    alerts, violations, forwards = decided(simulation)
    assert {a.alert_id: a.rings for a in simulation.truth.alerts} == {key: a.rings for key, a in alerts.items()}
    assert {violation.violation_id for violation in simulation.truth.violations} == violations.keys()
    assert {forward.forward_id for forward in simulation.truth.forwards} == forwards.keys()
    assert len(alerts) > 15
    assert len(violations) > 5


def test_the_demo_has_something_of_everything() -> None:
    """Ninety seconds of the small network show every kind of match, violation and forward."""
    truth = simulated(seconds=90).truth
    assert {"exact", "near", "pattern"} <= {alert.match for alert in truth.alerts}
    assert {"FR", "NL", "LU"} == {forward.to_country for forward in truth.forwards}
    assert {"E40-ERPE", "E17-GENTBRUGGE"} == {violation.section_id for violation in truth.violations}
    assert {"certificate lapsed", "the clocks' error could tip the verdict"} <= {quiet.reason for quiet in truth.quiet}
    assert any(not alert.live for seed in range(5) for alert in simulated(seed, seconds=90).truth.alerts)


def test_each_wanted_vehicle_rings_once_for_each_thing_that_is_news_and_never_late() -> None:
    """The same vehicle at the next camera adds to a trail, unless it only looked like the wanted one before."""
    for seed in range(5):
        alerts = simulated(seed, seconds=900).truth.alerts
        rings = Counter((alert.incident, alert.match == "exact") for alert in alerts if alert.rings)
        assert set(rings.values()) <= {1}
        assert all(alert.live for alert in alerts if alert.rings)


def test_some_reads_are_late_some_overtaken_some_sent_twice_some_wrong() -> None:
    """The disturbances that real cameras make are all there, at about the rates that were asked for."""
    arrivals = list(simulated(seconds=60, reads_per_s=60, misreads=0.05).reads)
    copies = Counter(arrival.read.read_id for arrival in arrivals)
    late = sum(arrival.due_ms - arrival.read.captured_at_ms > 60_000 for arrival in arrivals)
    overtaken = sum(2_000 <= arrival.due_ms - arrival.read.captured_at_ms <= 15_000 for arrival in arrivals)
    wrong = sum(misread_of(arrival) is not None for arrival in arrivals)
    assert 0.005 < sum(count > 1 for count in copies.values()) / len(copies) < 0.02
    assert 0.001 < late / len(arrivals) < 0.02
    assert 0.01 < overtaken / len(arrivals) < 0.05
    assert 0.03 < wrong / len(arrivals) < 0.07


def test_what_is_played_late_rings_nowhere() -> None:
    """The truth of the same reads sent later than the live bound."""
    truth = simulated(live=False).truth
    assert truth.alerts
    assert not any(alert.live or alert.rings for alert in truth.alerts)


def test_no_two_entries_of_the_demo_are_alike() -> None:
    """No read can be of two entries, even one edit away."""
    for entry in SMALL.hotlist:
        others = WantedTexts(other for other in SMALL.hotlist if other is not entry)
        assert others.admits(entry.plate.replace("?", "9")), entry.entry_id


def test_the_police_car_stays_in_the_zone_that_it_is_said_to_be_in() -> None:
    """What the truth takes for granted about zones is so on the map."""
    lez = next(zone for zone in SMALL.zones if zone.zone_id == "lez-brussels")
    patrol = SMALL.patrols[POLICE_CAR]
    assert all(contains(lez.polygon, patrol.position_at(NOON_MS + second * 1000)) for second in range(0, 900, 5))
    inside = {c.camera_id for c in SMALL.cameras if c.position and contains(lez.polygon, c.position)}
    assert inside - set(lez.cameras) == {"BUS-01"}  # which may not be used for hotlists anyway
    assert set(lez.cameras) <= inside


@given(st.integers(0, 10**9))
def test_vehicles_are_never_like_a_wanted_one(seed: int) -> None:
    """Every vehicle has the checksum, and no wanted plate within one edit of its own."""
    wanted = WantedTexts(SMALL.hotlist)
    vehicle = draw_vehicle(Random(seed), wanted)
    assert checksum(vehicle.plate) == 0
    assert skeleton(vehicle.plate) not in {skeleton(entry.plate) for entry in SMALL.hotlist}
    assert not wanted.knows(vehicle.plate)


def test_the_truth_is_read_back_as_it_was_written() -> None:
    """One JSON object a line; misreads beside it do not matter."""
    simulation = simulated(misreads=0.2)
    misreads = filter(None, (misread_of(arrival) for arrival in islice(simulation.reads, 500)))
    file = io.BytesIO()
    write_lines(simulation.truth.lines(), file)
    write_lines(misreads, file)
    file.seek(0)
    assert simulation.truth == read_truth(file)


def test_a_bad_line_of_a_truth_file_is_named() -> None:
    """Somebody edited the file."""
    with pytest.raises(BadRecord, match="line 2"):
        read_truth(io.BytesIO(b'{"kind":"forward","forward_id":"f","alert_id":"a","to_country":"FR"}\n{"kind":"?"}\n'))
    assert Truth() == read_truth(io.BytesIO(b""))


def test_an_impossible_simulation_is_refused() -> None:
    """No routes, no rate, no time."""
    with pytest.raises(ValueError, match="above 0"):
        simulated(reads_per_s=0)
    with pytest.raises(ValueError, match="at least 40"):
        big_network(39)
