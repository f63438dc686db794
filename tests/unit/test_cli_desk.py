"""`vigie desk` makes credentials, says how long they hold, and names what is missing."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import Misconfigured
from pipeline.neighbours.later import verify_later
from pipeline.neighbours.signatures import kid_of
from pipeline.receiver.credentials import create_credentials
from pipeline.receiver.files import key_ring, signing_key

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


def test_every_help_has_an_example() -> None:
    """A reader sees at once what to type."""
    for arguments in (["desk", "--help"], *(["desk", name, "--help"] for name in ("credentials", "say", "key"))):
        assert "Example: vigie desk" in RUN.invoke(app, arguments).output


def test_the_senders_settings_are_printed_to_be_pasted(tmp_path: Path) -> None:
    """Standard output is TOML with the desk's country and address."""
    arguments = ["desk", "credentials", str(tmp_path), "--country", "LU", "--host", "desk.example.org"]
    settings = tomllib.loads(RUN.invoke(app, arguments).stdout)
    assert settings["liaison"]["desks"]["LU"]["url"] == "https://desk.example.org:8443"


def test_what_came_of_a_message_is_signed_by_the_desk_for_who_sent_it(tmp_path: Path) -> None:
    """As the sender takes it; a refusal without a reason, and what is no outcome, is none."""
    files = create_credentials(tmp_path / "keys")
    forward_id = "f-0123456789abcdef01234567"
    say = ["desk", "say", forward_id, "--credentials", str(tmp_path / "keys")]
    told = json.loads(RUN.invoke(app, [*say, "stopped", "--reference", "NL-77"]).stdout)
    word = verify_later(told["signed"], key_ring("theirs", {"NL": files.sender_knows}), "NL")
    assert (forward_id, "stopped", "NL-77") == (told["forward_id"], word.outcome, word.reference)
    for wrong in (["refused"], ["refused", "--why", "bored"], ["vanished"]):
        assert 2 == RUN.invoke(app, [*say, *wrong]).exit_code


def test_the_next_key_is_published_beside_the_present_one_and_the_old_one_is_taken_out(tmp_path: Path) -> None:
    """Private keys are their owner's; nothing is written over, and the last key stays."""
    published, first, second = tmp_path / "keys.pem", tmp_path / "first.pem", tmp_path / "second.pem"

    def key(*arguments: str) -> tuple[int, list[str]]:
        result = RUN.invoke(app, ["desk", "key", *arguments, "--publish", str(published)])
        return result.exit_code, json.loads(result.stdout)["published"] if result.exit_code == 0 else []

    (_, one), (_, both) = key(str(first)), key(str(second))
    assert (1, one, 0o600) == (len(one), both[:1], second.stat().st_mode & 0o777)
    assert both == [kid_of(signing_key("key", file)) for file in (first, second)]
    assert 2 == key(str(first))[0]
    assert (0, both[1:]) == key("--retire", both[0])
    assert 2 == key("--retire", both[1])[0]
    assert 2 == key()[0]
