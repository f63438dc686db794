"""Runs the desks' server as a process of its own, and a real browser beside it: one of each for a whole module of tests."""

import asyncio
import contextlib
import os
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import msgspec
import numpy as np
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright
from redis.asyncio import Redis

from pipeline.access.roles import ROLES
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.passwords import hashed
from pipeline.runtime.settings import Settings
from pipeline.runtime.topics import create_topics
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.approval_store import ApprovalStore
from pipeline.state.collections import CAMERAS, DESKS, ZONES
from pipeline.state.credential_store import CredentialStore
from pipeline.state.record_keys import RecordKeys
from schemas.outcomes import Alert
from schemas.people import Desk
from schemas.topics import ALERTS, TOPICS
from tests.browser import FLAGS, axe, chromium
from tests.builders import make_alert, make_camera, make_entry, make_read, make_zone
from tests.integration.vigie_commands import settings_of
from tests.people import ZONE, make_user
from tests.people_desk import Desks, desks_of

ROOT = Path(__file__).parents[1]
DISPATCHER, PASSWORD, DESK = "an.peeters", "seven quiet rivers at night", "DESK-1"
OUTSIDER, SECOND = "jan.claes", "second.administrator"
CAMERA = "E40-7"
START_S = 120.0
KEPT_IN = "VIGIE_SCREENSHOTS"
_PAGES = Counter[str]()
"""How many pages each test has had."""
OURS = ("VIGIE_CHROMIUM", KEPT_IN)  # settings of these tests, which the server refuses
FRENCH = "fr-BE"
TOO_WIDE = """() => [...document.querySelectorAll('body, main, button, dd, td, th, label, p, h1, h2, summary, nav a')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth && !one.closest('.tabled, .hidden, .toasts:empty')
    && getComputedStyle(one).display !== 'inline' && getComputedStyle(one).textOverflow !== 'ellipsis')
  .map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`)"""


@dataclass(slots=True)
class Screens:
    """The server's process and the browser. faults: what pages complained of: breaches of the policy, errors in scripts."""

    desks: Desks
    browser: Browser
    environment: dict[str, str]
    approvals: ApprovalStore
    port: int = 0
    state: Any = None  # the cookies of who logged in
    faults: list[str] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The address of the pages."""
        return f"http://localhost:{self.port}"

    async def start(self) -> None:
        """Start the server, after the first time at the same port."""
        environment = self.environment | {"VIGIE_DESKS_PORT": str(self.port)}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pipeline.cli", "desks", cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), START_S)
        self.port = int(msgspec.json.decode(line)["url"].rpartition(":")[2])
        self.desks.url = self.url

    async def kill(self) -> None:
        """Kill the server with SIGKILL."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def context(self, **options: Any) -> BrowserContext:
        """A browser of its own, in which the dispatcher is logged in and at the desk if somebody logged in before."""
        context = await self.browser.new_context(
            **({"storage_state": self.state, "locale": FRENCH, "viewport": {"width": 1280, "height": 800}} | options)
        )
        context.on("console", lambda message: self._heard(message))
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.set_default_timeout(START_S * 1000)
        return context

    async def session(self, user_id: str, **options: Any) -> dict[str, Any]:
        """The cookies of a browser in which this person has just logged in. options: of Desks.logged_in."""
        browser = await self.desks.logged_in(user_id, **options)
        kept = {
            "domain": "localhost",
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": True,
            "sameSite": "Strict",
        }
        return {
            "cookies": [{"name": name, "value": value} | kept for name, value in browser.cookies.items()],
            "origins": [],
        }

    @contextlib.asynccontextmanager
    async def page(self, path: str = "/dispatch", **options: Any) -> AsyncIterator[Page]:
        """A page in a browser of its own."""
        context = await self.context(**options)
        try:
            page = await context.new_page()
            await page.goto(self.url + path)
            try:
                yield page
            finally:
                await _kept(page)
        finally:
            await context.close()

    @contextlib.asynccontextmanager
    async def opened(self, path: str, user_id: str, **options: Any) -> AsyncIterator[Page]:
        """A page in a browser of its own, in which this person has just logged in."""
        async with self.page(path, storage_state=await self.session(user_id), **options) as page:
            yield page

    def _heard(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or (
            message.type == "error" and "Failed to load" not in message.text
        ):
            self.faults.append(message.text)

    async def send(self, *alerts: Any) -> None:
        """Send alerts and withdrawals, as the agents do."""
        await self.desks.send(ALERTS, *alerts)


async def _kept(page: Page) -> None:
    """Keep what a test saw last on this page; the next run writes over it."""
    if not page.is_closed():
        test = os.environ.get("PYTEST_CURRENT_TEST", "by hand").rpartition("::")[2].split(" ")[0]
        _PAGES[test] += 1
        await keep(page, f"{test}-{_PAGES[test]}")


async def keep(page: Page, name: str) -> None:
    """Keep a picture of the page under this name, in the folder that KEPT_IN names, else in .vigie/screens."""
    await page.screenshot(path=Path(os.environ.get(KEPT_IN) or ROOT / ".vigie/screens") / f"{name}.png")


def alert_of(plate: str, read_as: str | None = None, *, priority: str = "urgent", **fields: Any) -> Alert:
    """An alert of now for a stolen vehicle with this plate, seen at CAMERA. read_as: what the camera read
    there, if another text."""
    now_ms = platform_now_ms()
    read = make_read(
        read_as or plate, CAMERA, now_ms, country="BE", colour="grey", make="Volvo", vehicle_class="car", lane=2,
        heading_deg=270.0, direction="approaching", speed_kmh=93.0,
        crop=fields.pop("crop", None), overview=fields.pop("overview", None),
    )  # fmt: skip
    entry = make_entry(
        plate, f"e-{plate}-{secrets.token_hex(3)}", priority=priority, case_reference="BR 27.L7.5561/2026"
    )
    unlike = {} if read_as is None else {"match": "confusable", "confirm": True, "score": 0.83}
    defaults = {"network": "federal", "purposes": ("hotlist",), "decided_at_ms": now_ms + 300}
    return make_alert(entry, read, **(defaults | unlike | fields))


@contextlib.asynccontextmanager
async def screens_of(pair: EmbeddedPair, folder: Path) -> AsyncIterator[Screens]:
    """Server, browser, a dispatcher who may see stolen vehicles in one zone, a person who may see nothing of the road, and one
    person of each role, with the role's name, of administrators two."""
    name = f"t{secrets.token_hex(4)}"
    await create_topics(pair.kafka, name, partitions={topic.name: 1 for topic in TOPICS})
    redis = Redis.from_url(pair.redis_url)
    await RecordKeys(redis, name).make(platform_now_ms())
    desks = desks_of(pair.kafka, redis, name, folder)
    await desks.writer.put(ZONES, [make_zone(ZONE, cameras=(CAMERA,))])
    await desks.writer.put(CAMERAS, [make_camera(CAMERA, name="E40 Groot-Bijgaarden, km 5,2 → Brussel")])
    await desks.writer.put(DESKS, [Desk(desk_id=DESK, name="Dispatching Brussel", zones=(ZONE,), lists=("stolen",))])
    await desks.person(DISPATCHER, "dispatcher", zones=(ZONE,), user=make_user(DISPATCHER, name="A Dispatcher"))
    await desks.person(OUTSIDER, "auditor", user=make_user(OUTSIDER, name="An Auditor"))
    for role in ROLES:
        await desks.person(role, role, zones=(ZONE,))
    await desks.person(SECOND, "administrator", zones=(ZONE,))
    credentials, secret = CredentialStore(redis, name), hashed(PASSWORD)
    for user_id in (DISPATCHER, OUTSIDER, *ROLES):
        await credentials.set_password(user_id, secret, initial=False)
    environment = {one: value for one, value in os.environ.items() if one not in OURS}
    environment |= settings_of(pair, name, folder)
    started = await asyncio.to_thread(chromium)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=started.program, args=list(FLAGS), env=dict(os.environ) | started.environment
        )
        screens = Screens(desks, browser, environment, ApprovalStore(redis, name))
        desks.http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            await screens.start()
            yield screens
        finally:
            await desks.http.close()
            if screens.process is not None and screens.process.returncode is None:
                screens.process.terminate()
                await screens.process.wait()
            await browser.close()
            await redis.aclose()


async def pictures(settings: Settings, plate: str) -> Sequence[str]:
    """Store the pictures of a plate and of its vehicle. Returns their paths."""
    store = EvidenceStore.open(settings.evidence)
    drawn = drawn_pictures(plate)
    return [await store.put(platform_now_ms(), one) for one in drawn]


def drawn_pictures(plate: str) -> tuple[bytes, bytes]:
    """A plate, and a grey scene around it; both JPEG."""
    crop = np.full((70, 320, 3), 245, np.uint8)
    cv2.putText(crop, plate, (14, 50), cv2.FONT_HERSHEY_DUPLEX, 1.5, (26, 26, 139), 3, cv2.LINE_AA)
    scene = np.tile(np.linspace(60, 150, 960, dtype=np.uint8)[:, None, None], (1, 1440, 3)).copy()
    cv2.rectangle(scene, (420, 320), (1020, 800), (70, 66, 60), -1)
    scene[690:760, 560:880] = crop
    return tuple(cv2.imencode(".jpg", one)[1].tobytes() for one in (crop, scene))  # type: ignore[return-value]  # two


async def faults_of(page: Page) -> list[str]:
    """What axe-core finds on the page, in both themes. The page must be opened with bypass_csp."""
    found: list[str] = []
    await page.evaluate(f"() => {{ {axe()} }}")
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of the two that it takes
        said = await page.evaluate("() => axe.run({ resultTypes: ['violations'] }).then((said) => said.violations)")
        found += [
            f"{theme}: {one['id']} {node['target']} {node['failureSummary']}" for one in said for node in one["nodes"]
        ]
    return found


async def fits(page: Page) -> list[str]:
    """What runs over its place, on a screen and on a phone."""
    found: list[str] = []
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        found += [f"at {width}: {one}" for one in await page.evaluate(TOO_WIDE)]
    return found
