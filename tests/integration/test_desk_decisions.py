"""What a dispatcher does from the screen, in a real browser, with the agent that decides: one server and one browser for all."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import APIResponse, Locator, Page, Route, expect

from agents import incidents
from pipeline.runtime.clock import platform_now_ms
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import DESKS
from schemas import ids
from schemas.outcomes import Alert, Receipt
from schemas.people import Desk
from schemas.topics import RECEIPTS
from tests.integration.stage_probe import Bench
from tests.people import ZONE, make_user
from tests.screens import DESK, DISPATCHER, Screens, alert_of, pictures, screens_of

expect.set_options(timeout=60_000)
COLLEAGUE, NEXT_DESK = "bo.claes", "DESK-2"


@pytest_asyncio.fixture(scope="module")
async def screens(pair: EmbeddedPair, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screens]:
    """Server, agent and browser; one dispatcher at the desk, a colleague, and a desk to hand over to."""
    folder = tmp_path_factory.mktemp("decisions")
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(screens_of(pair, folder))
        desks = made.desks
        await desks.writer.put(
            DESKS, [Desk(desk_id=NEXT_DESK, name="Dispatching Leuven", zones=(ZONE,), lists=("stolen",))]
        )
        await desks.person(COLLEAGUE, "dispatcher", zones=(ZONE,), user=make_user(COLLEAGUE, name="A Colleague"))
        made.state = await made.session(DISPATCHER, desk_id=DESK)
        bench = Bench(desks.kafka, desks.redis, desks.namespace, folder)
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(incidents.AGENT))
        yield made


def row(page: Page, alert: Alert) -> Locator:
    """The row of the alert's incident."""
    return page.locator(f"#row-{alert.incident_id}")


async def chosen(screens: Screens, page: Page, alert: Alert) -> Alert:
    """Send this alert, and choose its incident once the agent has told of it."""
    await screens.send(alert)
    await row(page, alert).click()
    await expect(page.locator(".steps li")).to_have_count(1)
    return alert


async def fetched(route: Route) -> APIResponse:
    """The server's answer to the page's request."""
    return await route.fetch(headers=await route.request.all_headers() | {"sec-fetch-site": "same-origin"})


async def test_take_confirm_and_undo_are_one_key_each_and_what_crossed_is_recalled(screens: Screens) -> None:
    """Each shows what it did and how long it can be undone; the trail of what happened says who, where and when."""
    crop, overview = await pictures(screens.desks.settings, "1ADC555")
    async with screens.page(locale="en-GB") as page:
        one = await chosen(screens, page, alert_of("1AOC555", "1ADC555", crop=crop, overview=overview))
        holder, undo = page.locator(".holder"), page.locator(".undo")
        await expect(holder).to_have_text("New Nobody has it yet.")
        await page.keyboard.press("e")
        await expect(page.locator(".actions .wrong")).to_have_text("Take it first (T).")
        await page.keyboard.press("t")
        await expect(holder).to_have_text("Taken You have it.")
        await expect(row(page, one).locator("small")).to_have_text("you")
        await expect(undo).to_contain_text(re.compile(r"Taken: 1ADC555\s*Undo Z \d+ s"))
        await page.keyboard.press("c")
        await expect(page.locator(".verdict")).to_contain_text("Confirmed")
        await expect(row(page, one).locator(".sure")).to_have_text("Confirmed")
        receipt = Receipt(
            receipt_id=ids.receipt_id("f-0", "acknowledged"), forward_id="f-0", to_country="NL", outcome="acknowledged",
            neighbour_reference="NL-77", incident_id=one.incident_id, decided_at_ms=platform_now_ms(),
        )  # fmt: skip
        await screens.desks.send(RECEIPTS, receipt)
        await expect(page.locator(".answer")).to_contain_text("NL: received")
        await page.keyboard.press("z")
        await expect(undo).to_contain_text("What crossed the border meanwhile is recalled.")
        await expect(page.locator(".verdict")).to_contain_text("Confirm first")
        await expect(page.locator(".steps li.undone")).to_contain_text("Confirmed")
        await expect(page.locator("section.steps").last.locator("li")).to_have_count(4)
        await expect(page.locator("section.steps").last.locator("li").nth(1)).to_contain_text(
            "you (Dispatching Brussel)"
        )


async def test_the_bar_that_undoes_covers_no_form_that_opens(screens: Screens) -> None:
    """Whoever has just taken an incident sees all that the next key asks, though the bar stands over the foot of the page."""
    async with screens.page(locale="en-GB", viewport={"width": 1366, "height": 620}) as page:
        await chosen(screens, page, alert_of("5BAR555", "58AR555"))
        await page.keyboard.press("t")
        bar = await page.locator(".undo").bounding_box()
        await page.keyboard.press("x")
        await expect(page.locator("#really")).to_be_focused()
        last = await page.locator(".form .cancel").bounding_box()
        assert bar is not None
        assert last is not None
        assert last["y"] + last["height"] <= bar["y"]
        await page.keyboard.press("Escape")
        await page.set_viewport_size(
            {"width": 683, "height": 384}
        )  # a screen at twice its size: the form is higher than there is room
        await page.keyboard.press("d")
        await expect(page.locator(".form .asks")).to_be_in_viewport(ratio=1)


async def test_who_types_what_a_misread_plate_really_is_sees_its_picture(screens: Screens) -> None:
    """On the smallest screen of a desk the picture of the plate stays whole in sight above the form."""
    crop, overview = await pictures(screens.desks.settings, "1ADC556")
    async with screens.page(locale="en-GB", viewport={"width": 1366, "height": 768}) as page:
        await chosen(screens, page, alert_of("1AOC556", "1ADC556", crop=crop, overview=overview))
        await expect(page.locator("figure.crop img")).to_be_visible()
        await page.keyboard.press("x")
        await expect(page.locator("#really")).to_be_focused()
        for seen in (page.locator("figure.crop img"), page.locator(".form .cancel")):
            await expect(seen).to_be_in_viewport(ratio=1)


async def test_a_misread_among_other_hits_is_told_as_one_and_nobody_is_led_to_confirm_it(screens: Screens) -> None:
    """The incident goes on for its other hits. Who decided on what rang again meanwhile is told so, and by no agent's name."""
    async with screens.page(locale="en-GB") as page:
        one = await chosen(screens, page, alert_of("6MIS555", "6M1S555"))
        main, wrong = page.locator(".buttons .main"), page.locator(".actions .wrong")
        await expect(main).to_have_count(1)
        await page.keyboard.press("d")
        await expect(page.locator(".form")).to_be_visible()
        await screens.send(msgspec.structs.replace(alert_of("6MIS555"), incident_id=one.incident_id))
        await expect(page.locator(".trail li")).to_have_count(2)
        await expect(page.locator(".steps li")).to_have_count(2)
        await page.keyboard.press("Digit3")
        await expect(wrong).to_have_text(
            "It rang again meanwhile, so this did not count. Look at the new sighting, and decide again."
        )

        await page.locator(".trail li", has_text="Confirm first").locator("button").click()
        await page.keyboard.press("x")
        await page.locator("#really").fill("6MJS555")
        await page.keyboard.press("Enter")
        await expect(page.locator(".verdict")).to_have_text("Misread · it is 6MJS555 BE")
        await expect(page.locator(".trail .sure")).to_have_text(["Certain", "Misread"])
        await expect(main).to_have_count(0)
        await page.locator(".trail li", has_text="Certain").locator("button").click()
        await page.keyboard.press("c")
        await expect(wrong).to_contain_text("Close it with its outcome (E).")
        await expect(wrong).not_to_contain_text("Take it")


async def test_what_ends_an_incident_asks_for_its_reason_and_leaves_the_list_for_good(screens: Screens) -> None:
    """A misread with what it really is, a dismissal with its reason, a close with its outcome, also after a reload."""
    async with screens.page(locale="en-GB") as page:
        misread = await chosen(screens, page, alert_of("2AOC555", "2ADC555"))
        await page.keyboard.press("x")
        await expect(page.locator("#really")).to_be_focused()
        await page.keyboard.type("2AOC555")
        await page.keyboard.press("Enter")
        await expect(page.locator("#really:invalid")).to_have_count(1)
        await page.locator("#really").fill("2-adc-556")
        await page.keyboard.press("Enter")
        await expect(page.locator(".holder .phase")).to_have_text("Misread")
        await expect(page.locator(".steps li").first).to_contain_text("2ADC556 BE")

        dismissed = await chosen(screens, page, alert_of("3DIS555"))
        await page.keyboard.press("d")
        await page.locator("#note").fill("van")
        await page.keyboard.press("Enter")
        await expect(page.locator(".form .hint")).to_have_text("Now choose above, or press its number.")
        await page.locator("#note").fill("")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Digit6")
        await expect(page.locator("#note")).to_be_focused()
        await expect(page.locator("#note")).to_have_value("")
        await expect(page.locator(".form .hint")).to_have_text("Say what in the note, then press Enter.")
        await page.keyboard.type("seen at the depot")
        await page.keyboard.press("Enter")
        await expect(page.locator(".steps li").first).to_contain_text("Other: say what in the note · seen at the depot")
        await expect(page.locator(".holder .phase")).to_have_text("Dismissed")

        closed = await chosen(screens, page, alert_of("4CLO555"))
        await page.keyboard.press("t")
        await expect(page.locator(".holder .phase")).to_have_text("Taken")
        await page.keyboard.press("e")
        await page.keyboard.press("Digit1")
        await expect(page.locator(".steps li").first).to_contain_text("Stopped")
        await page.goto(f"{screens.url}/dispatch")
        await expect(page.locator("#rows")).to_be_visible()
        for one in (misread, dismissed, closed):
            await expect(row(page, one)).to_have_count(0)
        await page.keyboard.press("a")
        await expect(row(page, closed).locator(".sure")).to_have_text("Closed")
        again = msgspec.structs.replace(alert_of("4CLO555"), incident_id=closed.incident_id)
        await page.keyboard.press("a")
        await screens.send(again)
        await expect(row(page, closed).locator(".new")).to_be_visible()


async def test_the_second_of_two_dispatchers_is_told_who_has_it_and_may_take_over(screens: Screens) -> None:
    """Nothing counts that was decided on what another has changed meanwhile; words say so, with the cure."""
    theirs = await screens.session(COLLEAGUE, desk_id=DESK)
    async with screens.page(locale="en-GB") as an, screens.page(locale="en-GB", storage_state=theirs) as bo:
        await expect(bo.locator("#rows")).to_be_visible()
        one = await chosen(screens, an, alert_of("5TWO555"))
        await row(bo, one).click()
        await expect(bo.locator(".steps li")).to_have_count(1)
        await bo.keyboard.press("d")
        await expect(bo.locator(".form")).to_be_visible()
        await an.keyboard.press("t")
        await expect(an.locator(".holder")).to_contain_text("You have it")
        await expect(bo.locator(".holder")).to_contain_text(f"{DISPATCHER} has it")
        await bo.keyboard.press("Digit3")
        wrong = bo.locator(".actions .wrong")
        await expect(wrong).to_contain_text(re.compile(rf"did not count.*{DISPATCHER}: Taken, \d\d:\d\d:\d\d"))
        await bo.keyboard.press("d")
        await expect(wrong).to_contain_text(f"{DISPATCHER} has it. Ask, or take it over (T) first.")
        await bo.get_by_role("button", name="Take over").click()
        await expect(bo.locator(".holder")).to_contain_text("You have it")
        await expect(an.locator(".holder")).to_contain_text(f"{COLLEAGUE} has it")


async def test_what_is_handed_over_rings_where_it_goes_and_waits_there(screens: Screens) -> None:
    """With the note of who hands it over."""
    theirs = await screens.session(COLLEAGUE, desk_id=NEXT_DESK)
    async with screens.page(locale="en-GB") as an, screens.page(locale="en-GB", storage_state=theirs) as bo:
        await expect(bo.locator("#rows")).to_be_visible()
        two = alert_of("6HAN556")
        await screens.send(two)
        for page in (an, bo):
            await expect(row(page, two)).to_be_visible()
        one = await chosen(screens, an, alert_of("6HAN555"))
        await row(bo, one).click()
        await an.keyboard.press("t")
        await expect(an.locator(".holder")).to_contain_text("You have it")
        await an.keyboard.press("h")
        await an.locator("#note").fill("van with a trailer, ask Zaventem")
        await an.get_by_role("button", name="Dispatching Leuven").click()
        await expect(an.locator(".holder")).to_contain_text("It waits for Dispatching Leuven")
        await expect(bo.locator(".holder")).to_contain_text("It waits for this desk")
        await expect(bo.locator(".steps li").first).to_contain_text("van with a trailer, ask Zaventem")
        await expect(row(bo, one).locator("small")).to_have_text("For you")

        await row(an, two).click()
        await expect(an.locator(".holder")).to_contain_text("Nobody has it yet")
        await an.keyboard.press("t")
        await expect(an.locator(".holder")).to_contain_text("You have it")
        await expect(row(bo, two).locator(".new")).to_be_visible()
        await expect(row(bo, two).locator("small")).to_have_text(DISPATCHER)  # what is new may have somebody already
        await an.keyboard.press("h")
        await an.keyboard.press("Digit1")
        await expect(row(bo, two).locator("small")).to_have_text("For you")
        await expect(row(bo, two).locator(".new")).to_be_visible()


async def test_keys_that_follow_at_once_wait_for_the_answer_to_the_one_before(screens: Screens) -> None:
    """Each counts, in turn and once, however slow the network is; what comes after is undone alone."""
    async with screens.page(locale="en-GB") as page:
        await chosen(screens, page, alert_of("1OOC777", "1ODC777"))

        async def late(route: Route) -> None:
            answer = await fetched(route)
            await asyncio.sleep(1.0)
            await route.fulfill(response=answer)

        await page.route("**/api/v1/incidents/*/*", late)
        for key in ("t", "t", "c", "z", "e", "Digit1"):
            await page.keyboard.press(key)
        steps = page.locator("section.steps").last.locator("li")
        await expect(steps.first).to_contain_text("Stopped")
        await expect(page.locator(".actions .wrong")).to_have_count(0)
        await expect(steps).to_have_count(5)
        await expect(steps.filter(has=page.locator("b", has_text="Confirmed"))).to_have_class("undone")


async def test_an_answer_that_is_lost_is_asked_for_again_and_counts_once(screens: Screens) -> None:
    """The network takes the answer away; the same request again is the same action."""
    async with screens.page(locale="en-GB") as page:
        await chosen(screens, page, alert_of("7LOS555"))
        lost: list[str] = []

        async def lose(route: Route) -> None:
            if not lost:
                lost.append("once")
                assert 200 == (await fetched(route)).status
                await route.abort()
            else:
                await route.continue_()

        await page.route("**/take", lose)
        await page.keyboard.press("t")
        await expect(page.locator(".actions .wrong")).to_contain_text("Whether this counted is not known")
        await page.get_by_role("button", name="Send it again").click()
        await expect(page.locator(".holder")).to_contain_text("You have it")
        await expect(page.locator(".steps li")).to_have_count(2)


async def test_the_map_and_the_list_are_two_windows_that_choose_together(screens: Screens) -> None:
    """The map draws offline, under the same policy; what is chosen in one window is chosen in the other."""
    context = await screens.context(locale="en-GB")
    try:
        listed, mapped = await context.new_page(), await context.new_page()
        await listed.goto(f"{screens.url}/dispatch")
        await mapped.goto(f"{screens.url}/dispatch?map")
        await expect(mapped.locator(".map.alone .maplibregl-canvas")).to_be_visible()
        await expect(mapped.get_by_role("button", name="Nearer")).to_be_visible()
        await chosen(screens, listed, alert_of("8MAP555"))
        await expect(mapped.locator(".mapsaid")).to_contain_text("8MAP555 · E40 Groot-Bijgaarden")
        box = await mapped.locator(".map").bounding_box()
        assert box is not None
        await chosen(screens, listed, alert_of("8MAP666", priority="low"))
        await expect(mapped.locator(".mapsaid")).to_contain_text("8MAP666")
        async with asyncio.timeout(60.0):
            while (
                "8MAP666" == await listed.locator("h1 .plate").text_content()
            ):  # until the map shows where the camera is
                await mapped.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                await asyncio.sleep(0.5)
    finally:
        await context.close()


async def test_without_webgl_the_desk_works_whole_from_the_list(screens: Screens) -> None:
    """The map says so and why; everything else goes on."""
    async with screens.page("/", locale="en-GB") as page:
        await page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        await page.goto(f"{screens.url}/dispatch")
        await expect(page.locator("#rows")).to_be_visible()
        await page.keyboard.press("g")
        await expect(page.locator(".map .instead")).to_contain_text("no WebGL")
        await chosen(screens, page, alert_of("9NOG555"))
        await page.keyboard.press("t")
        await expect(page.locator(".holder")).to_contain_text("You have it")
        await page.keyboard.press("g")
        await expect(page.locator(".map")).to_have_count(0)


async def test_who_ends_the_shift_sees_what_is_open_and_with_whom_and_how_much_it_rang(screens: Screens) -> None:
    """A key shows it; each line leads to its incident; the end of the shift is asked for there."""
    async with screens.page(locale="en-GB") as page:
        mine = await chosen(screens, page, alert_of("1SHI555"))
        await page.keyboard.press("t")
        await expect(page.locator(".holder")).to_contain_text("You have it")
        await page.keyboard.press("s")
        overview = page.locator(".leaves")
        await expect(overview.locator(".budget")).to_contain_text(
            re.compile(
                r"\d+ alerts rang in the last hour.*\d persons? here \(.*\byou\b.*\) can look into about \d+ an hour\. In the hour"
            )
        )
        await expect(overview.get_by_role("button", name="End the shift")).to_be_in_viewport()
        held = overview.locator("section").first
        await expect(held).to_contain_text("You have")
        await expect(held).to_contain_text(mine.read.plate)
        await expect(overview.locator("section").last).to_contain_text("→ Dispatching Leuven")
        await overview.get_by_role("button", name="6HAN555").click()
        await expect(page.locator("h1 .plate")).to_have_text("6HAN555")
        await expect(overview).to_have_count(0)


async def test_no_page_broke_the_policy_or_failed(screens: Screens) -> None:
    """What all tests before this one saw in the consoles of their pages."""
    assert [] == screens.faults
