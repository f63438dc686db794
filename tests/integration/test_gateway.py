"""A gateway on a real broker and store, over real sockets."""

import asyncio
import base64
import contextlib
import gzip
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from pipeline.evidence.store import EvidenceStore
from pipeline.gateway.mappings import EVERY_S
from pipeline.gateway.request import MAX_BODY
from pipeline.gateway.senders import claim_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.ports import free_ports
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import SENDERS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.waiting_room import MOST, WaitingRoom
from schemas.senders import SenderCamera
from tests.builders import make_camera
from tests.gateways import SECRET, Camera, Gateways, Reply, make_sender
from tests.integration.vigie_commands import Vigie
from tests.unit.gateway.payloads import PLATE, SCENE

EXAMPLES = int(os.environ.get("VIGIE_TEST_EXAMPLES", "80"))


@pytest_asyncio.fixture
async def gateways(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> Gateways:
    """The servers, and one sender with one camera."""
    made = Gateways(kafka, redis, namespace, tmp_path)
    await made.let_in(make_sender())
    return made


def own(plate: str = "1ABC234", camera: str = "CAM-1", at_ms: int | None = None, **more: object) -> bytes:
    """A message in Vigie's own words."""
    at_ms = platform_now_ms() if at_ms is None else at_ms
    return json.dumps({"camera_id": camera, "plate": plate, "captured_at_ms": at_ms, **more}).encode()


def form(reads: bytes, **pictures: bytes) -> tuple[bytes, dict[str, str]]:
    """The same as a form with pictures by their kind."""
    parts = [("reads", b"application/json", reads)] + [(name, b"image/jpeg", data) for name, data in pictures.items()]
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\nContent-Type: %s\r\n\r\n%s\r\n'
        % (name.encode(), kind, data)
        for name, kind, data in parts
    )
    return body + b"--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}


async def test_a_yes_means_that_read_and_pictures_are_kept(gateways: Gateways) -> None:
    """The topic has the read, and the evidence store what it names."""
    body, headers = form(own(), plate=PLATE, overview=SCENE)
    async with gateways.running() as camera:
        answer = await camera.send(body, headers=headers)
        (read,) = await gateways.reads()  # as soon as the answer is there
    assert (200, {"kept": True}) == (answer.status, json.loads(answer.body))
    assert ("CAM-1", "1ABC234", "password", ()) == (read.camera_id, read.plate, read.known_by, read.purposes)
    store = EvidenceStore.open(gateways.folder / "evidence")
    assert [PLATE, SCENE] == [await store.get(path) for path in (read.crop, read.overview) if path]


async def test_a_camera_without_a_password_is_known_by_its_address_and_fines_nobody(gateways: Gateways) -> None:
    """Its reads may serve hits, but no section control; where the sender may not come so, it is not let in."""
    target = f"/in/CAM-2/{SECRET}/anpr"
    async with gateways.running() as camera:
        await gateways.let_in(make_sender("CAM-2"))
        assert 401 == (await camera.send(own(camera="CAM-2"), target, user=None)).status
        await gateways.let_in(make_sender("CAM-2", by_address=True))
        await followed(camera, own(camera="CAM-2"), target)
        (read,) = await gateways.reads()
    assert "address" == read.known_by
    assert "section_control" not in read.purposes
    assert "hotlist" in read.purposes


async def until(status: int, send: Callable[[], Awaitable[Reply]]) -> None:
    """Send until this is the answer."""
    for _ in range(300):
        if status == (await send()).status:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"never answered {status}")


async def followed(camera: Camera, body: bytes, target: str) -> None:
    """Send until the sender is known: gateways follow the reference data within a second."""
    await until(200, lambda: camera.send(body, target, user=None))


@pytest.mark.parametrize(
    ("user", "secret"),
    [(None, ""), ("CAM-1", "wrong"), ("CAM-9", SECRET), ("CAM-1", ""), ("", SECRET)],
)
async def test_whom_nobody_let_in_is_told_nothing_and_nothing_is_kept(
    gateways: Gateways, user: str | None, secret: str
) -> None:
    """Without a password, with a wrong one, or as somebody unknown: the same answer."""
    async with gateways.running() as camera:
        answer = await camera.send(own(), user=user, secret=secret)
    assert (401, b"") == (answer.status, answer.body)
    assert answer.headers["WWW-Authenticate"].startswith("Digest ")
    assert ([], []) == (await gateways.reads(), await gateways.letters())


async def test_who_is_not_let_in_waits_to_be_seen_without_its_secrets(gateways: Gateways) -> None:
    """Each by the name that it gives, with why and how often; a name of anything printable, and no more than fit."""
    room = WaitingRoom(gateways.redis, gateways.namespace)
    async with gateways.running() as camera:
        for user, secret in (("CAM-1", "wrong-one"), ("CAM-1", "wrong-two"), ("CAM-7\x1b[2J", "wrong"), (None, "")):
            await camera.send(own(), user=user, secret=secret)
        for _ in range(100):
            found = await room.all()
            if len(found) == 3:
                break
            await asyncio.sleep(0.1)
    seen = {one.name: (one.why, one.count) for one in found}
    expected = {
        "CAM-1": ("wrong_password", 2),
        "CAM-7?[2J": ("unknown_sender", 1),
        "from 127.0.0.1": ("no_password", 1),
    }
    assert expected == seen
    assert "wrong-" not in repr(found)
    assert "1ABC234" not in repr(found)
    made_up = [
        msgspec.structs.replace(
            found[0], name=f"X-{number}", peer="10.9.9.9", count=1, last_ms=found[0].last_ms + 1_000
        )
        for number in range(MOST + 5)
    ]
    await room.add(made_up)
    found = await room.all()
    assert MOST == len(found)
    assert {"CAM-1", "CAM-7?[2J", "from 127.0.0.1"} <= {
        one.name for one in found
    }  # who invents names crowds out its own


async def test_nobody_speaks_for_anothers_camera(gateways: Gateways) -> None:
    """The read becomes a dead letter that names both, and no read."""
    await gateways.let_in(make_sender("CAM-2"))
    async with gateways.running() as camera:
        await camera.send(own(camera="CAM-2"), user="CAM-1")
        await camera.send(own("2XYZ999", camera="CAM-2"), user="CAM-2")
        (letter,) = await gateways.letters()
        (read,) = await gateways.reads()
    assert ("2XYZ999", "CAM-2") == (read.plate, read.camera_id)
    assert "unknown_camera" == letter.reason
    assert {"CAM-1", "CAM-2"} <= set(letter.detail.replace("=", " ").replace(",", " ").split())


async def test_a_recorders_channels_are_told_by_what_its_messages_say(gateways: Gateways) -> None:
    """One secret, two cameras; a channel that is neither's is refused."""
    recorder = make_sender("NVR-1", cameras=tuple(
        SenderCamera(camera_id=f"CAM-{number}", identities={"camera": str(number)}) for number in (3, 4)
    ))  # fmt: skip
    await gateways.let_in(recorder)
    async with gateways.running() as camera:
        for number in (3, 4, 5):
            body = {"data_type": "alpr_group", "best_plate_number": f"1ABC23{number}", "camera_id": number,
                    "epoch_start": platform_now_ms(), "uuids": [f"u{number}"], "is_preview": False}  # fmt: skip
            await camera.send(json.dumps(body).encode(), user="NVR-1")
        assert {"CAM-3": "1ABC233", "CAM-4": "1ABC234"} == {one.camera_id: one.plate for one in await gateways.reads()}
        assert ["unknown_camera"] == [letter.reason for letter in await gateways.letters()]


async def test_a_camera_on_trial_is_listened_to_and_a_suspended_one_is_not(gateways: Gateways) -> None:
    """What it was at the capture counts: a read from before its suspension comes in."""
    before_ms = platform_now_ms() - 60_000
    await gateways.register(make_camera("CAM-1", holds_from_ms=None), arrived_ms=before_ms - 60_000)
    await gateways.register(make_camera("CAM-1", state="suspended"), arrived_ms=before_ms + 30_000)
    await gateways.register(make_camera("CAM-2", state="on_trial"), arrived_ms=before_ms)
    await gateways.let_in(make_sender("CAM-2"))
    async with gateways.running() as camera:
        await camera.send(own("1AAA111"))
        await camera.send(own("1BBB222", at_ms=before_ms))
        await camera.send(own("1CCC333", camera="CAM-2"), user="CAM-2")
    assert {"1BBB222", "1CCC333"} == {read.plate for read in await gateways.reads()}
    (letter,) = await gateways.letters()
    assert ("not_active", "CAM-1 was suspended at the capture") == (letter.reason, letter.detail)


async def test_while_kafka_is_away_a_camera_is_told_to_send_again_and_loses_nothing(gateways: Gateways) -> None:
    """What was not kept is not a repetition when it comes again, to this gateway or another; what is a repetition has one id."""
    (port,) = free_ports((), 1)
    nowhere = KafkaConnection.from_url(f"kafka://127.0.0.1:{port}")
    body = own()
    async with gateways.running(nowhere) as camera, gateways.running() as other:
        answers = [await camera.send(body) for _ in range(2)]
        assert [503, 503] == [answer.status for answer in answers]
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
        assert [] == await gateways.reads()
        assert [200, 200] == [(await other.send(body)).status for _ in range(2)]
    assert 1 == len({read.read_id for read in await gateways.reads()})


async def test_what_cannot_become_a_read_is_kept_with_its_reason_and_without_persons(gateways: Gateways) -> None:
    """Of a message with a person in it nothing is kept but the reason."""
    broken = b'{"camera_id": "CAM-1", "plate": "1ABC234", "captured_at": "06/07/2026 10:00:00"}'
    async with gateways.running() as camera:
        await camera.send(broken)
        await camera.send(broken.replace(b"{", b'{"OwnerName": "somebody", ', 1))
        await camera.send(broken)
    first, second = sorted(
        {one.dead_letter_id: one for one in await gateways.letters()}.values(), key=lambda one: -len(one.payload)
    )
    assert (first.reason, second.reason) == (second.reason, first.reason)
    assert (broken, b"") == (first.payload, second.payload)


@pytest.mark.parametrize("scheme", ["Bearer", "Token"])
def test_a_secret_of_other_letters_is_nobodys(scheme: str) -> None:
    """A header may hold any bytes; a known sender's name with them is answered as anybody's."""
    assert claim_of("/anpr", {"authorization": f"{scheme} CAM-1:\udcff"}) is None


async def test_a_message_with_many_faults_is_kept_once(gateways: Gateways) -> None:
    """Each read that is refused has its letter, and one of them the whole message."""
    broken = json.dumps(
        {"reads": [{"camera_id": "CAM-1", "plate": f"{n:017}", "captured_at": ""} for n in range(50)]}
    ).encode()
    async with gateways.running() as camera:
        await camera.send(broken)
    letters = await gateways.letters()
    assert 50 == len({one.dead_letter_id for one in letters})
    assert [broken] == [one.payload for one in letters if one.payload]


async def test_what_no_maker_sends_is_kept_without_persons(gateways: Gateways) -> None:
    """Also a message that nothing can read may tell of somebody."""
    async with gateways.running() as camera:
        await camera.send(b'{"hello": 1, "OwnerName": "somebody"}')
    assert [("unknown_format", b"")] == [(one.reason, one.payload) for one in await gateways.letters()]


async def test_what_cannot_be_unpacked_is_not_kept_as_nobody_knows_what_it_holds(gateways: Gateways) -> None:
    """Compressed in a way that is not known, or not as its head says; a compressed body that can be read is a read."""
    hidden = b'{"hello": 1, "OwnerName": "somebody"}'
    async with gateways.running() as camera:
        for packing, body in (("br", hidden), ("gzip", hidden), ("gzip", gzip.compress(bytes(MAX_BODY + 1)))):
            assert 400 == (await camera.send(body, headers={"Content-Encoding": packing})).status
        assert 400 == (await camera.send(gzip.compress(hidden))).status  # says nothing of it
        assert 200 == (await camera.send(gzip.compress(own()), headers={"Content-Encoding": "gzip"})).status
    letters = await gateways.letters()
    assert {"unreadable": 2, "too_large": 1, "unknown_format": 1} == Counter(one.reason for one in letters)
    assert {b""} == {one.payload for one in letters}
    assert 1 == len(await gateways.reads())


async def test_what_was_refused_is_no_repetition_once_it_is_right(gateways: Gateways) -> None:
    """The same passage, when its camera is known at last, is a read."""
    recorder = make_sender("NVR-1", cameras=(SenderCamera(camera_id="CAM-3", identities={"serial": "S1"}),))
    await gateways.let_in(recorder)
    moment = str(platform_now_ms())

    def said(serial: str) -> bytes:
        return json.dumps({"carState": "new", "plateUTF8": "1ABC234", "capture_timestamp": moment, "carID": "7",
                           "camera_info": {"SerialNumber": serial}}).encode()  # fmt: skip

    async with gateways.running() as camera:
        assert 200 == (await camera.send(said("S2"), user="NVR-1")).status
        assert ["unknown_camera"] == [one.reason for one in await gateways.letters()]
        await gateways.let_in(
            make_sender("NVR-1", cameras=(SenderCamera(camera_id="CAM-3", identities={"serial": "S2"}),))
        )
        for _ in range(100):
            await camera.send(said("S2"), user="NVR-1")
            if found := await gateways.reads():
                break
            await asyncio.sleep(0.1)
    assert ("CAM-3", "1ABC234") == (found[0].camera_id, found[0].plate)


async def test_a_simulated_network_sends_through_a_gateway_and_loses_nothing_that_decides(
    gateways: Gateways, pair: EmbeddedPair, vigie: Vigie
) -> None:
    """Each read once, in its camera's order, with its clock and its other texts; nobody is left who may send."""
    async with gateways.running() as camera:
        told = await vigie("simulate", "--duration", "8", "--rate", "15", "--through", camera.url, "--json")
    assert 0 == told.code, told.err
    reads = {read.read_id: read for read in await gateways.reads()}
    assert json.loads(told.out)["reads"] >= len(reads) > 60
    assert all(read.clock is not None and read.clock.synced and read.known_by == "password" for read in reads.values())
    assert any(read.alternatives for read in reads.values())
    senders = await ReplicaWriter(gateways.redis, gateways.namespace).list(SENDERS)
    assert ["CAM-1"] == [one.sender_id for one in senders]


async def test_one_address_cannot_take_all_connections(gateways: Gateways) -> None:
    """Of those who have not proven who they are the oldest gives way."""
    async with gateways.running(gateway_connections_per_address=2) as camera:
        host, _, port = camera.url.removeprefix("http://").rpartition(":")
        opened = [await asyncio.open_connection(host, int(port)) for _ in range(2)]
        assert 200 == (await camera.send(own())).status
        with contextlib.suppress(ConnectionError):
            assert b"" == await opened[0][0].read()
        for _, writer in opened:
            writer.close()


async def test_secrets_are_rotated_without_a_gap(gateways: Gateways) -> None:
    """Two at a time; one that was revoked ends within a second."""
    async with gateways.running() as camera:
        await gateways.let_in(make_sender("CAM-1", SECRET, "thesecondofthetwo234"))
        await until(200, lambda: camera.send(own(), secret="thesecondofthetwo234"))
        assert 200 == (await camera.send(own())).status
        await gateways.let_in(make_sender("CAM-1", "thesecondofthetwo234"))
        await until(401, lambda: camera.send(own()))


async def test_bodies_without_end_are_refused(gateways: Gateways) -> None:
    """Said to be too large, or growing too large in chunks; then others are still served."""

    async def endless() -> object:
        for _ in range(MAX_BODY // 2**20 + 2):
            yield bytes(2**20)

    async with gateways.running() as camera:
        assert 413 == (await camera.send(bytes(MAX_BODY + 1))).status
        assert 413 == (await camera.send(endless())).status  # type: ignore[arg-type]  # aiohttp sends it in chunks
        assert 200 == (await camera.send(own())).status


async def test_no_message_breaks_it(gateways: Gateways) -> None:
    """Any bytes, named as any maker's, whole or cut: an answer, never a 500, and the next camera is served."""
    starts = [
        own(),
        form(own(), plate=PLATE)[0],
        b'{"data_type": "alpr_group"',
        b"<EventNotificationAlert>",
        b'{"Picture": {"Plate":',
    ]
    bodies = st.builds(
        lambda start, cut, more: start[:cut] + more,
        st.sampled_from(starts),
        st.integers(0, 200),
        st.binary(max_size=80),
    )
    kinds = st.sampled_from(["application/json", "multipart/form-data; boundary=x", "text/xml", "multipart/x", ""])
    packings = st.sampled_from(["identity", "gzip", "deflate", "br"])
    loop = asyncio.get_running_loop()

    async with gateways.running() as camera:

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(bodies, kinds, packings, st.sampled_from(["/", "/NotificationInfo/TollgateInfo", "/x?y=%ff", "//"]))
        def fuzz(body: bytes, kind: str, packing: str, target: str) -> None:
            headers = {"Content-Type": kind, "Content-Encoding": packing}
            sent = camera.send(body, target, headers=headers)
            answer = asyncio.run_coroutine_threadsafe(sent, loop).result(60)
            assert answer.status in (200, 201, 204, 400, 413), (answer, body)

        await asyncio.to_thread(fuzz)
        assert 200 == (await camera.send(own())).status


async def test_a_correction_finds_its_read_though_it_comes_to_another_gateway(gateways: Gateways) -> None:
    """NEW to one, UPDATE and LOST to the other: a read, its correction, and nothing more."""

    def packet(state: str, plate: str, at_ms: int) -> bytes:
        said = {"carState": state, "carID": "7", "plateUTF8": plate, "capture_timestamp": at_ms}
        return json.dumps(said).encode()

    at_ms = platform_now_ms()
    async with gateways.running() as first, gateways.running() as second:
        assert 200 == (await first.send(packet("new", "1A8C234", at_ms))).status
        assert 200 == (await second.send(packet("update", "1ABC234", at_ms + 300))).status
        assert 200 == (await first.send(packet("lost", "1ABC234", at_ms))).status
    assert ["1A8C234", "1ABC234"] == [read.plate for read in await gateways.reads()]


async def test_a_read_without_a_time_is_the_same_to_whichever_gateway_it_comes(gateways: Gateways) -> None:
    """Both at the same time: one keeps it, the other has it sent again, and then it is the same."""
    body = json.dumps({"carState": "new", "carID": "7", "plateUTF8": "1ABC234", "capture_timestamp": 946_684_800_000})
    async with gateways.running() as first, gateways.running() as second:
        for camera in (first, second):
            while 503 == (await camera.send(body.encode())).status:  # noqa: ASYNC110 - as a camera does
                await asyncio.sleep(0.05)
    reads = await gateways.reads()
    assert 1 == len({read.read_id for read in reads}), reads


async def test_what_was_captured_before_its_sender_was_let_in_is_refused(gateways: Gateways) -> None:
    """Though its camera was registered; also where another speaks for it since. What came while it spoke counts."""
    now_ms = platform_now_ms()
    await gateways.register(make_camera("CAM-1"), arrived_ms=now_ms - 86_400_000)
    await gateways.let_in(make_sender("RECORDER", cameras=(SenderCamera(camera_id="CAM-1"),)), ago_ms=60_000)
    async with gateways.running() as camera:
        for at_ms in (now_ms - 61_000, now_ms - 30_000):
            await camera.send(own(at_ms=at_ms), user="RECORDER")
        await camera.send(own(at_ms=now_ms - 61_000))
    assert [now_ms - 61_000, now_ms - 30_000] == sorted(read.captured_at_ms for read in await gateways.reads())
    (letter,) = await gateways.letters()
    assert ("not_active", True) == (letter.reason, "RECORDER did not speak for CAM-1 yet" in letter.detail)


async def test_who_waits_to_be_told_to_go_on_is_told_so_once_he_is_known(gateways: Gateways) -> None:
    """As curl does before a large body; a stranger is refused before he sends any."""
    body = own()
    async with gateways.running() as camera:
        address = urlsplit(camera.url)
        for who, first in (("CAM-1", b"HTTP/1.1 100"), ("CAM-9", b"HTTP/1.1 401")):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            password = base64.b64encode(f"{who}:{SECRET}".encode()).decode()
            head = (
                f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {password}\r\nContent-Length: {len(body)}\r\n"
                "Expect: 100-continue\r\n\r\n"
            )
            writer.write(head.encode())
            told = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            assert told.startswith(first), told
            if who == "CAM-1":
                writer.write(body)
                assert b" 200 OK" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            writer.close()
    assert 1 == len(await gateways.reads())


async def test_whoever_stands_at_the_mast_sees_each_message_and_why_nothing_comes(
    gateways: Gateways, vigie: Vigie
) -> None:
    """First it knocks with a wrong password, then it is let in: the verdict, the clock, the picture."""
    body, headers = form(own(at_ms=platform_now_ms() - 60_000), overview=SCENE)
    picture = gateways.folder / "now.jpg"
    async with gateways.running() as camera:
        assert 401 == (await camera.send(body, headers=headers, secret="wrong")).status
        room = WaitingRoom(gateways.redis, gateways.namespace)
        for _ in range(100):
            if await room.all():
                break
            await asyncio.sleep(0.1)
        watching = asyncio.create_task(vigie("cameras", "watch", "CAM-1", "-n", "2", "--picture", str(picture)))
        while not watching.done():
            await camera.send(body, headers=headers)
            await asyncio.sleep(0.7)
        told = await watching
    assert 0 == told.code, told.err
    assert "is not let in (wrong password)" in told.err
    assert "vigie cameras credentials rotate CAM-1" in told.err
    assert "read 1ABC234" in told.out
    assert "is its clock behind" in told.out
    assert SCENE == picture.read_bytes()


async def test_a_mapping_makes_a_maker_known_without_a_restart(gateways: Gateways) -> None:
    """From the moment that its file is there; a later version that cannot be used leaves it as it was."""
    at = datetime.now(UTC).strftime("%d.%m.%Y %H:%M:%S.%f")
    said = json.dumps({"unit": {"sn": "AC-17"}, "data": {"when": at, "lp": "1-ABC-234"}}).encode()
    mapping = (
        'name = "acme"\nformat = "json"\nrecognise = [\'"unit"\', \'"lp"\']\nplate = "data.lp"\n'
        'camera = { serial = "unit.sn" }\n[time]\npath = "data.when"\nformat = "%d.%m.%Y %H:%M:%S.%f"\nzone = "UTC"\n'
    )
    file = gateways.folder / "mappings" / "acme.toml"
    file.parent.mkdir()
    async with gateways.running() as camera:
        assert 400 == (await camera.send(said)).status
        file.write_text(mapping)
        await until(200, lambda: camera.send(said))
        file.write_text("name = 1")
        await asyncio.sleep(2 * EVERY_S)
        assert 200 == (await camera.send(said)).status
        assert 200 == (await camera.send(own("1ABC777"))).status
    assert [("1ABC234", "acme"), ("1ABC777", "vigie")] == sorted(
        {(one.plate, one.reader) for one in await gateways.reads()}
    )
