"""Two `vigie desks`, and an authority that pulls its feed of violations from either, and dies at random between its steps."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, get_args

import aiohttp
import msgspec

from pipeline.desks.route import PREFIX
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.ports import free_ports
from pipeline.servers.processes import Program, Supervised
from pipeline.servers.served_program import is_served
from schemas.outcomes import Violation, Withdrawal
from schemas.reads import Network
from tests.people import make_consumer

FEED = f"{PREFIX}/feeds/violations"
EVERY_S = 0.5
DIES, DIES_UNTOLD = 0.02, 0.2
"""How probably it dies before it stores a line, and between storing a page and acknowledging it."""
CONSUMER, TOKEN = make_consumer("authority", networks=get_args(Network))
Line = tuple[str, str]
"""The type of a line, and the id of the violation that it is about."""


class Authority:
    """What it has. stored: each line safely stored, in order; acknowledged: those of pages that the platform said it took the
    acknowledgement of; again: lines that came although they were acknowledged, each with when, in seconds of the run; deaths: how
    often it died."""

    def __init__(self, data_dir: Path, env: dict[str, str], seed: int = 1) -> None:
        """env: the environment that names the servers."""
        self._dice = Random(seed)
        ports = free_ports((), 2)
        self._urls = [f"http://localhost:{port}" for port in ports]
        self.processes = [
            _desks(number, data_dir, env, url, port)
            for number, (url, port) in enumerate(zip(self._urls, ports, strict=True), 1)
        ]
        self.stored: list[Line] = []
        self.acknowledged: set[Line] = set()
        self.again: list[tuple[float, Line]] = []
        self.deaths = 0

    async def start(self) -> None:
        """Start both processes; they answer when this returns."""
        await asyncio.gather(*(one.start() for one in self.processes))
        await asyncio.gather(*(one.wait_ready() for one in self.processes))

    async def stop(self) -> None:
        """Stop both."""
        await asyncio.gather(*(one.stop() for one in self.processes))

    async def run(self, now_s: Any) -> None:
        """Pull until cancelled. What cannot be reached, or answers something else, is asked again. now_s: seconds of the run."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=15.0)) as http:
            while True:
                await asyncio.sleep(EVERY_S)
                try:
                    await self._pull(http, now_s)
                except (aiohttp.ClientError, TimeoutError, OSError):
                    continue

    async def _pull(self, http: aiohttp.ClientSession, now_s: Any) -> None:
        limit = self._dice.randint(1, 50)
        async with http.get(f"{self._dice.choice(self._urls)}{FEED}?limit={limit}") as answer:
            body = await answer.read()
        told = [msgspec.json.decode(line) for line in body.splitlines()] if answer.status == 200 else []
        if not told or told[-1]["type"] != "page":
            return
        lines = [one for each in told if (one := _line(each)) is not None]
        self.again += [(now_s(), one) for one in lines if one in self.acknowledged]
        for one in lines:
            if self._dice.random() < DIES:
                self.deaths += 1
                return
            self.stored.append(one)
        if self._dice.random() < DIES_UNTOLD:
            self.deaths += 1
            return
        url = f"{self._dice.choice(self._urls)}{FEED}/acknowledgements"
        async with http.post(url, json={"cursor": told[-1]["cursor"]}) as answer:
            if answer.status == 200:
                self.acknowledged.update(lines)

    def missing(self, violations: Iterable[Violation], withdrawn: Iterable[Withdrawal]) -> Iterator[Line]:
        """What stands on the topic and is not stored."""
        stored = set(self.stored)
        wanted = [("violation", one.violation_id) for one in violations]
        wanted += [("withdrawal", one.id) for one in withdrawn if one.kind == "violation"]
        yield from (one for one in dict.fromkeys(wanted) if one not in stored)

    def out_of_order(self) -> Iterator[str]:
        """The violations whose withdrawal was stored before them."""
        seen: set[str] = set()
        for kind, name in self.stored:
            if kind == "violation":
                seen.add(name)
            elif name not in seen:
                yield name


def _line(told: Any) -> Line | None:
    match told["type"]:
        case "violation":
            return "violation", told["violation"]["violation_id"]
        case "withdrawal":
            return "withdrawal", told["withdrawal"]["id"]
    return None


def _desks(number: int, data_dir: Path, env: dict[str, str], url: str, port: int) -> Supervised:
    program = Program(
        name=f"desks-{number}",
        argv=(sys.executable, "-u", "-m", "pipeline.cli", "desks"),
        env={**env, "VIGIE_DESKS_PORT": str(port), "VIGIE_DATA_DIR": str(data_dir)},
        health=lambda: asyncio.to_thread(is_served, f"{url}{PREFIX}/openapi.json"),
        health_every_s=0.3,
        ready_within_s=180.0,
        back_off=BackOff(first_s=0.2, cap_s=5.0),
    )
    return Supervised(program, data_dir)
