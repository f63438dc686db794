"""The process `vigie gateway serve`: follows who may send, and answers cameras until it is stopped."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import redis.asyncio
import structlog

from pipeline.errors import Misconfigured
from pipeline.evidence.store import EvidenceStore
from pipeline.gateway.digests import Digests
from pipeline.gateway.door import Door
from pipeline.gateway.frames import FrameSender
from pipeline.gateway.intake import Intake
from pipeline.gateway.keeping import Keeper
from pipeline.gateway.mappings import Mappings
from pipeline.gateway.metrics import GatewayMetrics
from pipeline.gateway.onlookers import Onlookers
from pipeline.gateway.proving import Proving
from pipeline.gateway.sharing import Sharing
from pipeline.gateway.side_doors import SideDoors
from pipeline.gateway.waiting import Knocks
from pipeline.law.book import days_kept
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.listening import LOOPBACK, tls_context
from pipeline.runtime.log import platform_key
from pipeline.runtime.open_connections import ConnectionBounds
from pipeline.runtime.ports import free_ports
from pipeline.runtime.private import private_folder
from pipeline.runtime.sealing import Seal
from pipeline.runtime.sender import Sender
from pipeline.runtime.serving import Listener, listen, run_until_closed
from pipeline.runtime.settings import Settings
from pipeline.state.camera_looks import CameraLooks
from pipeline.state.collections import CAMERAS, SENDERS
from pipeline.state.follower import Follower
from pipeline.state.links import Links
from pipeline.state.mirror import Mirror
from pipeline.state.shared_passages import SharedPassages
from pipeline.state.waiting_room import WaitingRoom

log = structlog.get_logger()
STOP_S = 5.0
MOST_WAITING = 1_024
"""Connections that the kernel keeps until they are accepted: all cameras come back at once after an outage."""
HEAD_S = 20.0
"""A new connection that has sent no request's head within so long ends."""


@dataclass(frozen=True, slots=True)
class GatewayServers:
    """The connections of the process."""

    sender: Sender
    client: redis.asyncio.Redis


async def run_gateway(
    settings: Settings,
    servers: GatewayServers,
    stopped: asyncio.Event,
    *,
    ready: Callable[[str], None] = lambda _url: None,
    now_ms: Callable[[], int] = platform_now_ms,
) -> None:
    """Serve until `stopped`. ready: called once cameras are let in, with the address.

    Raises Misconfigured for a port, a certificate or an address that cannot be used.
    """
    tls = listener_tls(settings)
    port = settings.gateway_port or free_ports((), 1)[0]
    metrics, mirror = GatewayMetrics(), Mirror(SENDERS, CAMERAS)
    keeper = Keeper(servers.sender, settings.namespace)
    mappings = Mappings(settings.gateway_mappings)
    mappings.look()  # before any camera is let in
    intake = Intake(
        mirror.of(CAMERAS),
        mirror.of(SENDERS),
        keeper,
        EvidenceStore.open(settings.evidence),
        Sharing(SharedPassages(servers.client, settings.namespace)),
        now_ms,
        mapped=mappings.of,
        retention_days=days_kept(settings.retention_days, settings.country, now_ms()),
        future_bound_ms=settings.future_bound_ms,
    )
    async with contextlib.AsyncExitStack() as closing:
        metrics.serve(settings)
        follower = Follower(
            servers.client, settings.namespace, (SENDERS, CAMERAS), mirror.take, on_caught_up=mirror.caught_up
        )
        await follower.load_patiently()
        knocks = Knocks(WaitingRoom(servers.client, settings.namespace))
        frames = FrameSender(servers.sender, settings.namespace, mirror.of(CAMERAS))
        links = Links(servers.client, settings.namespace)
        onlookers = Onlookers(CameraLooks(servers.client, settings.namespace), now_ms)
        beside = SideDoors(settings, mirror.of(SENDERS), intake, frames, metrics, links, onlookers, now_ms)
        for work in (follower.run, keeper.run, knocks.run, beside.run, onlookers.run, mappings.run):
            run_until_closed(closing, work)
        door = Door(_proving(settings, mirror), intake, metrics, knocks, onlookers, now_ms)
        await listen(closing, door.handle, _listener(settings, port, tls))
        url = f"{'http' if tls is None else 'https'}://{settings.gateway_host}:{port}"
        log.info("gateway.started", url=url)
        metrics.ready.set(1)
        ready(url)
        await stopped.wait()
    log.info("gateway.stopped")


def _proving(settings: Settings, mirror: Mirror) -> Proving:
    private_folder(settings.data_dir)
    key = platform_key(settings.platform_key)
    return Proving(mirror.of(SENDERS), Digests(key, Seal(key, "camera digests").open))


def listener_tls(settings: Settings) -> ssl.SSLContext | None:
    """The TLS of the listener; None: it speaks without TLS. Raises Misconfigured where secrets would cross a network without it,
    unless VIGIE_ALLOW_PLAINTEXT is set, and for a certificate or key that cannot be used."""
    files = settings.gateway_cert_file, settings.gateway_key_file, settings.gateway_client_ca_file
    tls = tls_context("VIGIE_GATEWAY", *files)
    if tls is None and settings.gateway_host not in LOOPBACK and not settings.allow_plaintext:
        allowed = (
            f"a certificate, as cameras' secrets would cross the network to {settings.gateway_host} for all to read; where nobody"
            " else reaches that network, set VIGIE_ALLOW_PLAINTEXT=true"
        )
        raise Misconfigured("VIGIE_GATEWAY_CERT_FILE", found=None, allowed=allowed)
    return tls


def _listener(settings: Settings, port: int, tls: ssl.SSLContext | None) -> Listener:
    most, of_address = settings.gateway_connections, settings.gateway_connections_per_address
    return Listener(
        setting="VIGIE_GATEWAY_PORT",
        host=settings.gateway_host,
        port=port,
        tls=tls,
        stop_s=STOP_S,
        backlog=MOST_WAITING,
        bounds=ConnectionBounds(most=most, per_address=of_address, head_s=HEAD_S),
    )
