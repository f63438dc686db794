"""Lists of wanted plates from the command line: whole imports, versions, deltas, sources, on a real Valkey."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_cli_reference import HEADER, LINE
from tests.integration.vigie_commands import Told, Vigie


@pytest.fixture
def hotlist(tmp_path: Path) -> Callable[..., str]:
    """Writes a hotlist of these lines; its path."""

    def write(*lines: str) -> str:
        path = tmp_path / "hotlist.csv"
        path.write_text("\n".join([HEADER, *lines, ""]))
        return str(path)

    return write


STOLEN = ["list_id=STOLEN", "name=Stolen vehicles", "hotlist=stolen", "owner=federal police", "authority=public prosecutor",
          "legal_basis=art. 44/1", "category=theft", "priority=high"]  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes a file of these lines; its path."""

    def written(name: str, *lines: str) -> str:
        path = tmp_path / name
        path.write_text("\n".join([*lines, ""]))
        return str(path)

    return written


def objects(outcome: Told) -> list[dict[str, Any]]:
    """What a command printed, an object a line."""
    return [json.loads(line) for line in outcome.out.splitlines()]


async def plates(vigie: Vigie) -> dict[str, str]:
    """The hotlist: plates by entry."""
    return {one["entry_id"]: one["plate"] for one in objects(await vigie("hotlist", "list", "--json"))}


async def test_versions_are_listed_compared_and_gone_back_to(vigie: Vigie, hotlist: Callable[..., str]) -> None:
    """A version is a moment; going back is a version, too."""
    await vigie("hotlist", "import", "--replace", hotlist(f"A1,{LINE}", f"A2,{LINE}"))
    await vigie("hotlist", "import", "--replace", hotlist(f"A2,2-xyz-999{LINE[7:]}", f"A3,{LINE}"))
    versions = objects(await vigie("hotlist", "versions", "--json"))
    assert [(2, 1, 1, 1, 2), (1, 2, 0, 0, 2)] == [
        tuple(one.get(name, 0) for name in ("version", "added", "changed", "removed", "entries")) for one in versions
    ]
    diff = await vigie("hotlist", "diff", "1", "2")
    assert ["- A1 1ABC234", "~ A2 2XYZ999 (plate)", "+ A3 1ABC234"] == diff.out.splitlines()
    assert 0 == (await vigie("hotlist", "rollback", "1")).code
    assert {"A1": "1ABC234", "A2": "1ABC234"} == await plates(vigie)
    assert 0 == (await vigie("hotlist", "rollback", "2")).code
    assert {"A2": "2XYZ999", "A3": "1ABC234"} == await plates(vigie)
    history = objects(await vigie("hotlist", "history", "A2", "--json"))
    assert [(["new"], 1), (["plate"], 2), (["plate"], 3), (["plate"], 4)] == [
        (one["changed"], one["version"]) for one in history
    ]
    assert "the entries are as at version 2" in (await vigie("hotlist", "rollback", "2")).err
    assert 1 == (await vigie("hotlist", "rollback", "9")).code


async def test_a_list_gives_its_entries_what_their_lines_leave_out(vigie: Vigie, write: Callable[..., str]) -> None:
    """Owner, kind, basis and priority; a line that says something itself means it, the default included."""
    await vigie("lists", "add", *STOLEN)
    path = write("s.csv", "entry_id,plate,priority", "A1,1ABC234,", "A2,2ABC234,normal")
    outcome = await vigie("hotlist", "import", path, "--list", "STOLEN", "--replace")
    assert 0 == outcome.code, outcome.err
    found = objects(await vigie("hotlist", "list", "--json"))
    assert [("A1", "STOLEN", "stolen", "high"), ("A2", "STOLEN", "stolen", None)] == [
        (one["entry_id"], one["list_id"], one["hotlist"], one.get("priority")) for one in found
    ]
    assert "NOWHERE is no list; known are STOLEN" in (await vigie("hotlist", "import", path, "--list", "NOWHERE")).err


async def test_replacing_a_list_leaves_the_others_alone(
    vigie: Vigie, write: Callable[..., str], hotlist: Callable[..., str]
) -> None:
    """And what another list has is refused."""
    await vigie("lists", "add", *STOLEN)
    await vigie("hotlist", "import", hotlist(f"B1,{LINE}"))
    for names in (("A1", "A2"), ("A2",)):
        path = write("s.csv", "entry_id,plate", *(f"{name},1ABC234" for name in names))
        assert 0 == (await vigie("hotlist", "import", path, "--list", "STOLEN", "--replace", "--confirm-share")).code
    assert {"A2", "B1"} == set(await plates(vigie))
    outcome = await vigie("hotlist", "import", write("t.csv", "entry_id,plate", "B1,1ABC234"), "--list", "STOLEN")
    assert 1 == outcome.code
    assert "B1 are on another list, or on none" in outcome.err


async def test_an_import_for_no_list_is_asked_by_each_list_that_it_touches(
    vigie: Vigie, write: Callable[..., str], hotlist: Callable[..., str]
) -> None:
    """A file of one line, or one that takes its entries off a list, would empty a list of few entries unasked."""
    await vigie("lists", "add", *STOLEN)
    path = write("s.csv", "entry_id,plate", *(f"A{at},1ABC23{at}" for at in range(5)))
    assert 0 == (await vigie("hotlist", "import", path, "--list", "STOLEN", "--replace")).code
    assert 0 == (await vigie("hotlist", "import", hotlist(f"B1,{LINE}", f"B2,{LINE}"))).code
    alone, taken_off = hotlist(f"B1,{LINE}"), write("t.csv", HEADER, *(f"A{at},{LINE}" for at in range(5)))
    for arguments in ((alone, "--replace"), (taken_off,)):
        outcome = await vigie("hotlist", "import", *arguments)
        assert 1 == outcome.code
        assert "list STOLEN: it loses 5 of 5 entries at once (100%)" in outcome.err
    assert 7 == len(await plates(vigie))
    assert 0 == (await vigie("hotlist", "import", alone, "--replace", "--confirm-share")).code
    assert {"B1"} == set(await plates(vigie))


async def test_deltas_follow_one_another(vigie: Vigie, write: Callable[..., str]) -> None:
    """A gap is refused, a repeat changes nothing, another file under a used number is refused; all or nothing of each."""
    await vigie("lists", "add", *STOLEN, "most_change_share=5")

    async def delta(sequence: int, *lines: str) -> Told:
        path = write(f"d{sequence}.csv", "change,entry_id,plate", *lines)
        return await vigie("hotlist", "delta", path, "--list", "STOLEN", "--sequence", str(sequence))

    assert "import one first" in (await delta(8, "add,A2,2ABC234")).err
    base = write("s.csv", "entry_id,plate", "A1,1ABC234", "A2,1ABC235")
    assert 0 == (await vigie("hotlist", "import", base, "--list", "STOLEN", "--replace", "--sequence", "7")).code
    assert "take 8 to 9 first" in (await delta(10, "add,A3,2ABC234")).err
    assert 0 == (await delta(8, "add,A3,2ABC234", "change,A2,3ABC235", "remove,A1,")).code
    assert {"A2": "3ABC235", "A3": "2ABC234"} == await plates(vigie)
    again = await delta(8, "add,A3,2ABC234", "change,A2,3ABC235", "remove,A1,")
    assert (0, True) == (again.code, "was taken before" in again.err)
    assert "another file" in (await delta(8, "remove,A2,")).err
    for lines, why in ((("add,A2,1ABC234",), "there already: A2"), (("add,A9,1ABC234", "remove,A8,"), "not there: A8"),
                       (("fill,A2,1ABC234",), "none of add, change, remove")):  # fmt: skip
        outcome = await delta(9, *lines)
        assert (1, True) == (outcome.code, why in outcome.err), outcome.err
    mixed = await delta(9, "add,A4,4ABC234", "add,A5,!")
    assert (1, True, False) == (mixed.code, "1 bad, 1 good" in mixed.err, "--skip-bad" in mixed.err), mixed.err
    assert {"A2": "3ABC235", "A3": "2ABC234"} == await plates(vigie)


async def test_a_list_that_suddenly_shrinks_or_grows_asks_first(vigie: Vigie, write: Callable[..., str]) -> None:
    """More than its share comes or goes: nothing is taken until somebody says so."""
    await vigie("lists", "add", *STOLEN)
    whole = write("s.csv", "entry_id,plate", *(f"A{number},1ABC{number:03}" for number in range(20)))
    torn = write("t.csv", "entry_id,plate", *(f"A{number},1ABC{number:03}" for number in range(10)))
    to_list = ("--list", "STOLEN", "--replace")
    assert 0 == (await vigie("hotlist", "import", whole, *to_list)).code
    outcome = await vigie("hotlist", "import", torn, *to_list)
    assert (1, True) == (outcome.code, "loses 10 of 20 entries at once (50%), and 20% is what it may" in outcome.err)
    assert 20 == len(await plates(vigie))
    assert 0 == (await vigie("hotlist", "import", torn, *to_list, "--confirm-share")).code
    assert "gains 10 of 10 entries at once (100%)" in (await vigie("hotlist", "import", whole, *to_list)).err


async def test_a_stale_list_is_told_of(vigie: Vigie, write: Callable[..., str]) -> None:
    """Its owner is named, and the command fails; a refresh ends it, though nothing changed."""
    await vigie("lists", "add", *STOLEN, "refresh_every_ms=1")
    outcome = await vigie("lists", "status")
    assert (1, True) == (outcome.code, "STOLEN was not refreshed for 0 h: tell federal police." in outcome.err)
    await vigie("lists", "add", *STOLEN)
    path = write("s.csv", "entry_id,plate", "A1,1ABC234")
    for sequence in ("1", "2"):
        assert 0 == (await vigie("hotlist", "import", path, "--list", "STOLEN", "--sequence", sequence)).code
    outcome = await vigie("lists", "status", "--json")
    assert 0 == outcome.code
    assert [("STOLEN", False, 1, 2)] == [
        (one["list_id"], one["stale"], one["entries"], one["sequence"]) for one in objects(outcome)
    ]


async def test_what_can_never_ring_and_what_two_vehicles_carry_is_told(vigie: Vigie, write: Callable[..., str]) -> None:
    """It is taken all the same: the owner may know why."""
    path = write("h.csv", f"{HEADER},country,valid_until", f"A1,{LINE},BE,2020-01-01", f"A2,B-MW 555{LINE[7:]},DE,")
    outcome = await vigie("hotlist", "import", path)
    assert 0 == outcome.code
    assert "entry A1 ended on 2020-01-01T23:00:00Z: it can never ring" in outcome.err
    assert "entry A2: B-MW 555 and BM-W 555 are two vehicles" in outcome.err


async def test_a_pipe_and_an_xml_file_are_taken(vigie: Vigie, write: Callable[..., str], tmp_path: Path) -> None:
    """Lines from standard input; XML with its columns as elements."""
    entry = {
        "entry_id": "A1",
        "plate": "1ABC234",
        "hotlist": "sis",
        "category": "theft",
        "owner": "p",
        "legal_basis": "art. 36",
    }
    cells = "".join(f"<{name}>{value}</{name}>" for name, value in {**entry, "entry_id": "A2"}.items())
    assert 0 == (await vigie("hotlist", "import", write("h.xml", f"<list><entry>{cells}</entry></list>"))).code
    refused = await vigie("hotlist", "import", write("h.xml", f"<!DOCTYPE list []><list><entry>{cells}</entry></list>"))
    assert (1, True) == (refused.code, "h.xml:1: a document type" in refused.err)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", "hotlist", "import", "-", "--dry-run", env={**os.environ},
        stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate(json.dumps(entry).encode() + b"\n")
    assert (0, True) == (process.returncode, b"1 good for hotlist" in err), err
