"""What a new dispatcher, never told anything, does with the mouse alone: take, confirm, dismiss, hand over, each within 20 s.

No clock measures it, which would measure the machine. The time is an estimate by the keystroke-level model and the model
human processor (Card, Moran, Newell: The Psychology of Human-Computer Interaction, 1983, chapters 2 and 8): the newcomer
reads word by word from the top of the page, whatever he has not read before, until the words that say what is wanted (single
letters are seen with the word beside them); makes up his mind; points; and presses. Pictures of what stood there before each
press are kept as newcomer-*.png. docs/desks.md says how to repeat it with a person and a stopwatch.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from agents import incidents
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import DESKS
from schemas.people import Desk
from tests.integration.stage_probe import Bench
from tests.people import ZONE
from tests.screens import DESK, DISPATCHER, Screens, alert_of, keep, pictures, screens_of

expect.set_options(timeout=60_000)
READ_S = 0.23  # one word: an eye movement each
DECIDE_S = 1.35  # operator M
POINT_S = 1.10  # operator P
PRESS_S = 0.28  # operator K, of somebody who does not type well
TO_MOUSE_S = 0.40  # operator H
FLOOR_S = 20.0
READ_BEFORE = """(target) => {
  const box = target.getBoundingClientRect(), seen = (window.seen ??= new Set());
  if (box.top < 0 || box.bottom > innerHeight || box.left < 0 || box.right > innerWidth) return -1;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let words = 0;
  while (walk.nextNode()) {
    const node = walk.currentNode, after = target.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (after && !target.contains(node)) break;
    const text = node.data.replace(/[\\d.,:/]+/g, '').trim(), { parentElement: around } = node;
    const { top, bottom, width } = around.getBoundingClientRect();
    if (!around.checkVisibility({ visibilityProperty: true }) || width <= 1 || top > innerHeight || bottom < 0) continue;
    if (!seen.has(text)) words += text.split(/\\s+/).filter((one) => /\\p{L}{2}/u.test(one)).length;
    seen.add(text);
  }
  return words;
}"""


@pytest_asyncio.fixture(scope="module")
async def screens(pair: EmbeddedPair, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screens]:
    """Server, agent, browser, and another desk."""
    folder = tmp_path_factory.mktemp("newcomer")
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(screens_of(pair, folder))
        desks = made.desks
        await desks.writer.put(DESKS, [Desk(desk_id="DESK-2", name="Leuven", zones=(ZONE,), lists=("stolen",))])
        made.state = await made.session(DISPATCHER, desk_id=DESK)
        bench = Bench(desks.kafka, desks.redis, desks.namespace, folder)
        stack.push_async_callback(bench.sender.stop)
        await stack.enter_async_context(bench.worker(incidents.AGENT))
        yield made


@dataclass
class Newcomer:
    """Somebody at a page. took_s: the estimate for what is being tried. lost: what had to be scrolled for."""

    page: Page
    took_s: float = 0.0
    presses: int = 0
    lost: list[str] = field(default_factory=list)
    told: dict[str, tuple[int, float]] = field(default_factory=dict)

    async def press(self, task: str, target: Locator) -> None:
        """Find these words by reading from the top, and press them."""
        await expect(target).to_be_visible()
        read = await target.evaluate(READ_BEFORE)
        self.presses += 1
        await keep(self.page, f"newcomer-{task.replace(' ', '-')}-{self.presses}")
        if read < 0:
            self.lost.append(f"{task}, press {self.presses}")
        self.took_s += max(0, read) * READ_S + DECIDE_S + POINT_S + PRESS_S
        await target.click(force=True)  # a person presses what looks as if it cannot be pressed, too

    def done(self, task: str) -> None:
        """The task was done as wanted."""
        self.told[task] = self.presses, round(TO_MOUSE_S + self.took_s, 1)
        self.presses, self.took_s = 0, 0.0


async def test_a_newcomer_takes_confirms_dismisses_and_hands_over_within_twenty_seconds_each(screens: Screens) -> None:
    """By what stands on the screen alone, without a key or a scroll, and with the mistake that it lets him make."""
    crop, overview = await pictures(screens.desks.settings, "1ADC555")
    doubtful = alert_of("1AOC555", "1ADC555", crop=crop, overview=overview)
    others = [alert_of(plate, priority="high", crop=crop, overview=overview) for plate in ("2DIS555", "3HAN555")]
    async with screens.page(locale="en-GB", viewport={"width": 1366, "height": 768}) as page:
        await screens.send(doubtful, *others)
        newcomer, holder = Newcomer(page), page.locator(".holder")
        button = page.locator(".actions").get_by_role("button")
        await newcomer.press("take", page.locator(f"#row-{doubtful.incident_id}"))
        await expect(page.locator(".steps li")).to_have_count(1)
        await newcomer.press("take", button.filter(has_text="Take"))
        await expect(holder).to_contain_text("You have it")
        newcomer.done("take")
        await newcomer.press("confirm", button.filter(has_text="Confirm"))
        await expect(page.locator(".verdict")).to_contain_text("Confirmed")
        newcomer.done("confirm")
        await newcomer.press("dismiss", page.locator(f"#row-{others[0].incident_id}"))
        await newcomer.press("dismiss", button.filter(has_text="Dismiss"))
        await newcomer.press("dismiss", page.locator(".form").get_by_role("button", name="not wanted any more"))
        await expect(holder).to_contain_text("Dismissed")
        newcomer.done("dismiss")
        await newcomer.press("hand over", page.locator(f"#row-{others[1].incident_id}"))
        await newcomer.press("hand over", button.filter(has_text="Hand over"))  # nobody told him to take it first
        await expect(page.locator(".form, .actions .wrong").first).to_be_visible()
        if await page.locator(".actions .wrong").count():
            await newcomer.press("hand over", button.filter(has_text="Take"))
            await expect(holder).to_contain_text("You have it")
            await newcomer.press("hand over", button.filter(has_text="Hand over"))
        await newcomer.press("hand over", page.locator(".form").get_by_role("button", name="Leuven"))
        await expect(holder).to_contain_text("It waits for")
        newcomer.done("hand over")
    print(newcomer.told)
    assert [] == newcomer.lost
    assert [] == [task for task, (_, took_s) in newcomer.told.items() if took_s > FLOOR_S]
