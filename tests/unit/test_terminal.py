"""What others wrote reaches a terminal as text: it commands nothing, styles nothing and hides nothing."""

import json
from io import StringIO

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from pipeline.runtime.terminal import Rows, Terminal, in_line, is_seen, styled, visible, visible_json

ATTACKS = [
    "\x1b[31mred", "\x1b]0;title\x07", "\x9b31m", "a\rb", "a\x08b", "\u202egpj.exe", "\u2066x\u2069", "a\x00b", "\x7f", "\ud800",
    "a\u2028b",
]  # fmt: skip


def printed(*values: object, **options: object) -> str:
    """What a terminal that shows colours is sent."""
    out = StringIO()
    Terminal(file=out, force_terminal=True, color_system="truecolor", width=200, **options).print(*values)
    return out.getvalue()


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_control_character_and_no_mark_of_direction_is_printed(attack: str) -> None:
    """As plain text, in a styled part, and in a table's cell; what rich itself writes for a style stays."""
    table = Table("name")
    table.add_row(attack)
    for found in (printed(attack), printed(table), printed(styled(attack))):
        assert all(
            is_seen(character) for character in found.replace("\x1b[1m", "").replace("\x1b[0m", "") if character != "\n"
        )
    assert "\x1b[31m" == printed(styled((visible(attack) or "x", "red")))[:5]


@pytest.mark.parametrize("text", ["[/]", "[bold]x[/bold]", "[red", ":smile:", "[link=http://x]y[/link]", "a [0] b"])
def test_what_looks_like_markup_is_printed_as_it_is(text: str) -> None:
    """A category named [/] ended `tail`."""
    assert text in printed(text)
    assert text in printed(styled(text, (text, "bold")))


@given(st.text(max_size=50))
def test_visible_text_is_seen_whole_and_stays_the_same(text: str) -> None:
    """Nothing but tab and the end of a line is left of what cannot be seen; a second look changes nothing."""
    found = visible(text)
    assert all(is_seen(character) or character in "\t\n" for character in found)
    assert found == visible(found)
    if all(map(is_seen, text)):
        assert text == found


STRANGE = st.text(alphabet='ab\u202e\x9b\x1b\u2028\n"\\é', max_size=6)


@given(st.dictionaries(STRANGE, STRANGE))
def test_json_for_a_terminal_has_the_same_values_and_nothing_unseen(value: dict[str, str]) -> None:
    """Escapes stand for what a terminal would obey."""
    data = visible_json(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
    assert value == json.loads(data)
    assert all(map(is_seen, data.decode().removesuffix("\n")))


def test_no_text_of_others_looks_like_a_second_line() -> None:
    """Neither in a line of `tail` nor in a table: an alert could be forged."""
    forged = "no: thanks\n18:31 URGENT  1ABC234\rstop\u2028it"
    assert 1 == len(str(in_line(styled("refused ", (forged, "red")))).splitlines())
    table = Rows()
    table.add_row(forged, styled(forged))
    assert all("\n" not in str(cell) for column in table.columns for cell in column.cells)
