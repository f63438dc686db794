"""A new sender without code."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Misconfigured
from pipeline.gateway.mapping import MappedMaker, mapping_in
from pipeline.gateway.mapping_notes import notes_on
from pipeline.gateway.mapping_terms import Mapping
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.reading import received
from pipeline.gateway.request import Request
from pipeline.gateway.told import told
from tests.unit.gateway.payloads import PLATE, SCENE, around, form, reasons, the_read
from tests.unit.gateway.samples import PLATE64

PAGE = (Path(__file__).parents[3] / "docs/cameras/mapping.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"```(json|toml)\n(.*?)```", PAGE, re.DOTALL))
MESSAGE = BLOCKS["json"].replace("/9j/4AAQ...", PLATE64).encode()


def maker(text: str = BLOCKS["toml"]) -> MappedMaker:
    """The mapping of a text."""
    return MappedMaker(msgspec.toml.decode(text, type=Mapping))


def test_the_pages_example_becomes_a_read() -> None:
    """What a new user types is what works."""
    reading = received(MESSAGE, around(), PassageMemory(), method="POST", maker=maker())
    read = the_read(reading)
    assert ("1ABC234", 1777888800250, 0.87, "BE") == (read.plate, read.captured_at_ms, read.confidence, read.country)
    assert ("receding", 63.0, {"serial": "AC-17"}) == (read.direction, read.speed_kmh, dict(read.camera))
    assert ["plate"] == [picture.kind for picture in read.pictures]
    assert maker().recognises(Request(body=MESSAGE, circumstances=around()))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('"passage"', '"alive"'), "heartbeat"),
        (('"passage"', '"other"'), "other_event"),
        (("1-ABC-234", "xxxxxx"), "no_plate"),
        (("1-ABC-234", "\u4eac12345"), "not_a_plate"),
        (("04.05.2026", "04.05.1999"), "read"),
    ],
)
def test_the_rules_of_all_senders_hold(change: tuple[str, str], expected: str) -> None:
    """A mapping says where things stand, not what they are worth."""
    body = MESSAGE.decode().replace(*change).encode()
    assert [expected] == reasons(received(body, around(), PassageMemory(), maker=maker()))


def test_xml_attributes_lists_and_alternatives_are_reached() -> None:
    """Several passages in one message; times as numbers."""
    mapping = maker(
        'name = "m"\nformat = "xml"\nrecognise = ["<evts"]\neach = "e"\nplate = ["x", "p"]\ncamera = { id = "@cam" }\n'
        '[time]\npath = "@t"\nformat = "seconds"\n[speed]\npath = "v"\nunit = "m/s"\n'
    )
    one, other = (
        b'<e cam="7" t="1777888800"><p lang="x">1ABC234</p><v>10</v></e>',
        b'<e cam="7" t="1777888801"><p>1ABC235</p></e>',
    )
    body = b"<evts>" + one + other + b"</evts>"
    items = told(received(body, around(), PassageMemory(), maker=mapping), with_answer=False)["items"]
    assert isinstance(items, list)
    assert [("1ABC234", "2026-05-04T10:00:00.000Z", 36.0), ("1ABC235", "2026-05-04T10:00:01.000Z", None)] == [
        (one["read"]["plate"], one["read"]["captured_at"], one["read"]["speed_kmh"])
        for one in items  # type: ignore[index,call-overload]  # JSON's values
    ]


def test_what_all_passages_of_a_message_share_is_reached_from_the_top() -> None:
    """The camera stands beside the list, and the time as .NET writes it."""
    mapping = maker(
        'name = "m"\nformat = "json"\nrecognise = ["quai"]\neach = "all"\nplate = "p"\ncamera = { name = "^.quai.name" }\n'
        '[time]\npath = "t"\nformat = "any"\n'
    )
    body = rb'{"quai": {"name": "K9"}, "all": [{"p": "1ABC234", "t": "\/Date(1777888800250+0200)\/"}, {"p": "1ABC235", "t": "?"}]}'
    first, second = told(received(body, around(), PassageMemory(), maker=mapping), with_answer=False)["items"]  # type: ignore[misc]  # JSON
    assert ({"name": "K9"}, 1777888800250) == (first["read"]["camera"], first["read"]["captured_at_ms"])
    assert "'?' is no time that can be read" in second["read"]["time_from"]


def test_a_table_is_reached_by_its_columns() -> None:
    """Any separator."""
    mapping = maker(
        'name = "m"\nformat = "table"\nrecognise = ["Plaat"]\nplate = "Plaat"\ncamera = { name = "Cam" }\n[time]\npath = "Tijd"\n'
        '[confidence]\npath = "Z"\nof = 100\n'
    )
    read = the_read(
        received(b"Cam;Plaat;Tijd;Z\nA;1-ABC-234;2026-05-04 12:00:00;97,5\n", around(), PassageMemory(), maker=mapping)
    )
    assert ("1ABC234", 0.975) == (read.plate, read.confidence)


def test_a_file_that_is_wrong_is_told_of_by_name(tmp_path: Path) -> None:
    """A misspelt field, a missing one, no TOML, no file."""
    for at, text in enumerate((BLOCKS["toml"].replace("plate =", "plat =", 1), "name = 1", "= x")):
        path = tmp_path / f"{at}.toml"
        path.write_text(text)
        with pytest.raises(Misconfigured, match=f"{at}.toml"):
            mapping_in(path)
    with pytest.raises(Misconfigured, match=r"none\.toml"):
        mapping_in(tmp_path / "none.toml")


@settings(max_examples=50)
@given(st.data())
def test_no_bytes_break_a_mapping(data: st.DataObject) -> None:
    """A message cut anywhere, or noise."""
    body = MESSAGE[: data.draw(st.integers(0, len(MESSAGE)))] + data.draw(st.binary(max_size=20))
    reading = received(body, around(), PassageMemory(), maker=maker())
    assert reading.items
    assert not [item for item in reading.items if "Error" in getattr(item, "detail", "")]


@pytest.mark.parametrize("boundary_told", [True, False])
def test_a_form_with_parts_gives_fields_and_pictures(boundary_told: bool) -> None:
    """Pictures by a piece of their names; a date and a time that stand apart are one."""
    mapping = maker(
        'name = "m"\nformat = "json"\nrecognise = ["\\"reg\\""]\nplate = "reg"\ncamera = { id = "cam" }\n'
        '[time]\npath = "date"\nand = "time"\nformat = "%d/%m/%y %H:%M:%S"\nzone = "UTC"\n'
        '[pictures]\nplate = "part:CROP"\noverview = ["shot", "part:wide"]\n'
    )
    fields = b'{"reg": "1ABC234", "cam": "7", "date": "04/05/26", "time": "10:00:00"}'
    named = 'Content-Disposition: form-data; name="{}"; filename="{}"'
    body, headers = form(
        (named.format("event", ""), fields),
        (named.format("p1", "Crop_1ABC234.jpg"), PLATE),
        (named.format("wide", "2.jpg"), SCENE),
    )
    read = the_read(
        received(
            body, around(), PassageMemory(), method="POST", headers=headers if boundary_told else {}, maker=mapping
        )
    )
    assert ("1ABC234", 1777888800000) == (read.plate, read.captured_at_ms)
    assert [("plate", PLATE), ("overview", SCENE)] == [(one.kind, one.data) for one in read.pictures]


def test_fields_of_a_form_and_of_the_address_are_read() -> None:
    """As simple cameras send them."""
    mapping = maker(
        'name = "m"\nformat = "fields"\nrecognise = ["/lpr?"]\nplate = "n"\ncamera = { id = "cam" }\n'
        '[time]\npath = "t"\nformat = "seconds"\n'
    )
    for target, body in (("/lpr?cam=7", b"n=1-ABC-234&t=1777888800"), ("/lpr?cam=7&n=1ABC234&t=1777888800", b"")):
        request = Request(body=body, circumstances=around(), target=target)
        assert mapping.recognises(request)
        read = the_read(received(body, around(), PassageMemory(), method="POST", target=target, maker=mapping))
        assert ("1ABC234", 1777888800000, {"id": "7"}) == (read.plate, read.captured_at_ms, dict(read.camera))


@given(st.binary(max_size=300), st.sampled_from(["json", "xml", "table", "fields"]))
def test_any_bytes_in_a_form_become_items(body: bytes, how: str) -> None:
    """Never an error of ours."""
    mapping = maker(
        f'name = "m"\nformat = "{how}"\nrecognise = ["abc"]\nplate = "n"\ncamera = {{}}\n[time]\npath = "t"\nand = "u"\n'
        '[pictures]\nplate = "part:x"\n'
    )
    for wrapped in (body, b"--x\r\n\r\n" + body + b"\r\n--x--\r\n"):
        assert received(wrapped, around(), PassageMemory(), target="/a?b=1", maker=mapping).items


TEXTS = (
    'name = "m"\nformat = "xml"\nrecognise = ["urn:m", "<Nowhere"]\neach = "All.One"\nplate = "P"\nevent_key = "@nr"\n'
    'camera = { serial = "^.Unit.@sn", name = "^.Unit.@name" }\nlane = { path = "L", words = { L2 = "2" } }\n'
    '[time]\npath = "D"\nand = "T"\nformat = "%d/%m/%Y %H:%M:%S,%f"\nzone = "Europe/Brussels"\n[confidence]\npath = "P.@q"\n'
    '[speed]\npath = "V"\n[direction]\npath = "S"\nwords = { R = "approaching" }\n[vehicle_class]\npath = "K"\n'
    '[pictures]\nplate = "F.0"\n[position]\nlat = "G.@lat"\nlon = "G.@lon"\n'
)
PASSAGES = (
    b'<m:R xmlns:m="urn:m"><m:Unit sn="7"/><m:All><m:One nr="1"><m:D>04/05/2026</m:D><m:T>12:00:00,250</m:T>'
    b'<m:P q="93 %">1-ABC-234</m:P><m:V>87,5 km/h</m:V><m:L>L2</m:L><m:S>R</m:S><m:K>PL</m:K></m:One><m:One><m:D>04/05/2026</m:D>'
    b'<m:T>12:00:01,000</m:T><m:P q="">1ABC235</m:P><m:V>0 km/h</m:V><m:L>L3</m:L><m:S>-</m:S></m:One></m:All></m:R>'
)


def test_texts_with_a_unit_a_percent_sign_or_a_lanes_name_are_read() -> None:
    """As a maker's XML for people has them."""
    reading = received(PASSAGES, around(), PassageMemory(), maker=maker(TEXTS))
    first = the_read(msgspec.structs.replace(reading, items=reading.items[:1]))
    assert ("1ABC234", 1777888800250, 0.93, 87.5, 2) == (
        first.plate, first.captured_at_ms, first.confidence, first.speed_kmh, first.lane
    )  # fmt: skip
    assert ("approaching", "R") == (first.direction, first.direction_as_sent)


def test_what_came_to_nothing_is_told() -> None:
    """Each once; what says itself that it is unknown is no fault."""
    mapping = maker(TEXTS)
    reading = received(PASSAGES, around(), PassageMemory(), maker=mapping)
    assert [
        "recognise: '<Nowhere' is not in it: the gateway will not know it by this mapping",
        "vehicle_class: 'PL' is not understood: give its meaning in words",
        "camera.name: nothing at ^.Unit.@name",
        "pictures.plate: no JPEG or PNG at F.0",
        "position: no degrees at G.@lat and G.@lon",
        "confidence: nothing at P.@q",
        "lane: 'L3' is not understood: give its meaning in words",
        "vehicle_class: nothing at K",
        "event_key: nothing at @nr",
    ] == notes_on(mapping, Request(body=PASSAGES, circumstances=around()), reading.items)


def test_the_pages_example_leaves_nothing_to_note() -> None:
    """And a body that cannot be read has no notes but on its recognition."""
    reading = received(MESSAGE, around(), PassageMemory(), method="POST", maker=maker())
    assert [] == notes_on(maker(), Request(body=MESSAGE, circumstances=around()), reading.items)
    assert 2 == len(notes_on(maker(), Request(body=b"no JSON", circumstances=around()), ()))


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ((b"All>", b"Any>"), "each: nothing at All.One"),
        ((b"m:P", b"m:Plate"), "plate: nothing at P"),
        ((b"12:00:00,250", b"noon"), "time: '04/05/2026 noon' is no time that can be read"),
    ],
)
def test_why_there_is_no_read_is_told(change: tuple[bytes, bytes], note: str) -> None:
    """Where the mapping may be at fault."""
    body, mapping = PASSAGES.replace(*change), maker(TEXTS)
    reading = received(body, around(), PassageMemory(), maker=mapping)
    assert note in notes_on(mapping, Request(body=body, circumstances=around()), reading.items)


def test_a_kind_that_is_not_named_is_told() -> None:
    """The sender's word for a passage may be another than the document's."""
    body = MESSAGE.replace(b'"passage"', b'"pass"')
    reading = received(body, around(), PassageMemory(), maker=maker())
    assert ["only: 'pass' is none of its words"] == notes_on(
        maker(), Request(body=body, circumstances=around()), reading.items
    )
