"""Fetches over RTSP: video of cameras that read no plates themselves (H.264, H.265), and ONVIF's metadata of those that do.

Video is decoded in a process of its own with bounds, into which only the video's bytes go: it reaches no network and no file.
"""

import asyncio
import contextlib
import re
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator

from pipeline.gateway.http_bodies import inflated
from pipeline.gateway.items import Ignored, Refuse, Rejected
from pipeline.gateway.pulling.fetching import REFUSED_S, Asked, CannotReach, Sink, items_of
from pipeline.gateway.pulling.rtp import Documents, Packet, Video, packet_of
from pipeline.gateway.pulling.rtsp_line import Reply, RtspLine
from pipeline.gateway.pulling.sdp import Media, media_of
from pipeline.gateway.request import LARGE
from pipeline.vision.live import FORMS, LENGTH, LONGEST_PICTURE, MODULE, environment_of

ALIVE_S = 20.0
"""How often the camera is told that somebody watches; most end a session after a minute without that."""
UNDECODED_S = 30.0
"""Video that comes and gives no picture for so long cannot be decoded."""
MOST_OBJECTS = 1_000
_METADATA = ("VND.ONVIF.METADATA", "VND.ONVIF.METADATA.GZIP")
_CHANNELS = re.compile(r"interleaved=(\d{1,3})")


async def fetch(asked: Asked, sink: Sink) -> None:
    """See Fetch. Kind rtsp: the first video; onvif: the first metadata."""
    line = RtspLine(asked)
    await line.open()
    try:
        media, channel = await _opened(line, asked)
        sink.answered()
        packets = _packets(line, channel, asked, sink)
        if asked.pull.kind == "onvif":
            await _read_documents(packets, asked, sink, is_packed=media.encoding.endswith("GZIP"))
        else:
            await _show(packets, media, asked, sink)
    finally:
        line.close()


async def _opened(line: RtspLine, asked: Asked) -> tuple[Media, int]:
    """Have the camera play the stream. Returns the stream, and the channel on which it comes. Raises CannotReach."""
    address = asked.pull.address
    await line.ask("OPTIONS", address)
    said = await line.ask("DESCRIBE", address, {"Accept": "application/sdp"})
    media = _chosen(said, asked)
    base = said.first("content-base") or said.first("content-location") or address
    track = media.control if "://" in media.control else f"{base.rstrip('/')}/{media.control}".rstrip("/")
    setup = await line.ask("SETUP", track, {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
    line.session = setup.first("session").partition(";")[0].strip()
    found = _CHANNELS.search(setup.first("transport"))
    await line.ask("PLAY", base, {"Range": "npt=0.000-"})
    return media, int(found[1]) if found else 0


def _chosen(said: Reply, asked: Asked) -> Media:
    wanted = _METADATA if asked.pull.kind == "onvif" else tuple(FORMS)
    for media in media_of(said.body.decode("utf-8", "replace")):
        if media.encoding in wanted:
            return media
    if asked.pull.kind == "onvif":
        cure = "add metadata with analytics to the media profile that this address plays"
        raise CannotReach(f"{asked.place} has no metadata there", cure, wait_s=REFUSED_S)
    cure = "set the stream to H.264 or H.265; motion JPEG is fetched over HTTP (kind mjpeg)"
    raise CannotReach(f"{asked.place} has no video there that is understood", cure, wait_s=REFUSED_S)


async def _packets(line: RtspLine, channel: int, asked: Asked, sink: Sink) -> AsyncIterator[Packet]:
    """The stream's packets, until the connection ends. Raises CannotReach then."""
    loop = asyncio.get_running_loop()
    tell_s = loop.time() + ALIVE_S
    while True:
        came = await line.next()
        sink.answered()
        if loop.time() >= tell_s:
            tell_s = loop.time() + ALIVE_S
            line.tell("GET_PARAMETER", asked.pull.address)
        if not isinstance(came, Reply) and came[0] == channel:
            packet = packet_of(came[1])
            if packet is not None:
                yield packet


async def _read_documents(packets: AsyncIterator[Packet], asked: Asked, sink: Sink, *, is_packed: bool) -> None:
    """Keep each document that says something new. Raises CannotReach."""
    documents, known = Documents(), dict[str, tuple[str, float]]()
    async for packet in packets:
        document = documents.feed(packet)
        if not document:
            continue
        if is_packed or len(document) >= LARGE:  # so that nobody else waits for it
            news = await asyncio.to_thread(_news_in, document, asked, known, is_packed=is_packed)
        else:
            news = _news_in(document, asked, known, is_packed=False)
        if news is not None:
            await sink.put(news)


def _news_in(document: bytes, asked: Asked, known: dict[str, tuple[str, float]], *, is_packed: bool) -> bytes | None:
    """The document, unpacked, if it says something new; None: it does not, or cannot be unpacked."""
    try:
        plain = inflated(document)[0] if is_packed else document
    except Refuse:
        return None
    return plain if _is_news(plain, asked, known) else None


def _is_news(document: bytes, asked: Asked, known: dict[str, tuple[str, float]]) -> bool:
    """Whether the document says more of any vehicle than earlier ones did: a frame comes many times a second while one is in the
    picture. True also for what names no object, or was rejected. known: of each object the surest plate and its confidence;
    changed here."""
    is_news = False
    for item in items_of(document, asked):
        if isinstance(item, Ignored):
            continue
        if isinstance(item, Rejected) or item.event_key is None:
            is_news = True
            continue
        plate, sure = known.get(item.event_key, ("", -1.0))
        now = item.confidence or 0.0
        if now > sure or not plate:
            known[item.event_key] = item.plate, now
            is_news |= plate != item.plate
        while len(known) > MOST_OBJECTS:
            del known[next(iter(known))]
    return is_news


async def _show(packets: AsyncIterator[Packet], media: Media, asked: Asked, sink: Sink) -> None:
    """Show pictures of the video. Raises CannotReach."""
    async with _decoding(media, asked) as child:
        pictures, video = _Pictures(sink), Video(media.encoding, media.parameters)
        showing = asyncio.create_task(pictures.read(child))
        try:
            async for packet in packets:
                if units := video.feed(packet):
                    await _fed(child, units)
                if showing.done() or pictures.wait_s > UNDECODED_S:
                    raise BrokenPipeError
        except (BrokenPipeError, ConnectionResetError) as error:
            cure = "set the stream to H.264 or H.265, 8 bits, of at most 12 megapixels"
            raise CannotReach(f"the video of {asked.place} cannot be decoded", cure, wait_s=REFUSED_S) from error
        finally:
            showing.cancel()


@contextlib.asynccontextmanager
async def _decoding(media: Media, asked: Asked) -> AsyncIterator[Process]:
    """The process that decodes, while the block lasts."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", MODULE, str(asked.pull.pictures_per_s), env=environment_of(media.encoding), cwd="/",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await asyncio.shield(child.wait())


async def _fed(child: Process, units: bytes) -> None:
    """Give the process these units; waits while it has enough. Raises BrokenPipeError, ConnectionResetError where it has ended."""
    assert child.stdin is not None, "it is a pipe"
    child.stdin.write(units)
    await child.stdin.drain()


class _Pictures:
    """The pictures that a process gives."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._loop = sink, asyncio.get_running_loop()
        self._last_s = self._loop.time()

    @property
    def wait_s(self) -> float:
        """Seconds since the last picture, at first since the beginning."""
        return self._loop.time() - self._last_s

    async def read(self, child: Process) -> None:
        """Show each picture, until the process ends or one would be longer than LONGEST_PICTURE."""
        assert child.stdout is not None, "it is a pipe"
        try:
            while True:
                (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
                if length > LONGEST_PICTURE:
                    return
                self._sink.show(await child.stdout.readexactly(length))
                self._last_s = self._loop.time()
        except asyncio.IncompleteReadError:
            return
