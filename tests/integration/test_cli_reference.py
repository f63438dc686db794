"""The commands for reference data, as an operator runs them, on a real Valkey."""

import asyncio
import json
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pipeline.runtime.clock import platform_now_ms
from pipeline.servers.pair import EmbeddedPair
from schemas.accesses import Access, Intent, Outcome
from tests.conftest import records_in
from tests.integration.vigie_commands import Told, Vigie, settings_of

HEADER = "entry_id,plate,hotlist,category,owner,legal_basis"
LINE = "1ABC234,sis,theft,federal police,art. 36"


@pytest.fixture
def vigie(pair: EmbeddedPair, namespace: str, tmp_path: Path) -> Vigie:
    """Runs `vigie ...` against the session's servers, in a namespace of this test's own, with a reason for looking at plates."""
    settings = settings_of(pair, namespace, tmp_path / "data") | {
        "VIGIE_REASON": "a trial of the commands",
        "COLUMNS": "200",
    }

    async def run(*arguments: str, **overrides: str) -> Told:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pipeline.cli", *arguments, env={**os.environ, **settings, **overrides},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return Told(process.returncode or 0, out.decode(), err.decode())

    return run


@pytest.fixture
def hotlist(tmp_path: Path) -> Callable[..., str]:
    """Writes a hotlist of these lines; its path."""

    def write(*lines: str) -> str:
        path = tmp_path / "hotlist.csv"
        path.write_text("\n".join([HEADER, *lines, ""]))
        return str(path)

    return write


async def test_a_good_file_is_taken_and_listed(vigie: Vigie, hotlist: Callable[..., str]) -> None:
    """Import, list as JSON, import again: nothing changes."""
    path = hotlist(f"A1,{LINE}", f"A2,2-xyz-999{LINE[7:]}")
    outcome = await vigie("hotlist", "import", path, "--json")
    assert (0, {"taken": 2, "changed": 2, "unchanged": 0, "removed": 0, "bad": 0, "version": 1}) == (
        outcome.code,
        json.loads(outcome.out),
    )
    listed = await vigie("hotlist", "list", "--json", "plate=2x*")
    assert ["2XYZ999"] == [json.loads(line)["plate"] for line in listed.out.splitlines()]
    assert "2 unchanged" in (await vigie("hotlist", "import", path)).err


async def test_a_file_with_a_bad_line_is_refused_whole(vigie: Vigie, hotlist: Callable[..., str]) -> None:
    """Place and reason on standard error, exit code 1, and nothing taken."""
    outcome = await vigie("hotlist", "import", hotlist(f"A1,{LINE}", f"A2,{LINE.replace('sis', 'six')}"))
    assert 1 == outcome.code
    assert "hotlist.csv:3: column 3 (hotlist): 'six' is none of" in outcome.err
    assert "Nothing was taken: 1 bad, 1 good; --skip-bad takes the others." in outcome.err
    assert "" == (await vigie("hotlist", "list", "--json")).out


async def test_bad_lines_can_be_left_out(vigie: Vigie, hotlist: Callable[..., str]) -> None:
    """They are told all the same; a file of bad lines only is still refused."""
    outcome = await vigie("hotlist", "import", "--skip-bad", hotlist(f"A1,{LINE}", f"A2,{LINE.replace('sis', 'six')}"))
    assert 0 == outcome.code
    assert "hotlist.csv:3" in outcome.err
    assert "1 new or changed, 0 unchanged; 1 bad left out." in outcome.err
    assert 1 == (await vigie("hotlist", "import", "--skip-bad", hotlist(f"A 1,{LINE}"))).code


async def test_replacing_removes_the_others(vigie: Vigie, hotlist: Callable[..., str]) -> None:
    """The file becomes the whole truth."""
    await vigie("hotlist", "import", hotlist(f"A1,{LINE}", f"A2,{LINE}"))
    outcome = await vigie("hotlist", "import", "--replace", hotlist(f"A2,{LINE}", f"A3,{LINE}"))
    assert "1 new or changed, 1 unchanged, 1 removed." in outcome.err
    listed = await vigie("hotlist", "list", "--json")
    assert ["A2", "A3"] == [json.loads(line)["entry_id"] for line in listed.out.splitlines()]


async def test_an_item_is_added_changed_and_removed(vigie: Vigie) -> None:
    """By hand, with the same columns as in a file, or as JSON."""
    camera = ["camera_id=E40-01", "name=E40 Bierges", "network=federal", "lat=50.71", "lon=4.58"]
    assert 0 == (await vigie("cameras", "add", *camera)).code
    changed = {"camera_id": "E40-01", "name": "Wavre", "network": "federal"}
    assert 0 == (await vigie("cameras", "add", "--json", json.dumps(changed))).code
    assert changed == json.loads((await vigie("cameras", "list", "--json")).out)
    assert "Wavre" in (await vigie("cameras", "list")).out
    outcome = await vigie("cameras", "remove", "E40-01", "E40-99")
    assert 1 == outcome.code
    assert "camera_id E40-99 is unknown." in outcome.err
    assert "No cameras yet." in (await vigie("cameras", "list")).out


async def test_what_names_nothing_is_warned_of(vigie: Vigie) -> None:
    """It is taken: perhaps the camera comes later."""
    outcome = await vigie(
        "zones", "add", "zone_id=EST", "name=Estaimpuis", "kind=border", "country=FR", "cameras=EST-01"
    )
    assert 0 == outcome.code
    assert "warning: zone EST names camera EST-01, which is unknown" in outcome.err


async def test_what_is_exported_can_be_imported(vigie: Vigie, hotlist: Callable[..., str], tmp_path: Path) -> None:
    """In every form, and nothing changes by it."""
    await vigie("hotlist", "import", hotlist(f"A1,{LINE}", f"A2,{LINE}"))
    for form in ("csv", "json", "jsonl"):
        assert 0 == (await vigie("hotlist", "export", str(tmp_path / f"out.{form}"))).code
        assert "2 unchanged" in (await vigie("hotlist", "import", str(tmp_path / f"out.{form}"))).err


async def test_a_backup_says_since_when_each_item_holds(
    vigie: Vigie, hotlist: Callable[..., str], tmp_path: Path
) -> None:
    """So that one imported into an emptied store claims the time before."""
    began_ms = platform_now_ms()
    await vigie("hotlist", "import", hotlist(f"e1,{LINE}"))
    path = tmp_path / "backup.jsonl"
    assert 0 == (await vigie("hotlist", "export", str(path), "--since")).code
    (item,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert began_ms <= item["holds_from_ms"] <= platform_now_ms()
    assert 0 == (await vigie("hotlist", "import", str(path), "--replace")).code


async def test_a_dry_run_needs_no_server(vigie: Vigie, hotlist: Callable[..., str]) -> None:
    """The file alone is checked; --json says what was found."""
    for options in ((), ("--json",)):
        outcome = await vigie(
            "hotlist", "import", "--dry-run", *options, hotlist(f"A1,{LINE}"), VIGIE_REDIS_URL="redis://127.0.0.1:1"
        )
        assert 0 == outcome.code
        assert "1 good for hotlist; nothing was written." in outcome.err
        assert ({"taken": 0, "good": 1, "bad": 0} if options else None) == (json.loads(outcome.out or "null"))


async def test_each_kind_of_failure_has_its_exit_code(vigie: Vigie, tmp_path: Path) -> None:
    """1 refused, 2 wrong usage, 3 no servers; one line each, no traceback."""
    outcomes = [
        (1, await vigie("hotlist", "import", str(tmp_path / "nowhere.csv"))),
        (1, await vigie("hotlist", "list", "colour")),
        (1, await vigie("hotlist", "add", "nonsense=1")),
        (2, await vigie("hotlist", "add")),
        (2, await vigie("hotlist", "list", VIGIE_REDIS_URL="http://127.0.0.1")),
        (3, await vigie("hotlist", "list", VIGIE_REDIS_URL="redis://127.0.0.1:1")),
        (3, await vigie("hotlist", "list", VIGIE_REDIS_URL="", VIGIE_KAFKA_URL="")),
    ]
    assert [code for code, _ in outcomes] == [outcome.code for _, outcome in outcomes]
    assert not any("Traceback" in outcome.err for _, outcome in outcomes)


async def recorded(pair: EmbeddedPair, namespace: str) -> list[Access]:
    """What the record holds."""
    found = await records_in(pair.kafka, f"{namespace}.accesses")
    return [msgspec.json.decode(one.value, type=Access) for one in found]


async def test_what_a_command_does_is_recorded_and_no_plate_stands_in_it(
    pair: EmbeddedPair, namespace: str, vigie: Vigie, hotlist: Callable[..., str]
) -> None:
    """Who, what and why before it is done, and what became of it; the machine's user, whatever the environment calls him."""
    assert 0 == (await vigie("hotlist", "import", hotlist(f"A1,{LINE}"), LOGNAME="nobody", USER="nobody")).code
    assert 0 == (await vigie("hotlist", "list", "--case", "BE-2026-17")).code
    assert 1 == (await vigie("hotlist", "list", "colour")).code
    imported, _, listed, _, failed, ending = await recorded(pair, namespace)
    user = f"os:{pwd.getpwuid(os.getuid()).pw_name}@"
    for one, act in ((imported, "reference"), (listed, "query"), (failed, "query")):
        assert isinstance(one.entry, Intent)
        assert (act, True) == (one.entry.act, one.entry.who.startswith(user))
    assert isinstance(listed.entry, Intent)
    assert ("a trial of the commands", "BE-2026-17") == (listed.entry.reason, listed.entry.case_reference)
    assert isinstance(ending.entry, Outcome)
    assert ("failed", failed.access_id) == (ending.entry.outcome, ending.entry.intent_id)
    assert b"1ABC234" not in b"".join(one.value for one in await records_in(pair.kafka, f"{namespace}.accesses"))


async def test_what_cannot_be_recorded_is_not_done(
    pair: EmbeddedPair, namespace: str, vigie: Vigie, hotlist: Callable[..., str]
) -> None:
    """Without Kafka, or without a reason: nothing is changed, nothing is shown."""
    path = hotlist(f"A1,{LINE}")
    outcome = await vigie("hotlist", "import", path, VIGIE_KAFKA_URL="kafka://127.0.0.1:1")
    assert (3, True) == (outcome.code, "could not be recorded" in outcome.err)
    assert "" == (await vigie("hotlist", "list", "--json")).out
    before = len(await recorded(pair, namespace))
    refused = await vigie("hotlist", "list", VIGIE_REASON="")
    assert (2, "") == (refused.code, refused.out)
    assert before == len(await recorded(pair, namespace))
