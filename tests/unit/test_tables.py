"""Reference data from and to files: what is taken, what is refused and how it is told."""

import csv
import doctest
import hashlib
import os
import random
import re
import threading
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.errors import BadRecord
from pipeline.hotlist.entries import covert_mark
from pipeline.hotlist.pattern_index import collapsed
from pipeline.tables import cells
from pipeline.tables.blank_texts import can_be_seen
from pipeline.tables.files import MOST_BAD, TABLES, TOLD, check_file
from pipeline.tables.spreadsheets import changed_plate, no_name, says_nothing, spoiled_text
from pipeline.tables.text_lines import TextLines
from pipeline.tables.writing import write_file
from schemas.base import Message, Position
from schemas.reference import (
    Camera,
    Certificate,
    Distance,
    HotlistEntry,
    Line,
    PicturePoint,
    Policy,
    Region,
    Section,
    WantedList,
    Zone,
)
from schemas.requests import MOST_WATCHED_MS, Exclusion, Watch

HEADER = "entry_id,plate,hotlist,category,owner,legal_basis"
GOOD = "A1,1ABC234,sis,theft,federal police,art. 36"
Read = Callable[..., tuple[list[Any], list[str]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Items and refusals of a file of the hotlist, or of another table, with this content."""

    def check(
        content: str | bytes, name: str = "f.csv", table: str = "hotlist", **options: Any
    ) -> tuple[list[Any], list[str]]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with check_file(path, TABLES[table], **options) as checked:
            items = list(checked.items())
            assert len(items) == checked.good
            assert checked.bad >= len(checked.refused)
            return items, [str(one) for one in checked.refused]

    return check


def test_the_cells_examples_hold() -> None:
    """What the docstrings promise is so."""
    assert 0 == doctest.testmod(cells).failed


def test_a_csv_file_is_read(read: Read) -> None:
    """Every column of its message, by name."""
    items, refused = read(
        "entry_id,plate,hotlist,category,priority,owner,legal_basis,country,valid_from,valid_until_ms,zones,share_with,covert\n"
        f"{covert_mark('fed')}1,1-abc-234,SIS,theft,high,fed,art. 36,be,2026-03-01,2026-03-01,Z1|Z2,nl lu,yes\n"
    )
    assert [] == refused
    assert [
        HotlistEntry(entry_id=f"{covert_mark('fed')}1", plate="1ABC234", hotlist="sis", category="theft", priority="high",
                     owner="fed", legal_basis="art. 36", country="BE", valid_from_ms=1_772_319_600_000,
                     valid_until_ms=1_772_406_000_000, zones=("Z1", "Z2"), share_with=("NL", "LU"), covert=True)
    ] == items  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{GOOD}\n",
        f"{HEADER}\r\n{GOOD}\r\n",
        f"\ufeff{HEADER}\n{GOOD}",
        f"\n\n{HEADER}\n\n{GOOD}\n\n,,,,,\n",
        f"{HEADER}\n{GOOD}\n".replace(",", ";"),
        f"{HEADER}\n{GOOD}\n".replace(",", "\t"),
        f'"entry_id","plate","hotlist","category","owner","legal_basis"\n{GOOD}',
        f"{HEADER.upper()}\n{GOOD}\n",
        f"{HEADER}\n A1 , 1 abc 234 ,SIS, theft ,federal police,art. 36\n",
        f'{HEADER}\n"A1","1ABC234","sis","theft","federal police","art. 36"\n',
    ],
)
def test_the_usual_dialects_are_one(read: Read, content: str) -> None:
    """Byte order marks, line ends, separators, blank lines and quotes change nothing."""
    items, refused = read(content)
    assert [] == refused
    assert [("A1", "1ABC234", "federal police")] == [(one.entry_id, one.plate, one.owner) for one in items]


def test_a_quoted_cell_may_hold_line_ends(read: Read) -> None:
    """And the lines after it are still counted right."""
    items, refused = read(
        f'{HEADER}\nA1,1ABC234,sis,theft,"federal\npolice",art. 36\nA2,1ABC235,six,theft,fed,art. 36\n'
    )
    assert ["federal\npolice"] == [one.owner for one in items]
    assert [
        "f.csv:4: column 3 (hotlist): 'six' is none of ad_hoc, national_wanted, no_inspection, no_insurance, sis, stolen"
    ] == refused


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A1,,sis,theft,fed,art", "column 2 (plate): is empty, but required"),
        ("A1,--,sis,theft,fed,art", "column 2 (plate): is empty"),
        ("A1,1AB#234,sis,theft,fed,art", "column 2 (plate): '#' stands in no plate"),
        ("A1,\u4eac12345,sis,theft,fed,art", "column 2 (plate): '\u4eac12345' is no plate"),
        (f"A1,{'A' * 17},sis,theft,fed,art", "column 2 (plate): 'AAAAAAAAAAAAAAAAA' is longer than any plate"),
        ("A 1,1ABC234,sis,theft,fed,art", "column 1 (entry_id): 'A 1' is no name"),
        ("A1,1ABC234,wanted,theft,fed,art", "column 3 (hotlist): 'wanted' is none of"),
        ("A1,1ABC234,sis,theft,fed", "has 5 cells, but the header has 6"),
        ("A1,1ABC234,sis,theft,fed,art,more", "has 7 cells, but the header has 6"),
        ('A1,1ABC234,sis,th"eft,fed,"a"b', "a quote stands inside a quoted cell; write it twice"),
        ('"A1,1ABC234,sis,theft,fed,art', "a quoted cell is opened here and never closed"),
    ],
)
def test_a_bad_line_is_told_with_place_and_reason(read: Read, line: str, reason: str) -> None:
    """And the good line before it is still good."""
    items, refused = read(f"{HEADER}\nG1{GOOD[2:]}\n{line}\n")
    assert ["G1"] == [one.entry_id for one in items]
    assert 1 == len(refused)
    assert refused[0].startswith(f"f.csv:3: {reason}")


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("valid_until", "tomorrow", "'tomorrow' is no moment"),
        ("valid_until", "-5", "-5' must be at least 0"),
        ("valid_from_ms", "1772323200000000", "must be at most 4102444800000"),
        ("valid_from_ms", "99999-01-01", "is no moment"),
        ("covert", "maybe", "'maybe' is neither true nor false"),
        ("country", "BEL", "'BEL' is no country: two capital letters, such as BE"),
        ("share_with", "NL|D", "'D' is no country"),
        ("zones", "Z1|Z/2", "'Z/2' is no name"),
    ],
)
def test_an_optional_cell_is_checked_too(read: Read, column: str, cell: str, reason: str) -> None:
    """The column is named as the file names it."""
    _, refused = read(f"{HEADER},{column}\n{GOOD},{cell}\n")
    assert 1 == len(refused)
    assert refused[0].startswith(f"f.csv:2: column 7 ({column}): ")
    assert reason in refused[0]


def test_a_cameras_regions_are_read(read: Read) -> None:
    """Two corners are a rectangle; more are a polygon."""
    (camera,), refused = read(
        "camera_id,name,network,regions\nE40-1,gantry,federal,0.1 0.4; 0.9 1|0 0.5; 0.3 0.5; 0.2 1\n", table="cameras"
    )
    assert [] == refused
    assert [4, 3] == [len(region.corners) for region in camera.regions]
    assert PicturePoint(x=0.9, y=0.4) == camera.regions[0].corners[1]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("0.1 0.4", "'0.1 0.4' is no region"),
        ("0.1 0.4; 0.9", "'0.9' is no corner"),
        ("0.1 0.4; 0.9 1.2", "'0.9 1.2' lies outside the picture"),
        ("0.1 0.4; 0.9 below", "'below' is no number"),
    ],
)
def test_a_bad_region_is_told_with_place_and_reason(read: Read, cell: str, reason: str) -> None:
    """Line and column, as of any other cell."""
    _, refused = read(f"camera_id,name,network,regions\nE40-1,gantry,federal,{cell}\n", table="cameras")
    assert 1 == len(refused)
    assert refused[0].startswith(f"f.csv:2: column 4 (regions): {reason}")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.replace("plate", "plates"), "column 2 (plates): 'plates' is unknown; did you mean plate?"),
        (f"{HEADER},xyzzy", "column 7 (xyzzy): 'xyzzy' is unknown; known are entry_id, plate"),
        (f"{HEADER},plate", "column 7 (plate): stands twice in the header"),
        (f"{HEADER},valid_from,valid_from_ms", "column 8 (valid_from_ms): stands twice in the header"),
        ("entry_id,plate,hotlist", "the header lacks category, owner, legal_basis"),
        ('"entry_id', "the header cannot be read"),
    ],
)
def test_a_wrong_header_refuses_the_file(tmp_path: Path, header: str, reason: str) -> None:
    """No line can be trusted, not even with --skip-bad."""
    path = tmp_path / "f.csv"
    path.write_text(f"{header}\n{GOOD}\n")
    with check_file(path, TABLES["hotlist"]) as checked:
        assert checked.fatal
        assert 0 == checked.good
        assert str(checked.refused[0]).startswith(f"f.csv:1: {reason}")


@pytest.mark.parametrize("name", ["f.csv", "f.json", "f.jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(read: Read, content: bytes, name: str) -> None:
    """Nothing to take is not what anybody wanted, least of all with --replace."""
    items, refused = read(content, name)
    assert [] == items
    assert 1 == len(refused)


def test_a_header_alone_is_refused(read: Read) -> None:
    """So is an empty list."""
    assert ["f.csv:1: the file holds nothing to take"] == read(f"{HEADER}\n")[1]
    assert ["f.json:1: the file holds nothing to take"] == read("[]", "f.json")[1]


def test_bytes_that_are_no_utf8_are_told(read: Read) -> None:
    """In a file of UTF-8 the line is refused, the others are taken."""
    items, refused = read(
        f"{HEADER}\n".encode() + b"A1,1ABC234,sis,vol \xe0 main,fed,art\n" + "A2,2ABC234,sis,théft,fed,art\n".encode()
    )
    assert ["f.csv:2: byte 20 (0xe0) is not UTF-8; save the file as CSV UTF-8, or say its --encoding"] == refused
    assert ["A2"] == [one.entry_id for one in items]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-mark", "utf-16-be-mark", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_of_a_spreadsheet_is_read(read: Read, encoding: str, end: str) -> None:
    """What Excel calls CSV, CSV UTF-8 and Unicode text, on every system."""
    text = end.join([HEADER, "A1,1ABC234,sis,vol à main armée,fed,art", "A2,2ABC234,sis,theft,fed,art", ""])
    data = ("\ufeff" + text).encode(encoding[:9]) if encoding.endswith("mark") else text.encode(encoding)
    items, refused = read(data)
    assert [] == refused
    assert [("A1", "vol à main armée"), ("A2", "theft")] == [(one.entry_id, one.category) for one in items]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\x85", "\u2028", "\u2029"])
def test_rare_line_ends_and_utf16_without_a_mark_are_read(read: Read, encoding: str, end: str) -> None:
    """Of mainframes, of what was copied from the web, of programs that leave the byte order mark out."""
    text = end.join([HEADER, "A1,1ABC234,sis,vol à main armée,fed,art", "A2,2ABC234,sis,theft,fed,art", ""])
    items, refused = read(text.encode(encoding))
    assert [] == refused
    assert [("A1", "vol à main armée"), ("A2", "theft")] == [(one.entry_id, one.category) for one in items]


def test_a_rare_line_end_within_a_cell_ends_no_line(read: Read) -> None:
    """Where the file's own lines end otherwise; a cell copied from a web page may hold one."""
    (item,), refused = read(f"{HEADER}\nA1,1ABC234,sis,hit\u2028and run,fed,art\n")
    assert ([], "hit\u2028and run") == (refused, item.category)


@pytest.mark.parametrize("encoding", ["cp850", "cp437", "mac_roman"])
@pytest.mark.parametrize("word", ["théft", "hélas", "Brüssel", "à côté"])
def test_letters_of_dos_and_macintosh_are_refused_with_the_cure(read: Read, encoding: str, word: str) -> None:
    """They would be other signs in Windows-1252, in silence."""
    items, refused = read(f"{HEADER}\nA1,1ABC234,sis,{word},fed,art\n".encode(encoding))
    assert [] == items
    assert refused[0].startswith("f.csv:2: byte ")
    assert refused[0].endswith("is not UTF-8; save the file as CSV UTF-8, or say its --encoding")


@pytest.mark.parametrize(
    "text", ["l\u2019auto", "Lille \u2013 Roubaix", "\u20ac 500", "\u0160koda", "c\u0153ur", "caf\u00e9\u2026"]
)
def test_signs_of_windows_stand_where_signs_stand(read: Read, text: str) -> None:
    """An apostrophe, a dash, a currency: no reason to doubt the encoding."""
    (item,), refused = read(f"{HEADER}\nA1,1ABC234,sis,{text},fed,art\n".encode("cp1252"))
    assert ([], text) == (refused, item.category)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\x03\x04" + bytes(40), "is a workbook (.xlsx"), (b"\xd0\xcf\x11\xe0" + bytes(600), "is a workbook (.xls)"),
        (b"\x1f\x8b\x08" + bytes(9), "is compressed"), (b"<HTML><table><tr>", "is a web page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "is a workbook (XML"),
        (HEADER.encode("utf-32"), "is UTF-32 text"), (b"sep=^\n" + HEADER.encode(), "separates columns by '^'"),
        (f"{HEADER}\v{GOOD}".encode(), "holds the control character '\\x0b'"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_text_is_told_with_its_cure(read: Read, data: bytes, told: str) -> None:
    """The file as a whole, in one line."""
    items, refused = read(data)
    assert [] == items
    assert 1 == len(refused)
    assert refused[0].startswith(f"f.csv:1: {told}")


def test_json_in_utf16_and_lines_with_commas_are_told_with_their_cure(read: Read) -> None:
    """What PowerShell writes, and what was cut out of a list."""
    (wide,) = read('{"entry_id": "A1"}\n'.encode("utf-16"), "f.jsonl")[1]
    assert "is UTF-16 text, but JSON is UTF-8" in wide
    (comma,) = read('{"entry_id": "A1"},\n', "f.jsonl")[1]
    assert comma.startswith("f.jsonl:1: ends with a comma")


@pytest.mark.parametrize("first", ["\ufeff\ufeff", "sep=,\n\ufeff", "\u200b", "sep=,\r\n"])
@pytest.mark.parametrize("names", [HEADER, "Entry ID,Plate,Hotlist,Category,Owner,Legal basis"])
def test_marks_in_front_of_a_header_and_names_of_people_are_read(read: Read, first: str, names: str) -> None:
    """A mark for each program that saved the file; names with a space and capitals."""
    assert (1, []) == (len((found := read(f"{first}{names}\n{GOOD}\n"))[0]), found[1])


def test_columns_between_vertical_bars_are_read(read: Read) -> None:
    """As old database programs write them, with or without a first line that says so."""
    text = f"{HEADER}\n{GOOD}\n".replace(",", "|")
    assert (1, 1) == (len(read(text)[0]), len(read(f"sep=|\n{text}")[0]))


@pytest.mark.parametrize(
    ("plate", "why"),
    [("1ABC001-1ABC099", "a line of its own"), ("1ABC234 of 2XYZ999", "a line of its own"), ("=A2&B2", "is a formula"),
     ("#REF!", "instead of a value"), ("#####", "instead of a value"), ("null", "not known"), ("n\u00e9ant", "not known"),
     ("M\u00e4r 23", "is a date"), ("januari 2026", "is a date"), ("1/2", "is a date"), ("2026-03", "is a date"),
     ("1AB_234", "'_' stands in no plate"), ("1AB\u2026234", "stands in no plate"), ("\u202e432CBA1\u202c", "stands in no plate"),
     ("B 1-ABC-234", "has the country in it"), ("NL-AB-12-CD", "column country (NL)"), ("1-ABC-234 BE", "column country (BE)"),
     ("B-M\u00c3\u0153 12", "read as another encoding"), ("1ABC234/2DEF567", "a line of its own"), ("12. Mrz", "is a date"),
     ("sans plaque", "not known"), ("voir PV", "is a note"), ("siehe oben", "is a note"), ("s.o.", "is a note"),
     ("id.", "is a note"), ("zie boven", "is a note"), ("Ditto", "is a note"), ("dito", "is a note"),
     ("idem", "not known"), ("see above", "is a note")],
)  # fmt: skip
def test_a_cell_that_is_no_single_plate_is_refused(read: Read, plate: str, why: str) -> None:
    """Twice decoded, two plates, a date of another country, words."""
    items, refused = read(f"{HEADER}\nA1,{plate},sis,theft,fed,art\n")
    assert [] == items
    assert why in refused[0]


def test_a_file_and_a_pipe_with_the_same_bytes_have_the_same_digest(tmp_path: Path) -> None:
    """A file that comes again under its sequence number is known again, wherever it came from."""
    plain, pipe = tmp_path / "f.csv", tmp_path / "pipe.csv"
    plain.write_text(f"{HEADER}\n{GOOD}\n")
    os.mkfifo(pipe)
    writing = threading.Thread(target=lambda: pipe.write_bytes(plain.read_bytes()))
    writing.start()
    with check_file(pipe, TABLES["hotlist"]) as piped, check_file(plain, TABLES["hotlist"]) as checked:
        assert 1 == piped.good == checked.good
        assert hashlib.sha256(plain.read_bytes()).hexdigest() == piped.digest == checked.digest
    writing.join()


def test_a_plate_in_a_guessed_encoding_is_ascii_or_refused(read: Read) -> None:
    """The byte that is Ü in one old encoding is another letter in the next, and so another's plate."""
    _, refused = read(f"{HEADER}\nA1,B-MÜ 12,sis,theft,fed,art\n".encode("cp1252"))
    assert [
        "f.csv:2: column 2 (plate): 'B-MÜ 12' holds letters that depend on the file's encoding; save the file as CSV UTF-8,"
        " or say its --encoding"
    ] == refused


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("cp1250", "Łódź"), ("cp1250", "Wiśniewski"), ("cp1250", "řidič"), ("cp1250", "Őrség"), ("cp1250", "ţară"),
     ("cp1250", "Petrović"), ("cp1250", "Kovačič x"), ("iso-8859-2", "Wiśniewski"), ("iso-8859-2", "żółty"),
     ("iso-8859-2", "š krádež"), ("iso-8859-15", "cœur"), ("cp1254", "\u0131\u015f\u0131k"),
     ("cp1257", "šķērsiela"), ("cp1251", "угон")],
)  # fmt: skip
def test_letters_of_another_windows_are_asked_for_by_name_and_then_read(read: Read, encoding: str, word: str) -> None:
    """In Windows-1252 the same bytes are other letters, and nobody would see it; named, they are read, in plates too."""
    data = f"{HEADER}\nA1,1ABC234,sis,theft,fed,art\nA2,1ABC235,sis,{word},fed,art\n".encode(encoding)
    items, refused = read(data)
    assert ["A1"] == [one.entry_id for one in items]
    assert refused[0].startswith("f.csv:3: byte ")
    assert refused[0].endswith("or say its --encoding")
    items, refused = read(data, encoding=encoding)
    assert ([], [("A1", "theft"), ("A2", word)]) == (refused, [(one.entry_id, one.category) for one in items])


def test_a_plate_in_a_named_encoding_may_have_its_letters(read: Read) -> None:
    """Whoever knows the encoding knows the plate."""
    (item,), refused = read(f"{HEADER}\nA1,B-MÜ 12,sis,theft,fed,art\n".encode("cp1252"), encoding="cp1252")
    assert ([], "BMU12") == (refused, item.plate)


def test_utf8_that_is_said_to_be_something_else_is_refused(read: Read) -> None:
    """In Windows-1250 GÖ-AB 12 would be GA-AB 12, and another's car wanted."""
    data = f"{HEADER}\nA1,1ABC234,sis,theft,fed,{'a' * 65_500}\nA2,GÖ-AB 12,sis,theft,fed,art\n".encode()
    assert ([], ["f.csv:1: is UTF-8, not cp1250: leave --encoding out"]) == read(data, encoding="cp1250")
    assert ["A1"] == [one.entry_id for one in read(f"{HEADER}\nA1,1ABC234,sis,theft,fed,art\n", encoding="cp1250")[0]]
    told = read(data + "A3,1ABC235,sis,řidič,fed,art\n".encode("cp1250"), encoding="cp1250")[1]
    assert not [line for line in told if "leave --encoding out" in line]


@pytest.mark.parametrize("name", ["f.json", "f.jsonl", "f.xml"])
def test_json_and_xml_say_their_encoding_themselves(read: Read, name: str) -> None:
    """Another one on the command line is a mistake."""
    (told,) = read('{"entry_id": "A1"}', name, encoding="cp1250")[1]
    assert told.endswith("leave --encoding out")


@pytest.mark.parametrize(
    "text", ["Liège", "père et mère", "Où êtes-vous, Noël", "Königsstraße", "façade, œuvre", "50 m² à 12°",
     "coördinatie à l\u2019œil"]
)  # fmt: skip
def test_letters_of_french_dutch_and_german_need_no_name(read: Read, text: str) -> None:
    """What spreadsheets of this country save as CSV."""
    (item,), refused = read(f'{HEADER}\nA1,1ABC234,sis,"{text}",fed,art\n'.encode("cp1252"))
    assert ([], text) == (refused, item.category)


@pytest.mark.parametrize("name", ["f.json", "f.jsonl"])
@pytest.mark.parametrize(
    ("more", "twice"),
    [
        ('"plate": "2XYZ999"', "plate"),
        ('"position": {"lat": 1, "lat": 2}', "lat"),
        ('"category": "a: b", "owner": "o"', "owner"),
    ],
)
def test_a_name_that_stands_twice_in_an_object_is_refused(read: Read, name: str, more: str, twice: str) -> None:
    """One of the two would be another's plate."""
    entry = '"entry_id": "A1", "plate": "1ABC234", "hotlist": "sis", "owner": "o", "legal_basis": "l"'
    text = f"{{{entry}, {more}}}\n"
    assert ([], [f"{name}:1: {twice}: stands twice in this object: which of the two is meant?"]) == read(text, name)


def test_a_colon_within_a_text_is_no_second_name(read: Read) -> None:
    """Nor is what is nested."""
    text = '{"entry_id": "A1", "plate": "1ABC234", "hotlist": "sis", "category": "a: b", "owner": "o", "legal_basis": "l:l"}'
    assert (1, []) == (len((found := read(text, "f.jsonl"))[0]), found[1])


@given(
    kinds=st.lists(
        st.tuples(st.sampled_from(["sis", "stolen", "six"]), st.sampled_from(["BE", "nl", "", "BEL"]),
                  st.sampled_from(["2027-01-01", "", "yes"]), st.sampled_from(["true", "", "no"])), min_size=1, max_size=4
    ),
    order=st.randoms(use_true_random=False),
)  # fmt: skip
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_of_a_long_file_says_what_it_says_alone(
    read: Read, kinds: list[tuple[str, str, str, str]], order: random.Random
) -> None:
    """What is looked up for several cells together is what the cells say, and the first that is wrong is told."""
    header = f"{HEADER},country,valid_until,covert\n"

    def line(kind: tuple[str, str, str, str]) -> str:
        return f"1ABC234,{kind[0]},theft,fed,art,{','.join(kind[1:])}\n"

    alone = {kind: read(f"{header}E0,{line(kind)}") for kind in kinds}
    chosen = order.choices(kinds, k=240)
    items, refused = read(header + "".join(f"E{at},{line(kind)}" for at, kind in enumerate(chosen)), told=1_000)
    found = [(at, *alone[kind]) for at, kind in enumerate(chosen)]
    assert [msgspec.structs.replace(item, entry_id=f"E{at}") for at, good, _ in found for item in good] == items
    assert [told.replace(":2:", f":{at + 2}:", 1) for at, _, wrong in found for told in wrong] == refused


LINES = st.text("aé\ud7ff", max_size=5).map(str.encode) | st.sampled_from([b"\xff", b"a\xc3", b"x" * 70_000])


@given(lines=st.lists(LINES, max_size=12),
       ends=st.lists(st.sampled_from([b"\n", b"\r", b"\r\n"]), min_size=12, max_size=12), last=st.booleans())  # fmt: skip
def test_lines_are_the_same_in_one_block_or_many(lines: list[bytes], ends: list[bytes], last: bool) -> None:
    """Whatever ends them, whatever bytes are in them, and wherever a block of the file ends."""
    pairs = list(zip(lines, ends, strict=False))
    joined = [line + end for line, end in pairs]
    if pairs and not last:
        joined[-1] = lines[-1]
    text = b"".join(joined)
    expected = re.split(rb"\r\n|\r|\n", text)
    expected = expected if expected[-1] else expected[:-1]
    read_back = list(TextLines(BytesIO(text), "utf-8"))
    assert [line.decode("utf-8", "replace") + "\n" for line in expected] == read_back


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "sep=;;;;", "SEP=;\r", "sep=;\t"])
def test_a_spreadsheet_s_first_line_names_the_separator(read: Read, first: str) -> None:
    """It is no header, and lines keep their numbers."""
    rows = [HEADER.replace(",", ";"), "A1;1ABC234;sis;a, b, c, d, e, f, g;fed;art", "A2;?;sis;theft;fed;art"]
    items, refused = read("\n".join([first, *rows]))
    assert ["a, b, c, d, e, f, g"] == [one.category for one in items]
    assert [True] == [one.startswith("f.csv:4: column 2 (plate)") for one in refused]


def test_empty_columns_at_the_end_are_no_columns(read: Read) -> None:
    """Spreadsheets write them where somebody once typed; a cell with something in it is told."""
    items, refused = read(f"{HEADER},,\n{GOOD},,\n{GOOD.replace('A1', 'A2')}\n{GOOD.replace('A1', 'A3')},,x\n")
    assert ["A1", "A2"] == [one.entry_id for one in items]
    assert ["f.csv:4: has 8 cells, but the header has 6: quote a cell that holds ','"] == refused


@pytest.mark.parametrize(
    ("plate", "what"),
    [
        ("12345.0", "number"), ("4567,0", "number"), ("123456.00", "number"), ("12.345", "number"), ("1.2E5", "number"),
        ("1E+05", "number"), ("1,2e+05", "number"), ("12/03/2026", "date"), ("12-03-26", "date"), ("2026-03-12", "date"),
        ("12.03.2026", "date"), ("1-Mar-23", "date"), ("Dec-12", "date"), ("12-mrt", "date"), ("12:30", "time"),
        ("12/03/2026 00:00", "time"), ("TRUE", "truth value"), ("WAAR", "truth value"), ("01-02", "date"), ("1-2", "date"),
        ("12-31", "date"), ("12-2026", "date"), ("-12345", "number"), ("12345-", "number"), ("0", "number"), ("1e5", "number"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_plate_that_a_spreadsheet_changed_is_refused(read: Read, plate: str, what: str, form: str) -> None:
    """With its cure, and never taken for another's plate."""
    quoted = f'"{plate}"'
    text = f"{HEADER}\nA1,{quoted},sis,theft,fed,art\n"
    if form == "json":
        text = f'[{{"entry_id": "A1", "plate": {quoted}, "hotlist": "sis", "category": "x", "owner": "y", "legal_basis": "z"}}]'
    items, refused = read(text, f"f.{form}")
    assert [] == items
    assert f"is a {what} that a spreadsheet made of a plate; give the column the format Text" in refused[0]


@pytest.mark.parametrize(
    ("written", "what"),
    [("1.2E5", "number"), ("1.23457E11", "number"), ("12345.00", "number"), ("2-Jan", "date"), ("janv.-26", "date"),
     ("TRUE", "truth value")],
)  # fmt: skip
@pytest.mark.parametrize("column", ["entry_id", "list_id", "case_reference"])
def test_an_id_that_a_spreadsheet_changed_is_refused(read: Read, written: str, what: str, column: str) -> None:
    """Another's entry or case may be called so; versions, years and capitals stay."""
    row = dict(zip(HEADER.split(","), GOOD.split(","), strict=True))
    for value in (written, "1.0", "2026.12", "2-JAN"):
        items, refused = read(f"{','.join(row | {column: ''})}\n{','.join((row | {column: value}).values())}\n")
        if value != written:
            assert ([value], []) == ([getattr(one, column) for one in items], refused)
            continue
        assert [] == items
        assert f"is a {what} that a spreadsheet made of an id; give the column the format Text" in refused[0]


@pytest.mark.parametrize(
    "plate",
    [
        "12345",
        "1-MAR-234",
        "1 MAR 234",
        "12-AB-34",
        "B-E 123",
        "AB-123-CD",
        "1.ABC.234",
        "12E34",
        "MAR-123",
        "DEC-12",
        "MAI-15",
        "MAI 05",
        "45-67",
        "1E5",
        "0123",
    ],
)
def test_a_plate_that_looks_a_little_like_a_date_is_a_plate(read: Read, plate: str) -> None:
    """Rejecting a valid plate would let a wanted vehicle pass."""
    assert [] == read(f"{HEADER}\nA1,{plate},sis,theft,fed,art\n")[1]


@pytest.mark.parametrize(
    ("written", "plate"),
    [("6-JUN-86", "6JUN86"), ("B-MW 1234", "BMW1234"), ("BE 123456", "BE123456"), ("LU 12345", "LU12345"), ("L-1234-AB", "L1234AB"),
     ("B\u00b7MW 12", "BMW12"), ("B\u2022MW 12", "BMW12"), ("'1234567", "1234567"), ("1\u2011ABC\u00ad\u2011234", "1ABC234"),
     ("1\u00a0ABC 234", "1ABC234"), ("12 345", "12345"), ("231-D-123456", "231D123456")],
)  # fmt: skip
def test_a_plate_as_people_write_it_is_a_plate(read: Read, written: str, plate: str) -> None:
    """Dashes and blanks of any kind, a seal's point, districts that are called like countries."""
    items, refused = read(f"{HEADER}\nA1,{written},sis,theft,fed,art\n")
    assert ([plate], []) == ([one.plate for one in items], refused)


def test_the_header_once_more_is_told_by_name(read: Read) -> None:
    """Two files in one, the second with its mark."""
    items, refused = read(f"{HEADER}\n{GOOD}\n\ufeff{HEADER}\nA2{GOOD[2:]}\n")
    assert ["A1", "A2"] == [one.entry_id for one in items]
    assert ["f.csv:3: is the header once more: two files in one? delete this line"] == refused


def test_a_title_above_the_header_and_a_column_without_name_are_told(read: Read) -> None:
    """In one line, with the cure."""
    (told,) = read(f"Stolen vehicles,,,\n{HEADER}\n{GOOD}\n")[1]
    assert told.startswith("f.csv:1: names no column: the first line has the columns' names; delete what stands above.")
    assert ["f.csv:1: column 6 (): has no name: name this column, or delete it"] == read(
        f"Entry-ID,plate,hotlist,category,owner,,legal_basis\n{GOOD}\n"
    )[1]


def test_a_day_with_a_midnight_is_asked_for_what_it_means(read: Read) -> None:
    """As the last day of a validity it is a day more than as a moment."""
    _, refused = read(f"{HEADER},valid_until\n{GOOD},2027-12-31 00:00:00\n")
    assert "may mean that day or its first moment: write the date alone, or" in refused[0]
    for written in ("2027-12-31T00:00:00", "2027-12-31T00:00", "20271231T000000"):
        assert "may mean that day or its first moment" in read(f"{HEADER},valid_until\n{GOOD},{written}\n")[1][0]
    (entry,), _ = read(f"{HEADER},valid_until\n{GOOD},2027-12-31T00:00:00+01:00\n")
    assert cells.moment_ms("2027-12-30T23:00:00Z") == entry.valid_until_ms


@pytest.mark.parametrize(
    ("written", "utc"),
    [("2027-06-30 23:59", "2027-06-30T21:59:00Z"),
     ("2027-12-31T23:59:59", "2027-12-31T22:59:59Z"),
     ("2027-10-31 02:30", "2027-10-31T00:30:00Z"),
     ("2027-06-30 23:59Z", "2027-06-30T23:59:00Z")],
)  # fmt: skip
def test_a_time_without_a_zone_is_what_the_countrys_clocks_show(read: Read, written: str, utc: str) -> None:
    """Of an hour that comes twice, what ends then ends the first time."""
    (entry,), _ = read(f"{HEADER},valid_until\n{GOOD},{written}\n")
    assert cells.moment_ms(utc) == entry.valid_until_ms


@pytest.mark.parametrize(
    ("written", "from_", "until"),
    [("2026-06-01+02:00", "2026-05-31T22:00:00Z", "2026-06-01T22:00:00Z"),
     ("2026-12-31Z", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
     ("20260601-05:00", "2026-06-01T05:00:00Z", "2026-06-02T05:00:00Z")],
)  # fmt: skip
def test_a_date_with_a_zone_is_that_day_in_that_zone(written: str, from_: str, until: str) -> None:
    """As XML Schema writes dates: the zone is no time of the day."""
    found = [cells.moment_ms(written, until=ends) for ends in (False, True)]
    assert [from_, until] == [cells.moment_text(one) for one in found if isinstance(one, int)]


@pytest.mark.parametrize(
    "written", ["2026-W23", "2026-W23-1", "2026W231", "2026-152", "2026-06-01x08:00", "2026-06-01_08:00Z"]
)
def test_what_is_neither_a_date_nor_a_moment_is_refused(written: str) -> None:
    """A week that began on its Monday would end there, too."""
    with pytest.raises(ValueError, match="is no moment"):
        cells.moment_ms(written, until=True)


def test_an_item_of_xml_says_each_thing_once(read: Read) -> None:
    """Of two ends of validity the last would win in silence, and two categories be one that nobody knows; a list may go on."""
    cell = "<{0}>{1}</{0}>".format
    pairs = zip(HEADER.split(","), GOOD.split(","), strict=True)
    good = "".join(cell(name, value) for name, value in pairs)
    for twice in (
        cell("category", "robbery"),
        cell("valid_until", "2027-12-31") + cell("valid_until_ms", "1898761599000"),
    ):
        (told,) = read(f"<l><e>{good}{twice}</e></l>", "f.xml")[1]
        assert "which of the two is meant?" in told
    (told,) = read(f"<l><e>{good}<make lang='fr'>Renault</make></e></l>", "f.xml")[1]
    assert "<make> has the attribute lang, which would be lost" in told
    (entry,), told = read(f"<l><e>{good}{cell('share_with', 'NL')}{cell('share_with', 'DE')}</e></l>", "f.xml")
    assert (("NL", "DE"), []) == (entry.share_with, told)


def test_a_header_and_lines_that_differ_in_their_separator_are_told_with_the_cure(read: Read) -> None:
    """Two programs wrote the file."""
    (told,) = read(f"{HEADER.replace(',', ';')}\n{GOOD}\n")[1]
    assert "f.csv:2: separates its cells by ',', the header by ';': write the same one on every line" == told


@pytest.mark.parametrize(
    ("moment", "why"),
    [("46387", "day number"), ("46387.5", "no moment"), ("1798761599", "counts seconds"), ("0", "no moment"),
     ("2026", "no moment")],
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_number_that_is_no_millisecond_is_refused(read: Read, moment: str, why: str, form: str) -> None:
    """An entry until January 1970 would be listed like any other and never ring."""
    text = f"{HEADER},valid_until\n{GOOD},{moment}\n"
    if form == "json":
        entry = (
            '"entry_id": "A1", "plate": "1ABC234", "hotlist": "sis", "category": "x", "owner": "y", "legal_basis": "z"'
        )
        text = f'[{{{entry}, "valid_until_ms": {moment}}}]'
        why = "whole number" if "." in moment else why
    items, refused = read(text, f"f.{form}")
    assert [] == items
    assert why in refused[0]


@pytest.mark.parametrize(
    ("written", "country", "plate"),
    [
        ("\u0410\u0406 1234 \u0412\u041e", "UA", "AI1234BO"),
        ("\u0410\u0406 1234 \u0412\u041e", "", "AI1234BO"),
        ("\u0391\u0392\u0395-1234", "GR", "ABE1234"),
        ("\u0421\u0412 1234 \u0410\u041a", "BG", "CB1234AK"),
        ("\u041c 123 \u0410\u0412 77", "RU", "M123AB77"),
        ("1-\u0410\u0412\u0421-234", "BE", "1ABC234"),
        ("\u0421\u0423-123-\u0410\u0412", "RS", "SU123AV"),
        ("\u041d\u0421 123-\u0410\u0421", "RS", "NS123AS"),
        ("\u0411\u0413 123-\u0410\u0411", "RS", "BG123AB"),
        ("\u0441\u043a-1234-\u0430\u0432", "MK", "SK1234AV"),
        ("\u041f\u0413 ?\u04121*", "ME", "PG?V1*"),
        ("\u041012-\u0408-345", "BA", "A12J345"),
        ("\u0427\u0410 123-\u0428\u0416", "RS", "CA123SZ"), ("\u041a\u0410 123-\u041c\u0422", "", "KA123MT"),
    ],
)  # fmt: skip
def test_plates_in_greek_and_cyrillic_letters_are_read(read: Read, written: str, country: str, plate: str) -> None:
    """By the look of a letter where plates chose those that look Latin; by its sound where plates are Latin and people are not."""
    items, refused = read(f"{HEADER},country\nA1,{written},sis,theft,fed,art,{country}\n")
    assert ([plate], []) == ([one.plate for one in items], refused)
    body = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {"plate": written}
    items, refused = read(msgspec.json.encode([body | ({"country": country} if country else {})]), "f.json")
    assert ([plate], []) == ([one.plate for one in items], refused)


@pytest.mark.parametrize(
    ("written", "country", "why"),
    [
        (
            "\u0421\u0423-123-\u0410\u0412",
            "",
            "may be CY123AB or SU123AV, by look or sound of its letters: give the country",
        ),
        ("\u0411\u0413 123-\u0410\u0411", "", "may be BG123AB, by look or sound of its letters: give the country"),
        (
            "BG 123-\u0410\u0412",
            "RS",
            "may be BG123AB or BG123AV, by look or sound of its letters: write it in one alphabet",
        ),
        ("\u0411\u0413 123-\u0410\u0411", "BG", "is no plate: '\u0411' is neither A-Z nor 0-9"),
        (
            "\u0409\u0413 123-\u0410\u0410",
            "RS",
            "is no plate: '\u0409' is no letter of plates there: write it in Latin letters",
        ),
    ],
)
def test_cyrillic_plates_that_may_be_anothers_are_refused(read: Read, written: str, country: str, why: str) -> None:
    """Line, column and cure, among good lines too; nobody guesses whose plate it is."""
    items, refused = read(f"{HEADER},country\n{GOOD},\nA2,{written},sis,theft,fed,art,{country}\n")
    assert (["A1"], [f"f.csv:3: column 2 (plate): '{written}' {why}"]) == ([one.entry_id for one in items], refused)


def test_a_key_that_stands_twice_is_refused_the_second_time(read: Read) -> None:
    """Naming the line where it stood first."""
    items, refused = read(f"{HEADER}\n{GOOD}\nA2{GOOD[2:]}\n{GOOD}\n{GOOD}\n")
    assert ["A1", "A2"] == [one.entry_id for one in items]
    assert [
        "f.csv:4: column 1 (entry_id): 'A1' stands in the file before, on line 2",
        "f.csv:5: column 1 (entry_id): 'A1' stands in the file before, on line 2",
    ] == refused


def test_many_bad_lines_are_counted_and_the_first_told(tmp_path: Path) -> None:
    """A wrong file does not fill the screen, or the memory."""
    path = tmp_path / "f.csv"
    path.write_text(HEADER + "\n" + "A 1,1ABC234,sis,theft,fed,art\n" * 500)
    with check_file(path, TABLES["hotlist"], told=10) as checked:
        assert 500 == checked.bad
        assert 10 == len(checked.refused)


def test_a_line_without_end_does_not_fill_the_memory(read: Read) -> None:
    """It is refused, and the line after it is read."""
    items, refused = read(f"{HEADER}\n{'x' * 3_000_000}\n{GOOD}\n")
    assert ["f.csv:2: is longer than a mebibyte"] == refused
    assert 1 == len(items)


def test_json_is_read_as_array_lines_or_objects(read: Read) -> None:
    """With plates and moments brought into their form."""
    one = (
        '{"entry_id": "A1", "plate": "1-abc-234", "hotlist": "sis", "category": "t", "owner": "o", "legal_basis": "l",'
    )
    one += ' "valid_until_ms": "2026-03-01"}'
    two = one.replace("A1", "A2")
    pretty = msgspec.json.format(one.encode(), indent=2).decode()
    expected = [("A1", "1ABC234", 1_772_406_000_000), ("A2", "1ABC234", 1_772_406_000_000)]
    for name, content in [
        ("f.json", f"[{one},{two}]"),
        ("f.json", f"\ufeff [\n{pretty}\n,\n{two}\n]\n"),
        ("f.json", f"{pretty}\n{two}\n"),
        ("f.json", f"{one}\n{two}\n"),
        ("f.jsonl", f"\ufeff{one}\r\n\r\n{two}"),
        ("f", f"{one}\n{two}\n"),
    ]:
        items, refused = read(content, name)
        assert [] == refused
        assert expected == [(item.entry_id, item.plate, item.valid_until_ms) for item in items]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ('{"entry_id": "A1"}', "plate: is missing"),
        ('{"entry_id": "A1", "plates": "X"}', "plates: 'plates' is unknown; did you mean plate?"),
        ('{"entry_id": 5, "plate": "X"}', "entry_id: must be a text, not a whole number"),
        ('{"entry_id": "A1", "plate": "1", "hotlist": "sis", "zones": ["Z1", "Z 2"]}', "zones[1]: 'Z 2' is no name"),
        ('{"entry_id": "A1", "plate": "1", "hotlist": "sis", "zones": "Z1"}', "zones: must be a list, not a text"),
        ('{"entry_id": "A1", "plate": "1", "valid_from_ms": "x"}', "valid_from_ms: 'x' is no moment"),
        ("7", "is no JSON object"),
        ('{"entry_id": "\\ud800"}', "is no JSON"),
    ],
)
def test_a_bad_item_is_told_with_line_and_path(read: Read, item: str, reason: str) -> None:
    """Also deep inside."""
    for name, content in (("f.jsonl", f"\n{item}\n"), ("f.json", f"[\n{item}]")):
        items, refused = read(content, name)
        assert [] == items
        assert 1 == len(refused)
        assert refused[0].startswith(f"{name}:2: {reason}")


@pytest.mark.parametrize(
    "content", ['[{"entry_id": "A1"}', "[{} {}]", "[{},]", "[{}] x", '[{"a": nope}]', "[" * 100_000, '["']
)
def test_broken_json_refuses_the_rest_of_the_file(tmp_path: Path, content: str) -> None:
    """Nobody can say what the rest would have been."""
    path = tmp_path / "f.json"
    path.write_text(content)
    with check_file(path, TABLES["hotlist"]) as checked:
        assert checked.fatal
        assert "is no JSON" in str(checked.refused[-1])


def test_a_negative_distance_is_refused(read: Read) -> None:
    """With the path to it, or its column."""
    section = {
        "section_id": "S", "name": "n", "country": "BE", "entries": [{"camera_id": "A"}], "exits": [{"camera_id": "B"}],
        "distances": [{"entry_camera_id": "A", "exit_camera_id": "B", "metres": -5230.5}], "limit_kmh": 120,
        "certificate": {"number": "C", "valid_from_ms": "2026-01-01", "valid_until_ms": "2026-12-31"},
    }  # fmt: skip
    _, refused = read(msgspec.json.encode([section]), "f.json", "sections")
    assert ["f.json:1: distances[0].metres: '-5230.5' must be more than 0"] == refused
    _, refused = read(
        "section_id,name,country,entries,exits,distances,limit_kmh,certificate_number,certificate_valid_from,"
        "certificate_valid_until\nS,n,BE,A,B:2,A>B=-5230.5,120,C,2026-01-01,2026-12-31\n",
        table="sections",
    )
    assert ["f.csv:2: column 6 (distances): '-5230.5' must be more than 0"] == refused


def test_half_a_position_is_refused(read: Read) -> None:
    """A latitude needs its longitude."""
    _, refused = read("camera_id,name,network,lat,lon\nC,n,lez,50.8,\n", table="cameras")
    assert ["f.csv:2: column 5 (lon): is empty, but required"] == refused


def test_a_decimal_comma_is_a_decimal_point(read: Read) -> None:
    """As spreadsheets write it in much of Europe."""
    items, _ = read("camera_id;name;network;lat;lon\nC;n;lez;50,85;4,35\n", table="cameras")
    assert (50.85, 4.35) == (items[0].position.lat, items[0].position.lon)


def test_a_file_that_is_not_there_is_a_bad_record(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(BadRecord, match=r"nowhere\.csv"):
        check_file(tmp_path / "nowhere.csv", TABLES["hotlist"])
    with pytest.raises(BadRecord, match="unreadable_file"):
        check_file(tmp_path, TABLES["hotlist"])


TABLE_NAMES = sorted(TABLES)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")),
        st.text(alphabet='{}[]",:;\n\r\\u0aA1eE.-', max_size=200).map(str.encode),
        st.lists(st.lists(st.text(alphabet='A1 ,;"\n\x00é|>=', max_size=8), max_size=7), max_size=5).map(
            lambda rows: (HEADER + "\n" + "\n".join(map(",".join, rows))).encode()
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["entry_id", "plate", "zones", "position", "certificate", "valid_from_ms", "x"]),
                    inner,
                )
            ),
            max_leaves=12,
        ).map(lambda value: msgspec.json.encode([value])),
    ),
    name=st.sampled_from(["f.csv", "f.json", "f.jsonl", "f"]),
    table=st.sampled_from(TABLE_NAMES),
)
@example(content=b"[" * 100_000, name="f.jsonl", table="hotlist")
@example(content=b'[{"entry_id":1e999}]', name="f.json", table="hotlist")
@example(content=b"1" * 10_000, name="f.json", table="hotlist")
def test_no_bytes_at_all_bring_the_import_down(read: Read, content: bytes, name: str, table: str) -> None:
    """Whatever a file holds, every line is taken or told."""
    items, refused = read(content, name, table)
    assert items or refused


PLATES = st.from_regex(r"\A[A-Z0-9]{1,9}\Z").filter(lambda plate: changed_plate(plate) is None)
PATTERNS = (
    st.from_regex(r"\A([A-Z0-9]{1,9}|[?*]?[A-Z0-9]{2}[A-Z0-9?*]{0,6})\Z")
    .map(collapsed)
    .filter(lambda pattern: pattern.count("*") <= 2 and changed_plate(pattern) is None)
)
NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:-]{0,8}\Z").filter(lambda name: no_name(name) is None)
COUNTRIES = st.sampled_from(["NL", "FR", "GB", "XK"])
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="|"), min_size=1, max_size=12
).filter(
    lambda text: (
        text == text.strip()
        and text.splitlines() == [text]
        and can_be_seen(text)
        and not (spoiled_text(text) or says_nothing(text))
    )
)
MOMENTS = st.integers(100_000_000_000, 4_102_444_799_999)
FLOATS = {"lat": st.floats(-90, 90), "lon": st.floats(-180, 180), "heading": st.floats(0, 360)}


def tuples(inner: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    """A few of them."""
    return st.lists(inner, min_size=least, max_size=3).map(tuple)


SPOTS = st.builds(PicturePoint, x=st.floats(0, 1), y=st.floats(0, 1))


def valid(message: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Messages of a kind whose validity ends no sooner than it begins, and no later than a request to watch may."""

    def built(validity: list[int], **given: Any) -> Any:
        ends_ms = validity[1] + 1
        if message is Watch:
            ends_ms = validity[0] + 1 + ends_ms % MOST_WATCHED_MS
        return message(valid_from_ms=validity[0], valid_until_ms=ends_ms, **given)

    return st.builds(built, validity=st.tuples(MOMENTS, MOMENTS).map(sorted), **fields)


def marked(entry: HotlistEntry) -> HotlistEntry:
    """The entry, its id marked where it is covert."""
    name = f"{covert_mark(entry.owner)}{entry.entry_id}"[:64]
    return msgspec.structs.replace(entry, entry_id=name) if entry.covert else entry


def items_of(message: type[Message]) -> st.SearchStrategy[Any]:
    """Any message of this kind."""
    position = st.builds(Position, lat=FLOATS["lat"], lon=FLOATS["lon"])
    line = st.builds(Line, camera_id=NAMES, lane=st.none() | st.integers(0, 32))
    return {
        Camera: st.builds(Camera, camera_id=NAMES, name=TEXTS, network=st.sampled_from(["federal", "lez"]),
                          position=st.none() | position, heading_deg=st.none() | FLOATS["heading"],
                          purposes=tuples(st.sampled_from(["hotlist", "lez"]), 1), contact=st.none() | TEXTS,
                          regions=tuples(st.builds(Region, corners=tuples(SPOTS, 3))),
                          line=st.none() | st.tuples(SPOTS, SPOTS)),
        Section: st.builds(Section, section_id=NAMES, name=TEXTS, country=COUNTRIES, entries=tuples(line, 1), exits=tuples(line, 1),
                           distances=st.lists(st.builds(Distance, entry_camera_id=NAMES, exit_camera_id=NAMES,
                                                        metres=st.floats(0.001, 200_000),
                                                        certificate=st.none() | valid(Certificate, number=TEXTS)),
                                              min_size=1, max_size=3,
                                              unique_by=lambda one: (one.entry_camera_id, one.exit_camera_id)).map(tuple),
                           limit_kmh=st.integers(5, 200),
                           class_limits_kmh=st.dictionaries(st.sampled_from(["lorry", "bus"]), st.integers(5, 200)),
                           certificate=valid(Certificate, number=TEXTS),
                           max_travel_ms=st.integers(1, 10**9), max_clock_error_ms=st.floats(0.001, 1e6)),
        Zone: st.builds(Zone, zone_id=NAMES, name=TEXTS, kind=st.sampled_from(["border", "lez"]), cameras=tuples(NAMES),
                        polygon=tuples(position), country=st.none() | COUNTRIES,
                        outbound_heading_deg=st.none() | FLOATS["heading"]),
        HotlistEntry: valid(HotlistEntry, entry_id=NAMES, plate=PATTERNS,
                                hotlist=st.sampled_from(["sis", "stolen"]), category=TEXTS,
                                priority=st.sampled_from(["high", "normal"]), action=st.sampled_from(["stop", "report"]),
                                owner=TEXTS, legal_basis=TEXTS, country=st.none() | COUNTRIES,
                                holds_from_ms=st.none() | MOMENTS, zones=tuples(NAMES), cameras=tuples(NAMES),
                                make=st.none() | TEXTS,
                                colour=st.none() | TEXTS, share_with=tuples(COUNTRIES), covert=st.booleans(),
                                near=st.booleans(), case_reference=st.none() | TEXTS).map(marked),
        WantedList: st.builds(WantedList, list_id=NAMES, name=TEXTS, hotlist=st.sampled_from(["sis", "no_insurance"]), owner=TEXTS,
                          authority=TEXTS, legal_basis=TEXTS, category=st.none() | TEXTS,
                          origin=st.none() | st.sampled_from(["national", "sis"]),
                          priority=st.none() | st.sampled_from(["normal", "low"]), silent=st.none() | st.booleans(),
                          seen_by=tuples(NAMES), refresh_every_ms=st.integers(1, 10**9),
                          most_change_share=st.floats(0.001, 10.0), contact=st.none() | TEXTS),
        Policy: st.builds(Policy, policy_id=NAMES, country=COUNTRIES, lists=tuples(st.sampled_from(["sis", "stolen"]), 1),
                          categories=tuples(TEXTS), legal_basis=TEXTS, purpose=TEXTS, handling_code=TEXTS, zones=tuples(NAMES),
                          directions=tuples(st.sampled_from(["outbound", "inbound"])), min_confidence=st.floats(0, 1),
                          per_case=st.booleans(), expires_after_ms=st.integers(1, 7 * 86_400_000), contact=TEXTS),
        Exclusion: st.one_of(
            valid(Exclusion, exclusion_id=NAMES, plate=PLATES, country=st.none() | COUNTRIES,
                  cameras=tuples(NAMES), reason=TEXTS, owner=TEXTS, evidence=st.none() | TEXTS, **{named: NAMES})
            for named in ("entry_id", "list_id")
        ),
        Watch: valid(Watch, watch_id=NAMES, plate=PATTERNS, country=st.none() | COUNTRIES, make=st.none() | TEXTS,
                     colour=st.none() | TEXTS, zone=NAMES, priority=st.sampled_from(["high", "normal"]), reason=TEXTS,
                     case_reference=TEXTS, legal_basis=TEXTS, service=TEXTS, requested_by=NAMES, approved_by=st.none() | NAMES),
    }[message]  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), table=st.sampled_from(TABLE_NAMES), form=st.sampled_from(["csv", "json", "jsonl"]))
def test_what_is_written_is_read_back(
    read: Read, data: st.DataObject, table: str, form: Literal["csv", "json", "jsonl"]
) -> None:
    """Every kind of reference data, in every form."""
    key = TABLES[table].key
    items = data.draw(st.lists(items_of(TABLES[table].message), min_size=1, max_size=4, unique_by=key))
    text = StringIO(newline="")
    assert len(items) == write_file(text, TABLES[table], items, form)
    back, refused = read(text.getvalue(), f"f.{form}", table)
    assert [] == refused
    assert items == back


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1+1+cmd", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "'=1", "''=1", "'t Zand", "-"]
)
def test_no_cell_that_is_written_is_a_formula_and_all_are_read_back(read: Read, text: str) -> None:
    """A spreadsheet that opens an export runs nothing that somebody wrote into a name."""
    zone = Zone(zone_id="Z1", name=text, kind="watch")
    out = StringIO(newline="")
    write_file(out, TABLES["zones"], [zone], "csv")
    (row,) = list(csv.reader(out.getvalue().splitlines()))[1:]
    (cell,) = [cell for cell in row if text in cell]
    assert cell == "-" or cell[0] not in "=+-@"
    assert ([zone], []) == read(out.getvalue(), "f.csv", "zones")


ENTRY = "A1,1ABC234,sis,theft,fed,art. 36"
DAYS = [
    # a day, in whose country, its first millisecond and the one after its last, both UTC
    ("2026-06-30", "BE", "2026-06-29T22:00:00Z", "2026-06-30T22:00:00Z"),
    ("2026-01-15", "BE", "2026-01-14T23:00:00Z", "2026-01-15T23:00:00Z"),
    ("2026-03-29", "BE", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),  # 23 hours: summer time begins
    ("2026-10-25", "BE", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),  # 25 hours: it ends
    ("2026-10-25", "GB", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"),
]


@pytest.mark.parametrize(("day", "country", "first", "after"), DAYS)
def test_a_date_is_a_day_in_the_countrys_time(tmp_path: Path, day: str, country: str, first: str, after: str) -> None:
    """From its first to its last millisecond, on the days on which the clocks change, too."""
    path = tmp_path / "f.csv"
    path.write_text(f"entry_id,plate,hotlist,category,owner,legal_basis,valid_from,valid_until\n{ENTRY},{day},{day}\n")
    with check_file(path, TABLES["hotlist"], home=country) as checked:
        (item,) = checked.items()
    assert (cells.moment_ms(first), cells.moment_ms(after)) == (item.valid_from_ms, item.valid_until_ms)


def test_a_certificates_days_are_those_of_its_sections_country(read: Read) -> None:
    """A British section's certificate ends at midnight in London, whoever keeps the register; nested in JSON or in columns."""
    section = {
        "section_id": "S", "name": "n", "country": "GB", "entries": [{"camera_id": "A"}], "exits": [{"camera_id": "B"}],
        "distances": [{"entry_camera_id": "A", "exit_camera_id": "B", "metres": 5230.5}], "limit_kmh": 120,
        "certificate": {"number": "C", "valid_from_ms": "2026-06-01", "valid_until_ms": "2026-06-30"},
    }  # fmt: skip
    csv = (
        "section_id,name,country,entries,exits,distances,limit_kmh,certificate_number,certificate_valid_from,"
        "certificate_valid_until\nS,n,GB,A,B,A>B=5230.5,120,C,2026-06-01,2026-06-30\n"
    )
    for content, name in ((msgspec.json.encode([section]), "f.json"), (csv, "f.csv")):
        (item,), refused = read(content, name, "sections")
        assert [] == refused
        assert cells.moment_ms("2026-06-30T23:00:00Z") == item.certificate.valid_until_ms


def section_json(**fields: object) -> bytes:
    """A Belgian section with a certificate of its pair, as a file of JSON."""
    section = {
        "section_id": "S", "name": "n", "country": "BE", "entries": [{"camera_id": "A"}], "exits": [{"camera_id": "B"}],
        "distances": [{"entry_camera_id": "A", "exit_camera_id": "B", "metres": 5230.5}], "limit_kmh": 120,
        "certificate": {"number": "C", "valid_from_ms": "2026-06-01", "valid_until_ms": "2026-06-30"},
    }  # fmt: skip
    return msgspec.json.encode([section | fields])


def pair(**certificate: object) -> dict[str, object]:
    """A distance with a certificate of its own."""
    return {
        "entry_camera_id": "A",
        "exit_camera_id": "B",
        "metres": 5230.5,
        "certificate": {"number": "D", **certificate},
    }


def test_days_and_moments_in_a_list_are_read_as_elsewhere(read: Read) -> None:
    """Of a certificate of one pair of cameras."""
    distance = pair(valid_from_ms="2026-06-01", valid_until_ms="2026-06-30")
    (item,), refused = read(section_json(distances=[distance]), "f.json", "sections")
    assert [] == refused
    found = item.distances[0].certificate
    expected = [cells.moment_ms(text) for text in ("2026-05-31T22:00:00Z", "2026-06-30T22:00:00Z")]
    assert expected == [found.valid_from_ms, found.valid_until_ms]


@pytest.mark.parametrize(
    ("name", "content"), [("f.json", "[{0}]"), ("f.csv", "entry_id,plate,hotlist,category,owner,legal_basis\n{1}")]
)
def test_a_file_with_too_many_wrong_lines_is_read_no_further(read: Read, name: str, content: str) -> None:
    """It says where it stopped, and nothing of it is taken, however good its last lines are."""
    wrong = MOST_BAD + 1_000
    content = content.replace("{0}", ",".join("0" * wrong)).replace("{1}", "E,*,x,c,o,l\n" * wrong)
    items, refused = read(content, name, "hotlist")
    assert not items
    assert "100,000 lines up to here are wrong" in refused[-1]
    assert len(refused) <= TOLD


def test_a_pairs_own_certificate_stands_in_its_cell(read: Read) -> None:
    """With the days of the section's country, as in JSON; half a certificate is refused."""
    head = (
        "section_id,name,country,entries,exits,distances,limit_kmh,certificate_number,certificate_valid_from,"
        "certificate_valid_until\n"
    )
    cell = "A>B=5230.5; 2026-06-01; 2026-06-30; P 1.1-234"
    (item,), refused = read(f"{head}S,n,BE,A,B,{cell},120,C,2026-06-01,2026-06-30\n", "f.csv", "sections")
    assert [] == refused
    found = item.distances[0].certificate
    begins, ends = (cells.moment_ms(text) for text in ("2026-05-31T22:00:00Z", "2026-06-30T22:00:00Z"))
    assert (found.number, found.valid_from_ms, found.valid_until_ms) == ("P 1.1-234", begins, ends)
    _, refused = read(f"{head}S,n,BE,A,B,A>B=5230.5; P 1.1-234,120,C,2026-06-01,2026-06-30\n", "f.csv", "sections")
    assert "ENTRY>EXIT=METRES; FROM; UNTIL; NUMBER" in refused[0]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"distances": [pair(valid_from_ms=1_782_856_800, valid_until_ms=1_798_761_599_000)]}, "seconds"),
        ({"distances": [pair(valid_from_ms=1_782_856_800_000, valid_until_ms=1_798_761_599)]}, "seconds"),
        ({"distances": [pair(valid_from_ms="x", valid_until_ms=1_798_761_599_000)]}, "distances[0].certificate"),
        ({"distances": [pair(valid_from_ms="2026-01-01", valid_until_ms="2027-01-01")] * 2}, "2 distances from A to B"),
        ({"country": "UK"}, "write GB"),
        ({"class_limits_kmh": {"unknown": 50}}, "unknown is no class"),
    ],
    ids=str,
)  # fmt: skip
def test_a_section_that_would_prove_what_is_not_so_is_refused(
    read: Read, fields: dict[str, object], reason: str
) -> None:
    """Seconds for milliseconds in a list, two lengths of one way, a country that is none, a limit for the unknown."""
    items, refused = read(section_json(**fields), "f.json", "sections")
    assert [] == items
    assert 1 == len(refused)
    assert reason in refused[0]


@pytest.mark.parametrize(
    ("columns", "row", "reason"),
    [
        ("valid_from,valid_until", "2026-07-01,2026-06-30", "valid_until_ms is not after valid_from_ms"),
        ("make", "BMW", ""),
        ("legal_basis", '" "', "empty"),
    ],
)
def test_what_means_nothing_is_refused(read: Read, columns: str, row: str, reason: str) -> None:
    """An entry that ends before it begins; one without a legal basis."""
    header, good = "entry_id,plate,hotlist,category,owner", "A1,1ABC234,sis,theft,fed"
    if columns != "legal_basis":
        header, good = f"{header},legal_basis", f"{good},art. 36"
    _, refused = read(f"{header},{columns}\n{good},{row}\n")
    assert ([] if not reason else [reason]) == [word for word in (reason,) for line in refused if word in line]


def test_versions_of_one_item_may_stand_in_one_file(read: Read) -> None:
    """Each for its own moment; twice the same one is a mistake."""
    header = "entry_id,plate,hotlist,category,owner,legal_basis,holds_from\n"
    items, refused = read(f"{header}{ENTRY},2026-03-01\n{ENTRY},2026-04-01\n")
    assert ([], 2) == (refused, len(items))
    _, refused = read(f"{header}{ENTRY},2026-03-01\n{ENTRY},2026-03-01\n")
    assert ["f.csv:3: column 1 (entry_id): 'A1' stands in the file before, on line 2"] == refused


def test_a_key_that_stands_twice_in_a_delta_with_removals_is_told(tmp_path: Path) -> None:
    """Whatever is removed before it."""
    path = tmp_path / "f.csv"
    path.write_text(f"change,{HEADER}\nremove,A0,,,,,\nadd,{GOOD}\nremove,A1,,,,,\n")
    with check_file(path, TABLES["hotlist"], delta=True) as checked:
        told = ["f.csv:4: column 2 (entry_id): 'A1' stands in the file before, on line 3"]
        assert (1, told) == (checked.bad, [str(one) for one in checked.refused])
