"""The demo's persons: one for each role, who may see the whole network, and the desks at which dispatchers work."""

import asyncio

import redis.asyncio

from pipeline.access.roles import ROLES
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.passwords import hashed, initial_password
from pipeline.state.collections import DESIGNATIONS, DESKS, USERS
from pipeline.state.credential_store import CredentialStore
from pipeline.state.replica_writer import ReplicaWriter
from schemas.people import Designation, Desk, Role, User
from schemas.reads import Network
from schemas.reference import HotList

DAY_MS = 86_400_000
LOGIN = "demo."
"""Stands before the role in an account's name."""
NETWORKS: tuple[Network, ...] = ("federal", "local", "lez", "public_transport", "vehicle")
LISTS: tuple[HotList, ...] = ("national_wanted", "stolen", "sis", "no_insurance", "no_inspection", "ad_hoc")


async def add_people(client: redis.asyncio.Redis, namespace: str) -> str:
    """Add two desks for all zones and lists, and a person for each role, of administrators a second one, since nobody approves what
    he asked for himself. Returns the password, which is the same for all and new in each demo."""
    password, now_ms = initial_password(), platform_now_ms()
    writer, credentials = ReplicaWriter(client, namespace), CredentialStore(client, namespace)
    secret = await asyncio.to_thread(hashed, password)
    accounts: list[tuple[str, Role]] = [
        *((f"{LOGIN}{role}", role) for role in ROLES),
        (f"{LOGIN}administrator2", "administrator"),
    ]
    desks = ("DEMO", "Demo", "DEMO-2"), ("DEMO-2", "Demo, second desk", None)
    await writer.put(
        DESKS,
        [
            Desk(desk_id=desk_id, name=name, everywhere=True, always=True, lists=LISTS, successor=successor)
            for desk_id, name, successor in desks
        ],
    )
    await writer.put(
        USERS, [User(user_id=name, name=f"Demo {role.replace('_', ' ')}", service="demo") for name, role in accounts]
    )
    await writer.put(DESIGNATIONS, [_designation(name, role, now_ms) for name, role in accounts])
    for name, _ in accounts:
        await credentials.set_password(name, secret, initial=False)
    return password


def _designation(name: str, role: Role, now_ms: int) -> Designation:
    return Designation(
        designation_id=f"D-{name}", user_id=name, role=role, reason="this demo alone", granted_by="machine:demo",
        everywhere=True, networks=NETWORKS, lists=LISTS, valid_from_ms=now_ms - 1, valid_until_ms=now_ms + DAY_MS,
        trained_until_ms=now_ms + DAY_MS,
    )  # fmt: skip
