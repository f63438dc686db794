"""Supervises the process of the desks in `vigie up`, beside the agents."""

import asyncio
import urllib.request
from collections.abc import Mapping

from pipeline.runtime.back_off import BackOff
from pipeline.runtime.settings import Settings
from pipeline.servers.launch import ISOLATED
from pipeline.servers.ports import free_ports
from pipeline.servers.processes import Program, Supervised

PORT = 8450
"""Without a setting; another one where something else listens there."""


class DesksProgram:
    """The supervised process of the desks. url: for a browser on this machine. env: the environment that names the servers."""

    def __init__(self, settings: Settings, env: Mapping[str, str]) -> None:
        port = settings.desks_port or free_ports((PORT,), 1)[0]
        scheme = "http" if settings.desks_cert_file is None else "https"
        self.url = settings.desks_origin or f"{scheme}://localhost:{port}"
        self._probe = f"http://localhost:{port}/api/v1/openapi.json" if scheme == "http" else None
        program = Program(
            name="desks",
            argv=(*ISOLATED, "-m", "pipeline.cli", "desks"),
            env={**env, "VIGIE_DESKS_PORT": str(port), "VIGIE_DATA_DIR": str(settings.data_dir)},
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
        if self._probe is None:
            return True
        return await asyncio.to_thread(_is_served, self._probe)


def _is_served(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=2.0) as answer:
        return bool(answer.status == 200)
