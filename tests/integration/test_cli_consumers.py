"""`vigie consumers`, as an operator runs it, on a real Valkey."""

import json
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from redis.asyncio import Redis

from pipeline.access.consumers import certificate_digest, claim_of, is_certified, is_proven
from pipeline.receiver.credentials import create_credentials
from pipeline.runtime.clock import platform_now_ms
from pipeline.state.collections import CONSUMERS
from pipeline.state.feed_marks import FeedMarks
from pipeline.state.replica_writer import ReplicaWriter
from tests.integration.vigie_commands import Vigie

ADD = ("consumers", "add", "flanders", "--service", "tax service", "--reason", "decision 7/2026 of the minister")
WHERE = ("--network", "federal", "--everywhere")


async def test_a_consumer_is_let_in_rotated_and_removed(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """A token is shown once and kept nowhere; a second one works beside it until the old ones end."""
    for wrong in ((*ADD, "--network", "federal"), (*ADD[:-1], "check", *WHERE)):
        assert 2 == (await vigie(*wrong)).code
    added = await vigie(*ADD, *WHERE, "--json")
    assert 0 == added.code, added.err
    assert 1 == (await vigie(*ADD, *WHERE)).code
    rotated = await vigie("consumers", "rotate", "flanders", "--json")
    tokens = [json.loads(told.out)["token"] for told in (added, rotated)]
    writer, marks = ReplicaWriter(redis, namespace), FeedMarks(redis, namespace)

    async def proven() -> list[bool]:
        stored = await writer.get(CONSUMERS, "flanders")
        claims = [claim_of(f"Bearer {token}") for token in tokens]
        return [is_proven(stored, claim[1] if claim else "", platform_now_ms()) for claim in claims]

    assert [True, True] == await proven()
    await marks.acknowledge("flanders", ((7,),), 1_000)
    listed = await vigie("consumers", "list", "--json")
    assert 1_000 == json.loads(listed.out)["acknowledged_ms"]
    assert not [token for token in tokens if token.partition(":")[2] in listed.out]
    assert "1 way left" in (await vigie("consumers", "revoke", "flanders", "--old")).err
    assert [False, True] == await proven()
    assert 0 == (await vigie("consumers", "remove", "flanders")).code
    assert ((), None) == ((await marks.of("flanders")).nexts, await writer.get(CONSUMERS, "flanders"))
    assert "vigie consumers list" in (await vigie("consumers", "rotate", "flanders")).err


async def test_a_consumer_is_let_in_by_its_certificate(
    vigie: Vigie, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """No token is made; the next certificate works beside the first until that is revoked; what is none is refused."""
    made = create_credentials(tmp_path / "keys")
    digests = [
        certificate_digest(load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER))
        for file in (made.sender_cert, made.desk_cert)
    ]
    added = await vigie(*ADD, *WHERE, "--certificate", str(made.sender_cert), "--json")
    assert (0, {"consumer": "flanders"}) == (added.code, json.loads(added.out))
    assert 2 == (await vigie("consumers", "rotate", "flanders", "--certificate", str(made.sender_key))).code
    assert 0 == (await vigie("consumers", "rotate", "flanders", "--certificate", str(made.desk_cert))).code
    writer = ReplicaWriter(redis, namespace)

    async def certified() -> list[bool]:
        stored = await writer.get(CONSUMERS, "flanders")
        assert stored is not None
        assert () == stored.secrets
        return [is_certified(stored, one, platform_now_ms()) for one in digests]

    assert [True, True] == await certified()
    assert 0 == (await vigie("consumers", "revoke", "flanders", "--old")).code
    assert [False, True] == await certified()
    assert "0 ways left" in (await vigie("consumers", "revoke", "flanders")).err
    assert [False, False] == await certified()


async def test_a_mark_only_rises(redis: Redis, namespace: str) -> None:
    """Whatever is acknowledged in whatever order, partition by partition."""
    marks = FeedMarks(redis, namespace)
    await marks.acknowledge("flanders", ((3, 9), (1,)), 1)
    assert ((5, 9), (1,)) == (await marks.acknowledge("flanders", ((5, 2),), 2)).nexts
    assert ((5, 9), (1,), 7) == (*(found := await marks.pulled("flanders", 7)).nexts, found.pulled_ms)
