"""A camera that speaks RTSP, for tests: Digest, one stream on the same connection, as RFC 2326 describes it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from hashlib import md5

USER, PASSWORD = "vigie", "what the camera wants"
MOST_IN_A_PACKET = 1_200
_FIELD = re.compile(r'(\w+)="?([^",]*)"?')
_REQUEST = re.compile(r"(\w+) (\S+) RTSP/1\.0")


def rtp(number: int, payload: bytes, *, ends: bool) -> bytes:
    """A packet with an extended head and padding, as some cameras send them."""
    head = bytes([0xB0, 0x60 | (0x80 if ends else 0)]) + number.to_bytes(2) + bytes(8)
    return head + b"\xbe\xde\x00\x01" + bytes(4) + payload + b"\x00\x00\x03"


def packets_of(pieces: Iterable[tuple[bytes, bool]], first: int = 65_530) -> list[bytes]:
    """Packets with these payloads and marks, numbered so that the number starts again."""
    return [rtp((first + at) % 65_536, payload, ends=ends) for at, (payload, ends) in enumerate(pieces)]


def pieces_of(data: bytes) -> list[tuple[bytes, bool]]:
    """A document in payloads."""
    cuts = range(0, len(data), MOST_IN_A_PACKET)
    return [(data[at : at + MOST_IN_A_PACKET], at == cuts[-1]) for at in cuts]


class RtspCamera:
    """One camera. packets: what it plays, again and again, with pause_s between them. asked: the methods that were let in;
    wrong: how often a proof was not good."""

    def __init__(self, encoding: str, packets: Sequence[bytes], *, parameters: str = "", pause_s: float = 0.01) -> None:
        self._encoding, self._packets, self._parameters, self._pause_s = encoding, packets, parameters, pause_s
        self._last_count = 0
        self.asked: list[str] = []
        self.wrong, self.url = 0, ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["RtspCamera"]:
        """Serve while the block lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/live/1"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing: asyncio.Task[None] | None = None
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, answer = self._answer(head)
                writer.write(answer)
                if method == "PLAY" and b" 200 " in answer:
                    playing = asyncio.create_task(self._play(writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            if playing is not None:
                playing.cancel()
            writer.close()

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        while True:
            for packet in self._packets:
                writer.write(b"$\x02" + len(packet).to_bytes(2) + packet)
                await writer.drain()
                await asyncio.sleep(self._pause_s)

    def _answer(self, head: str) -> tuple[str, bytes]:
        request = _REQUEST.match(head)
        assert request is not None
        method, headers = request[1], dict(line.split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        body, more = "", ""
        if method != "OPTIONS" and not self._is_right(headers.get("Authorization", ""), method, request[2]):
            more = 'WWW-Authenticate: Basic realm="camera"\r\nWWW-Authenticate: Digest realm="camera", nonce="n1", qop="auth"\r\n'
            return method, f"RTSP/1.0 401 Unauthorized\r\nCSeq: {headers['CSeq']}\r\n{more}\r\n".encode()
        self.asked.append(method)
        if method == "DESCRIBE":
            body = (
                f"v=0\r\ns=-\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\na=control:track0\r\nm=video 0 RTP/AVP 96\r\n"
                f"a=rtpmap:96 {self._encoding}/90000\r\na=fmtp:96 {self._parameters}\r\na=control:track1\r\n"
            )
            more = f"Content-Base: {self.url}/\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            assert request[2] == f"{self.url}/track1"
            more = "Session: 4711;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n"
        return method, f"RTSP/1.0 200 OK\r\nCSeq: {headers['CSeq']}\r\n{more}\r\n{body}".encode()

    def _is_right(self, said: str, method: str, target: str) -> bool:
        """Whether the proof is good, and of no earlier request."""
        if not said:
            return False
        field = dict(_FIELD.findall(said))
        who, what = (_md5(text) for text in (f"{USER}:camera:{PASSWORD}", f"{method}:{target}"))
        count = field.get("nc", "0")
        good = _md5(f"{who}:n1:{count}:{field.get('cnonce')}:auth:{what}") == field.get("response")
        self.wrong += not good or int(count, 16) <= self._last_count
        self._last_count = int(count, 16)
        return good


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
