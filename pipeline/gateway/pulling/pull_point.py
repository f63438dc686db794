"""Fetches ONVIF's events from a camera's pull point: SOAP over HTTP, without RTSP.

Source: ONVIF Core Specification, Event handling (CreatePullPointSubscription, PullMessages, Renew); WS-UsernameToken profile for
cameras that take no Digest. Whatever the camera calls its pull point, nobody but the registered host is asked.
"""

import asyncio
import base64
import contextlib
import hashlib
import re
import secrets
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.sax.saxutils import escape as escaped

import yarl

from pipeline.gateway.documents import xml_of
from pipeline.gateway.items import Refuse
from pipeline.gateway.node import Node
from pipeline.gateway.pulling.fetching import LOCKED_S, Asked, CannotReach, Sink, brings_something
from pipeline.gateway.pulling.http_line import HttpLine, http_line

WAIT_S = 20
LASTS_S, RENEW_S = 600, 240
QUIET_S = 60.0
_SERVICE = "/onvif/event_service"
_EVENTS = "http://www.onvif.org/ver10/events/wsdl"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_KEY = re.compile(
    rb"<(?:[\w.-]+:)?ReferenceParameters[^>]{0,400}>(.{0,2000}?)</(?:[\w.-]+:)?ReferenceParameters>", re.DOTALL
)
_DECLARED = re.compile(rb"""xmlns:([\w.-]{1,40})=["']([^"'<>&]{1,200})["']""")
_FAULTS = (200, 400, 403, 500)


async def fetch(asked: Asked, sink: Sink) -> None:
    """See Fetch. An address without a path is asked for the usual one of the service of events."""
    async with http_line(asked, QUIET_S) as line:
        point = _PullPoint(line, asked)
        await point.open()
        try:
            while True:
                answer = await point.pull()
                sink.answered()
                if await brings_something(answer, asked):
                    await sink.put(answer)
        finally:
            with contextlib.suppress(CannotReach, OSError, TimeoutError):
                await point.close()


class _PullPoint:
    """One subscription at a camera."""

    def __init__(self, line: HttpLine, asked: Asked) -> None:
        self._line, self._asked = line, asked
        address = asked.pull.address
        self._service = yarl.URL(
            address if urlsplit(address).path.strip("/") else address.rstrip("/") + _SERVICE, encoded=True
        )
        self._point, self._key = self._service, ""
        self._with_token, self._renewed_s = False, 0.0

    async def open(self) -> None:
        """Subscribe to all events. Raises CannotReach, and what aiohttp does."""
        wanted = f"<InitialTerminationTime>PT{LASTS_S}S</InitialTerminationTime>"
        call = f'<CreatePullPointSubscription xmlns="{_EVENTS}">{wanted}</CreatePullPointSubscription>'
        answer, tree = await self._call(f"{_EVENTS}/EventPortType/CreatePullPointSubscriptionRequest", call)
        reference = tree.at("CreatePullPointSubscriptionResponse", "SubscriptionReference")
        named = urlsplit(reference.at("Address").word)
        if not named.path:
            raise self._refused("opens no pull point")
        target = named.path + (f"?{named.query}" if named.query else "")
        self._point = yarl.URL(str(self._service.origin()) + target, encoded=True)
        self._key, self._renewed_s = _key_in(answer), asyncio.get_running_loop().time()

    async def pull(self) -> bytes:
        """The next messages, once there are some, at most after WAIT_S. Raises as open."""
        if asyncio.get_running_loop().time() - self._renewed_s >= RENEW_S:
            call = f'<Renew xmlns="http://docs.oasis-open.org/wsn/b-2"><TerminationTime>PT{LASTS_S}S</TerminationTime></Renew>'
            await self._call("http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest", call)
            self._renewed_s = asyncio.get_running_loop().time()
        call = f'<PullMessages xmlns="{_EVENTS}"><Timeout>PT{WAIT_S}S</Timeout><MessageLimit>100</MessageLimit></PullMessages>'
        answer, tree = await self._call(f"{_EVENTS}/PullPointSubscription/PullMessagesRequest", call)
        if "PullMessagesResponse" not in tree.names:
            raise self._refused("gives no messages")
        return answer

    async def close(self) -> None:
        """End the subscription: cameras have few. Raises as open."""
        call = '<Unsubscribe xmlns="http://docs.oasis-open.org/wsn/b-2"/>'
        await self._call("http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest", call)

    async def _call(self, action: str, call: str) -> tuple[bytes, Node]:
        """The camera's answer, whole and the content of its body. Raises as open."""
        answer, tree = await self._asked_once(action, call)
        if (
            tree.at("Fault")
            and b"NotAuthorized" in answer
            and self._asked.pull.user is not None
            and not self._with_token
        ):
            self._with_token = True
            answer, tree = await self._asked_once(action, call)
        if tree.at("Fault") and b"NotAuthorized" in answer:
            cure = f"give them again: vigie cameras fetch {self._asked.sender_id}; or its clock is wrong, then it refuses them, too"
            raise CannotReach(f"{self._asked.place} refuses user and password", cure, wait_s=LOCKED_S)
        if tree.at("Fault"):
            why = (tree.at("Fault", "Reason", "Text") or tree.at("Fault", "faultstring")).word
            raise self._refused(f"answered: {why[:200] or 'a fault'}")
        return answer, tree

    async def _asked_once(self, action: str, call: str) -> tuple[bytes, Node]:
        head = self._token() if self._with_token else ""
        body = (
            '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
            f' xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:Action>{action}</a:Action>'
            f"<a:To>{escaped(str(self._point))}</a:To>{self._key}{head}</s:Header><s:Body>{call}</s:Body></s:Envelope>"
        ).encode()
        about = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        async with self._line.answer(self._point, body, about, _FAULTS) as answer:
            found = await self._line.whole(answer)
        try:
            return found, xml_of(found)[1].at("Body")
        except Refuse as error:
            raise self._refused("answered no SOAP") from error

    def _token(self) -> str:
        """A proof of the password in the message itself, which does not show it."""
        nonce, now = secrets.token_bytes(16), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        password = (self._asked.password or "").encode()
        digest = hashlib.sha1(nonce + now.encode() + password, usedforsecurity=False).digest()
        kind = f"{_WSS}username-token-profile-1.0#PasswordDigest"
        return (
            f'<w:Security xmlns:w="{_WSS}wssecurity-secext-1.0.xsd" xmlns:u="{_WSS}wssecurity-utility-1.0.xsd"><w:UsernameToken>'
            f"<w:Username>{escaped(self._asked.pull.user or '')}</w:Username>"
            f'<w:Password Type="{kind}">{base64.b64encode(digest).decode()}</w:Password>'
            f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{now}</u:Created></w:UsernameToken></w:Security>"
        )

    def _refused(self, why: str) -> CannotReach:
        return CannotReach(
            f"{self._asked.place} {why}", "look whether its events are on, and at the path in its address", wait_s=60.0
        )


def _key_in(answer: bytes) -> str:
    """What the camera wants to be told again with each request on its pull point, as it wrote it, with the names that it declares
    elsewhere; empty where it wants nothing."""
    found = _KEY.search(answer)
    if found is None or b"<!" in found[1]:
        return ""
    own = {name for name, _ in _DECLARED.findall(found[1])}
    spaces = {
        name: space for name, space in _DECLARED.findall(answer) if name not in own and b"<" + name + b":" in found[1]
    }
    declared = b"".join(b' xmlns:%s="%s"' % pair for pair in spaces.items())
    return re.sub(rb"<([\w.-]+:[\w.-]+)", rb"<\1" + declared.replace(b"\\", b""), found[1], count=1).decode(
        "utf-8", "replace"
    )
