"""`vigie cameras credentials`, `waiting` and `adopt`, as an operator runs them, on a real Valkey."""

import json
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from redis.asyncio import Redis

from pipeline.access.consumers import certificate_digest
from pipeline.access.sender_secrets import digest_proofs_of, digest_use
from pipeline.gateway.pulling.pullers import password_use
from pipeline.gateway.senders import camera_of, claim_of, is_proven
from pipeline.receiver.credentials import create_credentials
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import platform_key
from pipeline.runtime.private import write_private
from pipeline.runtime.sealing import Seal
from pipeline.state.collections import CAMERAS, SENDERS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.waiting_room import Knock, Sample, WaitingRoom, Why
from schemas.senders import MOST_SECRETS, Sender, SenderCamera, SenderPort, SenderPull
from tests.integration.vigie_commands import Vigie

CAMERA = ("camera_id=E40-12", "name=Bierges", "network=federal", "lat=50.7", "lon=4.6")


async def stored(redis: Redis, namespace: str, sender_id: str) -> Sender | None:
    """The sender as it is now."""
    return await ReplicaWriter(redis, namespace).get(SENDERS, sender_id)


def knock(name: str, why: Why = "unknown_sender") -> Knock:
    """A sender that waits since now."""
    now_ms = platform_now_ms()
    return Knock(name=name, peer="10.0.0.5", why=why, program="-", first_ms=now_ms, last_ms=now_ms, count=1)


async def test_a_camera_is_let_in_once_and_its_secret_is_shown_once(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """Only a registered camera; what is printed proves it, and neither the list nor the store holds it."""
    assert 1 == (await vigie("cameras", "credentials", "add", "E40-12")).code
    assert 0 == (await vigie("cameras", "add", *CAMERA)).code
    given = await vigie("cameras", "credentials", "add", "E40-12", "--by-address", "--zone", "UTC", "--json")
    assert 0 == given.code, given.err
    shown = json.loads(given.out)
    sender = await stored(redis, namespace, "E40-12")
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
    sender = await stored(redis, namespace, "E40-12")
    assert [False, False] == [claim is not None and is_proven(claim, sender) for claim in claims]


async def test_who_needs_no_secret_is_given_none(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """It would be let in over HTTP with it, too: who sends to a port or folder of its own, and who is fetched from."""
    cameras = (SenderCamera(camera_id="E40-12"),)
    ways = {
        "port": Sender(sender_id="port", cameras=cameras, port=SenderPort(number=4_001, maker="tattile")),
        "folder": Sender(sender_id="folder", cameras=cameras, folder=True),
        "is fetched": Sender(
            sender_id="pull", cameras=cameras, pull=SenderPull(kind="hikvision", address="http://10.0.0.1")
        ),
    }
    for way, sender in ways.items():
        await ReplicaWriter(redis, namespace).put(SENDERS, [sender])
        refused = await vigie("cameras", "credentials", "rotate", sender.sender_id)
        assert (1, "", True) == (refused.code, refused.out, way in refused.err), refused.err
        assert sender == await stored(redis, namespace, sender.sender_id)


async def test_a_camera_is_let_in_by_its_certificate_and_by_digest(
    vigie: Vigie, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """No password is made for a certificate, which is one sender's alone; a password that is made serves for Digest, too."""
    made = create_credentials(tmp_path / "pki")
    for camera in ("E40-12", "E40-13"):
        await vigie("cameras", "add", f"camera_id={camera}", *CAMERA[1:])
    add = ("cameras", "credentials", "add")
    assert 2 == (await vigie(*add, "E40-12", "--certificate", str(made.sender_key))).code
    given = await vigie(*add, "E40-12", "--certificate", str(made.sender_cert))
    assert (0, "") == (given.code, given.out), given.err
    assert "VIGIE_GATEWAY_CLIENT_CA_FILE" in given.err
    again = await vigie(*add, "E40-13", "--certificate", str(made.sender_cert))
    assert (1, True) == (again.code, "E40-12's already" in again.err)
    assert 0 == (await vigie("cameras", "credentials", "rotate", "E40-12", "--certificate", str(made.desk_cert))).code
    sender = await stored(redis, namespace, "E40-12")
    assert sender is not None
    der = [load_pem_x509_certificate(file.read_bytes()) for file in (made.sender_cert, made.desk_cert)]
    assert [certificate_digest(one.public_bytes(Encoding.DER)) for one in der] == [one.digest for one in sender.secrets]
    assert all(one.is_certificate and one.until_ms for one in sender.secrets)
    shown = json.loads((await vigie(*add, "E40-13", "--json")).out)
    sender = await stored(redis, namespace, "E40-13")
    assert sender is not None
    assert sender.secrets[0].sealed is not None
    seal = Seal(platform_key(tmp_path / "data" / "platform.key"), "camera digests")
    assert digest_proofs_of("E40-13", shown["password"]) == seal.open(digest_use("E40-13"), sender.secrets[0].sealed)
    assert sender.secrets[0].sealed not in (await vigie("cameras", "credentials", "list", "--json")).out


async def test_a_second_camera_of_a_sender_breaks_not_the_first(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """Without what tells them apart it is refused, with what to type; then each is told by its own, and can be taken away again."""
    for camera in ("E40-12", "E40-13"):
        await vigie("cameras", "add", f"camera_id={camera}", *CAMERA[1:])
    await vigie("cameras", "credentials", "add", "E40-12", "--sender", "NVR-7")
    second = ("cameras", "credentials", "add", "E40-13", "--sender", "NVR-7")
    refused = await vigie(*second, "--identity", "channel=2")
    assert 1 == refused.code
    assert "vigie cameras credentials set NVR-7 --camera CAMERA" in refused.err
    changed = await vigie(
        "cameras", "credentials", "set", "NVR-7", "--camera", "E40-12", "--identity", "channel=1", "--zone", "UTC",
        "--by-address",
    )  # fmt: skip
    assert 0 == changed.code, changed.err
    assert 1 == (await vigie(*second, "--identity", "channel=1")).code
    dropped = await vigie(*second, "--identity", "channel=2", "--zone", "Europe/Paris")
    assert 1 == dropped.code
    assert "vigie cameras credentials set NVR-7" in dropped.err
    assert 0 == (await vigie(*second, "--identity", "channel=2")).code
    sender = await stored(redis, namespace, "NVR-7")
    assert sender is not None
    assert ("UTC", True) == (sender.zone, sender.by_address)
    assert ["E40-12", "E40-13"] == [camera_of(sender, {"channel": number}, "rekor") for number in "12"]
    assert 0 == (await vigie("cameras", "credentials", "unbind", "E40-12")).code
    assert 0 == (await vigie("cameras", "credentials", "unbind", "E40-13")).code
    assert await stored(redis, namespace, "NVR-7") is None


async def test_a_camera_that_can_prove_nothing_gets_a_port_of_its_own(
    vigie: Vigie, redis: Redis, namespace: str
) -> None:
    """No password is made; a port is one sender's, and a bad one is refused."""
    for camera in ("E40-12", "E40-13"):
        await vigie("cameras", "add", f"camera_id={camera}", *CAMERA[1:])
    add = ("cameras", "credentials", "add")
    assert 2 == (await vigie(*add, "E40-12", "--listen", "tattile")).code
    assert 1 == (await vigie(*add, "E40-12", "--listen", "axxon:32015")).code
    given = await vigie(*add, "E40-12", "--listen", "tattile:32015", "--from", "10.20.0.15")
    assert (0, "") == (given.code, given.out), given.err
    assert "port 32015" in given.err
    sender = await stored(redis, namespace, "E40-12")
    assert sender is not None
    assert (SenderPort(number=32015, maker="tattile", peers=("10.20.0.15",)), ()) == (sender.port, sender.secrets)
    taken = await vigie(*add, "E40-13", "--listen", "axis:32015")
    assert 1 == taken.code
    assert "E40-12 sends on port 32015 already" in taken.err


async def test_gateways_are_told_where_to_fetch_and_no_password_is_kept_in_clear(
    vigie: Vigie, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """An address of another kind, or with a password in it, is refused; what is given again replaces address and password alone."""
    for camera in ("E40-12", "E40-13"):
        await vigie("cameras", "add", f"camera_id={camera}", *CAMERA[1:])
    write_private(tmp_path / "password", "what the camera wants\n")
    fetch = ("cameras", "fetch", "E40-12", "hikvision")
    login = ("--user", "vigie", "--password-file", str(tmp_path / "password"))
    assert 2 == (await vigie(*fetch, "tcp://10.20.0.12")).code
    assert 2 == (await vigie(*fetch, "http://vigie:secret@10.20.0.12")).code
    assert 2 == (await vigie("cameras", "fetch", "E40-12", "nobody", "http://10.20.0.12")).code
    given = await vigie(*fetch, "http://10.20.0.12", *login, "--zone", "UTC")
    assert (0, "") == (given.code, given.out), given.err
    sender = await stored(redis, namespace, "E40-12")
    assert sender is not None
    assert sender.pull is not None
    assert ("http://10.20.0.12", "vigie", "UTC", ()) == (
        sender.pull.address, sender.pull.user, sender.zone, sender.secrets,
    )  # fmt: skip
    assert sender.pull.password
    assert "what the camera wants" not in repr(sender)
    seal = Seal(platform_key(tmp_path / "data" / "platform.key"), "camera passwords")
    assert b"what the camera wants" == seal.open(password_use("E40-12"), sender.pull.password)
    assert seal.open(password_use("E40-13"), sender.pull.password) is None
    unreached = await vigie("cameras", "health", "--json")
    assert ["no gateway fetches from it"] == [json.loads(line).get("why") for line in unreached.out.splitlines()[:1]]
    moved = await vigie(*fetch, "http://10.20.0.13", *login)
    assert 0 == moved.code, moved.err
    sender = await stored(redis, namespace, "E40-12")
    assert sender is not None
    assert sender.pull is not None
    assert ("http://10.20.0.13", "UTC") == (sender.pull.address, sender.zone)
    folder = await vigie("cameras", "credentials", "add", "E40-13", "--folder")
    assert (0, "") == (folder.code, folder.out), folder.err
    assert "drops/E40-13" in folder.err


async def test_no_secret_that_holds_is_dropped_by_a_new_one(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """The fifth is refused, and names what ends the old ones."""
    await vigie("cameras", "add", *CAMERA)
    await vigie("cameras", "credentials", "add", "E40-12")
    codes = [(await vigie("cameras", "credentials", "rotate", "E40-12")).code for _ in range(MOST_SECRETS - 1)]
    refused = await vigie("cameras", "credentials", "rotate", "E40-12")
    assert ([0, 0, 0], 1) == (codes, refused.code)
    assert "vigie cameras credentials revoke E40-12 --old" in refused.err
    sender = await stored(redis, namespace, "E40-12")
    assert sender is not None
    assert MOST_SECRETS == len(sender.secrets)


async def test_who_waits_is_adopted_from_now_on(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """On trial and with a secret; nobody who does not wait, and nothing from before."""
    room, writer = WaitingRoom(redis, namespace), ReplicaWriter(redis, namespace)
    await room.add([knock("E40-12"), knock("from 10.0.0.6", "no_password")])
    assert "unknown sender: vigie cameras adopt WHO, and" in (await vigie("cameras", "waiting")).out
    assert 1 == (await vigie("cameras", "adopt", "E40-99", *CAMERA[1:])).code
    assert 1 == (await vigie("cameras", "adopt", "E40-12")).code
    before = await vigie("cameras", "adopt", "E40-12", *CAMERA[1:], "holds_from=2026-01-01T00:00:00Z")
    assert (1, None) == (before.code, await writer.get(CAMERAS, "E40-12"))
    began_ms = platform_now_ms()
    given = await vigie("cameras", "adopt", "E40-12", *CAMERA[1:], "--json")
    assert 0 == given.code, given.err
    claim = claim_of("/", {"authorization": f"Token {json.loads(given.out)['token']}"})
    assert claim is not None
    assert is_proven(claim, await stored(redis, namespace, "E40-12"))
    (version,) = await writer.versions(CAMERAS, "E40-12")
    assert version.item is not None
    assert ("on_trial", True) == (version.item.state, version.begins_ms >= began_ms)
    assert (
        0 == (await vigie("cameras", "adopt", "from 10.0.0.6", "--camera", "E40-14", *CAMERA[1:], "state=active")).code
    )
    waits = await vigie("cameras", "waiting")
    assert (0, "Nobody waits.\n") == (waits.code, waits.out), waits.err


async def test_a_sample_of_who_waits_is_shown(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """In the table its maker, alone its fields; where there is none, why not."""
    sample = Sample(maker="rekor", content_type="application/json", text='{"best_plate_number": "0xxx000"}')
    picture = Sample(maker=None, content_type="image/jpeg", text="")
    some = (("A-1", sample), ("A-2", picture), ("A-3", None))
    await WaitingRoom(redis, namespace).add([msgspec.structs.replace(knock(name), sample=one) for name, one in some])
    assert "rekor" in (await vigie("cameras", "waiting")).out
    shown = [await vigie("cameras", "waiting", "--sample", name) for name, _sample in some]
    assert [0, 0, 0] == [one.code for one in shown]
    assert sample.text == shown[0].out.strip()
    assert "a picture (image/jpeg)" in shown[1].out
    assert "There is no sample of A-3" in shown[2].out
    nobody = await vigie("cameras", "waiting", "--sample", "A-4")
    assert (1, True) == (nobody.code, "nobody waits as A-4" in nobody.err)


async def test_the_waiting_room_can_be_emptied(vigie: Vigie, redis: Redis, namespace: str) -> None:
    """One by one, or at once."""
    await WaitingRoom(redis, namespace).add([knock(f"X-{number}") for number in range(3)])
    one = await vigie("cameras", "waiting", "--forget", "X-1", "--json")
    assert {"X-0", "X-2"} == {json.loads(line)["name"] for line in one.out.splitlines()}
    assert "Forgot 2." in (await vigie("cameras", "waiting", "--forget-all")).err
