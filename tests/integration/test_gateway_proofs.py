"""Cameras that prove themselves by Digest or by a client certificate, to a gateway on a real broker and store."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from redis.asyncio import Redis

from pipeline.access.consumers import certificate_digest
from pipeline.receiver.credentials import create_credentials
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.log import platform_key
from pipeline.runtime.sealing import Seal
from pipeline.servers.broker_identity import new_identity
from pipeline.state.adopting import new_secret
from pipeline.state.waiting_room import WaitingRoom
from schemas.senders import SenderSecret
from tests.gateways import Gateways, make_sender


@pytest_asyncio.fixture
async def gateways(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> Gateways:
    """The servers, without any sender."""
    return Gateways(kafka, redis, namespace, tmp_path)


def own(plate: str) -> bytes:
    """A message in Vigie's own words."""
    return json.dumps({"camera_id": "CAM-1", "plate": plate, "captured_at_ms": platform_now_ms()}).encode()


async def test_a_camera_that_insists_on_digest_is_let_in_and_waits_for_nobody(gateways: Gateways) -> None:
    """It asks first without a name, as Digest demands: that is no knock. The read says how it was known."""
    seal = Seal(platform_key(gateways.folder / "platform.key"), "camera digests")
    plain, secret = new_secret("CAM-1", 0, seal.seal)
    await gateways.let_in(make_sender(secrets=(secret,)))
    async with gateways.running() as camera:
        for password, status in ((plain, 200), ("wrong", 401)):
            by_digest = aiohttp.DigestAuthMiddleware("CAM-1", password)
            async with aiohttp.ClientSession(middlewares=(by_digest,)) as http:
                for plate in ("1ABC234", "1ABC235"):
                    async with http.post(f"{camera.url}/anpr?channel=1", data=own(plate)) as answer:
                        assert status == answer.status
        room = WaitingRoom(gateways.redis, gateways.namespace)
        await until(lambda: names(room))
        waiting = await room.all()
    assert {("1ABC234", "digest"), ("1ABC235", "digest")} == {
        (read.plate, read.proof) for read in await gateways.reads()
    }
    assert [("CAM-1", "wrong_password")] == [(one.name, one.why) for one in waiting]


async def test_a_camera_is_known_by_its_client_certificate(gateways: Gateways, tmp_path: Path) -> None:
    """Another one of the same authority proves nothing and waits by its digest; a wrong password beside a right certificate proves
    nothing; with a password alone nobody needs one. The next certificate counts beside the first until that is ended."""
    identity = new_identity(tmp_path, ["localhost", "127.0.0.1"])
    made = create_credentials(tmp_path / "ours")

    def pin(file: Path) -> SenderSecret:
        der = load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)
        return SenderSecret(digest=certificate_digest(der), made_at_ms=0, is_certificate=True)

    def client(*pair: Path) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=identity.cert_file)
        if pair:
            context.load_cert_chain(*pair)
        return context

    first, second = tmp_path / "first.pem", made.sender_cert
    first.write_bytes(made.sender_cert.read_bytes())
    mine = client(first, made.sender_key)
    create_credentials(tmp_path / "ours", renew=True)
    next_one = client(second, made.sender_key)
    await gateways.let_in(make_sender(secrets=(pin(first),)))
    given = {
        "gateway_cert_file": identity.cert_file, "gateway_key_file": identity.key_file, "gateway_client_ca_file": made.ca,
    }  # fmt: skip
    async with gateways.running(**given) as camera, aiohttp.ClientSession() as http:

        async def send(plate: str, tls: ssl.SSLContext, **headers: str) -> int:
            async with http.post(camera.url, data=own(plate), ssl=tls, headers=headers) as answer:
                return answer.status

        wrong = aiohttp.encode_basic_auth("CAM-1", "wrong")
        assert [200, 401, 401, 401] == [
            await send("1ABC231", mine), await send("1ABC232", client()), await send("1ABC233", next_one),
            await send("1ABC234", mine, Authorization=wrong),
        ]  # fmt: skip
        await gateways.let_in(make_sender(secrets=(pin(first), pin(second))), ago_ms=0)
        await until(lambda: answered(200, send("1ABC235", next_one)))
        assert 200 == await send("1ABC236", mine)
        await gateways.let_in(make_sender(secrets=(pin(second),)), ago_ms=0)
        await until(lambda: answered(401, send("1ABC236", mine)))
        room = WaitingRoom(gateways.redis, gateways.namespace)
        await until(lambda: waits(room, f"certificate {pin(second).digest[:16]}"))
    known = {read.plate: (read.known_by, read.proof) for read in await gateways.reads()}
    assert {"1ABC231", "1ABC235", "1ABC236"} == known.keys()
    assert {("password", "certificate")} == set(known.values())


async def test_of_whom_nobody_knows_one_redacted_sample_is_kept(gateways: Gateways) -> None:
    """Whether the message comes whole, never ends or is only announced; of a known sender with another password there is none."""
    plain = "a plate 1ABC234 of a person" * 40_000
    await gateways.let_in(make_sender())

    def by(name: str) -> dict[str, str]:
        return {"Authorization": aiohttp.encode_basic_auth(name, "wrong")}

    async def endless() -> AsyncIterator[bytes]:
        yield b'{"plate": "1ABC23'
        await asyncio.sleep(60)

    room = WaitingRoom(gateways.redis, gateways.namespace)
    async with gateways.running() as camera, aiohttp.ClientSession() as http:
        for name, data in (
            ("NEW-1", own("1ABC234")),
            ("CAM-1", own("1ABC234")),
            ("NEW-2", plain),
            ("NEW-3", endless()),
        ):
            async with http.post(camera.url, data=data, headers=by(name)) as answer:
                assert 401 == answer.status
            await until(partial(waits, room, name))  # of one address two samples a second are taken
        with pytest.raises(aiohttp.ClientResponseError):
            await http.post(camera.url, data=own("1ABC234"), headers=by("NEW-4"), expect100=True, raise_for_status=True)
        await until(lambda: waits(room, "NEW-4"))
        samples = {one.name: one.sample for one in await room.all()}
    assert samples.keys() == {"CAM-1", "NEW-1", "NEW-2", "NEW-3", "NEW-4"}
    assert samples["CAM-1"] is None
    assert samples["NEW-4"] is None
    found = {name: (one.maker, one.text[:60]) for name, one in samples.items() if one is not None}
    assert {"NEW-1", "NEW-2", "NEW-3"} == found.keys()
    assert ("vigie", '{"camera_id": "xxx-0", "plate": "0xxx000", "captured_at_ms":') == found["NEW-1"]
    assert (None, '{"plate": "0xxx00') == found["NEW-3"]
    assert (None, "x xxxxx 0xxx000 xx x xxxxxx") == (found["NEW-2"][0], found["NEW-2"][1][:27])


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Ask until this holds."""
    for _ in range(300):
        if await holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it never held")


async def answered(status: int, sent: Awaitable[int]) -> bool:
    """Whether this is the answer."""
    return status == await sent


async def waits(room: WaitingRoom, name: str) -> bool:
    """Whether somebody of this name waits."""
    return name in await names(room)


async def names(room: WaitingRoom) -> set[str]:
    """Who waits."""
    return {one.name for one in await room.all()}
