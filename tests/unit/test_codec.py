"""Bytes and messages: what is written is read again, and what is wrong says where."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadRecord
from pipeline.stream import codec
from schemas.outcomes import Alert, Withdrawal
from schemas.pictures import Frame
from schemas.reads import ReadBatch
from schemas.topics import ALERTS, FORWARDS, FRAMES, READS, RECEIPTS, VIOLATIONS, Topic
from tests.builders import NOON_MS, make_alert, make_read


def test_a_batch_survives_the_wire() -> None:
    """JSON there and back is the same batch."""
    batch = ReadBatch(reads=(make_read(plate="1ABC234"), make_read(plate="AB123CD")))
    assert codec.decode(READS, codec.encode(READS, batch)) == batch


def test_a_frame_survives_the_wire_with_its_bytes() -> None:
    """msgpack there and back is the same picture."""
    frame = Frame(camera_id="c", captured_at_ms=1, received_at_ms=2, image=bytes(range(256)))
    assert codec.decode(FRAMES, codec.encode(FRAMES, frame)) == frame


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"\xff", "undecodable"),
        (b"{", "undecodable"),
        (b"[" * 100_000, "invalid"),
        (b"[]", "invalid"),
        (b'{"reads": []}', "invalid"),
        (b'{"reads": [{}]}', "invalid"),
    ],
)
def test_what_cannot_be_read_has_a_reason(payload: bytes | None, reason: str) -> None:
    """Nothing, no JSON, endless nesting, the wrong shape: each its own reason."""
    with pytest.raises(BadRecord) as wrong:
        codec.decode(READS, payload)
    assert reason == wrong.value.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plate", ""),
        ("plate", "1-ABC-234"),
        ("plate", "ÀÉ漢字"),
        ("plate", "A" * 17),
        ("captured_at_ms", -1),
        ("captured_at_ms", 1e300),
        ("captured_at_ms", 99_999_999_999_999),
        ("confidence", 1.5),
        ("camera_id", "../../etc"),
        ("speed_kmh", -3),
        ("country", "Belgium"),
    ],
)
def test_a_field_out_of_bounds_is_named(field: str, value: object) -> None:
    """The detail says which field, so that the sender can mend it."""
    read = {**msgspec.to_builtins(make_read()), field: value}
    with pytest.raises(BadRecord, match=field):
        codec.decode(READS, msgspec.json.encode({"reads": [read]}))


def test_good_reads_of_a_bad_batch_are_kept() -> None:
    """One by one, each bad read keeps its index and its bytes."""
    good = msgspec.to_builtins(make_read(plate="1ABC234"))
    payload = msgspec.json.encode({"reads": [good, {**good, "plate": ""}, good]})
    kept, refused = codec.decode_reads_one_by_one(payload)
    assert [(0, "1ABC234"), (2, "1ABC234")] == [(index, read.plate) for index, read in kept]
    assert [1] == [index for index, _, _ in refused]


@pytest.mark.parametrize("before", [b'{"reads":', b'{"reads":[', b'{"reads":[{"read_id":', b'{"reads":[{"more":'])
def test_endless_nesting_inside_of_a_batch_is_a_bad_record(before: bytes) -> None:
    """However deep and wherever: a batch that is looked through read by read stops nobody either."""
    payload = before + b"[" * 100_000
    for look in (lambda: codec.decode(READS, payload), lambda: codec.decode_reads_one_by_one(payload)):
        with pytest.raises(BadRecord):
            look()


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_bad_record(payload: bytes) -> None:
    """Whatever arrives, the stream goes on."""
    for topic in (READS, FRAMES):
        try:
            codec.decode(topic, payload)
        except BadRecord as refused:
            assert refused.reason in ("empty", "undecodable", "invalid")


def test_a_batch_is_taken_apart_though_one_of_its_reads_is_in_a_dialect() -> None:
    """NaN is no JSON, but Python writes it: the other reads are as they were, and its own is refused for that very field."""
    good = msgspec.json.encode(make_read())
    strange = good.replace(b'"confidence":', b'"confidence":NaN,"was":')
    reads, bad = codec.decode_reads_one_by_one(b'{"reads":[' + strange + b"," + good + b"]}")
    assert [(1, make_read())] == reads
    assert [0] == [index for index, _, _ in bad]
    assert "confidence" in bad[0][2].detail


def test_a_batch_of_an_endless_number_is_told_as_it_came() -> None:
    """Python itself refuses to read it; no other error may come of that."""
    with pytest.raises(BadRecord) as caught:
        codec.decode_reads_one_by_one(b'{"reads":[NaN,' + b"9" * 5_000 + b"]}")
    assert "undecodable" == caught.value.reason


WITHDRAWAL = Withdrawal(kind="alert", id="a-1", reason="entry_removed", by="hotlist", at_ms=NOON_MS)
ALERT = (Path(__file__).parents[1] / "contract" / "wire" / "v1" / "alerts-1.json").read_bytes()


@pytest.mark.parametrize("topic", [ALERTS, VIOLATIONS, FORWARDS], ids=lambda topic: topic.name)
def test_a_withdrawal_travels_on_the_topic_of_what_it_takes_back(topic: Topic[Any]) -> None:
    """There and back it is the same, whatever the order of its fields."""
    wire = codec.encode(topic, WITHDRAWAL)
    turned = msgspec.json.encode(dict(reversed(msgspec.json.decode(wire).items())))
    assert WITHDRAWAL == codec.decode(topic, wire) == codec.decode(topic, turned)
    assert codec.decode_all(topic, [wire]) is None  # then each is decoded for itself


def test_alerts_beside_a_withdrawal_are_alerts() -> None:
    """Nothing of the one kind is taken for the other."""
    kinds = [type(codec.decode(ALERTS, wire)) for wire in (ALERT, codec.encode(ALERTS, WITHDRAWAL), ALERT)]
    assert [Alert, Withdrawal, Alert] == kinds


@pytest.mark.parametrize(("field", "value"), [("kind", "hit"), ("id", 7), ("reason", ""), ("by", ""), ("at_ms", -1)])
def test_a_withdrawal_that_breaks_the_contract_is_refused_for_its_own_field(field: str, value: object) -> None:
    """The sender is told what is wrong with the withdrawal, not that it is no alert."""
    wire = {**msgspec.to_builtins(WITHDRAWAL), field: value}
    with pytest.raises(BadRecord, match=field):
        codec.decode(ALERTS, msgspec.json.encode(wire))


def test_other_topics_carry_no_withdrawals() -> None:
    """There it is a bad record like any other."""
    with pytest.raises(BadRecord):
        codec.decode(RECEIPTS, codec.encode(ALERTS, WITHDRAWAL))


@pytest.mark.parametrize("forged", ["alert_id", "read"])
def test_an_alert_that_bears_anothers_id_is_refused(forged: str) -> None:
    """Ids are computed, not believed: who could choose one could have a hit taken for a copy of an earlier one."""
    alert, other = make_alert(), make_alert(read=make_read(plate="2DEF345"))
    wrong = {"alert_id": other.alert_id, "read": msgspec.structs.replace(alert.read, read_id=other.read.read_id)}
    payload = codec.encode(ALERTS, msgspec.structs.replace(alert, **{forged: wrong[forged]}))
    with pytest.raises(BadRecord, match="id"):
        codec.decode(ALERTS, payload)
    assert codec.decode_all(ALERTS, [codec.encode(ALERTS, alert), payload]) is None
    assert [alert] == codec.decode_all(ALERTS, [codec.encode(ALERTS, alert)])
