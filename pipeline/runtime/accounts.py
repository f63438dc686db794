"""The accounts of one Vigie: a folder, private to its owner, with a file of passwords for each principal."""

import secrets
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from pipeline.errors import Misconfigured
from pipeline.runtime.principals import NAMES
from pipeline.runtime.private import OPEN, read_trusted, write_private
from schemas.base import UNREADABLE

SETTING = "VIGIE_ACCOUNTS_DIR"
ACCOUNTS = "accounts"
"""The folder of the accounts in a data folder."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One principal's passwords. Each server has a different one, so that one server cannot log in at the other."""

    kafka_password: str
    redis_password: str

    def __repr__(self) -> str:
        return "Account(***)"


def make_accounts(folder: Path, names: Iterable[str] = NAMES, *, renew: Collection[str] = ()) -> tuple[str, ...]:
    """Make the folder, and passwords for those principals that have none or are in `renew`. Returns the names of those
    principals."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = tuple(name for name in names if name in renew or not _file(folder, name).exists())
    for name in made:
        account = Account(kafka_password=secrets.token_urlsafe(32), redis_password=secrets.token_urlsafe(32))
        write_private(_file(folder, name), msgspec.json.encode(account))
    return made


def make_metrics_token(folder: Path) -> Path:
    """Make the folder and the file with the token that clients of metrics must send, unless it exists. Returns the file's
    path."""
    file = folder / "metrics-token"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, secrets.token_urlsafe(32).encode())
    return file


def account_of(folder: Path, name: str) -> Account:
    """The passwords of one principal. Raises Misconfigured where its file is missing, wrong, or open to others."""
    file = _file(folder, name)
    allowed = f"a folder with a file {file.name}, made by `vigie accounts create`"
    try:
        return msgspec.json.decode(read_trusted(SETTING, file, modes=OPEN), type=Account)
    except OSError as error:
        raise Misconfigured(SETTING, found=f"{folder} ({file.name}: {error.strerror})", allowed=allowed) from error
    except UNREADABLE as error:
        raise Misconfigured(SETTING, found=f"{folder} ({file.name} is damaged)", allowed=allowed) from error


def accounts_in(folder: Path) -> dict[str, Account]:
    """All accounts that the folder has, by principal. Raises Misconfigured."""
    return {name: account_of(folder, name) for name in NAMES if _file(folder, name).exists()}


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"
