"""Logging: JSON for machines, and no plate in it."""

import io
import logging
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import orjson
import pytest
import structlog

from pipeline.runtime.log import configure_logging, pseudonym


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Leave the process's logging as it was found."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """What was logged, parsed."""
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_events_are_one_json_object_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours and the libraries' alike, with level, time and the agent's name."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure_logging(form="json", agent="hotlist")
    structlog.get_logger().info("alert.raised", lag_ms=12)
    logging.getLogger("some.library").warning("careful %s", "now")
    ours, theirs = lines(stream)
    assert (ours["event"], ours["lag_ms"], ours["level"], ours["agent"]) == ("alert.raised", 12, "info", "hotlist")
    assert theirs["event"] == "careful now"


def test_a_full_disk_stops_no_work(tmp_path: Path) -> None:
    """What no room is left for is lost without an error, and told once there is room again; of our own and of libraries."""
    file = tmp_path / "agent.log"
    script = (
        "import logging, resource, structlog\n"
        "from pipeline.runtime.log import configure_logging\n"
        "configure_logging(form='json')\n"
        "say = structlog.get_logger()\n"
        "say.info('before')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"
        "for number in range(3): say.info('meanwhile')\n"
        "logging.getLogger('some.library').warning('meanwhile')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "say.info('after')\n"
    )
    ignoring = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    with file.open("ab") as log:
        done = subprocess.run([sys.executable, "-u", "-c", ignoring + script], stderr=log, check=False)
    told = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    assert (done.returncode, [one["event"] for one in told]) == (0, ["before", "log.lost", "after"])
    assert told[1]["lines"] == 3


def test_a_pseudonym_is_stable_and_hides_the_plate() -> None:
    """The same plate has the same name within a process, another plate another one."""
    assert pseudonym("1ABC234") == pseudonym("1ABC234") != pseudonym("1ABC235")
    assert "1ABC234" not in pseudonym("1ABC234")


def test_a_library_that_repeats_itself_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is away does not fill the disk with the same line; other lines are heard."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure_logging(form="json")
    for number in range(50):
        logging.getLogger("aiokafka.conn").error("Unable to connect to %s", number)
    logging.getLogger("aiokafka.conn").error("something else")
    assert 2 == len(lines(stream))


def test_a_log_names_an_id_the_same_in_every_process_that_has_the_platforms_key(tmp_path: Path) -> None:
    """And otherwise in one that has another: without the key, no guess can be tried."""
    told = {logged(tmp_path / "platform.key") for _ in range(2)}
    assert 1 == len(told)
    assert told != {logged(tmp_path / "another.key")}
    assert 0o600 == stat.S_IMODE((tmp_path / "platform.key").stat().st_mode)


def logged(key_file: Path) -> str:
    """What a process of its own, with this key, calls an alert."""
    code = (
        "import sys, pathlib; from pipeline.runtime.log import configure_logging, reference; "
        "configure_logging(key_file=pathlib.Path(sys.argv[1])); print(reference('a-7c1177118718e6987469880d'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(key_file)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_log_holds_no_secret_no_local_variable_and_no_control_character(
    form: Literal["json", "console"], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever an error says, and whatever its functions knew."""
    configure_logging(form=form)
    password = "s3cret/with@signs"
    try:
        raise RuntimeError(f"no answer from rediss://app:{password}@store:6379 \x1b[2J")
    except RuntimeError:
        structlog.get_logger().exception("failed", url=f"redis://:{password}@store", cause="\x9b31m")
    said = capsys.readouterr().err
    assert "failed" in said
    assert "s3cret" not in said
    assert "\x9b" not in said
    assert "[2J" in said
    assert "\x1b[2J" not in said
