"""Logging: JSON for machines, and no plate in it."""

import io
import logging
from collections.abc import Iterator

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
