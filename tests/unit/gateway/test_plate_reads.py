"""What a camera says becomes the read that flows, and nothing is added to it."""

import msgspec
import pytest

from pipeline.gateway.items import CameraRead
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.plate_reads import plate_read_of
from pipeline.gateway.reading import received
from schemas.reads import ReadBatch, fault_in
from tests.unit.gateway.payloads import around, got, reasons, the_read
from tests.unit.gateway.samples import SAMPLES, hikvision, j

READS = [name for name, sample in SAMPLES.items() if any(not isinstance(one, str) for one in sample.expected)]


@pytest.mark.parametrize("name", READS)
def test_every_makers_read_keeps_the_contract(name: str) -> None:
    """Encoded, decoded and looked at as the agents look at what comes from outside."""
    sample = SAMPLES[name]
    reading = received(
        sample.body,
        around(**sample.given),
        PassageMemory(),
        method=sample.method,
        target=sample.target,
        headers=sample.headers,
    )
    reads = tuple(
        plate_read_of(item, "E40-1", received_at_ms=1777888801000, maker=reading.maker or "")
        for item in reading.items
        if isinstance(item, CameraRead)
    )
    batch = msgspec.json.decode(msgspec.json.encode(ReadBatch(reads=reads)), type=ReadBatch)
    assert batch.reads == reads
    assert fault_in(reads) is None


def test_what_is_left_open_stays_open() -> None:
    """No confidence is not 0, an unset clock proves nothing, a direction has Vigie's word."""
    open_ = the_read(got(SAMPLES["milesight:a lorry"].body))
    read = plate_read_of(open_, "C", received_at_ms=0, maker="milesight")
    assert (0.0, False, "leaving", None) == (read.confidence, read.confidence_stated, read.direction, read.clock)
    unset = plate_read_of(
        the_read(got(hikvision(dateTime="2000-01-01T00:00:09+08:00"))), "C", received_at_ms=0, maker="x"
    )
    assert unset.clock is not None
    assert (True, False) == (unset.confidence_stated, unset.clock.synced)


def axis(state: str, plate: str, at: int) -> bytes:
    """One of several messages on one vehicle."""
    return j(
        {"carState": state, "plateUTF8": plate, "capture_timestamp": str(at), "carID": "7", "sensorProviderID": "s"}
    )


def test_messages_on_one_passage_are_one_read_with_corrections() -> None:
    """Another text corrects, the same text is nothing new, the same message again is the same read."""
    memory, at = PassageMemory(), 1777888800000
    first = the_read(got(axis("new", "2VIG0O1", at), memory=memory))
    again = the_read(got(axis("new", "2VIG0O1", at), memory=memory))
    other = the_read(got(axis("update", "2VIG001", at + 300), memory=memory))
    assert ("first", "repeat", "correction", "2VIG0O1") == (
        first.relation,
        again.relation,
        other.relation,
        other.corrects,
    )
    assert ["repeat_of_passage"] == reasons(got(axis("lost", "2VIG001", at), memory=memory))
    later = around("2026-05-04T10:01:00+00:00")
    assert "first" == the_read(got(axis("lost", "2VIG001", at), later, memory=memory)).relation


def test_a_read_dated_by_its_arrival_that_comes_again_is_the_same_read() -> None:
    """It has to be kept before it is answered, as the first one has, and keeps the first one's time."""
    memory, later = PassageMemory(), around("2026-05-04T10:00:05+00:00")
    undated = j({"carState": "new", "plateUTF8": "2VIG001", "carID": "7", "sensorProviderID": "s"})
    first = the_read(got(undated, memory=memory))
    again = the_read(got(undated, later, memory=memory))
    assert (False, "repeat") == (first.clock_synced, again.relation)
    assert first.captured_at_ms == again.captured_at_ms


def test_a_time_that_looks_wrong_proves_nothing() -> None:
    """A clock that is suspected says so in the read, whatever its camera's certificate says of clocks."""
    read = msgspec.structs.replace(the_read(got(axis("new", "2VIG001", 1777888800000))), clock_suspect="an hour off")
    clock = plate_read_of(read, "C", received_at_ms=0, maker="axis").clock
    assert clock is not None
    assert not clock.synced


def test_a_number_of_seconds_two_hours_old_is_late_and_a_wall_clock_two_hours_off_is_suspect() -> None:
    """A queue that drains sends old reads; a clock in UTC where a local one is expected is told of, and never corrected."""
    two_hours_later = around("2026-05-04T12:00:01+00:00")
    queued = the_read(got(SAMPLES["rekor:group"].body, two_hours_later))
    assert (True, None) == (queued.late, queued.clock_suspect)
    off = the_read(got(SAMPLES["milesight:a lorry"].body, two_hours_later))
    assert (False, True) == (off.late, off.clock_suspect is not None)
    ahead = the_read(got(SAMPLES["milesight:a lorry"].body, around("2026-05-04T09:00:00+00:00")))
    assert ahead.clock_suspect is not None


@pytest.mark.parametrize(
    ("received_at", "captured_at_ms"),
    [("2026-10-25T00:40:00+00:00", 1792888200000), ("2026-10-25T01:40:00+00:00", 1792891800000)],
)
def test_an_hour_that_exists_twice_is_the_one_before_arrival(received_at: str, captured_at_ms: int) -> None:
    """The last Sunday of October."""
    body = j({"device": "M", "time": "2026-10-25 02:30:00", "plate": "2VIG001", "plate_color": "White"})
    assert captured_at_ms == the_read(got(body, around(received_at))).captured_at_ms
