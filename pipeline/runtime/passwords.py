"""Hashes passwords with argon2id in threads of their own, so that nothing else waits for a hash (0.1 to 0.4 s each)."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pipeline.errors import Unavailable

T = TypeVar("T")
_HASHER = PasswordHasher()  # argon2id with the library's parameters, RFC 9106's second recommendation
_NOBODYS = _HASHER.hash(
    secrets.token_urlsafe(32)
)  # what a password of nobody is compared with, so that it takes as long
THREADS = 2
MOST_WAITING = 64  # beyond this nobody would wait for the answer
MOST_STRANGERS = 40  # of these from where nobody has logged in before, so that they leave room for the others


def hashed(password: str) -> str:
    """The hash of a password, with its salt and parameters. Blocks for 0.1 to 0.4 s: see Passwords."""
    return _HASHER.hash(password)


def fits(password_hash: str | None, password: str) -> bool:
    """Whether this is the account's password. password_hash None: the account has none, and the answer is False after as
    long a time. Blocks for 0.1 to 0.4 s: see Passwords."""
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def initial_password() -> str:
    """A new random password for the first login: 100 bits, in letters and digits that look unlike each other."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


class Passwords:
    """`hashed` and `fits` in threads of their own. Both raise Unavailable while MOST_WAITING calls are under way, for strangers
    MOST_STRANGERS."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._waiting = 0

    async def hashed(self, password: str) -> str:
        """The hash of a password."""
        return await self._run(MOST_WAITING, hashed, password)

    async def fits(self, password_hash: str | None, password: str, *, known: bool = False) -> bool:
        """Whether this is the account's password; see `fits`. known: whoever asks is logged in, or somebody has logged in from
        that browser before."""
        return await self._run(MOST_WAITING if known else MOST_STRANGERS, fits, password_hash, password)

    def close(self) -> None:
        """End the threads; calls that wait are cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, most: int, work: Callable[..., T], *arguments: str | None) -> T:
        if self._waiting >= most:
            raise Unavailable("login", retry_after_s=5.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1
