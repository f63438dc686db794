"""LILIN's list and ONVIF's pull point are fetched over HTTP, each read once, from nobody but the registered host."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from pipeline.gateway.items import CameraRead
from pipeline.gateway.makers import BY_NAME
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.pulling import lists, pull_point
from pipeline.gateway.pulling.fetching import Asked, CannotReach, Fetch
from pipeline.gateway.reading import received
from schemas.senders import SenderCamera, SenderPull
from tests.cameras import PASSWORD, USER, is_right
from tests.unit.gateway.payloads import around
from tests.unit.gateway.test_rtsp import Heard

DIGEST = {"WWW-Authenticate": 'Digest realm="camera", nonce="n1", qop="auth"'}
ENVELOPE = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://www.onvif.org/ver10/events/wsdl"'
    ' xmlns:x="urn:camera"><e:Body>{}</e:Body></e:Envelope>'
)
EVENT = (
    '<n:NotificationMessage xmlns:n="http://docs.oasis-open.org/wsn/b-2"><n:Topic>tns1:RuleEngine/Recognition/LicensePlate</n:Topic>'
    '<n:Message><s:Message xmlns:s="http://www.onvif.org/ver10/schema" UtcTime="2026-05-04T10:00:00Z" PropertyOperation="Changed">'
    '<s:Data><s:ElementItem Name="LicensePlateInfo"><s:LicensePlateInfo><s:PlateNumber Likelihood="0.9">{}</s:PlateNumber>'
    "</s:LicensePlateInfo></s:ElementItem></s:Data></s:Message></n:Message></n:NotificationMessage>"
)


class Device:
    """A camera with a list and a pull point. list: its entries; events: the plates of each answer to come; calls: what was asked;
    takes_digest False: it knows the token in the message alone."""

    def __init__(self, *, takes_digest: bool = True) -> None:
        self.list: list[dict[str, object]] = []
        self.events: list[list[str]] = []
        self.calls: list[str] = []
        self.port, self._takes_digest = 0, takes_digest

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Device"]:
        """Serve while the block lasts."""
        runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    def asked(self, kind: str, path: str = "", password: str = PASSWORD) -> Asked:
        """To ask here."""
        pull = SenderPull(kind=kind, address=f"http://127.0.0.1:{self.port}{path}", user=USER)
        return Asked(sender_id="CAM-1", cameras=(SenderCamera(camera_id="CAM-1"),), pull=pull, password=password)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._takes_digest and not is_right(request.headers.get("Authorization", ""), request):
            return web.Response(status=401, headers=DIGEST)
        if request.method == "GET":
            self.calls.append(request.raw_path)
            return web.json_response({"LPR_COUNT": len(self.list), "INFORMATION": self.list})
        said = await request.text()
        call = re.search(r"<s:Body><(\w+)", said)
        assert call is not None
        if not self._takes_digest and "PasswordDigest" not in said:
            return web.Response(status=400, text=ENVELOPE.format("<e:Fault><e:Code>NotAuthorized</e:Code></e:Fault>"))
        assert PASSWORD not in said
        self.calls.append(f"{call[1]} {request.raw_path}")
        if call[1] == "CreatePullPointSubscription":
            key = "<a:ReferenceParameters xmlns:a='urn:a'><x:Id>7</x:Id></a:ReferenceParameters>"
            where = f"<a:Address xmlns:a='urn:a'>http://192.0.2.1/onvif/sub?7</a:Address>{key}"
            answer = (
                f"<t:{call[1]}Response><t:SubscriptionReference>{where}</t:SubscriptionReference></t:{call[1]}Response>"
            )
            return web.Response(text=ENVELOPE.format(answer))
        assert '<x:Id xmlns:x="urn:camera">7</x:Id>' in said
        if not self.events:
            await asyncio.sleep(0.05)
        events = "".join(map(EVENT.format, self.events.pop(0) if self.events else []))
        return web.Response(text=ENVELOPE.format(f"<t:{call[1]}Response>{events}</t:{call[1]}Response>"))


def plates_in(message: bytes, kind: str) -> list[str]:
    """The plates in a message."""
    items = received(message, around(), PassageMemory(), maker=BY_NAME[kind]).items
    return [item.plate for item in items if isinstance(item, CameraRead)]


async def plates(fetch: Fetch, asked: Asked, heard: Heard, count: int) -> list[str]:
    """The plates of all that came, once there are so many."""
    fetching = asyncio.create_task(fetch(asked, heard))
    while True:
        found = [plate for message in heard.messages for plate in plates_in(message, asked.pull.kind)]
        if len(found) >= count:
            fetching.cancel()
            await asyncio.wait([fetching])
            return found
        heard.something.clear()
        async with asyncio.timeout(30):
            await heard.something.wait()


def entry(number: int, plate: str) -> dict[str, object]:
    """An entry of LILIN's list."""
    return {
        "INDEX": 1,
        "TS": str(1_777_888_800_000_000 + number),
        "CAR_ID": str(number),
        "LPR": plate,
        "THRESHOLD": "0.9",
    }


async def test_each_entry_of_a_list_is_taken_once_also_where_others_move_it_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The oldest first; and not again after the connection broke."""
    heard = Heard()
    async with Device().running() as device:
        device.list = [entry(2, "1ABC222"), entry(1, "1ABC111")]
        assert ["1ABC111", "1ABC222"] == await plates(lists.fetch, device.asked("lilin"), heard, 2)
        device.list = [entry(3, "1ABC333"), {**entry(2, "1ABC222"), "INDEX": 2}]
        assert ["1ABC111", "1ABC222", "1ABC333"] == await plates(lists.fetch, device.asked("lilin"), heard, 3)
    assert {"/get_search_info?list=log"} == set(device.calls)


@pytest.mark.parametrize("takes_digest", [True, False])
async def test_events_are_pulled_from_the_registered_host_alone(takes_digest: bool) -> None:
    """By Digest, or by a token in the message; what the camera calls its pull point is asked for here; at the end it is given
    back."""
    async with Device(takes_digest=takes_digest).running() as device:
        device.events = [["1ABC111"], [], ["1ABC222", "1ABC333"]]
        found = await plates(pull_point.fetch, device.asked("onvif"), Heard(), 3)
    assert ["1ABC111", "1ABC222", "1ABC333"] == found
    assert "CreatePullPointSubscription /onvif/event_service" == device.calls[0]
    assert {"PullMessages /onvif/sub?7"} == set(device.calls[1:-1])
    assert "Unsubscribe /onvif/sub?7" == device.calls[-1]


async def test_a_pull_point_that_refuses_the_password_is_told_of() -> None:
    """Nothing else is tried."""
    async with Device().running() as device:
        with pytest.raises(CannotReach, match="refuses user and password"):
            await pull_point.fetch(device.asked("onvif", password="wrong"), Heard())
    assert [] == device.calls
