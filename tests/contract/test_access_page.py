"""docs/access.md holds the rights table as the code has it."""

from pathlib import Path

from pipeline.access.roles import as_markdown

ROOT = Path(__file__).parents[2]


def test_the_page_holds_the_table() -> None:
    """Put there what `python -m pipeline.access.roles` prints."""
    assert as_markdown() in (ROOT / "docs" / "access.md").read_text("utf-8")
