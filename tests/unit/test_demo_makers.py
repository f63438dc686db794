"""What the demo's cameras say is understood as their registration says, wrong clocks included."""

import msgspec
import pytest

from pipeline.demo.makers import FACTORY_CLOCK, INTRUDER, MAKERS, PICTURES_IN, TCP, Intrusions, MakersCameras, _shown
from pipeline.gateway.plate_reads import plate_read_of
from pipeline.gateway.senders import ADDRESS_SERVES
from pipeline.hotlist.matching import Hotlist, alert_of, match_reads
from pipeline.reads.versions import Versions
from pipeline.simulation.network_small import small_network
from pipeline.simulation.simulate import SimulationOptions, simulate
from pipeline.simulation.speaking import IDENTITY, tattile
from schemas.reads import PlateRead
from tests.builders import NOON_MS, make_read
from tests.unit.gateway.payloads import around, got, the_read


def read_of(camera_id: str) -> PlateRead:
    """A read of the camera that has pictures."""
    reads = (make_read(f"1ABC{number:03}", camera_id, NOON_MS + 311) for number in range(1000))
    return next(read for read in reads if _shown(read) is not None)


@pytest.mark.parametrize("camera_id", [one for one in MAKERS if one != TCP])
def test_each_camera_is_understood_by_its_makers_words_with_its_pictures(camera_id: str) -> None:
    """Camera, plate and millisecond; of the one with the factory's clock, too."""
    read = read_of(camera_id)
    spoken = MakersCameras("http://127.0.0.1:1").spoken(read, _shown(read))
    headers = {name.lower(): value for name, value in spoken.headers.items()}
    now = around("2026-01-01T12:01:00+00:00", offset_is_wrong=camera_id == FACTORY_CLOCK)
    found = the_read(got(spoken.body, now, target=spoken.target, headers=headers))
    assert (camera_id, read.plate) == (found.camera[IDENTITY[MAKERS[camera_id]]], found.plate)
    assert read.captured_at_ms == found.captured_at_ms
    assert {"plate"} <= {one.kind for one in found.pictures}


def test_six_makers_speak_and_none_of_their_cameras_stands_on_a_section() -> None:
    """What proves an average speed states its clock, which most makers' words have no field for."""
    network = small_network()
    ends = {line.camera_id for section in network.sections for line in (*section.entries, *section.exits)}
    assert len(set(MAKERS.values())) >= 6
    assert MAKERS.keys() <= network.by_id.keys() - ends
    assert INTRUDER not in {entry.plate for entry in network.hotlist}
    assert PICTURES_IN > 1


def test_an_intruder_is_kept_out_where_his_try_is_refused_or_becomes_a_dead_letter() -> None:
    """A claim that left no letter came in."""
    tried = Intrusions("http://127.0.0.1:1", "secret")
    tried.refused, tried.claimed = ["a", "b"], ["c", "d"]
    assert ["a", "b", "c"] == tried.kept_out(1)


def test_the_alerts_are_those_of_the_truth_whichever_words_a_read_came_in() -> None:
    """With what each maker's form has no field for left out, and by an address alone where there is no password."""
    network, cameras = small_network(), MakersCameras("http://127.0.0.1:1")
    options = SimulationOptions(start_ms=NOON_MS, duration_ms=120_000, reads_per_s=20.0, seed=3)
    sent = [one.read for one in simulate(network, options).reads if one.read.camera_id in MAKERS]
    came = [understood(cameras, read) for read in sent]
    known = Versions({one.camera_id: one for one in network.cameras})
    zones, hotlist = Versions({one.zone_id: one for one in network.zones}), Hotlist(network.hotlist)

    def alerts(reads: list[PlateRead]) -> set[tuple[object, ...]]:
        made = [
            alert_of(hit, read, known.at(read.camera_id, read.captured_at_ms), decided_at_ms=read.received_at_ms)
            for read, hits in match_reads(reads, hotlist, known, zones)
            for hit in hits
        ]
        return {(one.alert_id, one.match, one.live, one.rings, one.priority) for one in made}

    assert len(alerts(sent)) >= 5
    assert alerts(sent) == alerts(came)


def understood(cameras: MakersCameras, read: PlateRead) -> PlateRead:
    """The read as the gateway understands what its camera says."""
    maker = MAKERS[read.camera_id]
    spoken = tattile(read) if maker == "tattile" else cameras.spoken(read, None)
    now = msgspec.structs.replace(
        around(offset_is_wrong=read.camera_id == FACTORY_CLOCK), received_at_ms=read.received_at_ms
    )
    headers = {name.lower(): value for name, value in spoken.headers.items()}
    item = the_read(got(spoken.body, now, target=spoken.target, headers=headers))
    made = plate_read_of(item, read.camera_id, received_at_ms=read.received_at_ms, maker=maker)
    return msgspec.structs.replace(made, purposes=ADDRESS_SERVES if maker == "tattile" else ())
