"""The dispatch screen in a real Chromium under load: what its main thread, its heap and its longest task are.

    python -m benchmarks.bench_dispatch [--rate 50] [--seconds 60] [--cameras 10000] [--json]

Load: so many alerts a second, evenly paced in batches of 100 ms, each an incident of its own at one of the cameras, all of which
are on the map beside the list; one incident is chosen. Server, Kafka, browser and sender run on this machine; without a graphics
card the map is drawn by the processor, in a process of its own.

first_row_ms: from the start of the navigation, on a cold cache, to the first row, with as many alerts as a page of the list holds.
main_thread: the share of the time that the page's main thread worked. heap_mb: after garbage collection, at the end; heap_slope_mb:
what it grew by in the second half. longest_task_ms: by the browser's own observer of tasks over 50 ms, and how long after
the start of the navigation it began (longest_at_s); 0: there was none. longest_waited_ms: of it, how long the main thread was ready
and got no processor, because others had it (Linux; of the tenths of a second around it, so at most); a page can do nothing about
that. The garbage collection that this measurement itself asks for is no task of the page: its length is collection_ms.

At the end every alert is in the list or let go for want of room, which the page says and counts. missing: those that are neither,
when nothing has changed for SETTLED_S; of these missing_at_server: those that the server does not show either, as where it does not
know the camera. The server keeps 20,000 alerts: beyond that it is not asked.

For half an hour: --seconds 1800. The list is worked at once a minute, so that its session goes on.

Appends one line to benchmarks/results/dispatch.jsonl.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page, expect

from benchmarks.common import append_result, environment
from pipeline.desks.live import MOST_KEPT
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import CAMERAS, ZONES
from pipeline.stream import codec
from schemas.base import Position
from schemas.outcomes import Alert
from schemas.reference import Camera
from schemas.topics import ALERTS
from tests.builders import make_alert, make_camera, make_entry, make_read, make_zone
from tests.people import ZONE
from tests.screens import DESK, DISPATCHER, Screens, screens_of

BATCH_S = 0.1
SETTLE_S = 8.0
TOLD_S = 0.5  # the browser tells of a long task a little later
LOOK_S, SETTLED_S, WORKS_S, QUEUE_S = 0.5, 5.0, 60.0, 0.1
KEPT_AT_SERVER = MOST_KEPT["alert"]
PAUSE_MS = 250  # between two requests, so that the server does not ask for one
SEED = 91
PRIORITIES = ("urgent", "high", "normal", "low", "low", "low")
WATCHES = """
window.longest = { ms: 0, at: 0 };
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (one.duration > longest.ms) longest = { ms: one.duration, at: one.startTime / 1000 };
}).observe({ entryTypes: ["longtask"] });
new MutationObserver((_all, watch) => {
  if (!document.querySelector(".row")) return;
  window.firstRow = performance.now();
  watch.disconnect();
}).observe(document, { childList: true, subtree: true });
"""
TOLD = """async (pause) => {
  let told = 0, cursor = "";
  do {
    const page = await (await fetch("/api/v1/alerts" + (cursor && "?cursor=" + encodeURIComponent(cursor)))).json();
    told += page.items.length;
    cursor = page.next ?? "";
    await new Promise((done) => setTimeout(done, pause));
  } while (cursor);
  return told;
}"""


def network(count: int, chance: random.Random) -> list[Camera]:
    """So many cameras in a box in the middle of Belgium."""
    return [
        make_camera(
            f"C-{number}", name=f"camera {number}",
            position=Position(lat=chance.uniform(50.2, 51.2), lon=chance.uniform(3.3, 5.6)),
        )
        for number in range(count)
    ]  # fmt: skip


def alerts(cameras: Sequence[Camera], count: int, chance: random.Random) -> list[Alert]:
    """So many alerts of now, each of a plate and an incident of its own."""
    now_ms, made = platform_now_ms(), []
    for _ in range(count):
        plate = f"1{''.join(chance.choices('ABCDEFGHJKLMNPRSTUVWXYZ', k=3))}{chance.randrange(1000):03}"
        read = make_read(plate, chance.choice(cameras).camera_id, now_ms, country="BE")
        entry = make_entry(plate, f"E-{chance.getrandbits(60)}", priority=chance.choice(PRIORITIES))
        made.append(make_alert(entry, read, network="federal", purposes=("hotlist",), decided_at_ms=now_ms))
    return made


async def send(
    screens: Screens, sender: Sender, cameras: Sequence[Camera], options: argparse.Namespace, seconds: float
) -> int:
    """Send alerts for so long. Returns how many."""
    chance, began, sent = random.Random(time.monotonic_ns()), time.monotonic(), 0
    topic = f"{screens.desks.namespace}.{ALERTS.name}"
    for batch in range(round(seconds / BATCH_S)):
        await asyncio.sleep(max(0.0, began + batch * BATCH_S - time.monotonic()))
        due = round((batch + 1) * BATCH_S * options.rate) - sent
        await sender.send_all(
            [Outgoing(topic, codec.encode(ALERTS, one), partition=0) for one in alerts(cameras, due, chance)]
        )
        sent += due
    return sent


async def busy_s(devtools: CDPSession) -> float:
    """The seconds that the main thread has worked."""
    said = await devtools.send("Performance.getMetrics")
    return next(float(one["value"]) for one in said["metrics"] if one["name"] == "TaskDuration")


async def heap_mb(devtools: CDPSession) -> float:
    """The heap after garbage collection."""
    await devtools.send("HeapProfiler.collectGarbage")
    return float((await devtools.send("Runtime.getHeapUsage"))["usedSize"]) / 1e6


async def longest(page: Page) -> dict[str, float]:
    """The longest task since this was last asked for: ms, and at which second it began."""
    await asyncio.sleep(TOLD_S)
    found: dict[str, float] = await page.evaluate(
        "() => { const was = longest; longest = { ms: 0, at: 0 }; return was; }"
    )
    return found


async def number_in(page: Page, selector: str) -> int:
    """The numbers that stand there, added; 0: there is no such place."""
    place = page.locator(selector)
    words = (await place.text_content() or "") if await place.count() else ""
    return sum(int(word) for word in words.replace(",", "").split() if word.isdigit())


async def accounted(page: Page, sent: int) -> dict[str, int]:
    """What became of the alerts that were sent, by the page and, if it misses some, by the server."""
    listed = let_go = -1
    settled = 0.0
    while settled < SETTLED_S:
        before = listed, let_go
        await page.keyboard.press("n")  # lets in what waits
        await asyncio.sleep(LOOK_S)  # the page draws what changed within 150 ms
        listed, let_go = await number_in(page, ".tools .count"), await number_in(page, ".dropped")
        if listed + let_go == sent:
            break
        settled = settled + LOOK_S if (listed, let_go) == before else 0.0
    missing = sent - listed - let_go
    at_server = sent - await page.evaluate(TOLD, PAUSE_MS) if missing and sent <= KEPT_AT_SERVER else 0
    return {"listed": listed, "let_go": let_go, "missing": missing, "missing_at_server": at_server}


@dataclass(slots=True)
class Queue:
    """How long the page's main thread has stood ready without a processor: samples of the page's time, s, and of that, ms."""

    thread: Path
    origin_s: float
    samples: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    async def of(cls, page: Page) -> "Queue":
        """The queue of the browser's busiest renderer, which is the page's."""
        assert page.context.browser is not None
        devtools = await page.context.browser.new_browser_cdp_session()
        processes = (await devtools.send("SystemInfo.getProcessInfo"))["processInfo"]
        busiest = max((one for one in processes if one["type"] == "renderer"), key=lambda one: one["cpuTime"])
        origin_s = await page.evaluate("performance.timeOrigin / 1000")
        return cls(Path(f"/proc/{busiest['id']}/schedstat"), origin_s)  # a process's first thread is its main thread

    async def watch(self) -> None:
        """Take samples until cancelled, or where there are none to be had."""
        while self.thread.exists():
            self.samples.append((time.time() - self.origin_s, int(self.thread.read_text().split()[1]) / 1e6))
            await asyncio.sleep(QUEUE_S)

    def waited_ms(self, began_s: float, ended_s: float) -> float:
        """How long it waited from the last sample before to the first one after; 0 where there are none."""
        before = [waited for at, waited in self.samples if at <= began_s]
        after = [waited for at, waited in self.samples if at >= ended_s]
        return after[0] - before[-1] if before and after else 0.0


async def works(page: Page) -> None:
    """Work at the desk a little, until cancelled: a session that nobody works in ends."""
    while True:
        await asyncio.sleep(WORKS_S)
        await page.keyboard.press("Shift")


async def measured(screens: Screens, cameras: Sequence[Camera], options: argparse.Namespace) -> dict[str, Any]:
    """The figures."""
    sender = Sender(screens.desks.kafka.client_kwargs())
    try:
        before = await send(screens, sender, cameras, options, 100 / options.rate)
        await asyncio.sleep(1.0)
        context = await screens.context(viewport={"width": 1600, "height": 900}, locale="en-GB")
        await context.add_init_script(WATCHES)
        page = await context.new_page()
        await page.goto(f"{screens.url}/dispatch")
        await expect(page.locator(".row").first).to_be_visible(timeout=60_000)
        first_row_ms = await page.evaluate("firstRow")
        await page.locator(".row").first.click()
        await page.mouse.move(1200, 30)
        await expect(page.locator(".map .maplibregl-canvas")).to_be_visible(timeout=60_000)
        await asyncio.sleep(SETTLE_S)
        loading = await longest(page)
        devtools = await context.new_cdp_session(page)
        await devtools.send("Performance.enable")
        queue = await Queue.of(page)
        beside = [asyncio.create_task(one) for one in (works(page), queue.watch())]
        worked, began = await busy_s(devtools), time.monotonic()
        sent = before + await send(screens, sender, cameras, options, options.seconds / 2)
        first = await longest(page)
        half = await heap_mb(devtools)
        collecting = await longest(page)
        sent += await send(screens, sender, cameras, options, options.seconds / 2)
        share = (await busy_s(devtools) - worked) / (time.monotonic() - began)
        slowest = max(first, await longest(page), key=lambda one: one["ms"])
        waited_ms = min(slowest["ms"], queue.waited_ms(slowest["at"], slowest["at"] + slowest["ms"] / 1000))
        for one in beside:
            one.cancel()
        await asyncio.sleep(2.0)
        end = await heap_mb(devtools)
        return {
            "first_row_ms": round(first_row_ms), "main_thread": round(share, 3), "heap_mb": round(end, 1),
            "heap_slope_mb": round(end - half, 1), "longest_task_ms": round(slowest["ms"]), "longest_at_s": round(slowest["at"]),
            "longest_waited_ms": round(waited_ms), "collection_ms": round(collecting["ms"]),
            "longest_at_start_ms": round(loading["ms"]),
            "rows": await page.locator(".row").count(), **await accounted(page, sent),
        }  # fmt: skip
    finally:
        await sender.stop()


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Start everything, measure, and end it."""
    cameras = network(options.cameras, random.Random(SEED))
    with tempfile.TemporaryDirectory(prefix="vigie-dispatch-") as name:
        async with EmbeddedPair(Path(name) / "pair") as pair, screens_of(pair, Path(name)) as screens:
            await screens.desks.writer.put(CAMERAS, cameras)
            around = tuple(
                Position(lat=lat, lon=lon) for lat, lon in ((50.0, 3.0), (50.0, 6.0), (51.5, 6.0), (51.5, 3.0))
            )
            await screens.desks.writer.put(ZONES, [make_zone(ZONE, polygon=around)])
            screens.state = await screens.session(DISPATCHER, desk_id=DESK)
            figures = await measured(screens, cameras, options)
            assert [] == screens.faults
    return {
        **environment("playwright"), "alerts_per_s": options.rate, "seconds": options.seconds, "cameras": options.cameras,
        "seed": SEED, **figures,
    }  # fmt: skip


def main() -> None:
    """Measure, print and append."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", type=float, default=50.0)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--cameras", type=int, default=10_000)
    options.add_argument("--json", action="store_true", help="the figures alone, as one line")
    asked = options.parse_args()
    configure_logging(level="error")
    figures = asyncio.run(measure(asked))
    append_result("dispatch", figures)
    print(json.dumps(figures, indent=None if asked.json else 2))


if __name__ == "__main__":
    main()
