"""What the commands for reference data say of themselves."""

import pytest
from typer.testing import CliRunner

from pipeline.cli import app


@pytest.mark.parametrize(
    "kind", ["cameras", "sections", "zones", "hotlist", "lists", "policies", "exclusions", "watches"]
)
@pytest.mark.parametrize("command", ["import", "list", "add", "remove", "export"])
def test_every_command_explains_itself(kind: str, command: str) -> None:
    """With an example and the exit codes."""
    outcome = CliRunner().invoke(app, [kind, command, "--help"], env={"COLUMNS": "200"})
    assert 0 == outcome.exit_code
    assert f"Example: vigie {kind} {command}" in outcome.output
    assert "Exit codes" in outcome.output
