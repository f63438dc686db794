"""Subscribes at a broker of MQTT: Frigate's messages, and ONVIF's in JSON.

A message is acknowledged to the broker once it is on disk, and the broker keeps what comes while no gateway is there (a session
that lasts, quality of service 1), as far as its sender asked for that.
"""

import asyncio
import concurrent.futures
import contextlib
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pipeline.gateway.pulling.fetching import (
    LOCKED_S,
    Asked,
    CannotReach,
    Sink,
    check_plain_password,
    says_something,
    trusting,
)
from pipeline.gateway.request import MAX_BODY

KEEP_ALIVE_S = 30
CONNECT_S = 10.0
HEAD = 128 * 1024
"""Bytes that hold the head of any packet: a topic has 64 kB at most."""
MOST_PACKET = MAX_BODY + HEAD
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_TOPICS: Mapping[str, tuple[str, ...]] = {
    "frigate": ("frigate/events", "frigate/tracked_object_update"),
    "onvif_mqtt": ("onvif-ej/#", "+/onvif-ej/#", "onvif/#"),
}
_CURE = "look whether the broker runs, and this machine reaches its address and port"


async def fetch(asked: Asked, sink: Sink) -> None:
    """See Fetch."""
    subscription = _Subscription(asked, sink)
    try:
        await subscription.run()
    finally:
        await subscription.close()


class BoundedClient(Client):
    """paho's client, which would hold a message of up to 256 MiB. Of one larger than MOST_PACKET it keeps the head alone, by which
    it is acknowledged. is_cut: the message that is being read, or given to on_message, is one of these."""

    is_cut = False

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read at most so many bytes. paho asks for all that is left of a packet."""
        packet = self._in_packet
        if packet["command"] == 0:
            self.is_cut = False
        self.is_cut |= bufsize > MOST_PACKET
        if self.is_cut:
            del packet["packet"][HEAD:]
        return super()._sock_recv(min(bufsize, HEAD) if self.is_cut else bufsize)


class _Subscription:
    """One connection to a broker. paho reads it in a thread of its own, which waits while a message is being kept."""

    def __init__(self, asked: Asked, sink: Sink) -> None:
        self._asked, self._sink = asked, sink
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._keeping: concurrent.futures.Future[None] | None = None
        self._client = BoundedClient(
            CallbackAPIVersion.VERSION2, client_id=f"vigie-{asked.sender_id}", clean_session=False, manual_ack=True,
            reconnect_on_failure=False,
        )  # fmt: skip
        if asked.pull.user is not None:
            self._client.username_pw_set(asked.pull.user, asked.password)
        self._client.connect_timeout = CONNECT_S
        self._client.on_connect, self._client.on_disconnect = self._connected, self._disconnected
        self._client.on_subscribe, self._client.on_message = self._subscribed, self._came

    async def run(self) -> None:
        """Take what comes until the connection ends. Raises CannotReach."""
        if self._asked.pull.user is not None:
            check_plain_password(self._asked)
        where = urlsplit(self._asked.pull.address)
        try:
            host, port = where.hostname or "", where.port or _PORTS[where.scheme]
            if where.scheme == "mqtts":
                self._client.tls_set_context(await asyncio.to_thread(trusting, self._asked, host, port))
            await asyncio.to_thread(self._client.connect, host, port, KEEP_ALIVE_S)
        except ssl.SSLError as error:
            cure = "register its certificate's SHA-256 (--tls-sha256), or have an authority sign it that this machine knows"
            raise CannotReach(f"the certificate of {self._asked.place} is not trusted", cure, wait_s=60.0) from error
        except (OSError, ValueError) as error:
            raise CannotReach(f"{self._asked.place}: {error}"[:300], _CURE) from error
        self._client.loop_start()
        await self._ended

    async def close(self) -> None:
        """End the connection; what is being kept is given up, and comes again."""
        if self._keeping is not None:
            self._keeping.cancel()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _end(self, error: CannotReach | None = None) -> None:
        """End the run, from paho's thread."""

        def end() -> None:
            if not self._ended.done():
                self._ended.set_exception(error) if error is not None else self._ended.set_result(None)

        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(end)

    def _connected(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _props: Properties | None
    ) -> None:
        if code.is_failure:
            cure = f"give user and password again: vigie cameras fetch {self._asked.sender_id}"
            self._end(CannotReach(f"{self._asked.place} refuses: {code}", cure, wait_s=LOCKED_S / 15))
            return
        topics = self._asked.pull.topics or _TOPICS[self._asked.pull.kind]
        client.subscribe([(topic, 1) for topic in topics])

    def _subscribed(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _props: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            cure = "its account may not read these topics there: name others (--topic)"
            self._end(CannotReach(f"{self._asked.place} refuses a topic", cure, wait_s=LOCKED_S / 15))
            return
        self._loop.call_soon_threadsafe(self._sink.answered)

    def _disconnected(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _props: Properties | None
    ) -> None:
        self._end(CannotReach(f"{self._asked.place}: {code}", _CURE) if code.is_failure else None)

    def _came(self, client: Client, _data: object, message: MQTTMessage) -> None:
        """Keep a message that says something (see says_something), then acknowledge it. Any other, and one that is too large, is
        acknowledged only."""
        body = bytes(message.payload)
        if not self._client.is_cut and len(body) <= MAX_BODY and says_something(body, self._asked, message.topic):
            self._keeping = asyncio.run_coroutine_threadsafe(self._sink.put(body, message.topic), self._loop)
            try:
                self._keeping.result()
            except concurrent.futures.CancelledError:
                return
        else:
            self._loop.call_soon_threadsafe(self._sink.answered)
        client.ack(message.mid, message.qos)
