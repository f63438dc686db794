"""The pages as a browser gets them: whole, under a strict policy, and true to the API that they ask."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.desks.app import HEADERS, ROUTES
from pipeline.desks.pages import FIRST, FOLDER, page_files
from pipeline.runtime.kafka_connection import KafkaConnection
from tests.fakes import MemoryRecorder
from tests.people_desk import Desks, desks_of

FILES = page_files()
PAGES = {path: content.decode() for path, (content, media) in FILES.items() if media == "text/html"}
SCRIPTS = {
    path: content.decode() for path, (content, _) in FILES.items() if path.endswith(".js")
}  # ours; others' end with .mjs
VOID = {"meta", "link", "input", "br", "hr", "img"}
ASKED = re.compile(r'\bask\("(\w+)", ("[^"]*"|`[^`]*`)|\bsign\("([^"]*)"')


class Page(HTMLParser):
    """What a page holds. faults: what is not well formed, or what the policy would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.refers: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{one}> is not closed" for one in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.refers += [
            (name, found[name] or "") for name in ("for", "aria-labelledby", "aria-describedby") if name in found
        ]
        self.faults += [f"<{tag} {name}>" for name in found if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in found):
            self.faults.append(f"<{tag}> within the page")

    def handle_endtag(self, tag: str) -> None:
        """Note the end of an element."""
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes another")


@pytest_asyncio.fixture
async def desks(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Desks]:
    """The process, and nobody in it."""
    made = desks_of(kafka, redis, namespace, tmp_path)
    async with made.running(MemoryRecorder()):
        yield made


async def test_every_file_is_served_to_anybody_under_the_strict_policy(desks: Desks) -> None:
    """Also where a link of another site leads here; whoever comes by a number is sent to the name."""
    for path, (content, media) in FILES.items():
        answer = await desks.browser().ask("GET", path, headers={"Sec-Fetch-Site": "cross-site"})
        assert (200, content) == (answer.status, answer.body)
        assert f"{media}; charset=utf-8" == answer.headers["Content-Type"]
        assert HEADERS.items() <= answer.headers.items()
    port = desks.url.rpartition(":")[2]
    answer = await desks.browser().ask("GET", FIRST, headers={"Host": f"127.0.0.1:{port}"})
    assert (307, f"{desks.url}/") == (answer.status, answer.headers["Location"])
    answer = await desks.browser().ask("GET", FIRST, headers={"Host": "elsewhere.example.org"})
    assert (421, "host") == (answer.status, answer.rule)
    for path in (f"{FOLDER}../app.py", f"{FOLDER}..%2fapp.py", f"{FOLDER}index.html", "/index.html", FOLDER):
        assert 404 == (await desks.browser().ask("GET", path)).status


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_well_formed_and_has_nothing_that_the_policy_refuses(path: str) -> None:
    """Elements closed in order, ids once, labels that name something, files that are served."""
    page = Page(PAGES[path])
    assert [] == page.faults
    assert sorted(set(page.ids)) == sorted(page.ids)
    assert [] == [(name, one) for name, words in page.refers for one in words.split() if one not in page.ids]
    named = [found[name] for _, found in page.tags for name in ("src", "href") if name in found]
    assert named
    assert set(named) <= set(FILES)


@pytest.mark.parametrize("path", PAGES)
def test_whoever_hears_a_page_is_told_what_each_thing_is(path: str) -> None:
    """A language, a title, one main part, and a label for everything that is filled in. What a script draws is looked at in a
    browser."""
    page = Page(PAGES[path])
    labelled = {one for name, one in page.refers if name == "for"}
    unnamed = [
        found for tag, found in page.tags
        if tag in ("input", "select") and "hidden" not in found and found.get("id") not in labelled
    ]  # fmt: skip
    assert [] == unnamed
    assert {"lang": "en"} == dict(page.tags)["html"]
    assert 1 == sum(tag == "title" for tag, _ in page.tags)
    assert sum(tag == "main" for tag, _ in page.tags) == (path == FIRST)


def _may_name(method: str, path: str, known_method: str, known: str) -> bool:
    """Whether the request is of this route; {} stands for whatever one part of the path is."""
    return method == known_method and re.fullmatch(re.escape(path).replace(r"\{\}", "[^/]+"), known) is not None


def test_scripts_name_only_what_the_page_has_and_the_api_knows() -> None:
    """Each id, and each method with its path."""
    ids = set(Page(PAGES[FIRST]).ids)
    used = {
        name for text in SCRIPTS.values() for name in re.findall(r'\$\("([\w-]+)"\)|(?<![.])\bon\("([\w-]+)"', text)
    }  # not .on("click"), which is the map's
    assert {one for pair in used for one in pair if one} <= ids
    known = {(route.method, re.sub(r"{\w+}", "{}", route.path)) for route in ROUTES}
    asked = set()
    for text in SCRIPTS.values():
        for method, path, signed in ASKED.findall(text):
            if signed:
                asked |= {("POST", signed), ("POST", f"{signed}/options")}
            elif path != "`${path}/options`":
                asked.add((method, re.sub(r"\${[^}]*}", "{}", path.strip('"`')).partition("?")[0]))
        asked |= {("GET", re.sub(r"\${[^}]*}", "{}", path)) for path in re.findall(r'\bfetched\(["`]([^"`]*)', text)}
    assert len(asked) > 10
    assert [] == [one for one in asked if not any(_may_name(*one, *route) for route in known)]


def test_scripts_write_text_and_never_markup() -> None:
    """What came from the server cannot become an element."""
    for text in SCRIPTS.values():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|Function\(", text)
        named = {FOLDER + one.removeprefix("./") for one in re.findall(r'from "([^"]+)"', text)}
        assert named <= set(FILES)
