"""What `vigie doctor` says of the gateway: its settings, whether one answers, and who waits to be let in."""

import asyncio
import socket

import redis.asyncio

from pipeline.commands.findings import Finding
from pipeline.errors import VigieError
from pipeline.gateway.server import listener_tls
from pipeline.runtime.settings import Settings
from pipeline.servers.served_program import GATEWAY_PORT, is_served
from pipeline.state.waiting_room import WaitingRoom


async def gateway_found(settings: Settings) -> Finding:
    """Whether cameras can be let in on this machine as the settings say."""
    try:
        scheme = "http" if listener_tls(settings) is None else "https"
    except VigieError as error:
        return Finding("gateway", "wrong", str(error), "correct the setting; docs/gateway.md says what a gateway needs")
    host, port = settings.gateway_host, settings.gateway_port or GATEWAY_PORT
    url = f"{scheme}://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    if await asyncio.to_thread(_answers, f"{url}/health"):
        return Finding("gateway", "ok", f"one answers at {url}")
    if await asyncio.to_thread(_is_free, host, port):
        return Finding("gateway", "ok", f"none runs here; {host}:{port} is free for `vigie gateway serve`")
    detail = f"another program has {host}:{port}, or none may listen there"
    return Finding("gateway", "warning", detail, "set VIGIE_GATEWAY_HOST and VIGIE_GATEWAY_PORT")


async def waiting_found(client: redis.asyncio.Redis, namespace: str) -> Finding:
    """How many senders knock and are not let in. Raises Unavailable."""
    waiting = await WaitingRoom(client, namespace).all()
    if not waiting:
        return Finding("waiting room", "ok", "nobody knocks in vain")
    detail = f"{len(waiting)} senders are not let in, the last one {waiting[0].name}"
    return Finding("waiting room", "warning", detail, "vigie cameras waiting")


def _answers(url: str) -> bool:
    try:
        return is_served(url)
    except OSError:
        return False


def _is_free(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port)):
            return True
    except OSError:
        return False
