"""What `vigie users` does in the store of accounts."""

import contextlib
import getpass
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
import redis.asyncio

from pipeline.access.login import Bounds
from pipeline.errors import BadRecord
from pipeline.runtime.passwords import hashed, initial_password
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.endpoints import redis_of
from pipeline.state.collections import USERS
from pipeline.state.credential_store import CredentialStore
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.session_store import SessionStore
from schemas.base import Message
from schemas.people import Designation, User

DAY_MS = 86_400_000
M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Store:
    """Where accounts are kept."""

    writer: ReplicaWriter
    credentials: CredentialStore
    sessions: SessionStore


@contextlib.asynccontextmanager
async def open_store() -> AsyncIterator[Store]:
    """The accounts that the settings name, else those of a running `vigie up`. Raises NoServers."""
    settings: Settings = load_settings()
    client: redis.asyncio.Redis
    async with open_redis(redis_of(settings, "operator"), ca_file=settings.redis_ca_file) as client:
        name = settings.namespace
        yield Store(ReplicaWriter(client, name), CredentialStore(client, name), SessionStore(client, name, Bounds()))


async def add_user(store: Store, user: User) -> str:
    """Keep the person, with a password for the first login, which is returned."""
    await store.writer.put(USERS, [user])
    return await new_password(store, user.user_id)


async def new_password(store: Store, user_id: str) -> str:
    """Give the account a new password for the first login instead of all that it could log in with, and end its sessions."""
    made = initial_password()
    await store.credentials.remove(user_id)
    await store.credentials.set_password(user_id, hashed(made), initial=True)
    await store.sessions.end_all(user_id)
    return made


async def known_user(store: Store, user_id: str) -> User:
    """The person. Raises BadRecord where there is none."""
    known = await store.writer.get(USERS, user_id)
    if known is None:
        raise BadRecord("unknown_user", f"nobody is called {user_id}: vigie users list")
    return known


def designation_of(
    user: str, role: str, reason: str, days: int, trained_days: int = 365, bounds: dict[str, object] | None = None
) -> Designation:
    """A designation that begins now, granted by whoever runs this command."""
    now = datetime.now(UTC)
    now_ms = int(now.timestamp() * 1000)
    return made_of(
        Designation,
        designation_id=f"{user}-{role}-{now:%Y%m%d}",
        user_id=user,
        role=role,
        reason=reason,
        granted_by=f"machine:{_operator()}",
        valid_from_ms=now_ms,
        valid_until_ms=now_ms + days * DAY_MS,
        trained_until_ms=now_ms + trained_days * DAY_MS,
        **(bounds or {}),
    )


def _operator() -> str:
    """Who runs this command on this machine, as an account's name may be written."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in getpass.getuser())[:40]


def made_of(kind: type[M], **fields: object) -> M:
    """The message of these fields. Raises BadRecord, for a person, where they mean nothing."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise BadRecord("bad_argument", str(error)) from error
