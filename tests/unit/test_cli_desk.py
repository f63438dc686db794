"""`vigie desk` makes credentials, says how long they hold, and names what is missing."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import Misconfigured

RUN = CliRunner()


def test_credentials_are_made_and_told_as_json(tmp_path: Path) -> None:
    """A script gets the folder, and each certificate with its end."""
    result = RUN.invoke(app, ["desk", "credentials", str(tmp_path / "keys"), "--json"])
    told = json.loads(result.stdout)
    assert (0, str(tmp_path / "keys")) == (result.exit_code, told["folder"])
    assert [row["days_left"] for row in told["certificates"][1:]] == [364, 364]


def test_a_desk_without_credentials_says_how_to_make_them() -> None:
    """The usage error names the command."""
    result = RUN.invoke(app, ["desk"])
    assert result.exit_code == 2
    assert "desk credentials" in result.output


@pytest.mark.parametrize("option", ["--country", "--sender"])
def test_a_country_that_is_none_is_refused(tmp_path: Path, option: str) -> None:
    """Before anything listens."""
    result = RUN.invoke(app, ["desk", "--credentials", str(tmp_path), option, "ZZZ"])
    assert 2 == result.exit_code
    assert "'ZZZ' is no country" in result.output


def test_a_desk_on_an_empty_folder_names_what_is_missing(tmp_path: Path) -> None:
    """A folder that nobody filled stops the start with the file's name."""
    arguments = ["desk", "--credentials", str(tmp_path), "--inbox", str(tmp_path / "inbox"), "--port", "0"]
    result = RUN.invoke(app, arguments)
    assert isinstance(result.exception, Misconfigured)
    assert "ca.pem" in str(result.exception)


def test_both_helps_have_an_example() -> None:
    """A reader sees at once what to type."""
    for arguments in (["desk", "--help"], ["desk", "credentials", "--help"]):
        assert "Example: vigie desk" in RUN.invoke(app, arguments).output


def test_the_senders_settings_are_printed_to_be_pasted(tmp_path: Path) -> None:
    """Standard output is TOML with the desk's country and address."""
    arguments = ["desk", "credentials", str(tmp_path), "--country", "LU", "--host", "desk.example.org"]
    settings = tomllib.loads(RUN.invoke(app, arguments).stdout)
    assert settings["liaison"]["desks"]["LU"]["url"] == "https://desk.example.org:8443"
