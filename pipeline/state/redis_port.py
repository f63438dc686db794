"""Access to Redis: how a client is opened, how scripts are run, and which of our errors each of its errors becomes.

Every script touches keys of one hash tag only, so that a Redis Cluster can hold them, and gives the same outcome when it is run
twice, because a client whose connection broke cannot know whether the first run happened.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from typing import Any, TypeAlias

import redis.asyncio
from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from pipeline.errors import Misconfigured, Unavailable, url_parts

Argument: TypeAlias = str | bytes | int
CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 5.0
RETRIES = 2  # within one call, some 0.1 s in all; beyond it the stage waits
SETTING = "VIGIE_REDIS_URL"
ALLOWED = "redis://, rediss:// or unix://"
REFUSED = (AuthenticationError, AuthorizationError, NoPermissionError)


def open_redis(url: str, *, ca_file: Path | None = None) -> redis.asyncio.Redis:
    """A client for redis://, rediss:// (TLS) or unix://, with user and password in the URL. It connects at its first use.

    ca_file: who signed the server's certificate, PEM; None: the machine's own list. Raises Misconfigured for
    any other URL, and for a ca_file that does not exist; the message leaves out user and password.
    """
    scheme = url_parts(SETTING, url, ALLOWED).scheme
    if scheme not in ("redis", "rediss", "unix"):
        raise Misconfigured(SETTING, found=url, allowed=ALLOWED)
    if ca_file is not None and not ca_file.is_file():
        raise Misconfigured("VIGIE_REDIS_CA_FILE", found=str(ca_file), allowed="a readable PEM file")
    tls: dict[str, Any] = {"ssl_ca_certs": str(ca_file)} if ca_file is not None and scheme == "rediss" else {}
    try:
        return redis.asyncio.Redis.from_url(
            url,
            protocol=2,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=ANSWER_TIMEOUT_S,
            health_check_interval=15,
            retry=Retry(ExponentialBackoff(cap=0.1, base=0.02), RETRIES),
            **tls,
        )
    except ValueError:  # whose text may hold the password
        allowed = "a Redis URL whose user and password are percent-encoded: redis://USER:PASSWORD@HOST:PORT/0"
        raise Misconfigured(SETTING, found=url, allowed=allowed) from None


async def check_redis(client: redis.asyncio.Redis) -> None:
    """Check that Redis answers. Raises Unavailable when it is away, Misconfigured when it refuses the credentials."""
    with redis_edge("redis"):
        await client.ping()


@contextmanager
def redis_edge(what: str) -> Iterator[None]:
    """Translate the errors of Redis to ours. what: the part of the platform that needed Redis, for the message ("section
    memory").

    Refused credentials become Misconfigured. All others become Unavailable, which is waited out: connection lost, timed out,
    still loading its file, a read-only replica after a failover, out of memory.
    """
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        if _is_refusal(error):
            raise Misconfigured(
                SETTING,
                found=f"refused by Redis ({error})",
                allowed="a URL with a user and password that it accepts: redis://USER:PASSWORD@HOST:PORT/0",
            ) from error
        raise Unavailable(f"{what} (redis: {type(error).__name__}: {error})", retry_after_s=0.5) from error


def _is_refusal(error: BaseException) -> bool:
    """Whether the server refused the credentials or a right. On a Unix socket redis-py wraps the answer to a new connection
    in another error, and a right that a script lacks is an ordinary error answer: both are recognised."""
    return isinstance(error, REFUSED) or isinstance(error.__cause__, REFUSED) or "ACL failure in script" in str(error)


class Script:
    """A Lua script. It is run by its hash, and loaded when the server does not know it yet.

    reads_only: it writes nothing, so users with read rights may run it.
    """

    def __init__(self, source: str, *, reads_only: bool = False) -> None:
        self._source = source
        self._command = "EVALSHA_RO" if reads_only else "EVALSHA"
        self._sha = sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(
        self, client: redis.asyncio.Redis, what: str, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
    ) -> list[Any]:
        """Run the script once for each (keys, arguments); see run_scripts."""
        return await run_scripts(client, what, [(self, keys, arguments) for keys, arguments in calls])

    def packed(self, keys: Sequence[str], arguments: Sequence[Argument]) -> bytes:
        """The command that runs it, as Redis reads it."""
        parts = (self._command, self._sha, len(keys), *keys, *arguments)
        packed: bytes = pack_command(parts)  # type: ignore[arg-type]  # its stub means a tuple of one
        return packed

    async def load(self, client: redis.asyncio.Redis) -> None:
        """Make it known to the server."""
        await client.script_load(self._source)


async def run_scripts(
    client: redis.asyncio.Redis, what: str, calls: Sequence[tuple[Script, Sequence[str], Sequence[Argument]]]
) -> list[Any]:
    """Run each script with its keys and arguments, all in one round trip. Returns the answers in the same order.

    Raises Unavailable (naming `what`) if any run failed, Misconfigured for refused credentials. If the server has become a
    replica, all connections are closed, so that the next attempt connects to the new primary.
    """
    if not calls:
        return []
    with redis_edge(what):
        answers = await _sent(client, calls)
        unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            for script in {calls[index][0] for index in unknown}:
                await script.load(client)
            again = await _sent(client, [calls[index] for index in unknown])
            for index, answer in zip(unknown, again, strict=True):
                answers[index] = answer
        for answer in answers:
            if isinstance(answer, ReadOnlyError):
                await client.connection_pool.disconnect()
            if isinstance(answer, Exception):
                raise answer
    return answers


async def _sent(
    client: redis.asyncio.Redis, calls: Sequence[tuple[Script, Sequence[str], Sequence[Argument]]]
) -> list[Any]:
    """The answers, errors among them. As redis-py's pipeline does it, without what that prepares and measures for other commands:
    half of its time."""
    packed = b"".join(script.packed(keys, arguments) for script, keys, arguments in calls)
    pool = client.connection_pool
    connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # redis-py leaves it without types
    try:
        answers: list[Any] = await connection.retry.call_with_retry(
            lambda: _answered(connection, packed, len(calls)), lambda _error: connection.disconnect()
        )
    finally:
        await pool.release(connection)
    return answers


async def _answered(connection: AbstractConnection, packed: bytes, count: int) -> list[Any]:
    await connection.send_packed_command(packed)
    answers = []
    for _ in range(count):
        try:
            answers.append(await connection.read_response())
        except ResponseError as error:
            answers.append(error)
    return answers
