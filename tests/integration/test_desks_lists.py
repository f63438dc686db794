"""Lists of wanted plates at the desks: a file is checked, imported, compared and gone back from; what is covert stays unknown."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.desks.limits import Limits
from pipeline.desks.route import PREFIX
from pipeline.desks.turns import EACH
from pipeline.hotlist.entries import MOST_COVERT_US, covert_mark
from pipeline.lists.importing import Manner, import_whole
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.state.collections import HOTLIST, LISTS
from pipeline.state.switching import Refresh
from pipeline.tables.checked import Checked
from pipeline.tables.columns import TABLES
from schemas.accesses import Outcome
from tests.builders import make_entry, make_exclusion, make_list
from tests.fakes import MemoryRecorder
from tests.integration.test_pattern_budget import DEAR, EACH_US, dear
from tests.people import make_user
from tests.people_desk import Browser, Desks, desks_of

LIST = f"{PREFIX}/lists/STOLEN"
HEAD = "entry_id,plate,category"
NEVER_MS = 4_102_444_800_000
GOOD = f"{HEAD}\nE-1,1ABC111,theft\nE-2,1ABC222,theft\n"


def file(text: str, **fields: object) -> dict[str, Any]:
    """The request with a CSV file."""
    return {"name": "stolen.csv", "content": b64encode(text.encode()).decode()} | fields


@pytest.fixture
def recorder() -> MemoryRecorder:
    """What is recorded."""
    return MemoryRecorder()


@pytest_asyncio.fixture
async def desks(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path, recorder: MemoryRecorder
) -> AsyncIterator[Desks]:
    """A list of stolen vehicles, with an entry that is covert for another service than the list manager's."""
    made = desks_of(kafka, redis, namespace, tmp_path)
    await made.writer.put(LISTS, [make_list("STOLEN")])
    await made.writer.put(
        HOTLIST, [make_entry("1SEC111", "E-SECRET", list_id="STOLEN", covert=True, owner="another service")]
    )
    await made.person("the.manager", "list_manager")
    await made.person("the.owner", "list_manager", user=make_user("the.owner", service="another service"))
    async with made.running(recorder, limits=Limits(per_second=1e6, at_once=1e6)):
        yield made


async def taken(browser: Browser, text: str, **fields: object) -> dict[str, Any]:
    """What importing a file answers."""
    answer = await browser.ask("POST", f"{LIST}/import", file(text, **fields))
    assert 200 == answer.status, answer.body
    return dict(answer.json)


async def test_a_file_is_told_line_by_line_and_nothing_bad_is_taken(desks: Desks) -> None:
    """Line, column and cure; the good lines alone when that is asked for."""
    manager = await desks.logged_in("the.manager")
    bad = f"{HEAD}\nE-1,1ABC111,theft\nE-2,??,theft\n"
    report = (await manager.ask("POST", f"{LIST}/check", file(bad))).json
    assert (1, 1, False) == (report["good"], report["bad"], report["taken_whole"])
    assert [(3, "plate", 2)] == [(one["line"], one["column"], one["number"]) for one in report["faults"]]
    assert "is no plate" in report["faults"][0]["reason"]
    assert "bad_lines" == (await manager.ask("POST", f"{LIST}/import", file(bad))).rule
    assert None is await desks.writer.get(HOTLIST, "E-1")
    assert 1 == (await taken(manager, bad, skip_bad=True))["added"]
    assert None is await desks.writer.get(HOTLIST, "E-2")


async def test_a_list_is_imported_compared_and_gone_back_from_and_what_is_covert_stays_unknown(desks: Desks) -> None:
    """The covert entry stays through import and return, and no count and no difference tells of it."""
    manager = await desks.logged_in("the.manager")
    report = (await manager.ask("POST", f"{LIST}/check", file(GOOD))).json
    assert (2, 0, 0) == (report["added"], report.get("removed", 0), report.get("unchanged", 0))
    first = await taken(manager, GOOD, confirm_share=True)
    changed = f"{HEAD}\nE-1,1ABC119,theft\nE-3,1ABC333,theft\n"
    assert "sudden_change" == (await manager.ask("POST", f"{LIST}/import", file(changed))).rule
    second = await taken(manager, changed, confirm_share=True)
    assert ("replace", "the.manager", 1, 1, 1) == tuple(
        second[one] for one in ("kind", "by", "added", "changed", "removed")
    )
    between = (await manager.ask("GET", f"{LIST}/differences?older={first['version']}")).json
    kinds = {one["entry_id"]: (one["change"], one.get("fields", [])) for one in between["items"]}
    assert {"E-1": ("changed", ["plate"]), "E-2": ("removed", []), "E-3": ("added", [])} == kinds
    third = (await manager.ask("POST", f"{LIST}/rollback", {"version": first["version"]})).json
    assert ("rollback", 1, 1, 1) == tuple(third[one] for one in ("kind", "added", "changed", "removed"))
    assert "1ABC111" == (await desks.writer.get(HOTLIST, "E-1")).plate  # type: ignore[union-attr]  # it is there
    assert None is not await desks.writer.get(HOTLIST, "E-SECRET")
    imports = (await manager.ask("GET", f"{LIST}/imports")).json["items"]
    assert [third["version"], second["version"], first["version"]] == [one["version"] for one in imports]
    (shown,) = (await manager.ask("GET", f"{PREFIX}/lists")).json["items"]
    assert (False, third["version"]) == (shown["stale"], shown["last"]["version"])


async def test_an_import_counts_no_entry_that_is_covert_for_another(desks: Desks) -> None:
    """Whoever imported it, and whatever it did to it; its owner's list manager sees all of it."""
    stolen = make_list("STOLEN")
    mine = {"list_id": "STOLEN", "hotlist": "stolen"}
    hidden = mine | {"covert": True, "owner": "another service"}
    for entries in (
        [make_entry("1ABC111", "E-1", **mine), *(make_entry(f"1SEC22{at}", f"S-{at}", **hidden) for at in range(3))],
        [
            make_entry("1ABC112", "E-1", **mine),
            make_entry("1SEC229", "S-0", **hidden),
            make_entry("1SEC221", "S-1", **mine),
        ],
    ):
        with Checked(TABLES["hotlist"]) as checked:
            for entry in entries:
                checked.add(entry.entry_id, HOTLIST.encode(entry))
            manner = Manner(source=stolen, replace=True, confirm_share=True)
            refresh = Refresh(list_id="STOLEN", by="nightly", kind="replace")
            await import_whole(desks.writer, HOTLIST, checked, [*checked.pairs()], refresh, manner)
    manager, owner = [await desks.logged_in(one) for one in ("the.manager", "the.owner")]
    assert [(0, 1, 0), (1, 0, 0)] == await counts(manager)
    assert [(0, 3, 1), (4, 0, 1)] == await counts(owner)
    (shown,) = (await manager.ask("GET", f"{PREFIX}/lists")).json["items"]
    assert (0, 1, 0) == counts_in(shown["last"])


async def counts(browser: Browser) -> list[tuple[int, int, int]]:
    """What the list's imports did, as this person sees them."""
    return [counts_in(one) for one in (await browser.ask("GET", f"{LIST}/imports")).json["items"]]


def counts_in(told: dict[str, Any]) -> tuple[int, int, int]:
    """Added, changed, removed."""
    return told.get("added", 0), told.get("changed", 0), told.get("removed", 0)


async def test_an_id_that_is_covert_for_another_is_refused_as_one_of_another_list(desks: Desks) -> None:
    """Word for word, in the report and at the import: else a file of guesses finds it."""
    await desks.writer.put(HOTLIST, [make_entry("1OTH111", "E-OTHERS", list_id="OTHER")])
    manager = await desks.logged_in("the.manager")
    told = []
    for name in ("E-SECRET", "E-OTHERS"):
        guess = file(f"{HEAD}\n{name},1ABC999,theft\n", confirm_share=True)
        report = await manager.ask("POST", f"{LIST}/check", guess)
        refusal = await manager.ask("POST", f"{LIST}/import", guess)
        told.append([str(one).replace(name, "") for one in (report.json, refusal.status, refusal.json["detail"])])
    assert told[0] == told[1]


async def test_no_answer_tells_whether_a_guessed_id_is_of_a_covert_entry(
    desks: Desks, recorder: MemoryRecorder
) -> None:
    """Nor of an exclusion about one: each way in answers as for a name of nothing, and the record keeps the names as pseudonyms."""
    mark, owned = covert_mark("another service"), {"list_id": "STOLEN", "hotlist": "stolen", "covert": True}
    manager, owner = [await desks.logged_in(one) for one in ("the.manager", "the.owner")]
    secret = make_entry("1SEC222", f"{mark}1", owner="another service", **owned)
    assert 204 == (await owner.ask("PUT", f"{PREFIX}/hotlist/{mark}1", secret)).status
    excluded = make_exclusion(exclusion_id=f"{mark}1", entry_id=f"{mark}1", valid_until_ms=NEVER_MS)
    assert 204 == (await owner.ask("PUT", f"{PREFIX}/exclusions/{mark}1", excluded)).status

    async def answers(name: str) -> list[tuple[int, str]]:
        entries = [
            make_entry("1ABC999", name, **(owned | fields))
            for fields in ({"covert": False}, {"owner": "another service"}, {"owner": "zone 5341"})
        ]
        bodies: list[tuple[str, str, object]] = [("PUT", f"hotlist/{name}", one) for one in entries]
        bodies += [
            ("PUT", f"exclusions/{name}", make_exclusion(exclusion_id=name, entry_id=about, valid_until_ms=NEVER_MS))
            for about in (name, "T-1", "copied_plates")
        ]
        bodies += [
            ("POST", f"lists/STOLEN/{to}", file(f"{HEAD}\n{name},1ABC999,theft\n")) for to in ("check", "import")
        ]
        bodies += [
            (method, path, None)
            for path in (f"hotlist/{name}", f"exclusions/{name}", f"hotlist/{name}/versions")
            for method in ("GET", "DELETE")
        ]
        told = [await manager.ask(method, f"{PREFIX}/{path}", body) for method, path, body in bodies]
        return [(one.status, one.body.decode().replace(name, "")) for one in told]

    there, nothing = await answers(f"{mark}1"), await answers(f"{mark}2")
    assert there == nothing
    assert all(status >= 400 or '"bad":1' in body for status, body in there)
    assert secret == await desks.writer.get(HOTLIST, f"{mark}1")
    assert not [one for each in recorder.entries for one in getattr(each.entry, "on", ()) if one.startswith(mark)]


async def test_what_another_owners_covert_patterns_cost_is_no_answer(desks: Desks) -> None:
    """Who may not add one is told so, whether or not there would be room for it."""
    hidden = {"list_id": "STOLEN", "hotlist": "stolen", "covert": True, "owner": "another service"}
    mark = covert_mark("another service")
    await desks.writer.put(HOTLIST, dear("S", int(MOST_COVERT_US / EACH_US), **hidden))
    manager, owner = [await desks.logged_in(one) for one in ("the.manager", "the.owner")]
    one_more = make_entry(DEAR[-1], f"{mark}9", priority="high", **hidden)
    assert "costly_patterns" == (await owner.ask("PUT", f"{PREFIX}/hotlist/{mark}9", one_more)).rule
    assert "not_found" == (await manager.ask("PUT", f"{PREFIX}/hotlist/{mark}9", one_more)).rule


async def test_who_has_many_files_checked_at_once_is_told_to_come_again(desks: Desks, recorder: MemoryRecorder) -> None:
    """They are checked one after the other, what is too much is refused and recorded, and another person's is checked meanwhile."""
    manager, owner = [await desks.logged_in(one) for one in ("the.manager", "the.owner")]
    large = file(HEAD + "".join(f"\nE-{at},1ABC{at:03},theft" for at in range(1_000)))
    asking = [asyncio.create_task(manager.ask("POST", f"{LIST}/check", large)) for _ in range(3 * EACH)]
    answers = await asyncio.gather(*asking, owner.ask("POST", f"{LIST}/check", large))
    told = Counter((one.status, one.rule, one.headers.get("Retry-After")) for one in answers[:-1])
    assert {(200, None, None), (503, "busy", "2")} == set(told)
    assert told[200, None, None] >= EACH
    assert 200 == answers[-1].status
    ends = [one.entry for one in recorder.entries if isinstance(one.entry, Outcome)]
    assert told[503, "busy", "2"] == sum(one.refusal == "busy" for one in ends)


async def test_nobody_takes_over_what_is_covert_for_another(desks: Desks) -> None:
    """Neither by an entry of the same name, nor by one in another's."""
    manager = await desks.logged_in("the.manager")
    mine = f"{HEAD},covert,owner\n{covert_mark('another service')}9,1ABC999,theft,true,another service\n"
    assert "covert" == (await manager.ask("POST", f"{LIST}/import", file(mine, confirm_share=True))).rule
    theirs = f"{HEAD}\nE-SECRET,1ABC999,theft\n"
    assert "other_list" == (await manager.ask("POST", f"{LIST}/import", file(theirs, confirm_share=True))).rule
    assert "1SEC111" == (await desks.writer.get(HOTLIST, "E-SECRET")).plate  # type: ignore[union-attr]  # it is there
