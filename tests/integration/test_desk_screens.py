"""The dispatch desk in a real browser, on the real server: what a person sees, hears and does there.

One server and one browser serve all tests of this module; the first logs in as a person does, and the others go on from there.
"""

import asyncio
import re
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from pipeline.runtime.clock import platform_now_ms
from pipeline.servers.pair import EmbeddedPair
from schemas.outcomes import Alert, Withdrawal
from tests.browser import axe
from tests.lossy_line import lossy_line
from tests.screens import CAMERA, DISPATCHER, OUTSIDER, PASSWORD, Screens, alert_of, pictures, screens_of

expect.set_options(timeout=60_000)
REASON = "stolen vans near the depot, file 17"
LANGUAGES = ("fr-BE", "nl-BE", "de-BE", "en-GB")
TOO_WIDE = """() => [...document.querySelectorAll('body, header, main, button, .row > *, dd, td, label')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth && getComputedStyle(one).textOverflow !== 'ellipsis')
  .map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`)"""


@pytest_asyncio.fixture(scope="module")
async def screens(pair: EmbeddedPair, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screens]:
    """Server and browser, with the dispatcher logged in and at the desk."""
    async with screens_of(pair, tmp_path_factory.mktemp("screens")) as made:
        async with made.page("/", locale="en-GB") as page:
            await logged_in(page, DISPATCHER)
            await begin_shift(page)
            made.state = await page.context.storage_state()
        yield made


async def logged_in(page: Page, user_id: str) -> None:
    """Log in, by keyboard alone."""
    await page.locator("#user").fill(user_id)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")


async def begin_shift(page: Page) -> None:
    """Take up work at the desk, by keyboard alone."""
    await page.locator("#where").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.type(REASON)
    await page.keyboard.press("Enter")
    await expect(page.locator("#rows")).to_be_visible()


def withdrawn(alert: Alert) -> Withdrawal:
    """The alert is taken back because its entry is gone."""
    return Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=platform_now_ms())


def row(page: Page, alert: Alert) -> Locator:
    """The row of the alert's incident."""
    return page.locator(f"#row-{alert.incident_id}")


async def test_a_dispatcher_sees_who_what_where_and_when_and_how_sure_it_is(screens: Screens) -> None:
    """An alert arrives at the top, is chosen, and shows both pictures, what differs, and its trail; withdrawn, it goes."""
    crop, overview = await pictures(screens.desks.settings, "1ABC284")
    doubtful = alert_of("1ABC234", "1ABC284", crop=crop, overview=overview)
    async with screens.page(locale="en-GB") as page:
        await screens.send(alert_of("2LOW111", priority="low"), doubtful)
        await row(page, doubtful).click()
        detail = page.locator(".detail")
        await expect(detail.locator("h1 mark")).to_have_text("8")
        await expect(detail.locator(".verdict")).to_contain_text("Confirm first")
        await expect(detail.locator(".compared .plate.wanted")).to_have_text("1ABC234")
        await expect(detail.locator("figure.crop img, figure.overview img")).to_have_count(2)
        for shown in (
            "E40 Groot-Bijgaarden",
            CAMERA,
            "UTC",
            "Volvo",
            "BR 27.L7.5561/2026",
            "zone 5341",
            "police function act",
            "west (270°)",
        ):
            await expect(detail.locator(".facts")).to_contain_text(shown)
        again = msgspec.structs.replace(alert_of("1ABC234"), incident_id=doubtful.alert_id, rings=False)
        await screens.send(again)
        await expect(detail.locator(".trail li")).to_have_count(2)
        await expect(row(page, doubtful).locator(".sure")).to_have_text("Certain")
        await screens.send(withdrawn(again), withdrawn(doubtful))
        await expect(detail.locator(".verdict.over")).to_contain_text("no longer on the list")
        await page.mouse.move(900, 400)
        await page.keyboard.press("Enter")
        await expect(row(page, doubtful)).to_have_count(0)
        await page.keyboard.press("a")
        await expect(row(page, doubtful)).to_have_count(1)
        assert await page.locator(".row").count() == 2


async def test_another_incident_is_read_from_its_top_and_says_where_it_was_seen_last(screens: Screens) -> None:
    """However far the one before was read; the trail has the numbers of the map, and notes the reader's language."""
    earlier = alert_of("3TOP111", "3T0P111", decided_at_ms=platform_now_ms())
    again = "rings again: no vehicle that rang before could be here by now at 250 km/h"
    later = alert_of("3TOP111", "3TQP111", incident_id=earlier.alert_id, rings=True, notes=(again,))
    other = alert_of("4TOP111", "4T0P111", notes=(again,))
    async with screens.page(locale="fr-BE", viewport={"width": 1280, "height": 500}) as page:
        await screens.send(earlier, later, other)
        await row(page, earlier).click()
        detail = page.locator(".detail")
        await expect(detail.locator(".lately")).to_contain_text("Vu en dernier : E40 Groot-Bijgaarden")
        assert ["2", "1"] == await detail.locator(".trail .number").all_inner_texts()
        await detail.evaluate("(one) => one.scrollTo(0, one.scrollHeight)")
        await expect(detail.locator("h1")).not_to_be_in_viewport()
        await row(page, other).click()
        await expect(detail.locator("h1 .plate")).to_have_text("4T0P111")
        await expect(detail.locator(".lately")).to_be_in_viewport()
        await expect(detail.locator(".note")).to_contain_text("Sonne à nouveau : aucun véhicule vu avant")


async def test_the_row_under_the_pointer_or_the_focus_never_moves(screens: Screens) -> None:
    """What belongs above it waits, and says so with its urgency; a key lets it in."""
    lower, urgent = alert_of("3NOR111", priority="normal"), alert_of("3URG111")
    async with screens.page(locale="en-GB") as page:
        await screens.send(lower)
        await row(page, lower).hover()
        before = await row(page, lower).bounding_box()
        await screens.send(urgent)
        waits = page.locator(".waits.urgent")
        await expect(waits).to_contain_text("1 urgent")
        assert before == await row(page, lower).bounding_box()
        assert 0 == await row(page, urgent).count()
        await page.mouse.move(900, 400)
        await expect(row(page, urgent)).to_have_count(1)
        await page.locator("#rows").focus()
        await page.keyboard.press("End")
        focused = page.locator(".row.chosen")
        before, first = await focused.bounding_box(), alert_of("3URG222")
        await screens.send(first)
        await expect(waits).to_be_visible()
        assert before == await focused.bounding_box()
        await page.keyboard.press("n")
        await expect(page.locator(".row").first).to_have_attribute("id", f"row-{first.incident_id}")
        await expect(waits).to_have_count(0)


async def test_everything_is_done_by_keyboard_alone(screens: Screens) -> None:
    """Choose, read, go back, mute, and see the keys; single letters can be switched off."""
    one = alert_of("4KEY111")
    async with screens.page(locale="en-GB") as page:
        await screens.send(one)
        await expect(row(page, one)).to_be_visible()
        await page.keyboard.press("ArrowDown")
        await expect(page.locator(".row.chosen")).to_have_count(1)
        await page.locator("#rows").focus()
        await page.keyboard.press("Home")
        chosen = await page.locator(".row.chosen").get_attribute("id") or ""
        await expect(page.locator("#rows")).to_have_attribute("aria-activedescendant", chosen)
        await page.keyboard.press("Enter")
        await expect(page.locator("#detail-title")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator("#rows")).to_be_focused()
        sound = page.locator("button[aria-keyshortcuts=m]")
        await page.keyboard.press("m")
        await expect(sound).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("m")
        await page.keyboard.press("?")
        await expect(page.locator("dialog:has(dl.keys)")).to_be_visible()
        await page.locator("dialog:has(dl.keys) input").focus()
        await page.keyboard.press("Space")
        await page.keyboard.press("Escape")
        await page.keyboard.press("m")
        await expect(sound).to_have_attribute("aria-pressed", "false")


async def test_sound_says_when_it_is_blocked_and_muting_never_mutes_what_is_urgent(screens: Screens) -> None:
    """A browser lets a page sound only after it was pressed. Whatever a test asks of the page counts as a press, so it waits."""
    async with screens.page("/static/icon.svg", locale="en-GB") as page:
        async with page.expect_response("**/api/v1/session"):  # asked for once the sound is there
            await page.goto(f"{screens.url}/dispatch")
        await expect(page.locator("button.loud span:not(.away)")).to_contain_text("blocked")
        place = await page.get_by_role("button", name="Shift").bounding_box()
        await page.locator("button.loud").click()
        await expect(page.locator("button.loud")).to_have_count(0)
        assert place == await page.get_by_role("button", name="Shift").bounding_box()
        await page.locator("button[aria-keyshortcuts=m]").click()
        await expect(page.locator("button[aria-keyshortcuts=m]")).to_have_attribute("aria-pressed", "true")
        rung = await page.evaluate_handle("() => { window.rung = []; const start = OscillatorNode.prototype.start; "
                                          "OscillatorNode.prototype.start = function (...at) { rung.push(this.frequency.value); "
                                          "return start.apply(this, at); }; return rung; }")  # fmt: skip
        quiet, loud = alert_of("5HIG111", priority="high"), alert_of("5URG111")
        await screens.send(quiet)
        await expect(row(page, quiet)).to_be_visible()
        assert [] == await rung.json_value()
        await screens.send(loud)
        await expect(row(page, loud)).to_be_visible()
        assert 12 == len(await rung.json_value())


async def test_a_server_that_is_killed_is_told_and_nothing_is_lost_or_doubled_when_it_is_back(screens: Screens) -> None:
    """The banner says since when; alerts from meanwhile and from after are there once."""
    before, meanwhile, after = alert_of("6BEF111"), alert_of("6MEA111"), alert_of("6AFT111")
    async with screens.page(locale="en-GB") as page:
        await screens.send(before)
        await expect(row(page, before)).to_be_visible()
        await screens.kill()
        banner = page.locator(".banner.stands")
        await expect(banner).to_contain_text("STANDS STILL")
        await expect(banner).to_contain_text("Since")
        await screens.send(meanwhile)
        await screens.start()
        await expect(row(page, meanwhile)).to_be_visible()
        await screens.send(after)
        await expect(row(page, after)).to_be_visible()
        await expect(banner).to_have_count(0)
        for one in (before, meanwhile, after):
            assert 1 == await row(page, one).count()


async def test_on_a_bad_network_and_after_a_sleep_each_alert_is_there_once(screens: Screens) -> None:
    """200 ms there and back, one packet in fifty lost; the line is cut, the server killed, the machine asleep with a dead line."""
    sent = [alert_of(f"6NET{number:03}") for number in range(20)]
    steps = iter(sent)

    async def some(count: int) -> None:
        await screens.send(*[next(steps) for _ in range(count)])

    async with lossy_line(screens.port, seed=18) as line:
        way, tall = {"server": f"http://127.0.0.1:{line.port}"}, {"width": 1280, "height": 4000}
        async with screens.page(locale="en-GB", proxy=way, viewport=tall) as page:
            rows, banner = page.locator(".row .plate", has_text="6NET"), page.locator(".banner.stands")
            await expect(page.locator("#rows")).to_be_visible()
            await some(5)
            await expect(rows).to_have_count(5)
            line.cut()
            await expect(banner).to_be_visible()
            await some(5)
            line.mend()
            await expect(rows).to_have_count(10)
            await screens.kill()
            await some(3)
            await screens.start()
            await expect(rows).to_have_count(13)
            devtools = await page.context.new_cdp_session(page)
            await devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
            line.cut()
            await some(4)
            await screens.kill()  # what a server knows no more is as what was an hour ago
            await screens.start()
            line.mend()
            await devtools.send("Page.setWebLifecycleState", {"state": "active"})
            await expect(rows).to_have_count(17)
            await some(3)
            await expect(rows).to_have_count(20)
            await expect(banner).to_have_count(0)
            assert sorted(one.read.plate for one in sent) == sorted(await rows.all_inner_texts())


async def test_eight_tabs_share_one_stream_and_another_leads_when_the_leader_goes(screens: Screens) -> None:
    """A browser opens six connections at most; the seventh tab would hang in silence."""
    context = await screens.context(locale="en-GB")
    streams: list[str] = []
    context.on("request", lambda request: streams.append(request.url) if request.url.endswith("/stream") else None)
    try:
        pages = [await context.new_page() for _ in range(8)]
        for page in pages:
            await page.goto(f"{screens.url}/dispatch")
            await expect(page.locator("#rows")).to_be_visible()
        one, two = alert_of("7TAB111"), alert_of("7TAB222")
        await screens.send(one)
        for page in pages:
            await expect(row(page, one)).to_have_count(1)
        assert 1 == len(streams)
        await pages[0].close()
        await screens.send(two)
        for page in pages[1:]:
            await expect(row(page, two)).to_have_count(1)
        assert 2 == len(streams)
    finally:
        await context.close()


async def test_a_flood_is_drawn_in_windows(screens: Screens) -> None:
    """Fifty alerts a second: all are counted, only those on screen are elements, and the page answers."""
    async with screens.page(locale="en-GB") as page:
        await expect(page.locator("#rows")).to_be_visible()
        flood = [alert_of(f"8FLO{number:03}", priority="low") for number in range(250)]
        for at in range(0, len(flood), 50):
            await screens.send(*flood[at : at + 50])
            await asyncio.sleep(0.5)
        await expect(page.locator(".count")).to_have_text(re.compile(r"^(2[5-9]|[3-9]\d)\d incidents$"))
        await page.locator("#rows").focus()
        await page.keyboard.press("End")
        chosen = page.locator(".row.chosen")
        await expect(chosen).to_have_attribute("aria-posinset", await chosen.get_attribute("aria-setsize") or "")
        assert await page.locator(".row").count() < 40


FLOODED = """const desk = new (await import("/static/desk.js")).Desk(() => {});
  const come = (from, until) => {
    for (let at = from; at < until; at++) {
      const alert = { alert_id: `b-${at}`, incident_id: `a-${at}`, rings: false, priority: "low", decided_at_ms: at };
      desk.incidents.take([{ alert: { ...alert, read: { captured_at_ms: at } } }]);
    }
    desk.arrange();
  };"""
FULL = f"""async () => {{
  {FLOODED}
  let asked = 0;
  desk.arrivals.open = async () => {{ asked += 1; }};
  come(0, 300);
  desk.pointed = desk.order[0];
  for (let at = 300; at < 2100; at += 100) come(at, at + 100);
  return {{ asked, rows: desk.order.length, all: desk.order.length + desk.waiting.length + desk.incidents.dropped }};
}}"""
CUT_OFF = f"""async () => {{
  {FLOODED}
  for (let at = 0; at < 2300; at += 100) come(at, at + 100);
  const all = () => [...desk.incidents.all.keys()].filter((id) => /^a-\\d+$/.test(id)).length + desk.incidents.dropped;
  const before = all();
  desk.arrivals.missed();
  await desk.arrivals.running;
  return {{ before, after: all(), dropped: desk.incidents.dropped }};
}}"""


async def test_what_waits_behind_the_row_under_the_pointer_is_no_room(screens: Screens) -> None:
    """A list that is full behind a held row is not asked for anew, which would forget what was let go."""
    async with screens.page(locale="en-GB") as page:
        found = await page.evaluate(FULL)
        assert 1000 > found["rows"], "most of it waits"
        assert (0, 2100) == (found["asked"], found["all"])


async def test_what_was_let_go_is_counted_still_when_the_stream_is_back_from_a_gap(screens: Screens) -> None:
    """The server's list of what is open holds none of it, while no agent has told of these hits."""
    async with screens.page(locale="en-GB") as page:
        found = await page.evaluate(CUT_OFF)
        assert 0 < found["dropped"]
        assert (2300, 2300) == (found["before"], found["after"])


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_state_is_open_to_everybody(screens: Screens, theme: str) -> None:
    """axe-core finds nothing: at login, without a right, before a shift, with an alert open, and with the keys shown."""
    script = axe()

    async def found(page: Page, state: str) -> list[str]:
        await page.evaluate(f"() => {{ {script} }}")
        faults = await page.evaluate("() => axe.run({ resultTypes: ['violations'] }).then((said) => said.violations)")
        return [
            f"{state}: {one['id']} {node['target']} {node['failureSummary']}" for one in faults for node in one["nodes"]
        ]

    options = {"color_scheme": theme, "locale": "en-GB", "bypass_csp": True}
    faults: list[str] = []
    async with screens.page("/#you", storage_state=None, **options) as page:
        await expect(page.locator("#login")).to_be_visible()
        faults += await found(page, "login")
        await logged_in(page, OUTSIDER)
        await expect(page.locator("#home")).to_be_visible()
        faults += await found(page, "account")
        await page.goto(f"{screens.url}/dispatch")
        await expect(page.locator("h1")).to_contain_text("not open to you")
        faults += await found(page, "no right")
    one = alert_of("9AXE111", "9AXE1I1")
    async with screens.page(**options) as page:
        await expect(page.locator("#rows")).to_be_visible()
        await screens.send(one)
        await row(page, one).click()
        await expect(page.locator(".trail li")).to_have_count(1)
        faults += await found(page, "incident")
        await page.keyboard.press("?")
        faults += await found(page, "keys")
        await page.keyboard.press("Escape")
        await page.route("**/api/v1/stream", lambda route: route.abort())
        await page.reload()
        await expect(page.locator(".banner.stands")).to_be_visible()
        faults += await found(page, "stands still")
    assert [] == faults


async def test_four_languages_fit_on_a_screen_and_on_a_phone(screens: Screens) -> None:
    """Nothing is cut off or runs over, and each page says which language it is in."""
    one = alert_of("1LAN111", "1LAN1I1", notes=("country read as DE, wanted BE: downgraded from urgent",))
    await screens.send(one)
    for locale in LANGUAGES:
        async with screens.page(f"/dispatch#{one.incident_id}", locale=locale) as page:
            await expect(page.locator(".facts")).to_be_visible()
            assert locale[:2] == await page.locator("html").get_attribute("lang")
            for width in (1280, 390):
                await page.set_viewport_size({"width": width, "height": 800})
                assert [] == await page.evaluate(TOO_WIDE), f"{locale} at {width}"
            await page.goto(f"{screens.url}/#you")
            await expect(page.locator("#home")).to_be_visible()
            assert [] == await page.evaluate(TOO_WIDE), locale


CUT = """() => [...document.querySelectorAll('.row *')].filter((one) => one.clientWidth && (one.scrollWidth > one.clientWidth + 1
  || one.getBoundingClientRect().bottom > one.closest('.row').getBoundingClientRect().bottom + 1)).map((one) => one.textContent)"""


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_a_row_cuts_nothing_on_a_phone(screens: Screens, locale: str) -> None:
    """How urgent it is, what is wanted of whom, how sure it is, and where."""
    one = alert_of("1PHO111", "1PHO1I1")
    await screens.send(one)
    async with screens.page(locale=locale, viewport={"width": 390, "height": 800}) as page:
        await expect(row(page, one).locator(".sure.ask")).to_be_visible()
        assert [] == await page.evaluate(CUT)


async def test_ending_the_shift_forgets_what_was_shown(screens: Screens) -> None:
    """Nothing of it stays on screen; the desk asks for the next shift. Another tab with the session learns it, too."""
    async with screens.page(locale="en-GB") as page:
        await expect(page.locator("#rows")).to_be_visible()
        await page.keyboard.press("s")
        await page.get_by_role("button", name="End the shift").click()
        await expect(page.locator("#where")).to_be_visible()
        assert 0 == await page.locator(".plate").count()
        await begin_shift(page)
        await expect(page.locator(".at")).to_have_text("Dispatching Brussel")


async def test_no_page_broke_the_policy_or_failed(screens: Screens) -> None:
    """What all tests before this one saw in the consoles of their pages."""
    assert [] == screens.faults
