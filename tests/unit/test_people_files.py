"""Files as people with spreadsheets make them: taken as they are meant, or refused with line, column and cure."""

import itertools
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.tables.csv_rows import PAGE_BYTES, PAGE_ROWS, Page, csv_rows
from pipeline.tables.files import TABLES, check_file

HEADER = "entry_id,plate,hotlist,category,owner,legal_basis,country,valid_until\n"
ITEM = (
    '{"entry_id":"E1","plate":"1ABC234","hotlist":"stolen","category":"theft","owner":"zone","legal_basis":"art. 44"}'
)
Told = tuple[list[Any], list[str]]


def line(number: int, plate: str = "1-ABC-234", *, category: str = "theft", until: str = "2027-06-30") -> str:
    """A line of a list of stolen vehicles."""
    return f"E{number},{plate},stolen,{category},zone,art. 44,BE,{until}\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Told]:
    """The entries of a file with this content, and what is refused."""

    def check(content: str | bytes, name: str = "f.csv") -> Told:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with check_file(path, TABLES["hotlist"]) as checked:
            return list(checked.items()), [str(one) for one in checked.refused]

    return check


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (f"sep=;\r\n{HEADER}{line(1)}".replace(",", ";").encode("utf-8-sig"), 1),
        (f"{HEADER}{line(1)}".replace(",", "\t").replace("\n", "\r\n").encode("utf-16"), 1),
        (f"{HEADER}{line(1)}".replace("\n", ",,,\n"), 1),
        (HEADER + 'E1,1-ABC-234,stolen,"theft\nof a car",zone,art. 44,BE,2027-06-30\n' + line(2), 2),
        (HEADER.upper().replace("_", " ") + line(1), 1),
        (HEADER + line(1, "1\u00a0ABC\u202f234") + line(2, "\uff11\uff21\uff22\uff23\uff12\uff13\uff14"), 2),
        (HEADER + line(1, "'1ABC234") + line(2, "1-\u0410\u0412\u0421-234"), 2),
        (HEADER + line(1) + "\x1a", 1),
        ((HEADER + line(1)).encode() + bytes(40), 1),
        ((HEADER + line(1) + line(2)).replace("\n", "\r"), 2),
    ],
)
def test_what_is_meant_is_taken(read: Callable[..., Told], content: str | bytes, count: int) -> None:
    """Whatever the program that wrote it puts around the cells."""
    items, refused = read(content)
    assert [] == refused
    assert count == len(items)


@pytest.mark.parametrize(
    "header",
    [
        "Identifiant;Plaque d\u2019immatriculation;hotlist;Cat\u00e9gorie;owner;Base l\u00e9gale;Pays;Valable jusqu'au",
        "ID;Nummerplaat;hotlist;Categorie;owner;Rechtsgrond;Land;Geldig tot",
        "ID;Kfz-Kennzeichen;hotlist;Kategorie;owner;Rechtsgrundlage;L\u00e4ndercode;G\u00fcltig bis",
        "id;License Plate;hotlist;category*;owner;legal\u00a0basis;Country code:;Valid.until",
    ],
)
def test_columns_are_named_as_people_call_them(read: Callable[..., Told], header: str) -> None:
    """In French, Dutch, German and English, whatever signs stand around the words."""
    items, refused = read(header + "\n" + line(1).replace(",", ";"))
    assert [] == refused
    assert ("1ABC234", "theft", "art. 44", "BE") == (
        items[0].plate, items[0].category, items[0].legal_basis, items[0].country
    )  # fmt: skip


@pytest.mark.parametrize("nothing", ["?", "-", "onbekend", "Inconnu", "N/A"])
def test_what_is_not_known_of_a_vehicle_is_left_out(read: Callable[..., Told], nothing: str) -> None:
    """As a make it would contradict every camera, as a case it would join all entries that say so."""
    content = HEADER.replace("valid_until", "make,colour,case_reference") + line(
        1, until=f"{nothing},{nothing},{nothing}"
    )
    items, refused = read(content)
    told, _ = read(ITEM.replace("}", f',"make":"{nothing}"}}'), "f.jsonl")
    assert [] == refused
    assert [(None, None, None)] == [(one.make, one.colour, one.case_reference) for one in items]
    assert [None] == [one.make for one in told]


@pytest.mark.parametrize("several", ["NL|LU", "NL LU", '"NL,LU"', '"NL, LU"', "NL/LU"])
def test_names_stand_apart_by_whatever_stands_in_no_name(read: Callable[..., Told], several: str) -> None:
    """Nobody can mean another thing by it."""
    items, refused = read(HEADER.replace("valid_until", "share_with") + line(1, until=several))
    assert [] == refused
    assert [("NL", "LU")] == [one.share_with for one in items]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Stolen vehicles,,,,,,,\n" + HEADER + line(1), "f.csv:1: names no column: the first line has the columns' names"),
        ("nom;adresse;ville\nE1;1-ABC-234;stolen\n", "f.csv:1: names no column"),
        (HEADER.replace("owner", "eigenaar") + line(1), "column 5 (eigenaar): may be who the vehicle belongs to, or who keeps"),
        ("Nr," + HEADER + "1," + line(1), "column 1 (Nr): may be the line's number or the entry's"),
        (HEADER.replace("valid_until", "Vervaldatum") + line(1), "column 8 (Vervaldatum): may be the end of the entry or of"),
        (HEADER.replace("category", "immatriculation") + line(1), "column 4 (immatriculation): stands twice in the header"),
        (HEADER + line(1, "zie opm."), "column 2 (plate): 'zie opm.' says that the plate is not known"),
        (HEADER + line(1, "ILLISIBLE"), "column 2 (plate): 'ILLISIBLE' says that the plate is not known"),
        (HEADER + line(1, "abgemeldet"), "column 2 (plate): 'abgemeldet' is a word, no plate"),
        (HEADER + line(1, "12.05."), "column 2 (plate): '12.05.' is a date that a spreadsheet made of a plate"),
        (HEADER + line(1).replace("E1,", "12345.0,"), "column 1 (entry_id): '12345.0' is a number that a spreadsheet"),
        (HEADER + line(1).replace(",zone,", ",-,"), "column 5 (owner): '-' says nothing: write it out"),
        (HEADER + line(1).replace("art. 44", "idem"), "column 6 (legal_basis): 'idem' says nothing"),
        (HEADER + line(1, category="the\x00ft"), "column 4 (category): 'the\\x00ft' holds a control character"),
        (HEADER + line(1) + "Total,1,,,,,,\n", "f.csv:3: is a total, no entry: 'Total' stands first; delete this line"),
        (HEADER + line(1) + "TOTAAL :;1\n", "f.csv:3: has 1 cells"),
        (HEADER + line(1) + "Source: zone 5341\n", "f.csv:3: has 1 cells, but the header has 8: delete it"),
        (HEADER + line(1, category="theft, armed"), "f.csv:2: has 9 cells, but the header has 8: quote a cell that holds ','"),
        (HEADER + line(1, "1.234.567"), "column 2 (plate): '1.234.567' is a number that a spreadsheet made of a plate"),
        (HEADER + line(1, "\u00bdABC234"), "column 2 (plate): '\u00bd' stands in no plate"),
        (HEADER + line(1, "1ABC\u00b234"), "column 2 (plate): '\u00b2' stands in no plate"),
        (HEADER + line(1, category="#REF!"), "column 4 (category): '#REF!' is what a spreadsheet shows instead of a value"),
        (HEADER + line(1, category="1.23457E+11"), "column 4 (category): '1.23457E+11' is a number that a spreadsheet rounded"),
        (HEADER + line(1, category="vol \u00c3\u00a0 main"), "column 4 (category): 'vol \u00c3\\xa0 main' was UTF-8 and read as"),
        (HEADER + line(1, until="46568"), "column 8 (valid_until): '46568' is a spreadsheet's day number"),
        (HEADER + line(1, until="30/06/2027"), "column 8 (valid_until): '30/06/2027' is no moment: 2026-03-01"),
        (HEADER.replace("valid_until", "valid_from,valid_until") + line(1, until="2027-06-30,2026-01-01"),
         "f.csv:2: valid_until_ms is not after valid_from_ms"),
        ("PK\x03\x04xl/workbook.xml", "f.csv:1: is a workbook (.xlsx, .ods, .numbers) or another archive: export"),
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_refused_where_it_stands(read: Callable[..., Told], content: str, told: str) -> None:
    """Nothing of such a line is taken."""
    items, refused = read(content)
    assert told in refused[0]
    assert len(items) == sum(one.plate == "1ABC234" for one in items) <= 1


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (f"[{ITEM}]", "f.jsonl", "f.jsonl:1: is no JSON object but a list: name the file .json"),
        (f"[\n{ITEM},\n]", "f.json", "a comma stands before the end of the list: delete it"),
        (
            f'{{"version":1,"entries":[{ITEM}]}}',
            "f.json",
            "holds the items in a field of its own: write their list alone",
        ),
        (f"{ITEM}\r{ITEM}", "f.jsonl", "is several lines whose ends are CR alone"),
        (f"{ITEM},\n", "f.jsonl", "f.jsonl:1: ends with a comma: JSON lines have none between them"),
    ],
)
def test_json_of_another_form_is_told_with_its_cure(
    read: Callable[..., Told], content: str, name: str, told: str
) -> None:
    """What a program wrote that means well."""
    assert told in read(content, name)[1][0]


def test_a_sequence_of_json_texts_is_read(read: Callable[..., Told]) -> None:
    """Each behind a record separator (RFC 7464), as some programs stream them."""
    items, refused = read(f"\x1e{ITEM}\n\x1e{ITEM.replace('E1', 'E2')}\n", "f.jsonl")
    assert [] == refused
    assert ["E1", "E2"] == [one.entry_id for one in items]


CELLS = (
    st.sampled_from(["1-abc-234", "'1ABC235", "1ABC2?4", " 2xyz999 ", "B-M\u00dc 12", "1ABC*"]),
    st.sampled_from(["stolen", "SIS", "ad-hoc", "no_insurance"]),
    st.sampled_from(["theft", " theft ", "vol \u00e0 main", "'=x", "1"]),
    st.sampled_from(["zone", "fed"]),
    st.sampled_from(["art. 44", "\u00a7 13"]),
    st.sampled_from(["BE", "be", "", "FR"]),
    st.sampled_from(["", "2027-06-30", "20270630", "2027-06-30T12:00:00Z", "2027-06-30T12:00:00.0005Z", "1814313600000",
                     "2027-06-30T12:00+02:00", "2027-06-30T23:59:59.999Z"]),
)  # fmt: skip
WRONG = (
    "x,1ABC234,stolen,theft,zone,art. 44,BE,tomorrow\n", "x,1ABC234,stolen,theft,zone,art. 44,BE\n",
    "x,1ABC234,stolen, ,zone,art. 44,BE,\n", "x,1ABC234,stolen,theft,zone,art. 44,XX,\n",
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(*CELLS), min_size=1, max_size=30), wrong=st.sampled_from(WRONG))
def test_lines_are_taken_together_as_each_would_be_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], wrong: str
) -> None:
    """A line in which something is wrong makes each of its page be looked at alone: the others are the same as without it."""
    lines = [f"E{number}," + ",".join(cells) + "\n" for number, cells in enumerate(rows)]
    path = tmp_path_factory.mktemp("pages") / "f.csv"
    told = []
    for content in (HEADER + "".join(lines), HEADER + "".join(lines) + wrong):
        path.write_text(content, encoding="utf-8")
        with check_file(path, TABLES["hotlist"]) as checked:
            told.append(([*checked.pairs()], [str(one) for one in checked.refused]))
    (together, none), (alone, one) = told
    assert [] == none
    assert together == alone
    assert 1 == len(one)


def test_a_file_of_many_pages_keeps_its_order(read: Callable[..., Told]) -> None:
    """Bad lines in the midst of good pages are told by their numbers."""
    count = 2 * PAGE_ROWS + 10
    content = HEADER + "".join(
        line(number, "x y!" if number in (5, count - 2) else "1ABC234") for number in range(count)
    )
    items, refused = read(content)
    assert ["f.csv:7", f"f.csv:{count}"] == [":".join(one.split(":")[:2]) for one in refused]
    numbers = [int(one.entry_id[1:]) for one in items]
    assert all(before < after for before, after in itertools.pairwise(numbers))
    assert count - 2 == len(numbers)


def test_pages_of_long_lines_are_short() -> None:
    """What is in memory at once does not grow with the lines."""
    content = HEADER + "".join(line(number, category="x" * 100_000) for number in range(60))
    pages = list(csv_rows(BytesIO(content.encode()), "f.csv", TABLES["hotlist"], {}))
    sizes = [len(page.rows) for page in pages if isinstance(page, Page)]
    assert 60 == sum(sizes)
    assert max(sizes) <= 2 + PAGE_BYTES // 100_000
