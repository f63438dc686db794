"""What all screens share, and the screens of those who look after accounts, lists, neighbours and the record, in a real browser."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace
from playwright.async_api import Page, Route, expect

from pipeline.access.roles import ROLES
from pipeline.access.sender_secrets import digest_of
from pipeline.neighbours.policy import forward_id_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import CAMERAS, DESIGNATIONS, DESKS, HOTLIST, LISTS, POLICIES, SENDERS, USERS
from schemas import ids
from schemas.outcomes import Receipt
from schemas.topics import FORWARDS, INCIDENTS, RECEIPTS, VIOLATIONS
from tests.builders import make_list, make_policy
from tests.forwards import Scene
from tests.incidents import AN, action, after, begun, first_alert
from tests.record_logs import SIGNER, a_log, an_open_stream
from tests.screen_scenes import a_case, a_designation_asked, a_network
from tests.screens import OUTSIDER, PASSWORD, SECOND, Screens, alert_of, faults_of, fits, screens_of
from tests.violations import make_violation, withdrawn

expect.set_options(timeout=60_000)
LANGUAGES = ("fr-BE", "nl-BE", "de-BE", "en-GB")
FIRST = {
    "dispatcher": "/dispatch", "investigator": "/dispatch", "magistrate": "/lists", "administrator": "/accounts",
    "liaison_officer": "/liaison", "list_manager": "/lists", "camera_manager": "/cameras",
    "auditor": "/record", "oversight": "/record", "authority_officer": "/authority",
}  # fmt: skip
"""Where each role begins."""


@pytest_asyncio.fixture(scope="module")
async def screens(pair: EmbeddedPair, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screens]:
    """Server and browser, for all tests of this module."""
    async with screens_of(pair, tmp_path_factory.mktemp("screens")) as made:
        yield made


async def test_each_role_begins_at_its_first_screen_and_a_link_is_kept_over_the_login(screens: Screens) -> None:
    """By the designations; who wanted a link comes there after the login."""
    for role in ROLES:
        async with screens.page("/", storage_state=await screens.session(role), locale="en-GB") as page:
            await expect(page).to_have_url(f"{screens.url}{FIRST[role]}")
            await expect(page.locator("header details.own")).to_be_visible()
    async with screens.page("/approvals#P-1", locale="en-GB") as page:
        await page.locator("#user").fill("administrator")
        await page.locator("#password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{screens.url}/approvals#P-1")
        await expect(page.locator("nav.screens a[aria-current=page]")).to_have_text("Approvals")


async def test_the_head_shows_what_a_person_may_open_and_everything_works_by_keyboard(screens: Screens) -> None:
    """Screens, clock, keys, theme, language and the way out."""
    async with screens.opened("/approvals", "list_manager", locale="en-GB") as page:
        await expect(page.locator("nav.screens")).to_be_visible()
        assert ["Lists", "Approvals"] == await page.locator("nav.screens a").all_inner_texts()
        await expect(page.locator(".clock small")).to_contain_text("UTC")
        await page.keyboard.press("?")
        await expect(page.locator("dialog[open]")).to_contain_text("these keys")
        await page.keyboard.press("Escape")
        await page.locator("details.own summary").focus()
        await page.keyboard.press("Enter")
        await page.locator("details.own select").nth(1).select_option("dark")
        assert "dark" == await page.locator("html").get_attribute("data-theme")
        await page.keyboard.press("Escape")
        await expect(page.locator("details.own summary")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.locator("details.own select").first.select_option("nl")
        await expect(page.locator("nav.screens a").last).to_have_text("Goedkeuringen")
        await page.locator("#logout").click()
        await expect(page.locator("#login")).to_be_visible()
        await expect(page.locator("#told")).to_contain_text("afgemeld")
        await page.goto(f"{screens.url}/approvals")
        await expect(page.locator("#login")).to_be_visible()


async def test_without_the_right_or_the_session_a_screen_says_so(screens: Screens) -> None:
    """And it shows nothing."""
    async with screens.opened("/approvals", OUTSIDER, locale="en-GB") as page:
        await expect(page.locator("h1")).to_have_text("This screen is not open to you")
    async with screens.opened("/approvals", "administrator", locale="en-GB") as page:
        await expect(page.locator("p.none")).to_contain_text("Nothing waits")
        await screens.desks.sessions.end_all("administrator")
        await page.keyboard.press("r")
        await expect(page.locator("h1")).to_have_text("The session has ended")


async def test_what_needs_two_persons_is_asked_approved_and_done(screens: Screens) -> None:
    """The second sees exactly what would be written; the first does it once it is approved."""
    asked = a_designation_asked()
    first = await screens.desks.logged_in("administrator")
    assert 201 == (await first.ask("POST", "/api/v1/approvals", asked)).status
    second = await screens.session(SECOND)
    async with screens.page("/approvals", storage_state=second, locale="en-GB", bypass_csp=True) as page:
        await page.get_by_role("button", name="grant designations").click()
        await expect(page.locator("dialog[open]")).to_contain_text("decision 12/2026")
        await expect(page.locator("dialog[open] dl")).to_contain_text(re.compile(r"Granted by\s*administrator"))
        assert [] == await faults_of(page)
        await page.get_by_role("button", name="Approve").click()
        await expect(page.locator(".toast")).to_contain_text("Approved")
    async with screens.opened("/approvals", "administrator", locale="en-GB") as page:
        await page.get_by_role("button", name="grant designations").click()
        await page.get_by_role("button", name="Do it now").click()
        await expect(page.locator("p.none")).to_be_visible()
    assert SECOND == (await screens.desks.writer.get(DESIGNATIONS, "D-NEW")).approved_by  # type: ignore[union-attr]  # it is there


async def test_an_administrator_adds_a_person_and_asks_for_what_needs_two(screens: Screens) -> None:
    """The account is there at once; password and designation wait for the second person."""
    async with screens.opened("/accounts", "administrator", locale="en-GB", bypass_csp=True) as page:
        await expect(page.locator("tbody tr")).not_to_have_count(0)
        assert [] == await faults_of(page)
        assert [] == await fits(page)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.keyboard.press("n")
        dialog = page.locator("dialog[open]")
        await dialog.get_by_label("Account").fill("new.person")
        await dialog.get_by_label("First and last name").fill("New Person")
        await dialog.get_by_label("Works for").fill("zone 5341")
        assert [] == await faults_of(page)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{screens.url}/accounts#new.person")
        await dialog.get_by_role("button", name="Designate").click()
        await dialog.get_by_label("Decision").fill("decision 12/2026")
        await dialog.get_by_label("stolen").check()
        assert [] == await faults_of(page)
        await dialog.get_by_role("button", name="Ask for approval").click()
        await expect(page.locator(".toast").last).to_contain_text("second person")
        await dialog.get_by_role("button", name="Disable").click()
        await expect(dialog.get_by_role("button", name="Enable")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Desks").click()
        await page.get_by_role("button", name="New desk").click()
        await dialog.get_by_label("Identifier").fill("NIGHT")
        await dialog.get_by_label("Name").fill("Night desk")
        await dialog.get_by_label("everywhere").check()
        assert [] == await faults_of(page)
        await dialog.get_by_role("button", name="Save").click()
        await expect(page.locator("tbody tr").filter(has_text="Night desk")).to_be_visible()
    assert (await screens.desks.writer.get(DESKS, "NIGHT")).everywhere  # type: ignore[union-attr]  # it is there
    assert (await screens.desks.writer.get(USERS, "new.person")).disabled  # type: ignore[union-attr]  # it is there
    waiting = await screens.approvals.all(platform_now_ms())
    assert ["designations.grant"] == [one.act for one in waiting]
    assert ("stolen",) == DESIGNATIONS.decode(waiting[0].content.encode()).lists


async def test_an_auditor_finds_draws_and_proves_and_a_changed_log_is_told(screens: Screens) -> None:
    """The page itself computes the root; a log that was rewritten since it was last seen does not pass."""
    record = screens.desks.settings.record
    a_log(record, 300)
    an_open_stream(record, 300)
    async with screens.opened("/record", "auditor", locale="en-GB", bypass_csp=True) as page:
        await expect(page.locator("tbody tr").filter(has_text="as they come")).to_contain_text(
            "open, or ended without a word"
        )
        await page.locator("tbody tr").filter(has_text="log in").first.locator("button").click()
        await expect(page.locator("dialog .told")).to_contain_text("Proven: this is entry")
        await expect(page.locator("dialog dl")).to_contain_text("log in with a password POST /session")
        assert [] == await faults_of(page)
        await page.keyboard.press("Escape")
        assert [] == await faults_of(page)
        assert [] == await fits(page)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.get_by_role("button", name="Sample").click()
        await page.get_by_label("Seed").fill("a-seed-of-ours")
        await page.get_by_label("From (Brussels)").fill("1970-01-01T01:00")
        await page.get_by_role("button", name="Draw").click()
        await expect(page.locator("tbody tr")).to_have_count(20)
        drawn = await page.locator("tbody tr").first.inner_text()
        await page.get_by_label("Seed").fill("another-seed")
        await page.get_by_role("button", name="Draw").click()
        await expect(page.locator("main p.told")).to_contain_text("another-seed")
        assert drawn != await page.locator("tbody tr").first.inner_text()
        await page.get_by_role("button", name="Findings").click()
        await page.get_by_role("button", name="Look").click()
        await expect(page.locator("p.none")).to_have_count(2)
        await page.get_by_role("button", name="Nothing changed?").click()
        await page.get_by_label("Public key").fill(SIGNER.verifier.text())
        await page.get_by_role("button", name="Check").click()
        await expect(page.locator("ul.found")).to_contain_text("301 digests lead to the signed root")
        await expect(page.locator("ul.found")).to_contain_text("signature is by the key")
        assert [] == await faults_of(page)
        shutil.rmtree(record)
        a_log(record, 302)
        await page.get_by_role("button", name="Check").click()
        await expect(page.locator("ul.found .fault")).to_contain_text("REWRITTEN: the first 301")


async def test_the_liaison_sees_what_went_out_and_why_the_rest_did_not(screens: Screens) -> None:
    """After a reason is given, which is recorded; coded fields are in the reader's language."""
    alert = alert_of("1LIA111", share_with=("DE", "NL"), purposes=("hotlist", "cross_border"))
    forward = replace(
        Scene().forward(alert.read.captured_at_ms), forward_id=forward_id_of(alert, "NL"), offence_category="theft",
        expires_at_ms=platform_now_ms() + 3_000_000,
    )  # fmt: skip
    receipt = Receipt(
        receipt_id=ids.receipt_id(forward.forward_id, "acknowledged"), forward_id=forward.forward_id, to_country="NL",
        outcome="acknowledged", neighbour_reference="NL-77", decided_at_ms=platform_now_ms(),
    )  # fmt: skip
    await screens.send(alert)
    await screens.desks.send(FORWARDS, forward)
    await screens.desks.send(RECEIPTS, receipt)
    async with screens.opened("/liaison", "liaison_officer", bypass_csp=True) as page:
        await page.get_by_label("Raison").fill("voiture volée, dossier 2026/77")
        await page.keyboard.press("Enter")
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(2)
        await expect(rows.filter(has_text="Pays-Bas")).to_contain_text("reçu par le voisin")
        await expect(rows.filter(has_text="Allemagne")).to_contain_text("aucune règle")
        assert [] == await faults_of(page)
        assert [] == await fits(page)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.locator("tbody button", has_text="1LIA111").first.click()
        dialog = page.locator("dialog[open]")
        for told in ("vol", "NL-77", "pas de règle pour ce pays", "Le message est rappelé de lui-même"):
            await expect(dialog).to_contain_text(told)
        await expect(dialog.locator("a")).to_have_attribute("href", f"/dispatch#{alert.incident_id}")
        assert [] == await faults_of(page)


async def test_a_policy_is_tried_on_recent_hits_before_a_second_person_is_asked(screens: Screens) -> None:
    """What it would say is told beside what is said now; nothing of it holds before it is approved."""
    await screens.desks.writer.put(POLICIES, [make_policy("NL", "NL-1", min_confidence=0.99)])
    await screens.send(alert_of("1TRY111", share_with=("NL",), purposes=("hotlist", "cross_border")))
    async with screens.opened("/liaison", "liaison_officer", locale="en-GB", bypass_csp=True) as page:
        await page.get_by_role("button", name="Policies").click()
        await page.get_by_role("button", name="NL-1").click()
        await page.get_by_role("button", name="Change it").click()
        dialog = page.locator("dialog[open]")
        await dialog.get_by_label("Reason").fill("stolen cars, case 2026/77")
        await page.keyboard.press("Enter")
        await dialog.get_by_label("Certainty at least").fill("50")
        await dialog.get_by_role("button", name="Try it").click()
        row = dialog.locator("tbody tr").filter(has_text="1TRY111")
        await expect(row).to_contain_text("not sure enough")
        await expect(row).to_contain_text("told")
        assert [] == await faults_of(page)
        await dialog.get_by_label("Reason").fill("decision of the ministry 12/2026")
        await dialog.get_by_role("button", name="Ask for approval").click()
        await expect(page.locator(".toast").last).to_contain_text("second person")
    waiting = [one for one in await screens.approvals.all(platform_now_ms()) if one.act == "policies.change"]
    assert [0.5] == [POLICIES.decode(one.content.encode()).min_confidence for one in waiting]
    assert 0.99 == (await screens.desks.writer.get(POLICIES, "NL-1")).min_confidence  # type: ignore[union-attr]  # it is there


async def test_a_new_policy_is_tried_and_put_before_a_second_person_and_so_is_a_removal(screens: Screens) -> None:
    """A name that is taken, and a treaty that does not bind the country, are told; nothing holds before it is approved."""
    await screens.desks.writer.put(POLICIES, [make_policy("NL", "NL-1", min_confidence=0.99)])
    await screens.send(alert_of("1NEW111", share_with=("FR",), purposes=("hotlist", "cross_border")))
    async with screens.opened("/liaison", "liaison_officer", locale="en-GB", bypass_csp=True) as page:
        await page.get_by_role("button", name="Policies").click()
        await page.get_by_role("button", name="New policy").click()
        dialog = page.locator("dialog[open]")
        await dialog.get_by_label("Reason").fill("agreement with the neighbour, 2026/12")
        await page.keyboard.press("Enter")
        typed = {
            "Identifier": "NL-1", "Country": "fr", "Certainty at least": "50", "Legal basis": "bilateral treaty, art. 3",
            "Purpose": "stolen vehicles", "Contact": "liaison desk",
        }  # fmt: skip
        for label, text in typed.items():
            await dialog.get_by_label(label).fill(text)
        await dialog.get_by_label("stolen").check()
        await dialog.get_by_label("everywhere").check()
        assert [] == await faults_of(page)
        await dialog.get_by_role("button", name="Try it").click()
        await expect(dialog.locator(".fault")).to_contain_text("a policy of this name already")
        await dialog.get_by_label("Identifier").fill("FR-1")
        await dialog.get_by_label("Treaty").fill("no-such-treaty")
        await dialog.get_by_role("button", name="Try it").click()
        await expect(dialog.locator(".told.wrong")).to_contain_text("no treaty that is known")
        await dialog.get_by_label("Treaty").fill("")
        await dialog.get_by_role("button", name="Try it").click()
        await expect(dialog.locator("tbody tr").filter(has_text="1NEW111")).to_contain_text("told")
        await dialog.get_by_label("Reason").fill("decision of the ministry 13/2026")
        await dialog.get_by_role("button", name="Ask for approval").click()
        await expect(page.locator(".toast").last).to_contain_text("second person")
        await page.get_by_role("button", name="NL-1").click()
        await dialog.get_by_role("button", name="Remove it").click()
        await dialog.get_by_label("Reason").fill("decision of the ministry 14/2026")
        await dialog.get_by_role("button", name="Ask for approval").click()
        await expect(page.locator("dialog[open]")).to_have_count(0)
    waiting = {
        one.key: one.content for one in await screens.approvals.all(platform_now_ms()) if one.act == "policies.change"
    }
    assert ("FR", "") == (POLICIES.decode(waiting["FR-1"].encode()).country, waiting["NL-1"])
    assert await screens.desks.writer.get(POLICIES, "FR-1") is None


async def begin(page: Page) -> None:
    """Say why, by keyboard alone."""
    await page.locator("main input").first.focus()
    await page.keyboard.type("cases of week 48, file 2026/77")
    await page.keyboard.press("Enter")
    await expect(page.locator(".docket")).to_be_visible()


async def test_an_officer_follows_the_arithmetic_and_judges_each_case_alone(screens: Screens) -> None:
    """By keyboard: accept, reject with a reason, ask; nothing is accepted in bulk; what was accepted is exported."""
    one, two = await a_case(screens, "1AUT111"), await a_case(screens, "1AUT222")
    async with screens.opened("/authority", "authority_officer", locale="en-GB", bypass_csp=True) as page:
        assert [] == await faults_of(page)
        await begin(page)
        await expect(page.locator(".docket li")).to_have_count(2)
        assert [] == await faults_of(page)
        await page.keyboard.press("j")
        case = page.locator(".case")
        await expect(page).to_have_url(f"{screens.url}/authority#{one.violation_id}")
        await expect(case.locator("figure img")).to_have_count(4)
        for shown in (
            "E40 Bierges, km 21", "E40 Jezus-Eik, km 12", "P 1.1-234", "Royal decree", "satellite time", "UTC", "60.0021 s",
            "60000 ms = 60 s", "2500 m \u00f7 60 s \u00d7 3.6 = 150.00 km/h", "150 \u00d7 94 \u00f7 100 km/h = 141 km/h",
            "141 \u2212 120 km/h = 21 km/h",
        ):  # fmt: skip
            await expect(case).to_contain_text(shown)
        await expect(case.locator(".tag.wrong")).to_have_count(0)
        assert [] == await faults_of(page)
        assert [] == await fits(page)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await case.locator(".said").scroll_into_view_if_needed()
        await expect(case.locator(".judging b")).to_have_text("1AUT111")
        await expect(case.locator(".judging b")).to_be_in_viewport(ratio=1)
        await page.keyboard.press("a")
        await expect(page.locator(".toast")).to_contain_text("1AUT111 is accepted")
        await page.keyboard.press("a")
        await expect(case.locator("h2 .tag")).to_have_text("Accepted")
        await expect(page.locator(".docket li")).to_have_count(1)
        await page.keyboard.press("j")
        await expect(page).to_have_url(f"{screens.url}/authority#{two.violation_id}")
        await expect(case.locator("h2 .tag")).to_have_text("Not judged")
        await page.keyboard.press("q")
        await expect(page.locator("dialog[open] .hint")).to_contain_text("Nobody is written to.")
        await page.get_by_label("The question").fill("is the limit of the works still there?")
        await page.locator("dialog[open] button").first.click()
        await expect(page.locator("dialog[open]")).to_have_count(0)
        await expect(case.locator(".said")).to_contain_text("is the limit of the works still there?")
        await page.keyboard.press("r")
        await expect(page.locator("dialog[open]")).to_be_visible()
        assert [] == await faults_of(page)
        await page.keyboard.press("6")
        await page.keyboard.press("Enter")
        await expect(case.locator(".said")).to_contain_text("another limit held there")
        await expect(page.locator(".docket .none")).to_contain_text("Nothing waits")
        await page.keyboard.press("e")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="spreadsheet").click()
        saved = Path(await (await download.value).path())
        assert "1AUT111" in await asyncio.to_thread(saved.read_text, "utf-8-sig")


async def test_a_key_that_follows_a_dialog_at_once_counts(screens: Screens) -> None:
    """After Escape, and as soon as what the dialog sent is on screen."""
    one = await a_case(screens, "1AUT555")
    async with screens.opened(f"/authority#{one.violation_id}", "authority_officer", locale="en-GB") as page:
        await page.route("**/stream/violations", lambda route: route.abort())  # it may tell before the answer does
        await begin(page)
        await expect(page.locator(".case h2 .tag")).to_have_text("Not judged")
        for key in ("r", "Escape", "q"):
            await page.keyboard.press(key)
        await expect(page.locator("dialog[open] .hint")).to_contain_text("Nobody is written to.")
        await page.get_by_label("The question").fill("which limit held there?")
        await page.evaluate(
            """() => new MutationObserver((_, watch) => {
              if (!document.querySelector(".case .said").textContent.includes("which limit")) return;
              watch.disconnect();
              setTimeout(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "r", bubbles: true })));
            }).observe(document.body, { childList: true, subtree: true })"""
        )
        await page.locator("dialog[open] button").first.click()
        await expect(page.locator("dialog[open] input[name=rejection]").first).to_be_visible()
        await page.keyboard.press("Escape")


async def test_who_goes_on_before_the_answer_sees_the_next_case(screens: Screens) -> None:
    """The answer to what was judged changes its place in the list, and nothing else; a second press is none."""
    one, two = await a_case(screens, "1AUT666"), await a_case(screens, "1AUT777")
    async with screens.opened(f"/authority#{one.violation_id}", "authority_officer", locale="en-GB") as page:
        await page.route("**/stream/violations", lambda route: route.abort())  # it may tell before the answer does
        await begin(page)
        answered = asyncio.Event()

        async def late(route: Route) -> None:
            await answered.wait()
            await route.continue_()

        await page.route("**/judgements", late)
        plate = page.locator(".case h2 .plate")
        await expect(plate).to_contain_text("1AUT666")
        for key in ("a", "a"):
            await page.keyboard.press(key)
        await page.locator(f"#row-{two.violation_id}").click()
        await expect(plate).to_contain_text("1AUT777")
        answered.set()
        await expect(page.locator(".toast")).to_contain_text("1AUT666 is accepted")
        await expect(page.locator(f"#row-{one.violation_id}")).to_contain_text("Accepted")
        await expect(plate).to_contain_text("1AUT777")
        await expect(page.locator(".toast")).to_have_count(1)


async def test_two_officers_at_once_and_a_withdrawal_after_an_acceptance_are_told(screens: Screens) -> None:
    """The second sees who was first; what is taken back comes by itself, stands first, and waits until it is noted."""
    one = await a_case(screens, "1AUT333")
    other = await screens.desks.logged_in("authority_officer")
    path = f"/api/v1/violations/{one.violation_id}"
    async with screens.opened(
        f"/authority#{one.violation_id}", "authority_officer", locale="en-GB", bypass_csp=True
    ) as page:
        await page.route("**/stream/violations", lambda route: route.abort())
        await begin(page)
        case, toast = page.locator(".case"), page.locator(".toast.wrong")
        await expect(case.locator("h2 .tag")).to_have_text("Not judged")
        await expect(page.locator("main [role=alert] .told")).to_contain_text("Nothing arrives any more")
        assert 200 == (await other.ask("POST", f"{path}/judgements", {"verdict": "accepted", "revision": 0})).status
        await page.keyboard.press("a")
        await expect(toast).to_contain_text("Somebody judged it before you")
        for language, words in (("fr", "avant vous"), ("en", "before you")):
            await page.locator(".own summary").click()
            await page.locator(".own select").first.select_option(language)
            await page.keyboard.press("Escape")  # closes the menu, and not the case
            await expect(toast).to_contain_text(words)
        await expect(case.locator("h2 .tag")).to_have_text("Accepted")
        await page.unroute("**/stream/violations")
        await expect(page.locator("main [role=alert] .told")).to_have_count(0)
        lesser = replace(
            make_violation("1AUT333", at_ms=one.exit.captured_at_ms, travel_ms=61_000), corrects=one.violation_id
        )
        await screens.desks.send(VIOLATIONS, lesser, withdrawn(one))
        await expect(case.locator("h2 .tag")).to_have_text("Taken back after acceptance")
        await expect(case).to_contain_text("Whoever was told of the acceptance must be told of this.")
        await expect(page.locator(".docket li").first.locator("button")).to_have_class("recalled")
        assert [] == await faults_of(page)
        await page.keyboard.press("a")
        await page.keyboard.press("n")
        await expect(case.locator("h2 .tag")).to_have_text("Taken back")
        await case.get_by_role("button", name=lesser.violation_id).click()
        await expect(case.locator("h2 .tag")).to_have_text("Not judged")


async def test_the_authoritys_screen_fits_in_four_languages_and_says_what_is_wrong(screens: Screens) -> None:
    """Nothing is cut off, each page speaks one language, and a server that does not answer is told."""
    one = await a_case(screens, "1AUT444")
    for locale in LANGUAGES:
        async with screens.opened(f"/authority#{one.violation_id}", "authority_officer", locale=locale) as page:
            await begin(page)
            await expect(page.locator(".case figure img")).to_have_count(4)
            assert [] == await fits(page), locale
            assert not re.findall(
                r"\b(?:step|phase|end|rule|cases|verdict|clock)\.\w+", await page.locator("main").inner_text()
            )
    async with screens.opened("/authority", "authority_officer", locale="en-GB") as page:
        await begin(page)
        await page.route("**/api/v1/violations*", lambda route: route.abort())
        await page.get_by_role("button", name="Rejected").click()
        await expect(page.locator(".toast.wrong").first).to_contain_text("does not answer")
        await page.unroute("**/api/v1/violations*")
        await expect(page.locator(".docket ol li, .docket .none").first).to_be_visible()


async def test_cases_that_arrive_stand_in_the_list_without_a_look_in_their_readers_name(screens: Screens) -> None:
    """What comes by itself is shown from the stream: asking anew would record looks that nobody took. The list that is shown after
    the reason was given is one look."""
    async with screens.opened("/authority", "authority_officer", locale="en-GB") as page:
        looks: list[str] = []
        page.on("request", lambda request: looks.append(request.url) if "violations?" in request.url else None)
        await begin(page)
        await expect(page.locator(".docket [role=status]")).to_contain_text("case")
        for plate in ("1AUT601", "1AUT602"):
            made = await a_case(screens, plate)
            row = page.locator(f"#row-{made.violation_id}")
            await expect(row).to_contain_text(plate)
            await expect(row.locator(".tag")).to_have_text("Not judged")
        assert 1 == len(looks)


async def test_a_list_is_checked_imported_and_gone_back_from(screens: Screens) -> None:
    """What is wrong is told by line and column with its cure; what would change is told before it does."""
    await screens.desks.writer.put(LISTS, [make_list("STOLEN")])
    good = "entry_id,plate,category\n" + "".join(f"E-{number},1ABC{number:03},theft\n" for number in range(9))
    async with screens.opened("/lists", "list_manager", locale="en-GB", bypass_csp=True) as page:
        await page.get_by_role("button", name="STOLEN").click()
        for text, told in (
            (f"{good}E-9,1ABC!,theft\n", "1 line is bad"),
            (good.replace("001", "901"), "9 lines are good"),
        ):
            await page.get_by_role("button", name="Import", exact=True).click()
            await page.locator("#list-file").set_input_files(
                {"name": "l.csv", "mimeType": "text/csv", "buffer": text.encode()}
            )
            await page.get_by_role("button", name="Check the file").click()
            await expect(page.locator("div.told")).to_contain_text(told)
            if "bad" in told:
                await expect(page.get_by_role("table", name="What is wrong")).to_contain_text(
                    "has a character that stands in no plate"
                )
                await expect(page.get_by_label("Leave out the bad line")).to_have_count(1)
            assert [] == await faults_of(page)
            assert [] == await fits(page)
            await page.set_viewport_size({"width": 1280, "height": 800})
            for box in await page.locator("input[required][type=checkbox]").all():
                await box.check()
            await page.get_by_role("button", name="Import it").click()
            await expect(page.locator(".toast").last).to_contain_text("Version")
        await expect(page.locator("tbody tr")).to_have_count(3)
        await page.get_by_role("button", name="Compare with now").click()
        await page.get_by_label("Reason").fill("check of the list, file 12")
        await page.keyboard.press("Enter")
        await expect(page.locator("dialog[open] tbody tr")).to_contain_text("1ABC901")
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Go back to it").click()
        await page.locator("dialog[open]").get_by_role("button", name="Go back to it").click()
        await expect(page.locator(".toast").last).to_contain_text("As at version 1")
    assert "1ABC001" == (await screens.desks.writer.get(HOTLIST, "E-1")).plate  # type: ignore[union-attr]  # it is there


async def test_a_camera_manager_sees_the_worst_first_and_looks_at_one(screens: Screens) -> None:
    """By province, zone and health; what it sends against what is usual; its last pictures, for a reason, which is recorded."""
    await a_network(screens)
    async with screens.opened("/cameras", "camera_manager", locale="en-GB", bypass_csp=True) as page:
        rows = page.locator("tbody tr")
        await expect(rows.first).to_contain_text("E40 Drongen, km 46")
        await expect(rows.first).to_contain_text("nothing comes; usually 120 reads an hour")
        await expect(rows.first).to_contain_text("then at the mast")
        assert [] == await faults_of(page)
        await page.get_by_label("Province").select_option("East Flanders")
        await expect(rows).to_have_count(3)
        await page.get_by_label("Health").select_option("silent")
        await expect(rows).to_have_count(1)
        await page.get_by_label("Health").select_option("")
        await page.get_by_role("button", name="E17 Gent").click()
        dialog = page.locator("dialog[open]")
        await expect(dialog).to_contain_text("In the last whole hour: 130; usually 120.")
        await expect(dialog).to_contain_text("wanted vehicles")
        await dialog.get_by_role("button", name="Look at the last passages").click()
        await dialog.get_by_label("Reason").fill("focus of the camera, work order 88")
        await page.keyboard.press("Enter")
        await expect(dialog.locator(".shots img")).to_have_count(2)
        await expect(dialog.locator("tbody tr").filter(has_text="1CAM234")).to_contain_text("95 %")
        await expect(dialog).not_to_contain_text("1OTH111")
        assert [] == await faults_of(page)
        assert [] == await fits(page)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="On the map").click()
        await expect(page.locator(".map .maplibregl-canvas")).to_be_visible()
        await expect(page.get_by_role("button", name="Further away")).to_be_visible()
        assert [] == await faults_of(page)
        for width, height in ((768, 1024), (1280, 800)):  # its legend is in sight, however high the filters are
            await page.set_viewport_size({"width": width, "height": height})
            await expect(page.locator(".mapsaid")).to_be_in_viewport(ratio=1)


async def test_a_camera_that_waits_is_adopted_and_brought_in_with_its_province(screens: Screens) -> None:
    """Its secret is shown once; planned, on trial and active are steps of a whole province, and the others stay as they were."""
    await a_network(screens)
    async with screens.opened("/cameras", "camera_manager", locale="en-GB", bypass_csp=True) as page:
        await expect(page.locator("tbody tr").first).to_be_visible()
        await page.get_by_role("button", name="Who waits").click()
        await expect(page.locator("tbody tr")).to_contain_text("is not known")
        await page.get_by_text("rekor").click()
        await expect(page.locator("pre.sample")).to_have_text('{"best_plate_number": "0xxx000", "lane": 0}')
        assert [] == await faults_of(page)
        await page.get_by_role("button", name="Adopt").click()
        dialog = page.locator("dialog[open]")
        await dialog.get_by_label("Name of the place").fill("E17 Kortrijk, km 12")
        await dialog.get_by_label("Latitude").fill("50.82")
        await dialog.get_by_label("Longitude").fill("3.29")
        assert [] == await faults_of(page)
        await dialog.get_by_role("button", name="Adopt").click()
        secret = await dialog.locator("output").inner_text()
        assert [] == await faults_of(page)
        await page.keyboard.press("Escape")
        await expect(page.locator("p.none")).to_contain_text("Nobody waits")
        await page.get_by_role("button", name="Bringing in").click()
        east = page.locator("tbody tr").filter(has_text="East Flanders")
        await page.locator("tbody tr").filter(has_text="Namur").get_by_role("button", name="1 → on trial").click()
        await dialog.get_by_role("button", name="Do it for 1").click()
        await expect(page.locator(".toast").last).to_contain_text("1 camera: on trial")
        await east.get_by_role("button", name="1 → active").click()
        await expect(dialog).to_contain_text("Well: 1. The others: 0.")
        assert [] == await faults_of(page)
        await dialog.get_by_role("button", name="Do it for 1").click()
        await expect(east.locator("td").nth(2)).to_have_text("3")
    writer = screens.desks.writer
    known = {one.camera_id: one.state for one in await writer.list(CAMERAS)}
    assert {"G-3": "active", "N-1": "on_trial", "N-2": "active", "NEW-1": "on_trial", "G-2": None} == {
        key: known[key] for key in ("G-3", "N-1", "N-2", "NEW-1", "G-2")
    }
    sender = await writer.get(SENDERS, "NEW-1")
    assert sender is not None
    assert [digest_of("NEW-1", secret)] == [one.digest for one in sender.secrets]


async def test_who_keeps_a_list_is_told_that_it_is_stale_and_what_dispatchers_said_of_it(screens: Screens) -> None:
    """First of all; what was dismissed as not wanted any more, with the note, for a reason."""
    await screens.desks.writer.put(LISTS, [make_list("OLD", refresh_every_ms=1)])
    first = first_alert(list_id="OLD")
    state = after(begun(first), ("take", AN))
    done = action(state, "dismiss", dismissal="not_wanted_any_more", note="found last week, owner told us")
    await screens.desks.send(INCIDENTS, after(state, done))
    async with screens.opened("/lists", "list_manager", locale="en-GB", bypass_csp=True) as page:
        await expect(page.locator("p.told.wrong[role=status]")).to_contain_text("overdue")
        await expect(page.locator("p.told.wrong[role=status]")).to_contain_text(
            "Dispatchers said that 1 list is outdated"
        )
        await expect(page.locator("tbody tr").first).to_contain_text("OLD")
        await page.get_by_role("button", name="1 time").click()
        await page.get_by_label("Reason").fill("list of stolen vehicles, week 48")
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr").filter(has_text=state.entry_id)).to_contain_text("found last week")
        assert [] == await faults_of(page)


async def test_what_is_shown_before_a_screen_is_open_to_everybody(screens: Screens) -> None:
    """While it loads, when the server does not answer, without the right, and when the session has ended."""
    options = {"locale": "en-GB", "bypass_csp": True}
    async with screens.opened("/approvals", OUTSIDER, **options) as page:
        await expect(page.locator("h1")).to_contain_text("not open to you")
        assert [] == await faults_of(page)
    async with screens.opened("/lists", "list_manager", **options) as page:
        await page.route("**/api/v1/session", lambda route: route.abort())
        await page.reload()
        await expect(page.locator("h1")).to_contain_text("cannot be shown now")
        assert [] == await faults_of(page)
        await page.unroute("**/api/v1/session")
        await page.route("**/api/v1/lists", lambda _route: None)
        await page.reload()
        await expect(page.locator("p.none")).to_contain_text("Loading")
        assert [] == await faults_of(page)
        await page.unroute("**/api/v1/lists")
        await screens.desks.sessions.end_all("list_manager")
        await page.keyboard.press("r")
        await expect(page.locator("h1")).to_have_text("The session has ended")
        assert [] == await faults_of(page)


async def test_no_page_broke_the_policy_or_failed(screens: Screens) -> None:
    """What all tests before this one saw in the consoles of their pages."""
    assert [] == screens.faults
