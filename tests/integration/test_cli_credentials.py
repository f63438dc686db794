"""`vigie cameras credentials`, as an operator runs it, on a real Valkey."""

import json

from redis.asyncio import Redis

from pipeline.gateway.senders import claim_of, is_proven
from pipeline.state.collections import SENDERS
from pipeline.state.replica_writer import ReplicaWriter
from tests.integration.test_cli_reference import Vigie, vigie

__all__ = ["vigie"]
CAMERA = ("camera_id=E40-12", "name=Bierges", "network=federal", "lat=50.7", "lon=4.6")


async def test_a_camera_is_let_in_once_and_its_secret_is_shown_once(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """Only a registered camera; what is printed proves it, and neither the list nor the store holds it."""
    assert 1 == (await vigie("cameras", "credentials", "add", "E40-12")).code
    assert 0 == (await vigie("cameras", "add", *CAMERA)).code
    given = await vigie("cameras", "credentials", "add", "E40-12", "--by-address", "--zone", "UTC", "--json")
    assert 0 == given.code, given.err
    shown = json.loads(given.out)
    sender = await ReplicaWriter(redis, namespace).get(SENDERS, "E40-12")
    claims = [claim_of(shown["address"], {}), claim_of("/", {"authorization": f"Bearer {shown['token']}"})]
    assert [True, True] == [claim is not None and is_proven(claim, sender) for claim in claims]
    again = await vigie("cameras", "credentials", "add", "E40-12", "--sender", "NVR-1")
    assert (1, "") == (again.code, again.out)
    assert "E40-12 speaks for E40-12 already" in again.err
    listed = await vigie("cameras", "credentials", "list", "--json")
    assert shown["password"] not in listed.out + repr(sender)
    assert "UTC" == json.loads(listed.out)["zone"]
    assert 0 == (await vigie("cameras", "credentials", "rotate", "E40-12", "--json")).code
    left = await vigie("cameras", "credentials", "revoke", "E40-12", "--old")
    assert "1 secret left" in left.err
    sender = await ReplicaWriter(redis, namespace).get(SENDERS, "E40-12")
    assert [False, False] == [claim is not None and is_proven(claim, sender) for claim in claims]
    waits = await vigie("cameras", "waiting")
    assert (0, "Nobody waits.\n") == (waits.code, waits.out), waits.err
