"""Endless answers are cut into the same parts however they come, and an event is put together with its pictures."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.gateway.multipart import split
from pipeline.gateway.pulling.parts import Event, PartCutter
from tests.cameras import part
from tests.unit.gateway.payloads import PLATE, SCENE

TYPE = "multipart/mixed; boundary=boundary"
TEXTS = st.binary(max_size=60).map(lambda one: b"<a>" + one + b"</a>")
PARTS = st.lists(
    st.one_of(TEXTS.map(part), TEXTS.map(lambda one: part(one).replace(b"Content-Length", b"X-Length"))), max_size=6
)


def cut(stream: bytes, ends: list[int], content_type: str = TYPE) -> list[bytes]:
    """The bodies of the parts of a stream that comes in pieces, cut at these places."""
    cutter, found = PartCutter(content_type), list[bytes]()
    places = sorted({0, len(stream), *(end % (len(stream) + 1) for end in ends)})
    for begin, end in pairwise(places):
        cutter.feed(stream[begin:end])
        while (one := cutter.next()) is not None:
            found.append(one.body)
    return found


@given(parts=PARTS, ends=st.lists(st.integers(0, 10_000), max_size=8))
def test_however_a_stream_comes_its_parts_are_those_of_the_whole(parts: list[bytes], ends: list[int]) -> None:
    """With and without lengths; a body may hold anything but a delimiter."""
    stream = b"".join(parts) + b"--boundary\r\n"
    assert [one.body for one in split(stream, b"boundary")] == cut(stream, ends)


@given(stream=st.binary(max_size=400), ends=st.lists(st.integers(0, 400), max_size=5))
def test_no_stream_breaks_the_cutter(stream: bytes, ends: list[int]) -> None:
    """Also where delimiters and lengths stand anywhere in it."""
    for prefix in (b"", b"--boundary\r\n", b"--boundary\r\nContent-Length: 5\r\n\r\n"):
        cut(prefix + stream + b"\r\n--boundary\r\n" + stream, ends)


def test_the_boundary_may_be_another_than_its_head_says() -> None:
    """As cameras of several firmwares have it; delimiters may come twice."""
    stream = (part(b"one") + part(b"two")).replace(b"--boundary", b"--boundary\r\n--boundary") + b"--boundary\r\n"
    assert [b"one", b"two"] == cut(stream, [], "multipart/mixed; boundary=<another>")


def test_an_event_has_the_pictures_that_follow_it_and_no_others() -> None:
    """Pictures before any event are of none; each message can be split again."""
    cutter, event, found = PartCutter(TYPE), Event(), list[bytes]()
    stream = [
        part(SCENE, "image/jpeg"),
        part(b"one"),
        part(PLATE, "image/jpeg", "plate.jpg"),
        part(b"two"),
        b"--boundary\r\n",
    ]
    cutter.feed(b"".join(stream))
    while (one := cutter.next()) is not None:
        found += list(event.add(one))
    assert event
    found.append(event.message())
    assert b"two" == found[1]
    again = split(found[0], b"vigie-part")
    assert [(b"one", "", True), (PLATE, "plate.jpg", True)] == [(one.body, one.labels[0], one.whole) for one in again]
