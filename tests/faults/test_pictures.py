"""The run's network: what it shares abroad is forwarded without a person, so that the books may expect it."""

from pipeline.hotlist.matching import Hotlist, match_read
from pipeline.simulation.network_big import big_network
from tests.builders import make_read
from tests.faults.pictures import with_pictures


def test_no_person_has_to_confirm_a_sure_hit_of_what_the_run_shares_abroad() -> None:
    """A plate that could be another vehicle's but for O and 0 or I and 1 waits for a person, and would be missed."""
    network, _ = with_pictures(big_network(40, 91))
    shared = [entry for entry in network.hotlist if entry.share_with]
    hotlist = Hotlist(shared)
    camera = next(one for one in network.cameras if one.network == "federal")
    doubted = [
        hit.entry.plate
        for entry in shared
        for hit in match_read(make_read(entry.plate, camera.camera_id), hotlist, network.by_id, {})
        if hit.confirm
    ]
    assert len(shared) > 500
    assert [] == doubted
