"""The fuzzer of the gateway's parsers, and what it found."""

from pathlib import Path

from pipeline.gateway.makers import BY_NAME
from tests.fuzz_gateway import FOUND, fuzz
from tests.unit.gateway.test_any_bytes import said


def test_a_short_hunt_breaks_no_parser(tmp_path: Path) -> None:
    """The long ones are run by hand."""
    assert [] == fuzz(7, messages=400, into=tmp_path)


def test_what_broke_a_parser_once_breaks_none_now() -> None:
    """Each as its maker's, and as somebody's."""
    for path in sorted(FOUND.glob("*-*")):
        said(path.read_bytes(), BY_NAME[path.name.split("-")[0]])
        said(path.read_bytes(), None)
