"""Tries, as another user of this machine, everything that is not meant for it on a running platform. It needs root, to become
somebody else.

python -m tests.stranger FOLDER        prints what succeeded, one line each
"""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

NOBODY = 65_534
MARK = "written by a stranger"
PTRACE_ATTACH = 16  # linux/ptrace.h
METADATA = struct.pack("!ihhih", 14, 3, 1, 7, -1) + struct.pack("!i", -1)
"""Asks a broker for all its topics, without having said who asks."""
ASKED = (
    "GET /", "GET /metrics", "GET /health", "GET /api/v1/session", "GET /api/v1/alerts", "GET /api/v1/users",
    "GET /api/v1/hotlist", "GET /api/v1/cameras", "GET /api/v1/record", "POST /api/v1/session", "POST /", "PUT /in/CAM-1/x/",
    "GET /../../accounts/admin.json", "GET /static/../../accounts/admin.json",
)  # fmt: skip
OPEN_TO_ALL = ("GET /health", "GET /api/v1/openapi.json")


class Target(msgspec.Struct, frozen=True):
    """What there is to try: folders, files and sockets, ids of the platform's processes, their ports."""

    folders: tuple[str, ...]
    files: tuple[str, ...]
    pids: tuple[int, ...]
    ports: tuple[int, ...]


class Tried(msgspec.Struct, frozen=True):
    """done: what succeeded, in words. answers: for each port and request, "PORT REQUEST" and the bytes that came back."""

    done: tuple[str, ...] = ()
    answers: tuple[tuple[str, bytes], ...] = ()


def target_of(folder: Path, pids: Iterable[int] = (), ports: Iterable[int] = ()) -> Target:
    """Everything in the folder, links not followed, with these processes and ports."""
    found = [folder, *(path for path in sorted(folder.rglob("*")) if not path.is_symlink())]
    folders, files = [str(path) for path in found if path.is_dir()], [str(path) for path in found if not path.is_dir()]
    return Target(tuple(folders), tuple(files), tuple(sorted(pids)), tuple(sorted(ports)))


def tried_by_a_stranger(target: Target) -> Tried:
    """Try all of it as user and group `nobody`. Raises PermissionError where this process may not become another."""
    if os.geteuid() != 0:
        raise PermissionError("only root may become another user")
    done = subprocess.run(
        [sys.executable, "-m", "tests.stranger", "-"], input=msgspec.json.encode(target), capture_output=True, check=True,
        cwd=Path(__file__).parents[1], timeout=240.0,
    )  # fmt: skip
    return msgspec.json.decode(done.stdout, type=Tried)


def _tried(target: Target) -> Tried:
    done = [what for path in target.folders for what in _at_folder(Path(path))]
    done += [what for path in target.files for what in _at_file(Path(path))]
    done += [what for pid in target.pids for what in _at_process(pid)]
    answers = [answer for port in target.ports for answer in _at_port(port)]
    done += [
        f"{what} was answered" for what, answer in answers if what.endswith("Kafka's topics") and _is_kafkas(answer)
    ]
    done += [f"{what} was let in" for what, answer in answers if _let_in(what, answer)]
    return Tried(tuple(done), tuple(answers))


def _is_kafkas(answer: bytes) -> bool:
    """Whether it is not only a web server's answer that it does not understand."""
    return bool(answer) and not answer.startswith(b"HTTP/1.")


def _let_in(what: str, answer: bytes) -> bool:
    """Whether a request that nobody may make was answered as done. Pages are for all; what they show is asked for by themselves."""
    request = what.partition(" ")[2]
    good = answer.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2"))
    return (
        good
        and request not in OPEN_TO_ALL
        and (request.startswith(("P", "GET /api", "GET /metrics")) or ".." in request)
    )


def _at_folder(folder: Path) -> Iterator[str]:
    """Look into it, and make a file in it."""
    if _does(lambda: list(folder.iterdir())):
        yield f"looked into {folder}"
    if _does((folder / MARK).touch):
        yield f"made a file in {folder}"


def _at_file(file: Path) -> Iterator[str]:
    """Read it, write it, or connect to it."""
    for what, flags in (("read", os.O_RDONLY), ("may write", os.O_WRONLY)):
        if _does(lambda flags=flags: os.close(os.open(file, flags | os.O_NONBLOCK))):  # type: ignore[misc]  # mypy knows no lambda with defaults
            yield f"{what} {file}"
    if _does(lambda: _connect(file)):
        yield f"connected to {file}"


def _at_process(pid: int) -> Iterator[str]:
    """Look into its memory and files, send it a signal, trace it."""
    for name in ("environ", "mem", "maps", "auxv", "io", "stack", "syscall"):
        if _does(lambda name=name: _first_byte(Path(f"/proc/{pid}/{name}"))):  # type: ignore[misc]  # as above
            yield f"read {name} of process {pid}"
    for name in ("fd", "cwd", "root", "map_files"):
        if _does(lambda name=name: list(Path(f"/proc/{pid}/{name}/").iterdir())):  # type: ignore[misc]  # as above
            yield f"looked into {name} of process {pid}"
    if _does(lambda: os.kill(pid, signal.SIGURG)):
        yield f"sent a signal to process {pid}"
    if ctypes.CDLL(None).ptrace(PTRACE_ATTACH, pid, 0, 0) == 0:
        yield f"traced process {pid}"


def _first_byte(path: Path) -> None:
    with path.open("rb") as file:
        file.read(1)


def _at_port(port: int) -> Iterator[tuple[str, bytes]]:
    """What it answers to a Kafka client, a Redis client and HTTP, none of which says who it is."""
    yield f"{port} Kafka's topics", _answer(port, METADATA)
    yield f"{port} Redis", _answer(port, b"*1\r\n$4\r\nINFO\r\n")
    for request in ASKED:
        head = f"{request} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n"
        body = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" if request[0] == "P" else "\r\n"
        yield f"{port} {request}", _answer(port, (head + body).encode())


def _answer(port: int, sent: bytes) -> bytes:
    found = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2.0) as connection:
        connection.sendall(sent)
        while len(found) < 1_000_000 and (some := connection.recv(65_536)):
            found += some
    return found


def _connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))


def _does(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def _become_nobody() -> None:
    "localhost".encode("idna")  # loads what sockets need, while this may still read it
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def main(words: Iterable[str]) -> None:
    """Try what is given on the standard input, or a folder's paths."""
    (given,) = words
    piped = given == "-"
    target = msgspec.json.decode(sys.stdin.buffer.read(), type=Target) if piped else target_of(Path(given).resolve())
    _become_nobody()
    tried = _tried(target)
    if piped:
        sys.stdout.buffer.write(msgspec.json.encode(tried))
    else:
        print("\n".join(tried.done) or "nothing")


if __name__ == "__main__":
    main(sys.argv[1:])
