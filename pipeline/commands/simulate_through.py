"""Lets a simulated network's cameras send through a gateway: makes them a sender for as long as that lasts."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.demo.network_data import writer_of_known
from pipeline.errors import Misconfigured
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import Settings
from pipeline.servers.endpoints import servers_of
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.speaking import vigie
from pipeline.sources.gateway_sender import GatewaySender, open_gateway_sender
from pipeline.state.adopting import new_secret
from pipeline.state.collections import SENDERS
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from schemas.senders import Sender, SenderCamera

MOST_CAMERAS = 10_000


@asynccontextmanager
async def through_gateway(url: str, network: RoadNetwork, settings: Settings) -> AsyncIterator[GatewaySender]:
    """Yields what sends to the gateway at this address, as a sender that speaks for the network's cameras; it is removed when the
    block ends. Raises Misconfigured for another address than http(s)://, and for a network with too many cameras."""
    if not url.startswith(("http://", "https://")):
        raise Misconfigured("--through", found=url, allowed="the address of a gateway, e.g. http://127.0.0.1:8460")
    if len(network.cameras) > MOST_CAMERAS:
        raise Misconfigured("--cameras", found=len(network.cameras), allowed=f"at most {MOST_CAMERAS} with --through")
    sender_id = f"simulation-{secrets.token_hex(4)}"
    plain, secret = new_secret(sender_id, platform_now_ms(), None)
    cameras = tuple(SenderCamera(camera_id=camera.camera_id) for camera in network.cameras)
    operator = servers_of(settings, "operator")
    async with open_redis(operator.redis_url, ca_file=settings.redis_ca_file) as client:
        known = writer_of_known(
            client, settings.namespace
        )  # as the network is: some reads come minutes after their capture
        await known.put(SENDERS, [Sender(sender_id=sender_id, cameras=cameras, secrets=(secret,))])
        try:
            async with open_gateway_sender(url, sender_id, plain, vigie) as gateway:
                yield gateway
        finally:
            await ReplicaWriter(client, settings.namespace).remove(SENDERS, [sender_id])
