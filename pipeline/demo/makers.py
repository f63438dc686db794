"""The demo's cameras of seven makers, which send to the gateway in their own words: over HTTP and TCP, some with pictures, some
with a wrong clock, some again though they were answered. And an intruder, who is let in nowhere."""

import asyncio
import base64
import contextlib
import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from random import Random

import aiohttp
import redis.asyncio

from pipeline.access.sender_secrets import digest_of
from pipeline.demo.network_data import writer_of_known
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.ports import free_ports
from pipeline.simulation.speaking import VOICES, Shown, Spoken, tattile
from pipeline.sources.gateway_sender import GatewaySender, open_gateway_sender
from pipeline.state.collections import SENDERS
from pipeline.vision.pictures import decode_picture, encode_jpeg
from pipeline.vision.rendering.passages import render_passage
from schemas.reads import PlateRead
from schemas.senders import Sender, SenderCamera, SenderPort, SenderSecret

MAKERS: Mapping[str, str] = {
    "LEZ-01": "hikvision", "LEZ-03": "dahua", "LEZ-05": "axis", "LEZ-07": "rekor", "LEZ-09": "genetec", "LEZ-11": "vigie",
    "LEZ-06": "tattile",
}  # fmt: skip
"""Each of these cameras, and whose words it speaks. None stands on a section: what proves an average speed states its clock."""
FACTORY_CLOCK = "LEZ-01"
"""The camera whose offset is the factory's, +08:00, with the wall clock of Brussels; its registration says so."""
TCP = "LEZ-06"
"""The camera that sends over TCP, to a port of its own."""
INTRUDER = "1NTRUDER"
"""The plate that the intruder says he saw: no read may have it."""
PICTURES_IN, AGAIN_IN = 4, 10
"""One read in so many has pictures, and one in so many is sent again."""
INTRUDED_EVERY_S = 5.0


class Intrusions:
    """What an intruder tried and what kept it out. tried: names, in order; refused: those that were answered with 401; claimed:
    those in the name of a camera that its sender does not speak for, which become dead letters."""

    def __init__(self, url: str, password: str) -> None:
        self._url, self._password = url, password
        self.tried: list[str] = []
        self.refused: list[str] = []
        self.claimed: list[str] = []

    def kept_out(self, letters: int) -> list[str]:
        """The names of the tries that were kept out. letters: how many dead letters say unknown_camera; so many of those in another
        camera's name count."""
        return [*self.refused, *self.claimed[:letters]]

    async def run(self) -> None:
        """Try again and again: without a password, with a wrong one, and with a camera's own in another's name."""
        async with aiohttp.ClientSession() as http:
            while True:
                number = len(self.tried) // 3 + 1
                await self._try(http, f"without a password, {number}", {})
                await self._try(http, f"with a wrong password, {number}", _basic("LEZ-03", "guessed"))
                await self._try(http, f"as another camera, {number}", _basic("LEZ-11", self._password), claims=True)
                await asyncio.sleep(INTRUDED_EVERY_S)

    async def _try(
        self, http: aiohttp.ClientSession, name: str, headers: Mapping[str, str], *, claims: bool = False
    ) -> None:
        said = {"camera_id": "LEZ-03", "plate": INTRUDER, "captured_at_ms": platform_now_ms()}
        try:
            async with http.post(self._url, data=json.dumps(said), headers=headers) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            return  # it did not come through: nothing was tried
        self.tried.append(name)
        if claims:
            self.claimed.append(name)
        elif status == 401:
            self.refused.append(name)


class MakersCameras:
    """Sends the reads of MAKERS to the gateway at this address. by_tcp: the ids of those that went over TCP."""

    def __init__(self, url: str) -> None:
        self._url, (self._port,) = url, free_ports((), 1)
        self._passwords = {camera_id: secrets.token_hex(16) for camera_id in MAKERS if camera_id != TCP}
        self.intrusions = Intrusions(url, self._passwords["LEZ-11"])
        self.by_tcp: set[str] = set()
        self._random = Random("makers")
        self._http: GatewaySender | None = None
        self._tcp: asyncio.StreamWriter | None = None

    async def let_in(self, client: redis.asyncio.Redis, namespace: str) -> None:
        """Register these cameras as senders, known since the same moment as the network, so that earlier reads are taken, too."""
        senders = [
            Sender(
                sender_id=camera_id, cameras=(SenderCamera(camera_id=camera_id),),
                secrets=(SenderSecret(digest=digest_of(camera_id, password), made_at_ms=0),),
                offset_is_wrong=camera_id == FACTORY_CLOCK,
            )
            for camera_id, password in self._passwords.items()
        ]  # fmt: skip
        port = SenderPort(number=self._port, maker="tattile", peers=("127.0.0.1",))
        senders.append(Sender(sender_id=TCP, cameras=(SenderCamera(camera_id=TCP),), port=port))
        await writer_of_known(client, namespace).put(SENDERS, senders)

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator["MakersCameras"]:
        """Send, and be intruded upon, while the block lasts; at its end everything is answered first."""
        intruding = asyncio.create_task(self.intrusions.run())
        try:
            async with open_gateway_sender(self._url, "-", "-", self._say) as self._http:
                self._tcp = await _connected(self._port)
                yield self
                self._tcp.close()
                await self._tcp.wait_closed()
        finally:
            intruding.cancel()
            await asyncio.gather(intruding, return_exceptions=True)

    async def put(self, read: PlateRead) -> None:
        """Send a read of one of MAKERS, and now and then once more."""
        assert self._http is not None, "sending() comes first"
        assert self._tcp is not None, "sending() comes first"
        for _ in range(1 + (self._random.randrange(AGAIN_IN) == 0)):
            if read.camera_id == TCP:
                self.by_tcp.add(read.read_id)
                self._tcp.write(tattile(read, _shown(read)).body)
                await self._tcp.drain()
            else:
                await self._http.put(read)

    def _say(self, read: PlateRead) -> Spoken:
        return self.spoken(read, _shown(read))

    def spoken(self, read: PlateRead, shown: Shown | None) -> Spoken:
        """What the read's camera sends over HTTP, with these pictures."""
        spoken = VOICES[MAKERS[read.camera_id]](read, shown)
        if read.camera_id == FACTORY_CLOCK:
            spoken = _with_the_factorys_offset(spoken)
        headers = dict(spoken.headers) | _basic(read.camera_id, self._passwords[read.camera_id])
        return Spoken(target=spoken.target, headers=headers, body=spoken.body)


async def _connected(port: int) -> asyncio.StreamWriter:
    """A connection to a port that opens within a second of its registration. Raises OSError when it does not within ten."""
    for _ in range(100):
        with contextlib.suppress(ConnectionError):
            return (await asyncio.open_connection("127.0.0.1", port))[1]
        await asyncio.sleep(0.1)
    return (await asyncio.open_connection("127.0.0.1", port))[1]


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def _with_the_factorys_offset(spoken: Spoken) -> Spoken:
    body = re.sub(rb"(<dateTime>[^<]{23})[+-][0-9:]{5}<", rb"\1+08:00<", spoken.body)
    return Spoken(target=spoken.target, headers=spoken.headers, body=body)


def _shown(read: PlateRead) -> Shown | None:
    """For one read in PICTURES_IN, pictures of a vehicle with its plate; None for the others."""
    random = Random(read.read_id)
    if random.randrange(PICTURES_IN):
        return None
    (view,) = render_passage(random, read.plate, read.country or "BE", views=1).views
    x, y, width, height = view.box
    plate = decode_picture(view.image)[y : y + height, x : x + width]
    return Shown(plate=encode_jpeg(plate), overview=view.image)
