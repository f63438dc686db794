"""The demo's neighbours: a liaison desk for each country, in a process of its own, with new keys."""

import asyncio
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import msgspec

from pipeline.receiver.credentials import create_credentials, settings_toml
from pipeline.receiver.files import client_context
from pipeline.receiver.inbox import read_inbox
from pipeline.receiver.service import DeskStatus
from pipeline.runtime.ports import free_ports
from pipeline.runtime.private import write_private
from pipeline.servers.launch import ISOLATED
from pipeline.servers.processes import Program, Supervised


class Desks:
    """Runs a desk for each of these countries, each in its own process. The inboxes in the folder hold what they received."""

    def __init__(self, folder: Path, countries: Iterable[str]) -> None:
        self.folder = folder
        self.credentials = create_credentials(folder / "keys")
        named = list(countries)
        self._ports = dict(zip(named, free_ports((), len(named)), strict=True))
        self.processes = {country: self._process(country) for country in self._ports}

    async def start(self) -> None:
        """Start all desks and wait until they listen. Raises StartFailed."""
        for process in self.processes.values():
            await process.start()
        await asyncio.gather(*(process.wait_ready() for process in self.processes.values()))

    async def stop(self) -> None:
        """Stop all desks."""
        await asyncio.gather(*(process.stop() for process in self.processes.values()))

    def settings_file(self) -> Path:
        """Write a vigie.toml whose liaison settings send to these desks. Returns its path."""
        urls = {country: f"https://127.0.0.1:{port}" for country, port in self._ports.items()}
        file = self.folder / "vigie.toml"
        write_private(file, settings_toml(self.credentials, urls))
        return file

    def taken(self) -> list[str]:
        """The forward_ids that the desks hold, country by country in the order of receipt."""
        return [entry.forward.forward_id for country in self._ports for entry in read_inbox(self._inbox(country))]

    def _inbox(self, country: str) -> Path:
        return self.folder / f"inbox-{country}"

    def _process(self, country: str) -> Supervised:
        port = self._ports[country]
        program = Program(
            name=f"desk-{country}",
            argv=(*ISOLATED, "-m", "pipeline.cli", "desk", "--credentials", str(self.folder / "keys"),
                  "--inbox", str(self._inbox(country)), "--country", country, "--port", str(port)),
            env={"VIGIE_LOG_FORMAT": "json"},
            health=lambda: asyncio.to_thread(self._answers, port),
            health_every_s=0.2,
            ready_within_s=60.0,
        )  # fmt: skip
        return Supervised(program, self.folder)

    def _answers(self, port: int) -> bool:
        """Whether the desk on this port answers a request for its status."""
        keys = self.credentials
        tls = client_context(
            ca=("ca", keys.sender_ca), cert=("certificate", keys.sender_cert), key=("key", keys.sender_key)
        )
        with urllib.request.urlopen(f"https://127.0.0.1:{port}/status", timeout=2.0, context=tls) as answer:
            return isinstance(msgspec.json.decode(answer.read(), type=DeskStatus), DeskStatus)
