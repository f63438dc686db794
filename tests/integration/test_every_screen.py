"""Every page in each of its states, in four languages and both themes, on a screen and on a phone, in a real browser.

A state is reached once; then language, theme and width change in place. axe-core's other rules look at each language, and those of
colours at both themes. A picture of each state is kept: on a screen in the light, on a phone in the dark, in the longest language.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from msgspec.structs import replace
from playwright.async_api import Error, Page, Response, expect

from agents import incidents
from pipeline.access.roles import ROLES
from pipeline.desks.cookies import SESSION
from pipeline.runtime.passwords import hashed
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import DESKS, LISTS, POLICIES
from pipeline.state.credential_store import CredentialStore
from schemas.base import Message
from schemas.people import Desk
from schemas.topics import FORWARDS, INCIDENTS
from tests.browser import axe
from tests.builders import make_camera, make_list, make_policy
from tests.contract.test_screens import LANGUAGES, PARTS
from tests.forwards import Scene
from tests.incidents import AN, action, after, begun, first_alert
from tests.integration.stage_probe import Bench
from tests.people import ZONE
from tests.record_logs import a_log
from tests.screen_scenes import a_case, a_designation_asked, a_network
from tests.screens import (
    CAMERA,
    DISPATCHER,
    OUTSIDER,
    PASSWORD,
    SECOND,
    TOO_WIDE,
    Screens,
    alert_of,
    keep,
    pictures,
    screens_of,
)

expect.set_options(timeout=60_000)
SCREEN, PHONE = (1366, 768), (390, 844)
LONGEST = "de"
SPEAK = "async (language) => (await import('/static/words.js')).choose(language)"
THEME = "(theme) => { document.documentElement.dataset.theme = theme; }"
AXE = """(rules) => axe.run(document, { resultTypes: ['violations'], ...rules }).then((said) => said.violations.flatMap(
  (one) => one.nodes.map((node) => `${one.id} ${node.target} ${node.failureSummary}`)))"""
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
OTHERS = {"rules": {one: {"enabled": False} for one in COLOURS["runOnly"]}}
TEXTS = """() => {
  const found = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const shown = (one) => !one.closest('script, noscript, [lang]:not(html)') && one.checkVisibility();
  while (walk.nextNode()) if (shown(walk.currentNode.parentElement)) found.add(walk.currentNode.data.trim());
  for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-title'])
    for (const one of document.querySelectorAll(`[${name}]`)) if (shown(one)) found.add(one.getAttribute(name).trim());
  return [...found];
}"""
WORD = re.compile(r"[^\W\d_]{2,}")
VALUE = re.compile(r'"[a-z_]+(?:\.[a-z_]+)*"')
"""In an answer of the API: what may be of a closed list, and then is for programs."""
SIGNS = {
    "Vigie",
    "UTC",
    "km",
    "min",
    "Esc",
    "Enter",
    "Natural",
    "Earth",
    "MapLibre",
    "SHA",
    "CSV",
    "JSON",
    "ms",
    "Home",
    "End",
}
"""The same in every language."""
SAME = set.intersection(
    *(
        set(WORD.findall(" ".join(words for part in PARTS.values() for words in part[one].values())))
        for one in LANGUAGES
    )
)
"""Words that all four catalogues have."""


@pytest_asyncio.fixture(scope="module")
async def screens(pair: EmbeddedPair, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screens]:
    """Server and browser, for all tests of this module."""
    async with screens_of(pair, tmp_path_factory.mktemp("screens")) as made:
        yield made


@dataclass
class Look:
    """Looks at one page, state by state. typed: words that are on screen because somebody typed or chose them."""

    page: Page
    name: str
    data: set[str] = field(default_factory=lambda: {*SIGNS, *SAME, *WORD.findall(" ".join(ROLES))})
    faults: list[str] = field(default_factory=list)
    reading: int = 0  # answers
    idle: asyncio.Event = field(default_factory=asyncio.Event)  # none is being read

    @classmethod
    async def begin(cls, page: Page, name: str) -> "Look":
        """Listen, and load the page anew: whatever it is told is heard."""
        look = cls(page, name)
        look.idle.set()
        page.on("response", look._heard)
        await page.reload()
        return look

    async def _heard(self, answer: Response) -> None:
        if "/api/v1/" in answer.url and "json" in answer.headers.get("content-type", ""):
            self.reading += 1
            self.idle.clear()
            with contextlib.suppress(Error):  # the page has gone on meanwhile
                self._learnt(await answer.text())
            self.reading -= 1
            if not self.reading:
                self.idle.set()

    def _learnt(self, text: str) -> None:
        self.data |= set(WORD.findall(VALUE.sub("", text)))

    def told(self, *messages: Message) -> None:
        """The page is told this by its stream."""
        for one in messages:
            self._learnt(msgspec.json.encode(one).decode())

    async def at(self, state: str, typed: str = "") -> None:
        """Look at what the page shows now. typed: what somebody wrote or chose there."""
        page, texts = self.page, []
        await page.evaluate(f"() => {{ if (!window.axe) {{ {axe()} }} }}")
        for language in (*[one for one in LANGUAGES if one != "en"], "en"):
            await page.evaluate(SPEAK, language)
            texts.append(set(await page.evaluate(TEXTS)))
            await self._fits(state, language)
            self._found(f"{state}, {language}", await page.evaluate(AXE, OTHERS))
        await self.idle.wait()
        self.data |= set(WORD.findall(typed))
        unsaid = [one for one in set.intersection(*texts) if set(WORD.findall(one)) - self.data]
        self._found(f"{state}: in no catalogue", sorted(unsaid))
        for theme in ("dark", "light", "auto"):
            await page.evaluate(THEME, theme)
            if theme != "auto":
                self._found(f"{state}, {theme}", await page.evaluate(AXE, COLOURS))

    async def _fits(self, state: str, language: str) -> None:
        for size, theme in ((PHONE, "dark"), (SCREEN, "light")):
            await self.page.set_viewport_size({"width": size[0], "height": size[1]})
            self._found(f"{state}, {language}, {size[0]}", await self.page.evaluate(TOO_WIDE))
            if language == LONGEST:
                await self.page.evaluate(THEME, theme)
                await keep(self.page, f"{self.name}-{state.replace(' ', '-')}-{size[0]}")

    def _found(self, where: str, faults: list[str]) -> None:
        self.faults += [f"{where}: {one}" for one in faults]


async def put_away(page: Page) -> None:
    """Close what is open; a key that follows at once would still be the dialog's."""
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    )  # the page has heard of it


async def test_the_dispatch_desk(screens: Screens, tmp_path: Path) -> None:
    """Before the shift, empty, with an incident, each thing that is asked for, done, overviews, standing still."""
    await screens.desks.writer.put(
        DESKS, [Desk(desk_id="DESK-2", name="Dispatching Leuven", zones=(ZONE,), lists=("stolen",))]
    )
    bench = Bench(screens.desks.kafka, screens.desks.redis, screens.desks.namespace, tmp_path)
    async with bench.worker(incidents.AGENT), screens.opened("/dispatch", DISPATCHER, locale="en-GB") as page:
        look = await Look.begin(page, "dispatch")
        await expect(page.locator("#where")).to_be_visible()
        await page.locator("#why").fill("work")
        await page.keyboard.press("Enter")
        await expect(page.locator(".before .told.wrong")).to_be_visible()
        await look.at("refused shift")
        await page.locator("#why").fill("stolen vans near the depot, file 17")
        await page.keyboard.press("Enter")
        await expect(page.locator("#rows")).to_be_visible()
        await look.at("empty")
        crop, overview = await pictures(screens.desks.settings, "1ABC284")
        one = alert_of(
            "1ABC234",
            "1ABC284",
            crop=crop,
            overview=overview,
            notes=("country read as DE, wanted BE: downgraded from urgent",),
        )
        look.told(one, make_camera(CAMERA, name="E40 Groot-Bijgaarden, km 5,2 → Brussel"))
        await screens.send(one, alert_of("2LOW111", priority="low"))
        await page.locator(f"#row-{one.incident_id}").click()
        await expect(page.locator("figure.crop img, figure.overview img")).to_have_count(2)
        await expect(page.locator(".steps li")).to_have_count(1)
        await look.at("incident")
        await page.keyboard.press("h")
        await expect(page.locator(".actions .wrong")).to_be_visible()
        await look.at("hindered")
        await page.keyboard.press("t")
        await expect(page.locator(".undo")).to_be_visible()
        await look.at("taken")
        for key, asked in (("x", "misread"), ("d", "dismiss"), ("h", "hand over"), ("e", "close")):
            await page.keyboard.press(key)
            await expect(page.locator(".form")).to_be_visible()
            await look.at(asked)
            await put_away(page)
        await page.keyboard.press("s")
        await expect(page.locator(".leaves .budget").first).to_be_visible()
        await look.at("shift")
        await put_away(page)
        await page.keyboard.press("?")
        await look.at("keys")
        await put_away(page)
        await page.keyboard.press("g")
        await expect(page.locator(".map .maplibregl-canvas")).to_be_visible()
        await look.at("map")
        await page.keyboard.press("g")
        await page.route("**/api/v1/stream", lambda route: route.abort())
        await page.reload()
        await expect(page.locator(".banner.stands")).to_be_visible()
        await look.at("stands still")
        await screens.desks.sessions.end_all(DISPATCHER)
        await page.keyboard.press("s")
        await page.unroute("**/api/v1/stream")
        await expect(page.locator(".before h1")).to_be_visible()
        await look.at("ended")
    assert [] == look.faults


async def test_the_traffic_authority(screens: Screens) -> None:
    """The reason, the cases, one case, and what is asked for it."""
    one = await a_case(screens, "1AUT111")
    async with screens.opened("/authority", "authority_officer", locale="en-GB") as page:
        look = await Look.begin(page, "authority")
        await page.locator("main input").first.fill("cases of week 48, file 2026/77")
        await look.at("reason")
        await page.keyboard.press("Enter")
        await expect(page.locator(".docket li")).to_have_count(1)
        await page.keyboard.press("j")
        await expect(page.locator(".case figure img")).to_have_count(4)
        await expect(page).to_have_url(f"{screens.url}/authority#{one.violation_id}")
        await look.at("case", "cases of week 48, file")
        for key, asked in (("r", "reject"), ("q", "ask"), ("e", "export")):
            await page.keyboard.press(key)
            await expect(page.locator("dialog[open]")).to_be_visible()
            await look.at(asked)
            await put_away(page)
        await page.keyboard.press("a")
        await expect(page.locator(".toast")).to_be_visible()
        await look.at("accepted")
    assert [] == look.faults


async def test_the_liaison(screens: Screens) -> None:
    """What was told and not, one hit, and the policies with what they ask for."""
    await screens.desks.writer.put(POLICIES, [make_policy("NL", "NL-1", min_confidence=0.99)])
    alert = alert_of("1LIA111", share_with=("DE", "NL"), purposes=("hotlist", "cross_border"))
    await screens.send(alert)
    await screens.desks.send(FORWARDS, Scene().forward(alert.read.captured_at_ms))
    async with screens.opened("/liaison", "liaison_officer", locale="en-GB") as page:
        look, dialog = await Look.begin(page, "liaison"), page.locator("dialog[open]")
        await page.get_by_label("Reason").fill("stolen car, file 2026/77")
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr").first).to_be_visible()
        await look.at("hits", "stolen car, file")
        await page.locator("tbody button", has_text="1LIA111").first.click()
        await expect(dialog).to_be_visible()
        await look.at("hit")
        await put_away(page)
        await page.get_by_role("button", name="Policies").click()
        await page.get_by_role("button", name="NL-1").click()
        await look.at("policy", "pursuit; police use only")
        await page.get_by_role("button", name="Change it").click()
        await dialog.get_by_label("Certainty at least").fill("50")
        await dialog.get_by_role("button", name="Try it").click()
        await expect(dialog.locator("p.told[role=status]")).to_be_visible()
        await look.at("change")
        await put_away(page)
        await page.get_by_role("button", name="New policy").click()
        await look.at("new policy")
    assert [] == look.faults


async def test_the_lists(screens: Screens) -> None:
    """How fresh they are, a file with bad lines, versions, what was said of a list."""
    await screens.desks.writer.put(LISTS, [make_list("STOLEN"), make_list("OLD", refresh_every_ms=1)])
    state = after(begun(first_alert(list_id="OLD")), ("take", AN))
    done = action(state, "dismiss", dismissal="not_wanted_any_more", note="found last week")
    await screens.desks.send(INCIDENTS, after(state, done))
    good = "entry_id,plate,category\n" + "".join(f"E-{number},1ABC{number:03},theft\n" for number in range(9))
    async with screens.opened("/lists", "list_manager", locale="en-GB") as page:
        look = await Look.begin(page, "lists")
        await expect(page.locator("tbody tr").first).to_be_visible()
        await look.at("lists", "court desk l.csv")
        await page.get_by_role("button", name="STOLEN").click()
        await look.at("no versions")
        for text in (f"{good}E-9,??,theft\nE-10,,theft\n,1ABC900,theft\nE-11,1ABC901,theft,8\n", good):
            await page.get_by_role("button", name="Import", exact=True).click()
            await page.locator("#list-file").set_input_files(
                {"name": "l.csv", "mimeType": "text/csv", "buffer": text.encode()}
            )
            await page.get_by_role("button", name="Check the file").click()
            await expect(page.locator("div.told")).to_be_visible()
            if text != good:
                await look.at("bad lines", "entry_id")
        await page.get_by_role("button", name="Import it").click()
        await expect(page.locator("tbody tr")).not_to_have_count(0)
        await look.at("versions")
        await page.get_by_role("button", name="OLD", exact=True).click()
        await page.get_by_role("button", name="1 time").click()
        await page.get_by_label("Reason").fill("list of stolen vehicles, week 48")
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr").filter(has_text=state.entry_id)).to_be_visible()
        await look.at("said outdated", "list of stolen vehicles, week")
        await page.get_by_role("button", name="STOLEN").click()
        await page.get_by_role("button", name="One entry").click()
        await page.get_by_label("Entry").fill("E-1")
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr").filter(has_text="1ABC001")).to_be_visible()
        await look.at("history of an entry", "law")
    assert [] == look.faults


async def test_the_accounts_and_the_approvals(screens: Screens) -> None:
    """Persons, one person, a designation, desks; what waits for a second person."""
    async with screens.opened("/accounts", "administrator", locale="en-GB") as page:
        look, dialog = await Look.begin(page, "accounts"), page.locator("dialog[open]")
        await expect(page.locator("tbody tr")).not_to_have_count(0)
        await look.at("persons")
        await page.keyboard.press("n")
        await look.at("new person")
        await put_away(page)
        await page.get_by_role("button", name="person dispatcher").click()
        await expect(dialog).to_be_visible()
        await look.at("person", "the.admin, other.admin")
        await dialog.get_by_role("button", name="Designate").click()
        await look.at("designate")
        await put_away(page)
        await page.get_by_role("button", name="Desks").click()
        await look.at("desks")
        await page.get_by_role("button", name="New desk").click()
        await look.at("new desk")
    asked = a_designation_asked()
    first = await screens.desks.logged_in("administrator")
    async with screens.opened("/approvals", SECOND, locale="en-GB") as page:
        second = await Look.begin(page, "approvals")
        await expect(page.locator("p.none")).to_be_visible()
        await second.at("none")
        assert 201 == (await first.ask("POST", "/api/v1/approvals", asked)).status
        await page.keyboard.press("r")
        await page.get_by_role("button", name="grant designations").click()
        await second.at("one")
        await screens.desks.sessions.end_all(SECOND)
        await page.get_by_role("button", name="Approve").click()
        await expect(page.locator(".before h1")).to_be_visible()
        await second.at("ended")
    assert [] == look.faults + second.faults


async def test_the_cameras(screens: Screens) -> None:
    """The worst first, one camera and its passages, the map, who waits, and waves."""
    await a_network(screens)
    async with screens.opened("/cameras", "camera_manager", locale="en-GB") as page:
        look, dialog = await Look.begin(page, "cameras"), page.locator("dialog[open]")
        await expect(page.locator("tbody tr").first).to_be_visible()
        await look.at("table")
        await page.get_by_role("button", name="E17 Gent").click()
        await dialog.get_by_role("button", name="Look at the last passages").click()
        await dialog.get_by_label("Reason").fill("focus of the camera, work order 88")
        await page.keyboard.press("Enter")
        await expect(dialog.locator(".shots img")).to_have_count(2)
        await look.at("one", "focus of the camera, work order")
        await put_away(page)
        await page.get_by_role("button", name="On the map").click()
        await expect(page.get_by_role("button", name="Further away")).to_be_visible()
        await look.at("map")
        await page.get_by_role("button", name="Who waits").click()
        await page.get_by_role("button", name="Adopt").click()
        await look.at("adopt", "rekor")  # the maker's name
        await put_away(page)
        await page.get_by_role("button", name="Bringing in").click()
        await look.at("waves")
        await page.get_by_role("button", name="1 → active").first.click()
        await look.at("wave")
    assert [] == look.faults


async def test_the_record(screens: Screens) -> None:
    """Search, one entry with its proof, a sample, findings, and the check."""
    a_log(screens.desks.settings.record, 120)
    async with screens.opened("/record", "auditor", locale="en-GB") as page:
        look = await Look.begin(page, "record")
        await page.locator("tbody tr button").first.click()
        await expect(page.locator("dialog .told")).to_be_visible()
        await look.at("entry")
        await put_away(page)
        await look.at("search")
        await page.get_by_role("button", name="Sample").click()
        await page.get_by_label("Seed").fill("a-seed-of-ours")
        await page.get_by_label("From (Brussels)").fill("1970-01-01T01:00")
        await page.get_by_role("button", name="Draw").click()
        await expect(page.locator("tbody tr")).to_have_count(20)
        await look.at("sample", "a-seed-of-ours")
        await page.get_by_role("button", name="Findings").click()
        await page.get_by_role("button", name="Look").click()
        await expect(page.locator("p.none")).to_have_count(2)
        await look.at("findings")
        await page.get_by_role("button", name="Nothing changed?").click()
        await page.get_by_role("button", name="Check").click()
        await expect(page.locator("ul.found")).to_be_visible()
        await look.at("check")
    assert [] == look.faults


async def test_the_account(screens: Screens) -> None:
    """Login, the first password, who one is, the proof that is asked for again, and passkeys."""
    await screens.desks.person("first.person", "dispatcher", zones=(ZONE,))
    initial = "given at the counter 12"
    await CredentialStore(screens.desks.redis, screens.desks.namespace).set_password(
        "first.person", hashed(initial), initial=True
    )
    async with screens.page("/#you", storage_state=None, locale="en-GB") as page:
        look = await Look.begin(page, "account")
        await expect(page.locator("#user")).to_be_focused()
        await look.at("login")
        await page.keyboard.type("first.person")
        await page.keyboard.press("Tab")
        await page.keyboard.type("a wrong password")
        await page.keyboard.press("Enter")
        await expect(page.locator("#told.wrong")).not_to_be_empty()
        await page.locator("#password").fill(initial)
        await page.keyboard.press("Enter")
        await expect(page.locator("#new-password")).to_be_focused()
        await look.at("first password", "first.person")
        for one, again in (("seven quiet rivers", "other rivers"), ("seven quiet rivers", "seven quiet rivers")):
            await page.locator("#new-password").fill(one)
            await page.locator("#new-again").fill(again)
            await page.locator("#choose-form button").first.click()
            if one != again:
                await expect(page.locator("#told.wrong")).not_to_be_empty()
                await look.at("passwords differ")
        await expect(page.locator("#home")).to_be_visible()
        await expect(page.locator("#designations tr")).to_have_count(1)
        await look.at("home")
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("WebAuthn.enable")
        how = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        await devtools.send(
            "WebAuthn.addVirtualAuthenticator",
            {"options": how | {"isUserVerified": True, "automaticPresenceSimulation": True}},
        )
        await page.locator("#passkey-name").fill("key ring")
        await page.keyboard.press("Enter")
        await expect(page.locator("#passkeys li")).to_have_count(1)
        await look.at("passkeys")
        token = next(one["value"] for one in await page.context.cookies() if one["name"] == SESSION)
        sessions = screens.desks.sessions
        session = await sessions.peek(token)
        assert session is not None
        await sessions.keep(token, replace(session, proven_ms=0), session.seen_ms)
        await page.locator("#passkeys button").click()
        await expect(page.locator("#proof")).to_be_visible()
        await look.at("proof")
        await page.locator("#proof-password").fill("no such password")
        await page.keyboard.press("Enter")
        await expect(page.locator("#proof-told.wrong")).not_to_be_empty()
        await page.locator("#proof-passkey").click()
        await expect(page.locator("#passkeys li")).to_have_count(0)
        await expect(page.locator("#proof")).to_be_hidden()
    assert [] == look.faults


async def test_what_stands_before_a_screen(screens: Screens) -> None:
    """Without the right, while it loads, and when the server does not answer."""
    async with screens.opened("/lists", OUTSIDER, locale="en-GB") as page:
        look = await Look.begin(page, "before")
        await expect(page.locator("h1")).to_be_visible()
        await look.at("no right")
        await page.route("**/api/v1/session", lambda _route: None)
        await page.reload()
        await look.at("loading")
        await page.unroute("**/api/v1/session")
        await page.route("**/api/v1/session", lambda route: route.abort())
        await page.reload()
        await expect(page.locator(".before[role=alert]")).to_be_visible()
        await look.at("away")
    async with screens.opened("/dispatch", OUTSIDER, locale="en-GB") as page:
        desk = await Look.begin(page, "dispatch")
        await expect(page.locator("h1")).to_be_visible()
        await desk.at("no right")
    assert [] == look.faults + desk.faults


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_first_page(screens: Screens, language: str) -> None:
    """The login, refused; a password of one's own; one's own page."""
    faults: list[str] = []

    async def at(page: Page, state: str) -> None:
        await page.evaluate(f"() => {{ if (!window.axe) {{ {axe()} }} }}")
        for size, theme in ((PHONE, "dark"), (SCREEN, "light")):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            await page.evaluate(THEME, theme)
            found: list[Any] = await page.evaluate(AXE, {}) + await page.evaluate(TOO_WIDE)
            faults.extend(f"{state}, {theme}, {size[0]}: {one}" for one in found)
            await keep(page, f"first-{state}-{language}-{size[0]}")

    async with screens.page("/#you", storage_state=None, locale=language) as page:
        await page.locator("#user").fill("magistrate")
        await page.locator("#password").fill("not the password at all")
        await page.keyboard.press("Enter")
        await expect(page.locator("#told.wrong")).not_to_be_empty()
        await at(page, "login")
        await page.locator("#password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.locator("#home")).to_be_visible()
        assert language == await page.locator("html").get_attribute("lang")
        await at(page, "home")
    assert [] == faults


async def test_no_page_broke_the_policy_or_failed(screens: Screens) -> None:
    """What all tests before this one saw in the consoles of their pages."""
    assert [] == screens.faults
