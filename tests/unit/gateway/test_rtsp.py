"""What gateways fetch over RTSP, from a camera that speaks it: video as pictures, metadata as messages."""

import asyncio
import gzip
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.gateway.pulling import rtsp
from pipeline.gateway.pulling.digest import proof_of
from pipeline.gateway.pulling.fetching import Asked, CannotReach
from pipeline.gateway.pulling.rtp import Documents, Packet, Video, packet_of
from schemas.senders import SenderCamera, SenderPull
from tests.rtsp import MOST_IN_A_PACKET, PASSWORD, USER, RtspCamera, packets_of, pieces_of

FRAME = """<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"><tt:VideoAnalytics>
<tt:Frame UtcTime="2026-05-04T10:00:00.{ms:03}Z"><tt:Object ObjectId="{key}"><tt:Appearance><tt:LicensePlateInfo>
<tt:PlateNumber Likelihood="{sure}">{plate}</tt:PlateNumber></tt:LicensePlateInfo></tt:Appearance></tt:Object></tt:Frame>
</tt:VideoAnalytics></tt:MetadataStream>"""


class Heard:
    """A sink that notes what came."""

    def __init__(self) -> None:
        self.pictures: list[bytes] = []
        self.messages: list[bytes] = []
        self.something = asyncio.Event()

    def answered(self) -> None:
        """See Sink."""

    async def put(self, body: bytes, topic: str | None = None) -> None:
        """See Sink."""
        assert topic is None
        self.messages.append(body)
        self.something.set()

    def show(self, picture: bytes) -> None:
        """See Sink."""
        self.pictures.append(picture)
        self.something.set()


def asked(camera: RtspCamera, kind: str, password: str | None = PASSWORD) -> Asked:
    """Whom to ask."""
    pull = SenderPull(kind=kind, address=camera.url, user=USER if password else None, pictures_per_s=25)
    return Asked(sender_id="CAM-1", cameras=(SenderCamera(camera_id="CAM-1"),), pull=pull, password=password)


async def heard_of(camera: RtspCamera, kind: str, count: int) -> Heard:
    """What came, once so much has."""
    heard = Heard()
    fetching = asyncio.create_task(rtsp.fetch(asked(camera, kind), heard))
    async with asyncio.timeout(60):
        while len(heard.pictures) + len(heard.messages) < count:
            heard.something.clear()
            some = asyncio.create_task(heard.something.wait())
            await asyncio.wait({fetching, some}, return_when=asyncio.FIRST_COMPLETED)
            assert not fetching.done() or fetching.result() is None
    fetching.cancel()
    await asyncio.wait({fetching})
    return heard


def video(codec: str) -> bytes:
    """Forty pictures that become lighter, as a stream of units."""
    coder = av.CodecContext.create(codec, "w")
    coder.width, coder.height, coder.pix_fmt, coder.time_base = 320, 240, "yuv420p", Fraction(1, 25)
    coder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "8", "x265-params": "log-level=none"}
    noise = np.random.default_rng(1).integers(0, 40, (240, 320, 3), np.uint8)
    found = b""
    for number in range(40):
        picture = av.VideoFrame.from_ndarray(noise + np.uint8(5 * number), format="bgr24")
        picture.pts = number
        found += b"".join(bytes(packet) for packet in coder.encode(picture))
    return found + b"".join(bytes(packet) for packet in coder.encode(None))


def units_of(stream: bytes) -> list[bytes]:
    """The units of a stream."""
    return [
        unit.rstrip(b"\x00") for unit in stream.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")[1:]
    ]


def cut_264(unit: bytes) -> list[tuple[bytes, bool]]:
    """A unit of H.264 in payloads: whole, or in pieces (FU-A)."""
    if len(unit) <= MOST_IN_A_PACKET:
        return [(unit, True)]
    marks = (unit[0] & 0xE0 | 28, unit[0] & 0x1F)
    pieces = pieces_of(unit[1:])
    return [
        (bytes([marks[0], marks[1] | (0x80 if at == 0 else 0) | (0x40 if last else 0)]) + piece, last)
        for at, (piece, last) in enumerate(pieces)
    ]


def cut_265(unit: bytes) -> list[tuple[bytes, bool]]:
    """The same of H.265."""
    if len(unit) <= MOST_IN_A_PACKET:
        return [(unit, True)]
    head, kind = bytes([unit[0] & 0x81 | 49 << 1, unit[1]]), unit[0] >> 1 & 0x3F
    return [
        (head + bytes([kind | (0x80 if at == 0 else 0) | (0x40 if last else 0)]) + piece, last)
        for at, (piece, last) in enumerate(pieces_of(unit[2:]))
    ]


@pytest.mark.parametrize(("encoding", "codec", "cut"), [("H264", "libx264", cut_264), ("H265", "libx265", cut_265)])
async def test_video_becomes_pictures(encoding: str, codec: str, cut: object) -> None:
    """Decoded elsewhere, each a JPEG; Digest, whose count goes up; the session is ended."""
    payloads = [piece for unit in units_of(video(codec)) for piece in cut(unit)]  # type: ignore[operator]  # one of the two above
    async with RtspCamera(encoding, packets_of(payloads)).running() as camera:
        heard = await heard_of(camera, "rtsp", 4)
    pictures = [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR) for one in heard.pictures]
    assert {(240, 320, 3)} == {one.shape for one in pictures}
    assert 4 == len({round(float(one.mean())) for one in pictures[:4]})
    assert ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"] == camera.asked[:4]
    assert 0 == camera.wrong


async def test_metadata_becomes_messages_of_what_is_new() -> None:
    """A frame comes many times a second; a surer plate of the same vehicle is news."""
    frames = [
        ("A", "1ABC111", 0.5),
        ("A", "1ABC111", 0.6),
        ("A", "1ABC117", 0.4),
        ("A", "1ABC777", 0.9),
        ("B", "1XYZ999", 0.8),
    ]
    documents = [
        FRAME.format(ms=at, key=key, plate=plate, sure=sure).encode() for at, (key, plate, sure) in enumerate(frames)
    ] + [b"<tt:MetadataStream xmlns:tt='x'>" + b" " * 3_000 + b"</tt:MetadataStream>"]
    packets = packets_of(piece for one in documents for piece in pieces_of(one))
    async with RtspCamera("vnd.onvif.metadata", packets).running() as camera:
        heard = await heard_of(camera, "onvif", 3)
    assert [documents[0], documents[3], documents[4]] == heard.messages[:3]


async def test_packed_metadata_is_unpacked() -> None:
    """As ONVIF allows."""
    document = FRAME.format(ms=1, key="A", plate="1ABC111", sure=0.5).encode()
    packets = packets_of(pieces_of(gzip.compress(document)))
    async with RtspCamera("vnd.onvif.metadata.gzip", packets).running() as camera:
        assert [document] == (await heard_of(camera, "onvif", 1)).messages


@pytest.mark.parametrize(
    ("kind", "password", "encoding", "why"),
    [
        ("rtsp", "wrong", "H264", "refuses user and password"),
        ("rtsp", None, "H264", "refuses user and password"),
        ("rtsp", PASSWORD, "JPEG", "no video"),
        ("onvif", PASSWORD, "H264", "no metadata"),
    ],
)
async def test_a_camera_that_cannot_be_fetched_from_is_told_of(
    kind: str, password: str | None, encoding: str, why: str
) -> None:
    """With a cure, and without asking often: cameras lock out who is wrong."""
    async with RtspCamera(encoding, []).running() as camera:
        with pytest.raises(CannotReach, match=why) as told:
            await rtsp.fetch(asked(camera, kind, password), Heard())
    assert told.value.cure
    assert (told.value.wait_s or 0) >= 60
    assert 1 >= camera.wrong


def test_the_proof_is_the_one_of_the_standard() -> None:
    """The example of RFC 2617 as a server of RFC 2069 asks it; the stronger of two is taken; Basic only where nothing else is
    offered."""
    md5, sha = ('Digest realm="r", nonce="n", algorithm=' + one for one in ("MD5", "SHA-256"))
    assert "algorithm=SHA-256" in str(proof_of([md5, sha], "u", "p", "DESCRIBE", "rtsp://c/1", 1))
    assert "Basic" not in str(proof_of(["Basic realm=x", md5], "u", "p", "DESCRIBE", "rtsp://c/1", 1))
    assert "Basic dTpw" == proof_of(["Basic realm=x"], "u", "p", "DESCRIBE", "rtsp://c/1", 1)
    assert proof_of(["Digest algorithm=unknown"], "u", "p", "DESCRIBE", "rtsp://c/1", 1) is None
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"'
    said = str(proof_of([challenge], "Mufasa", "Circle Of Life", "GET", "/dir/index.html", 1))
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in said
    assert 'opaque="5ccc"' in said


def test_a_unit_without_its_beginning_is_left_out() -> None:
    """And the next one counts."""
    pieces = cut_264(b"\x65" + b"a" * 3_000)
    stream = Video("H264", {"sprop-parameter-sets": "Zw==,aA=="})
    found = [stream.feed(Packet(number, False, piece)) for number, (piece, _) in enumerate(pieces) if number != 1]
    assert b"" == b"".join(found)
    assert b"\0\0\0\1\x67\0\0\0\1\x68\0\0\0\1\x65x" == stream.feed(Packet(9, True, b"\x65x"))
    assert b"\0\0\0\1ab\0\0\0\1c" == stream.feed(Packet(10, True, b"\x78\0\2ab\0\1c"))


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_any_bytes_are_no_packet_or_one(datagrams: list[bytes]) -> None:
    """A camera's bytes may be anything."""
    streams, documents = (Video("H264", {}), Video("H265", {"sprop-vps": "%"})), Documents()
    for one in datagrams:
        packet = packet_of(one)
        if packet is not None:
            assert packet.payload
            for stream in streams:
                stream.feed(packet)
            documents.feed(packet)
