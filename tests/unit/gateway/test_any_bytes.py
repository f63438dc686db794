"""Any bytes to every parser: no crash, bounded, and always something said."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.gateway.documents import HALF_CHARACTER
from pipeline.gateway.items import CameraRead, Ignored, Rejected
from pipeline.gateway.makers import BY_NAME, MAKERS
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.protocols import Maker
from pipeline.gateway.reading import received
from pipeline.gateway.told import told
from tests.unit.gateway.payloads import around
from tests.unit.gateway.samples import SAMPLES

NAMES = sorted({name for sample in SAMPLES.values() for name in sample.words})
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(NAMES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


def said(body: bytes, maker: Maker | None, headers: Mapping[str, str] | None = None) -> None:
    """Whatever came, each item says what became of it, and the whole can be told."""
    reading = received(
        body,
        around(file_name="x.csv", topic="frigate/x"),
        PassageMemory(),
        method="POST",
        headers=headers or {},
        maker=maker,
    )
    assert reading.items
    assert len(reading.items) <= 2000
    assert all(isinstance(item, CameraRead | Ignored | Rejected) for item in reading.items)
    assert reading.answer.status in (200, 400, 500, 503)
    assert not [item for item in reading.items if isinstance(item, Rejected) and "Error" in item.detail], reading.items
    told(reading, with_answer=True)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.NAME)
@settings(max_examples=50)
@example(b"\xef\xbb\xbf")
@given(st.binary(max_size=200))
def test_noise_breaks_no_parser(maker: Maker, body: bytes) -> None:
    """As if the listener knew whose it is."""
    said(body, maker)


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=25)
@given(st.data())
def test_a_cut_or_a_changed_byte_breaks_no_parser(name: str, data: st.DataObject) -> None:
    """A real message, cut anywhere or with some bytes changed, with the boundary that its head names."""
    sample = SAMPLES[name]
    body = bytearray(sample.body[: data.draw(st.integers(0, len(sample.body)))])
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, max(len(body) - 1, 0)), st.integers(0, 255)), max_size=6)
    ):
        if body:
            body[at] = byte
    said(bytes(body), sample.maker, sample.headers)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.NAME)
@settings(max_examples=30)
@given(VALUES)
def test_values_of_any_shape_break_no_parser(maker: Maker, value: object) -> None:
    """JSON with the names of makers' messages, and anything under them."""
    said(msgspec.json.encode(value), maker)


def test_more_events_than_a_message_may_have_are_refused_and_not_left_out() -> None:
    """A post of posts."""
    hook = {"hook": {}, "data": {"camera_id": "c", "results": [{"plate": "1abc234"}] * 501}}
    assert [Rejected(reason="too_large", detail="more than 1000 events in one message")] == list(
        received(msgspec.json.encode([hook, hook]), around(), PassageMemory()).items
    )


@pytest.mark.parametrize("count", [1_000, 1_001])
@pytest.mark.parametrize("maker", ["platerecognizer", "lilin", "verkada", "survision"])
def test_a_plain_list_of_too_many_events_is_refused_whole(maker: str, count: int) -> None:
    """Not cut off behind the thousandth, whose sender would be told that all was kept."""
    table = (
        "timestamp,plate,score,dscore,file\n" + "2026-06-12 08:15:19,1abc234,0.9,0.9,cam_screenshots/1.jpg\n" * count
    )
    events = {"lilin": {"LPR_COUNT": count, "INFORMATION": [{"LPR": "1ABC234", "TS": "1777888800250000"}] * count}}
    body = table.encode() if maker == "platerecognizer" else msgspec.json.encode(events.get(maker, [{}] * count))
    refused = [Rejected(reason="too_large", detail="more than 1000 events in one message")]
    found = list(received(body, around(), PassageMemory(), maker=BY_NAME[maker]).items)
    assert found == refused if count > 1_000 else count == len(found)


def test_half_a_character_is_refused_alone() -> None:
    """JSON can escape half of a surrogate pair; the packet beside it is read, and a whole pair is a character."""
    packet = (
        b'{"carState": "new", "carID": "%s", "plateUTF8": "1ABC234", "capture_timestamp": 1777888800250, "x": "%s"}'
    )
    body = packet % (b"1", rb"\ud83d\ude97") + packet % (b"2", rb"\ud83d")
    items = received(body, around(), PassageMemory()).items
    assert [CameraRead, Rejected(reason="unreadable", detail=HALF_CHARACTER)] == [type(items[0]), items[1]]
