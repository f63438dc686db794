"""The documents speak of what there is: links lead somewhere, commands and metrics exist, and none is missing."""

import re
from pathlib import Path

import pytest

from pipeline.cli import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?:^|`|\$ |; |do )vigie ([a-z][a-z-]+)", re.MULTILINE)
METRIC = re.compile(r'"(vigie_[a-z_]+)",')


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_and_tells_to_type_exists(page: Path) -> None:
    """Files beside it, and commands of ours."""
    text = page.read_text("utf-8")
    assert [] == [target for target in LINK.findall(text) if not (page.parent / target).exists()]
    assert set(COMMAND.findall(text)) <= COMMANDS.keys()


def test_every_metric_says_what_to_do_when_it_alarms() -> None:
    """A row in the operator's table."""
    written = {name for folder in ("agents", "pipeline/stream") for path in (ROOT / folder).glob("*.py")
               for name in METRIC.findall(path.read_text("utf-8"))}  # fmt: skip
    table = (ROOT / "docs/operating.md").read_text("utf-8")
    assert len(written) > 12
    assert set() == {name for name in written if f"| `{name}`" not in table and f", `{name}` |" not in table}


def test_every_decision_is_in_the_index_and_every_plot_is_shown() -> None:
    """What nobody finds is not there."""
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    assert set() == {path.name for path in (ROOT / "docs/decisions").glob("0*.md") if f"({path.name})" not in index}
    shown = "".join(page.read_text("utf-8") for page in PAGES)
    assert set() == {path.name for path in (ROOT / "docs").glob("*.svg") if path.name not in shown}


def test_every_command_is_in_a_document() -> None:
    """A newcomer, an operator or somebody who looks for a fault meets each."""
    told = {name for page in PAGES for name in re.findall(r"vigie ([a-z][a-z-]+)", page.read_text("utf-8"))}
    assert set() == set(COMMANDS) - told


def test_each_test_that_the_threat_model_names_exists() -> None:
    """A boundary whose test is gone, or has another name, is held by nothing."""
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", (ROOT / "docs/threat-model.md").read_text("utf-8")))
    there = {name for path in (ROOT / "tests").rglob("test_*.py")
             for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)}  # fmt: skip
    assert len(named) > 12
    assert set() == named - there
