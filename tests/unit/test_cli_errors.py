"""How commands say what is wrong: the cause, the cure and the exit code."""

import socket
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from pipeline.cli import COMMANDS, app, fail
from pipeline.errors import BadRecord, Misconfigured, Unavailable, VigieError
from pipeline.servers.endpoints import NoServers

NO_SERVERS = {"VIGIE_KAFKA_URL": "kafka://127.0.0.1:1", "VIGIE_REDIS_URL": "redis://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("error", "expected", "code"),
    [
        (
            Unavailable("Kafka"),
            "Kafka is unavailable\nStart it, or try again once it is back; `vigie doctor`",
            3,
        ),
        (Misconfigured("X", found=None, allowed="a number"), "X is not set, but must be a number\n", 2),
        (BadRecord("unreadable_file", "a[1].csv: no"), "unreadable_file: a[1].csv: no\n", 1),
    ],
)
def test_an_error_is_said_with_its_cure(
    capsys: pytest.CaptureFixture[str], error: VigieError, expected: str, code: int
) -> None:
    """One line for the cause; where a server is away, another for what to do."""
    with pytest.raises(SystemExit) as end:
        fail(error)
    assert code == end.value.code
    assert capsys.readouterr().err.startswith(f"vigie: {expected}")


def test_a_worker_names_the_setting_of_a_busy_port(tmp_path: Path) -> None:
    """No traceback: the port is somebody else's."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        environment = {**NO_SERVERS, "VIGIE_METRICS_PORT": port, "VIGIE_DATA_DIR": str(tmp_path)}
        outcome = CliRunner().invoke(app, ["worker", "hotlist"], env=environment)
    assert isinstance(outcome.exception, Misconfigured)
    assert "VIGIE_METRICS_PORT" == outcome.exception.setting
    assert port in str(outcome.exception)


@pytest.mark.parametrize("command", ["up", "demo"])
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_data_folder_that_cannot_be_is_named_before_anything_starts(tmp_path: Path, below: str, command: str) -> None:
    """There is a file in its place, or in its way."""
    (tmp_path / "file").write_bytes(b"")
    outcome = CliRunner().invoke(app, [command], env={"VIGIE_DATA_DIR": str(tmp_path / "file" / below)})
    assert isinstance(outcome.exception, Misconfigured)
    assert "VIGIE_DATA_DIR" == outcome.exception.setting


@pytest.mark.parametrize("option", ["--crops", "--json"])
def test_what_belongs_to_local_reading_is_refused_without_it(tmp_path: Path, option: str) -> None:
    """As any wrong usage."""
    (tmp_path / "a.jpg").write_bytes(b"")
    outcome = CliRunner().invoke(app, ["replay", str(tmp_path), option])
    assert 2 == outcome.exit_code
    assert f"{option}: only together with --local" in outcome.stderr


def test_bad_files_are_told_of_a_line_each_and_all_of_them_bad_is_a_failure(tmp_path: Path) -> None:
    """Whatever their names; the last line counts them."""
    for name in ("a.jpg", "b [x]\n.png", "c.gif"):
        (tmp_path / name).write_bytes(b"no picture")
    outcome = CliRunner().invoke(app, ["replay", str(tmp_path), "--local"])
    assert 1 == outcome.exit_code
    assert ["a.jpg", "b [x]?.png", "c.gif"] == [line.split(": ")[0] for line in outcome.stdout.splitlines()]
    assert "0 read, 3 unreadable" == outcome.stderr.strip()


def test_columns_that_are_missing_are_asked_for_by_name() -> None:
    """Whoever types one item is not told of a file's header."""
    outcome = CliRunner().invoke(app, ["cameras", "add", "camera_id=E40-12"], env=NO_SERVERS)
    assert "give name=... network=..., too" in str(outcome.exception)


def test_no_picture_is_deleted_while_nobody_can_say_which_cases_are_open(tmp_path: Path) -> None:
    """There are no servers to ask."""
    day = tmp_path / "evidence" / "2020-01-01"
    day.mkdir(parents=True)
    (day / f"{'0' * 64}.jpg").write_bytes(b"old")
    outcome = CliRunner().invoke(app, ["retention", "--once"], env={"VIGIE_DATA_DIR": str(tmp_path)})
    assert isinstance(outcome.exception, NoServers)
    assert day.exists()


@pytest.mark.parametrize("group", [name for name, (_, attribute, _) in COMMANDS.items() if attribute.endswith("_app")])
def test_a_group_of_commands_stays_one_also_where_it_has_one_command_only(group: str) -> None:
    """`vigie gateway try FILE` is typed so before and after gateway gets a second command."""
    vigie = get_command(app)
    assert isinstance(vigie, TyperGroup)
    found = vigie.get_command(vigie.context_class(vigie), group)
    assert isinstance(found, TyperGroup)
    assert found.commands
