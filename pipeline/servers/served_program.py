"""Supervises the processes that `vigie up` serves beside the agents: the desks, and a gateway for cameras."""

import asyncio
import socket
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.runtime.back_off import BackOff
from pipeline.runtime.ports import free_ports
from pipeline.runtime.settings import Settings
from pipeline.servers.launch import ISOLATED
from pipeline.servers.processes import Program, Supervised

DESKS_PORT, GATEWAY_PORT = 8450, 8460
"""Without a setting; others where something else listens there."""


class ServedProgram:
    """One supervised process that answers over HTTP. url: for a client on this machine."""

    def __init__(self, settings: Settings, name: str, command: tuple[str, ...], env: Mapping[str, str], url: str,
                 probe: str) -> None:  # fmt: skip
        """env: the environment that names the servers and the port. probe: an address that answers 200; with https it is
        enough that somebody accepts a connection there, since this machine need not hold a certificate that is let in."""
        self.url, self._probe = url, probe
        program = Program(
            name=name,
            argv=(*ISOLATED, "-m", "pipeline.cli", *command),
            env={**env, "VIGIE_DATA_DIR": str(settings.data_dir)},
            health=self._answers,
            health_every_s=0.3,
            ready_within_s=180.0,
            back_off=BackOff(first_s=0.2, cap_s=10.0),
        )
        self._process = Supervised(program, settings.data_dir)

    async def start(self) -> None:
        """Start the process and wait until it answers. Raises StartFailed with the end of its log."""
        await self._process.start()
        await self._process.wait_ready()

    async def stop(self) -> None:
        """Stop the process."""
        await self._process.stop()

    async def _answers(self) -> bool:
        return await asyncio.to_thread(is_served, self._probe)


def desks_program(settings: Settings, env: Mapping[str, str]) -> ServedProgram:
    """The process of the desks. env: the environment that names the servers."""
    port = settings.desks_port or free_ports((DESKS_PORT,), 1)[0]
    scheme = "http" if settings.desks_cert_file is None else "https"
    probe = f"{scheme}://localhost:{port}/api/v1/openapi.json"
    url = settings.desks_origin or f"{scheme}://localhost:{port}"
    return ServedProgram(settings, "desks", ("desks",), {**env, "VIGIE_DESKS_PORT": str(port)}, url, probe)


def gateway_program(settings: Settings, env: Mapping[str, str]) -> ServedProgram:
    """The process of one gateway. env: the environment that names the servers."""
    port = settings.gateway_port or free_ports((GATEWAY_PORT,), 1)[0]
    scheme = "http" if settings.gateway_cert_file is None else "https"
    url = f"{scheme}://{settings.gateway_host}:{port}"
    return ServedProgram(
        settings, "gateway", ("gateway", "serve"), {**env, "VIGIE_GATEWAY_PORT": str(port)}, url, f"{url}/health"
    )


def is_served(url: str) -> bool:
    """Whether this address answers 200; with https, whether somebody accepts a connection there. Blocks. Raises OSError."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        with socket.create_connection((parts.hostname, parts.port), timeout=2.0):
            return True
    with urllib.request.urlopen(url, timeout=2.0) as answer:
        return bool(answer.status == 200)
