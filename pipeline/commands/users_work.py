"""The work of `vigie users` on the accounts in Redis."""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

import msgspec
import redis.asyncio

from pipeline.access.login import Bounds
from pipeline.access.rights import Person
from pipeline.commands.recording import operation_here, recorded_at, user_name
from pipeline.errors import BadRecord
from pipeline.runtime.passwords import hashed, initial_password
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.endpoints import servers_of
from pipeline.state.collections import DESIGNATIONS, USERS
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
    """The accounts: persons, designations, credentials, sessions."""

    writer: ReplicaWriter
    credentials: CredentialStore
    sessions: SessionStore


@contextlib.asynccontextmanager
async def open_store(what: str, *on: str) -> AsyncIterator[Store]:
    """Yields the accounts that the settings name, else those of a running `vigie up`, once it is recorded that `vigie users
    WHAT` is done on these persons or designations. Raises NoServers, NotRecorded."""
    settings: Settings = load_settings()
    servers = servers_of(settings, "operator")
    client: redis.asyncio.Redis
    async with (
        recorded_at(settings, servers, operation_here("rights", f"vigie users {what}", on=on)),
        open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client,
    ):
        name = settings.namespace
        yield Store(ReplicaWriter(client, name), CredentialStore(client, name), SessionStore(client, name, Bounds()))


async def add_user(store: Store, user: User) -> str:
    """Store the person, and a new password for the first login, which is returned."""
    await store.writer.put(USERS, [user])
    return await new_password(store, user.user_id)


async def new_password(store: Store, user_id: str) -> str:
    """Replace all credentials of the account by a new password for the first login, end its sessions, and return the
    password."""
    made = initial_password()
    await store.credentials.remove(user_id)
    await store.credentials.set_password(user_id, hashed(made), initial=True)
    await store.sessions.end_all(user_id)
    return made


async def known_user(store: Store, user_id: str) -> User:
    """The person with this id. Raises BadRecord when there is none."""
    known = await store.writer.get(USERS, user_id)
    if known is None:
        raise BadRecord("unknown_user", f"nobody is called {user_id}: vigie users list")
    return known


async def person_of(store: Store, user_id: str) -> Person | None:
    """The person, with all stored designations, of which rights look at the person's own alone; None: nobody has this id."""
    user = await store.writer.get(USERS, user_id)
    return None if user is None else Person(user, tuple(await store.writer.list(DESIGNATIONS)))


def designation_of(
    user: str, role: str, reason: str, days: int, trained_days: int = 365, bounds: dict[str, object] | None = None
) -> Designation:
    """A designation that begins now, not stored yet. days: for how many it holds; trained_days: for how many the training
    lasts; bounds: its zones, networks, lists and everywhere. The person who runs this command is named as the one who
    granted it. Raises BadRecord."""
    now = datetime.now(UTC)
    now_ms = int(now.timestamp() * 1000)
    return made_of(
        Designation,
        designation_id=f"{user}-{role}-{now:%Y%m%d}",
        user_id=user,
        role=role,
        reason=reason,
        granted_by=operator_id(),
        valid_from_ms=now_ms,
        valid_until_ms=now_ms + days * DAY_MS,
        trained_until_ms=now_ms + trained_days * DAY_MS,
        **(bounds or {}),
    )


async def numbered(store: Store, wanted: Designation) -> Designation:
    """The designation under an id that none has: one of the same person, role and day keeps its own."""
    made = wanted
    for number in count(2):
        if await store.writer.get(DESIGNATIONS, made.designation_id) is None:
            break
        made = msgspec.structs.replace(wanted, designation_id=f"{wanted.designation_id}-{number}")
    return made


def operator_id() -> str:
    """Who runs this command, as a user_id: "machine:" and the first 40 characters of `user_name`, each that is no letter or
    digit of ASCII as _."""
    return "machine:" + re.sub(r"[^A-Za-z0-9]", "_", user_name())[:40]


def made_of(kind: type[M], **fields: object) -> M:
    """A message with these fields. Raises BadRecord, with a text for a person, when they are not valid."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise BadRecord("bad_argument", str(error)) from error
