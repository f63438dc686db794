"""What comes over TCP is cut into messages: whole ones as they were sent, and a broken one costs itself alone."""

import json
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.gateway.cutting import BLANK, Cutter, Held, JsonCutter, RecordCutter
from pipeline.gateway.xml_cutting import XmlCutter

PACKET = b'{"carState": "new", "plateUTF8": "1ABC234", "ImageArray": [{"size": [4, 2]}, {"BinaryImage": "aGk="}]}'
XML = b'<?xml version="1.0"?>\n<root><PLATE_STRING kind="a">1ABC234</PLATE_STRING><PLATE_STRING_2/></root>'
TEXTS = st.text(max_size=6).filter(lambda text: "{" not in text)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def cut(cutter: Cutter, *chunks: bytes) -> list[bytes]:
    """What is cut off as these come."""
    found = []
    for chunk in chunks:
        cutter.feed(chunk)
        found += list(iter(cutter.next, None))
    return found


def in_chunks(stream: bytes, places: list[int]) -> Iterator[bytes]:
    """The stream, cut at these places."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return (stream[begin:end] for begin, end in pairwise(edges))


@given(
    st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), max_size=5),
    st.sampled_from([b"", b"\n", b"\r\n\r\n", b"\0", b" , "]),
    st.lists(st.integers(0, 10_000), max_size=8),
)
def test_objects_come_out_as_they_were_sent_however_the_network_cuts_them(
    objects: list[dict[str, object]], between: bytes, places: list[int]
) -> None:
    """Also with brackets, quotes and backslashes in their texts."""
    bodies = [json.dumps(one, ensure_ascii=False).encode() for one in objects]
    cutter = JsonCutter()
    assert bodies == cut(cutter, *in_chunks(between.join([b"", *bodies, b""]), places))
    assert not cutter.rest.strip(b", ")


@given(st.integers(1, 4), st.lists(st.integers(0, 1000), max_size=8))
def test_records_come_out_as_they_were_sent_however_the_network_cuts_them(count: int, places: list[int]) -> None:
    """What is cut off at the end stays."""
    cutter, record = RecordCutter(), b"\x022026050412000001 1ABC234\x03"
    assert [record] * count == cut(cutter, *in_chunks(record * count + record[:9], places))
    assert record[:9] == cutter.rest


@given(st.integers(1, 4), st.lists(st.integers(0, 1000), max_size=8))
def test_elements_come_out_as_they_were_sent_however_the_network_cuts_them(count: int, places: list[int]) -> None:
    """Each with its declaration."""
    cutter = XmlCutter()
    assert [XML] * count == [one.strip(BLANK) for one in cut(cutter, *in_chunks((XML + b"\r\n\0") * count, places))]
    assert b"" == cutter.rest


@pytest.mark.parametrize(
    "broken",
    [
        b'{"make": "a"b"}', b'{"make": "never closed}', b'{"make": {"a": 1}', b"x", b"{'a': 1]}", b'"a": 1}',
        b'{"make": "\\', b"hello",
    ],
)  # fmt: skip
@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n"])
@given(places=st.lists(st.integers(0, 1000), max_size=5))
def test_a_broken_packet_costs_itself_alone(broken: bytes, between: bytes, places: list[int]) -> None:
    """Those before and after it come out whole, and it comes out, too: as a letter's body, not as silence."""
    if broken.endswith(b"\\"):
        between = b"\n\n"  # the escape takes one with it
    stream = between.join([PACKET, broken, PACKET, PACKET])
    found = [one.strip(BLANK) for one in cut(JsonCutter(), *in_chunks(stream, places))]
    assert 3 == found.count(PACKET)
    assert broken in b"".join(found)


@pytest.mark.parametrize(
    "broken",
    [b"<root><PLATE>1</PLATE>", b"<Ping />", b"<Ping>", b"</Ping>", b"<root", b"<Msg><DATE>", b"< >", b"<?xml "],
)
@given(places=st.lists(st.integers(0, 1000), max_size=5))
def test_a_broken_element_costs_itself_alone(broken: bytes, places: list[int]) -> None:
    """As above."""
    stream = b"\n".join([XML, broken, XML, XML])
    found = [one.strip(BLANK) for one in cut(XmlCutter(), *in_chunks(stream, places))]
    whole = [one for one in found if one.endswith(XML)]
    assert 3 == len(whole)
    assert broken in b"".join(found)


@pytest.mark.parametrize("make", [JsonCutter, XmlCutter])
@given(st.lists(st.sampled_from([b"{", b"}", b'"', b"\\", b"<a", b"<", b">", b"/>", b"</a>", b"<?xml ", b" ", b"x"])))
def test_nothing_is_lost_whatever_comes(make: Callable[[], Cutter], words: list[bytes]) -> None:
    """What is cut off and what is held is all that came, but for blanks and the brackets around objects."""
    cutter = make()
    found = b"".join(cut(cutter, *words))
    around = BLANK + b"[],"
    kept = (found + cutter.rest).translate(None, around)
    assert b"".join(words).translate(None, around) == kept


@pytest.mark.parametrize(
    ("make", "unit"),
    [(JsonCutter, b"{"), (JsonCutter, b'{"a": "'), (JsonCutter, b"}"), (JsonCutter, b" "), (JsonCutter, b"\\"),
     (XmlCutter, b"<"), (XmlCutter, b"<a "), (XmlCutter, b"<a><b>"), (XmlCutter, b"<a" + b" " * 99), (XmlCutter, b"</a>")],
)  # fmt: skip
def test_what_was_looked_at_is_not_looked_at_again(make: Callable[[], Held], unit: bytes) -> None:
    """Byte by byte, as somebody sends who wants the gateway to begin again at each: but for one tag that is not whole yet."""
    cutter = make()
    stream = unit * (3000 // len(unit))
    for at in range(len(stream)):
        cutter.feed(stream[at : at + 1])
        while cutter.next() is not None:
            pass
        assert cutter.size - cutter._at <= 64  # the place is what the test is about
