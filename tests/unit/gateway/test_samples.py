"""A sample of what somebody sends who is not let in tells the maker and the names of fields, and no value."""

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.gateway.samples import MOST_SAMPLED, redacted, sample_of
from pipeline.state.waiting_room import LONGEST_SAMPLE
from tests.unit.gateway.payloads import PLATE
from tests.unit.gateway.samples import ALL, Sample

_TEXTS = re.compile(rb"[\t\n\r -~\x80-\xff]{2,}")


@pytest.mark.parametrize("sample", ALL, ids=[one.name for one in ALL])
def test_no_value_of_any_makers_message_is_in_its_sample(sample: Sample) -> None:
    """Values and names are found by parsers that the gateway does not use; a short value can stand in a name."""
    text = sample_of(sample.body[:MOST_SAMPLED], "POST", "/", sample.headers, 0).text
    names, values = named_values(sample.body)
    assert [] == [value for value in values if len(value) > 3 and value in text and value not in names]


def named_values(body: bytes) -> tuple[str, set[str]]:
    """All names, and the values that hold more than 0 and x, of each JSON and XML in the body."""
    names, values = list[str](), set[str]()
    for part in _TEXTS.findall(body):
        for parse in (in_json, in_xml):
            try:
                found = list(parse(part[min(at for at in (part.find(b"{"), part.find(b"<")) if at >= 0) :]))
            except (ValueError, ElementTree.ParseError):
                continue
            names += [name for name, _ in found]
            values |= {value for _, value in found if set(value) - set("0x .:-/")}
    return " ".join(names), values


def in_json(part: bytes) -> Iterator[tuple[str, str]]:
    """The names and the texts and numbers of a JSON."""
    left: list[tuple[str, Any]] = [("", json.JSONDecoder().raw_decode(part.decode())[0])]
    while left:
        name, one = left.pop()
        if isinstance(one, dict):
            left += one.items()
        elif isinstance(one, list):
            left += [(name, each) for each in one]
        yield name, str(one) if isinstance(one, str | int | float) and not isinstance(one, bool) else ""


def in_xml(part: bytes) -> Iterator[tuple[str, str]]:
    """The names and the texts and attributes of an XML."""
    for one in ElementTree.fromstring(part.rstrip(b"\r\n-")).iter():
        yield from ((one.tag, (one.text or "").strip()), *one.attrib.items())


@pytest.mark.parametrize(
    ("body", "maker", "text"),
    [
        (b'{"plate":"1-ABC-234","AB12CDE":true,"lane2":7}', None, '{"plate":"0-xxx-000","xx00xxx":xxxx,"lane2":0}'),
        (b"plate=1ABC234&name=Zo%C3%A9", None, "plate=0xxx000&name=xx%x0%x0"),
        (b'--b1\r\nContent-Disposition: form-data; name="plate"; filename="1ABC234.jpg"\r\n\r\n', None,
         '--x0\r\nContent-Disposition: xxxx-xxxx; name="plate"; filename="0xxx000.xxx"\r\n\r\n'),
        (b'<Owner name="Zoe"><Plate>1ABC234</Plate></Owner>', None,
         '<Owner name="xxx"><Plate>0xxx000</Plate></Owner>'),
        ('{"owner":"Zo\u00e9 \u0416","n":"\u0663\u200b\x1b[31m"}'.encode(), None, '{"owner":"xxx x","n":"0..[00x"}'),
        (b'{"picture":"' + b"QUJD" * 50 + b'"}', None, '{"picture":"[200]"}'),
        (PLATE, None, ""),
        (gzip.compress(b'{"plate":"1ABC234"}', mtime=0), None, ""),
        (b'{"camera_id":"NEW-1","plate":"1ABC234","captured_at_ms":1}', "vigie",
         '{"camera_id":"xxx-0","plate":"0xxx000","captured_at_ms":0}'),
    ],
)  # fmt: skip
def test_names_stay_and_all_else_is_a_shape(body: bytes, maker: str | None, text: str) -> None:
    """What looks like a plate is no name, wherever it stands; a picture, and what is compressed, has no sample."""
    sample = sample_of(body, "POST", "/", {"content-type": "Application/JSON; charset=utf-8"}, 0)
    assert (maker, "application/json", text) == (sample.maker, sample.content_type, sample.text)


@given(st.binary(max_size=6_000), st.text(max_size=40))
def test_any_bytes_make_a_short_printable_sample(body: bytes, content_type: str) -> None:
    """Also a media type that is none is not kept."""
    sample = sample_of(body[:MOST_SAMPLED], "POST", "/", {"content-type": content_type}, 0)
    assert len(sample.text) <= LONGEST_SAMPLE
    assert re.fullmatch(r"[\t\r\n -~\u2026]*", sample.text)
    assert re.fullmatch(r"([a-z]+/[a-z0-9.+-]+)?", sample.content_type)


def test_a_long_message_is_cut() -> None:
    """At its end an ellipsis says so."""
    text = redacted(b'{"a": 1, ' * 1_000)
    assert (LONGEST_SAMPLE, "\u2026") == (len(text), text[-1])
