"""Structured logging: events, not sentences. JSON by orjson where a machine reads, colours where a person does."""

import contextlib
import hmac
import logging
import secrets
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson
import structlog

from pipeline.errors import Misconfigured, redacted
from pipeline.runtime.private import OPEN, read_trusted, write_once
from pipeline.runtime.terminal import visible

SAME_AGAIN_S = 10.0
_SALT = secrets.token_bytes(16)


class _Key:
    """The platform's key for names in logs; a random key of this process until one is set."""

    value = secrets.token_bytes(32)


def reference(name: str) -> str:
    """A short name for an id in logs: the same in every log of a platform. Without the platform's key, nobody can test
    whether it stands for a certain id.

    An alert's id is a digest of plate, camera and time: in plain, it would let a reader of the logs find the plate by trying
    all plates.
    """
    return hmac.new(_Key.value, name.encode(), "blake2s").hexdigest()[:16]


def plate_digest(plate: str) -> bytes:
    """The 32 bytes that stand for a plate in what is kept of all vehicles: the same in every process of a platform. Without the
    platform's key, nobody can test whether they stand for a certain plate."""
    return hmac.digest(_Key.value, plate.encode(), "blake2s")


def platform_key(file: Path) -> bytes:
    """The key in the file; a missing file is made with a new key, private to its owner. Raises Misconfigured when it cannot
    be read or made, holds fewer than 32 characters, or others may read or change it."""
    try:
        if not file.exists():
            write_once(file, secrets.token_hex(32) + "\n")
        key = read_trusted("VIGIE_PLATFORM_KEY_FILE", file, modes=OPEN).strip()
    except OSError as error:
        raise Misconfigured(
            "VIGIE_PLATFORM_KEY_FILE", found=str(file), allowed=f"readable ({error.strerror})"
        ) from error
    if len(key) < 32:
        raise Misconfigured(
            "VIGIE_PLATFORM_KEY_FILE", found=f"{len(key)} characters", allowed="32 random ones at least"
        )
    return key


@lru_cache(maxsize=4_096)
def pseudonym(plate: str) -> str:
    """A short name for a plate in logs: the same for one plate while this process runs, another after a restart; it does not
    give the plate back."""
    return hmac.new(_SALT, plate.encode(), "blake2s").hexdigest()[:10]


def configure_logging(
    *,
    level: str = "info",
    form: Literal["auto", "json", "console"] = "auto",
    agent: str | None = None,
    key_file: Path | None = None,
) -> None:
    """Send structlog and the standard library's loggers to standard error, one event a line, without secrets and local
    variables.

    key_file: the file of the platform's key, for `reference`; None: a key of this process.
    """
    if key_file is not None:
        _Key.value = platform_key(key_file)
    readable = form == "console" or (form == "auto" and sys.stderr.isatty())
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    last: list[Any] = [structlog.processors.format_exc_info, _without_secrets, console if readable else _json]
    structlog.configure(
        processors=[*shared, *last],  # not through the standard library, which takes twice as long
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(_Stderr()),  # type: ignore[arg-type]  # it needs no more of a file
        cache_logger_on_first_use=True,
    )
    if agent:
        structlog.contextvars.bind_contextvars(agent=agent)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_NotAgain())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(number, least))


# Libraries that say at INFO what matters to nobody, or at ERROR what is waited out anyway.
_NOISY = {
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "aiokafka": logging.ERROR,
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
}


class _Stderr:
    """Standard error as it is when something is written, which may be another than when logging was configured.

    What it does not take, as where a disk is full, is lost and raises nothing: no work stops for want of its log. The next
    line that it takes says how many were lost.
    """

    def __init__(self) -> None:
        self._lost = 0

    def write(self, text: str) -> None:
        """Write the text."""
        try:
            if self._lost:
                sys.stderr.write(_json(None, "", {"event": "log.lost", "lines": self._lost, "level": "error"}) + "\n")
                self._lost = 0
            sys.stderr.write(text)
        except OSError:
            self._lost += 1

    def flush(self) -> None:
        """Hand over what was written."""
        with contextlib.suppress(OSError):
            sys.stderr.flush()


class _NotAgain(logging.Filter):
    """A filter that lets aiokafka log the same message once in ten seconds: while a broker is away, it logs it twenty times a
    second."""

    def __init__(self) -> None:
        super().__init__()
        self._said_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log the message: it is not aiokafka's, or was not logged in the last ten seconds."""
        if not record.name.startswith("aiokafka"):
            return True
        if len(self._said_s) > 1000:
            self._said_s.clear()
        last_s = self._said_s.get(str(record.msg), -SAME_AGAIN_S)
        if record.created - last_s < SAME_AGAIN_S:
            return False
        self._said_s[str(record.msg)] = record.created
        return True


def _without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = visible(redacted(value))
    return event


def _json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
