"""Runs a neighbour's desk in a process of its own, for tests: starts it, makes it fail, kills it, and starts it again on the
same address."""

import asyncio
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from pipeline.receiver.credentials import DeskCredentials
from pipeline.receiver.inbox import InboxEntry, read_inbox
from pipeline.receiver.service import DeskStatus
from pipeline.runtime.ports import free_ports
from pipeline.runtime.private import open_private
from pipeline.runtime.settings import DeskSettings, LiaisonSettings
from schemas.outcomes import Forward

ROOT = Path(__file__).parents[1]
START_S = 120.0  # a machine may be busy
NOW_MS = 1_767_225_600_000


class DeskProcess:
    """`vigie desk` with tests.exercise in front of it. Its ports stay the same over restarts."""

    def __init__(self, folder: Path, keys: Path, country: str = "NL") -> None:
        self.inbox = folder / f"inbox-{country}"
        self.country = country
        self.keys = keys
        self.url = self.control_url = ""
        self._ports = [str(port) for port in free_ports((), 2)]
        self._process: asyncio.subprocess.Process | None = None
        self._log = folder / f"desk-{country}.log"

    async def start(self) -> "DeskProcess":
        """Start the process and wait until it listens."""
        arguments = ["--credentials", str(self.keys), "--inbox", str(self.inbox), "--country", self.country]
        arguments += ["--port", self._ports[0], "--control-port", self._ports[1]]
        with open_private(self._log, "append") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.exercise", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        assert self._process.stdout
        line = await asyncio.wait_for(self._process.stdout.readline(), START_S)
        assert line, self._log.read_text()
        address = msgspec.json.decode(line)
        self.url, self.control_url = address["url"], address["control_url"]
        return self

    async def kill(self) -> None:
        """Kill the process with SIGKILL."""
        assert self._process
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """End the process with SIGTERM. Returns its exit code. Raises TimeoutError when it has not ended after 10 s."""
        assert self._process
        if self._process.returncode is None:
            self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 10.0)

    async def tell(self, mode: str, **bounds: float) -> None:
        """Order the desk to fail in this way (see desk_faults.Mode), or to work again ("ok"). bounds: `seconds` or `requests`
        of desk_faults.Order."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.control_url}/mode", json={"mode": mode, **bounds}) as response,
        ):
            assert response.status == 200, await response.text()

    async def status(self) -> DeskStatus:
        """The desk's counts, from its control port."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.control_url}/status") as response:
            return msgspec.json.decode(await response.read(), type=DeskStatus)

    def entries(self, prefix: str = "") -> list[InboxEntry]:
        """The entries of its inbox, in order, of forwards whose id begins with prefix."""
        return [entry for entry in read_inbox(self.inbox) if entry.forward.forward_id.startswith(prefix)]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The forwards of one test. Their ids begin with `prefix`."""

    prefix: str
    forwards: list[Forward]

    @property
    def ids(self) -> list[str]:
        """The ids in order."""
        return [forward.forward_id for forward in self.forwards]


def forwards(count: int, *, now_ms: int, country: str = "NL", expires_after_ms: int = 3_600_000) -> Batch:
    """Make `count` forwards to one country, with ids that no other batch has."""
    prefix = f"f-{secrets.token_hex(4)}"
    made = [make_forward(f"{prefix}{number:05}", now_ms=now_ms, country=country, expires_after_ms=expires_after_ms)
            for number in range(count)]  # fmt: skip
    return Batch(prefix=prefix, forwards=made)


def make_forward(
    forward_id: str = "f-1",
    *,
    now_ms: int = NOW_MS,
    country: str = "NL",
    expires_after_ms: int = 3_600_000,
    **changes: object,
) -> Forward:
    """A forward about a stolen car at the border."""
    forward = Forward(
        forward_id=forward_id, to_country=country, case_reference="2026/77", purpose="stolen vehicle",
        legal_basis="Benelux police treaty, art. 13", handling_code="police use only", offence_category="theft",
        plate="1ABC234", plate_country="BE", confidence=0.97, captured_at_ms=now_ms - 2_000, place="E19 Meer",
        action="stop", contact="liaison@example.org", created_at_ms=now_ms - 1_000,
        expires_at_ms=now_ms + expires_after_ms,
    )  # fmt: skip
    return msgspec.structs.replace(forward, **changes)


def liaison_settings(keys: Path, desks: dict[str, str], **changes: object) -> LiaisonSettings:
    """Settings for these desks (country -> URL), all with the same credentials folder, and with short timeouts and pauses."""
    files = DeskCredentials.in_folder(keys)
    settings = LiaisonSettings(
        signing_key_file=files.sender_sign_key,
        client_cert_file=files.sender_cert,
        client_key_file=files.sender_key,
        timeout_s=2.0,
        max_backoff_s=0.05,
        desks={
            country: DeskSettings(url=url, ca_file=files.sender_ca, public_key_file=files.sender_knows)
            for country, url in desks.items()
        },
    )
    return msgspec.structs.replace(settings, **changes)
