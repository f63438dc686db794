"""What a simulated camera says in its maker's words is understood from the bytes alone."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.gateway.items import CameraRead
from pipeline.gateway.plate_reads import plate_read_of
from pipeline.simulation.network_small import small_network
from pipeline.simulation.simulate import SimulationOptions, simulate
from pipeline.simulation.speaking import IDENTITY, VOICES, Shown, tattile
from schemas.reads import PlateRead
from tests.unit.gateway.payloads import PLATE, SCENE, around, at_ms, got, the_read

SAID = ("camera_id", "plate", "captured_at_ms", "country", "colour", "vehicle_class", "read_id")
ALSO = ("lane", "speed_kmh")


def driven(count: int) -> list[PlateRead]:
    """Reads of the small network, some misread."""
    options = SimulationOptions(
        start_ms=at_ms("2026-05-04T10:00:00+00:00"), duration_ms=30_000, reads_per_s=20.0, seed=5, misreads=0.2
    )
    reads = [arrival.read for arrival in simulate(small_network(), options).reads]
    return Random(5).sample(reads, count)


def understood(item: CameraRead, maker: str) -> PlateRead:
    """The read of the camera that the message names."""
    return plate_read_of(item, item.camera[IDENTITY[maker]], received_at_ms=0, maker=maker)


@pytest.mark.parametrize("maker", [*VOICES, "tattile"])
@pytest.mark.parametrize("shown", [None, Shown(plate=PLATE, overview=SCENE)], ids=["alone", "with pictures"])
def test_what_is_said_is_understood(maker: str, shown: Shown | None) -> None:
    """Camera, plate, millisecond, country, colour, class; lane and speed where the maker has them; the picture of the plate."""
    for read in driven(25):
        spoken = (VOICES | {"tattile": tattile})[maker](read, shown)
        headers = {name.lower(): value for name, value in spoken.headers.items()}
        reading = got(spoken.body, around("2026-05-04T10:01:00+00:00"), target=spoken.target, headers=headers)
        assert maker == reading.maker
        item = the_read(reading)
        found = understood(item, maker)
        fields = SAID + (ALSO if maker not in ("axis", "rekor") else ())
        assert {name: getattr(read, name) for name in fields} == {name: getattr(found, name) for name in fields}
        assert [PLATE] * (shown is not None) == [one.data for one in item.pictures if one.kind == "plate"]


def test_vigies_own_words_lose_nothing_that_decides() -> None:
    """Clock, other texts with their likelihood, heading, confidence."""
    for read in driven(25):
        item = the_read(got(VOICES["vigie"](read, None).body, around("2026-05-04T10:01:00+00:00")))
        found = understood(item, "vigie")
        for name in ("clock", "alternatives", "heading_deg", "confidence", "country_confidence", "position"):
            assert getattr(read, name) == getattr(found, name), name


OWN = {
    "plate": st.sampled_from(["1-ABC-234", "1ABC234", "unknown", "", "?", "1ABC2345678901234567"]),
    "captured_at_ms": st.one_of(st.integers(-5, 2**43), st.sampled_from(["", "1777888800001", "x"])),
    "captured_at": st.sampled_from(["2026-05-04T12:00:00+02:00", "06/07/2026 12:00:00", "", "x"]),
    "confidence": st.one_of(st.none(), st.floats(0, 2), st.just("0.5")),
    "country": st.sampled_from(["BE", "bel", "056", "", "Belgium"]),
    "colour": st.sampled_from(["silver-gray", "WHITE", "3", "", "unknown"]),
    "direction": st.sampled_from(["approaching", "Away", ""]),
    "position": st.sampled_from([None, {"lat": 50.0, "lon": 4.0}, {"lat": "50", "lon": "4"}, {"lat": 500, "lon": 0}]),
    "alternatives": st.sampled_from([[], ["1ABC235"], [{"text": "1ABC235", "probability": 0.2}], "1ABC235"]),
    "more": st.sampled_from([1, "\ud800", [None]]),
}


@given(said=st.fixed_dictionaries({"camera_id": st.just("CAM-1")}, optional=OWN))
def test_a_read_alone_means_what_it_means_in_a_list(said: dict[str, object]) -> None:
    """The short way for one read of the documented types is no other way; what is no text is refused by both."""
    alone, listed = (
        got(json.dumps(body).encode(), around("2026-05-04T10:01:00+00:00")) for body in (said, {"reads": [said]})
    )
    assert listed == alone
