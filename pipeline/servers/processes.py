"""Supervises a child process: starts it, watches whether it is healthy, restarts it with growing pauses when it dies, and
stops it."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

import structlog

from pipeline.errors import Unavailable
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.private import open_private, private_folder, write_private
from pipeline.servers import pids
from pipeline.servers.launch import __file__ as launcher

State = Literal["starting", "ready", "restarting", "stopped"]
Health = Callable[[], Awaitable[bool]]

log = structlog.get_logger()


async def always() -> bool:
    """A health check that always says yes: the program is healthy as soon as it runs."""
    return True


RESTARTS = BackOff(first_s=0.1, cap_s=10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run and how to supervise it. argv[0] is a path; env is added to this process's environment."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None  # the folder that it works in; None: this process's
    health: Health = always  # asked until it says yes; an exception counts as no
    health_every_s: float = 0.05
    watch_every_s: float | None = None  # asked on while it runs; five times no in a row ends it
    ready_within_s: float = 30.0
    stop_within_s: float = 5.0  # from SIGTERM to SIGKILL
    restart: bool = True
    back_off: BackOff = RESTARTS  # before each restart that follows another within calm_s
    calm_s: float = 10.0  # ready for so long: the next death is a first one again
    first_tries: int = 5  # after so many deaths without having been ready once, wait_ready() gives up
    log_bytes: int = 8 * 1024 * 1024  # then the log is kept as NAME.log.1 and begun anew


class StartFailed(Unavailable):
    """Raised when a program could not be started: it was not ready in time, ended or died too often, or a step of its setup
    failed. The message says which, and ends with the last lines of its log or where to look."""

    def __init__(self, name: str, cause: str, more: str) -> None:
        """more: the end of its log, or where to look, as a sentence of its own."""
        super().__init__(name)
        self.args = (f"{name} {cause}. {more}",)


class Supervised:
    """One program under supervision. Its log is <data_dir>/logs/NAME.log, its pid and start time are in
    <data_dir>/run/NAME.pid.

    Start it from the main thread's event loop: on Linux the child ends when the thread that started it ends.
    """

    def __init__(self, program: Program, data_dir: Path) -> None:
        self.program = program
        self.state: State = "stopped"
        self.restarts = 0  # since start()
        self.pid: int | None = None
        self.exit_code: int | None = None  # of the last run; negative: the signal that ended it
        self.log_path = data_dir / "logs" / f"{program.name}.log"
        self._pid_path = data_dir / "run" / f"{program.name}.pid"
        self._ready = asyncio.Event()
        self._hopeless = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin to supervise; returns at once. Does nothing when it is supervised already."""
        if self._task is not None and not self._task.done():
            return
        for folder in (self.log_path.parent, self._pid_path.parent):
            private_folder(folder)
        for event in (self._ready, self._hopeless, self._stopping):
            event.clear()
        self.restarts = 0
        self.state = "starting"
        self._task = asyncio.create_task(self._supervise(), name=f"supervise {self.program.name}")

    async def wait_ready(self, timeout_s: float | None = None) -> None:
        """Wait until the program is healthy. Raises StartFailed when it is not after timeout_s (None: ready_within_s), has
        ended and is not restarted, or has died first_tries times. After a timeout it is still supervised: call stop() to
        end it."""
        assert self._task is not None, "start() comes first"
        waiting = {asyncio.create_task(self._ready.wait()), asyncio.create_task(self._hopeless.wait())}
        limit_s = self.program.ready_within_s if timeout_s is None else timeout_s
        try:
            await asyncio.wait({*waiting, self._task}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if not self._ready.is_set():
            raise StartFailed(self.program.name, self._why_not(limit_s), f"Its log ends:\n{self.log_tail()}")

    async def stop(self, *, kill: bool = False) -> None:
        """End the program and its supervision: SIGTERM, then SIGKILL after stop_within_s; kill=True: SIGKILL at once.
        start() may follow."""
        if self._task is None:
            return
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            await self._end(self._process, kill=kill)
        await self._task
        self.state = "stopped"

    def kill(self) -> None:
        """Send SIGKILL now, as a fault would. Supervision goes on and restarts it."""
        if self.pid is not None:
            self._ready.clear()
            pids.signal_group(self.pid, signal.SIGKILL)

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the program's log; "(no log)" where it has none."""
        try:
            text = self.log_path.read_bytes()[-16_384:].decode(errors="replace")
        except OSError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def _why_not(self, limit_s: float) -> str:
        if self._hopeless.is_set():
            return f"died {self.program.first_tries} times, last with {self.exit_code}"
        if self._task is None or self._task.done():
            return f"ended with {self.exit_code}"
        return f"was not ready within {limit_s:g} s"

    async def _supervise(self) -> None:
        deaths = 0
        was_ready = False
        while True:
            ready_for_s = await self._run_once()
            was_ready = was_ready or ready_for_s > 0
            if self._stopping.is_set() or not self.program.restart:
                self.state = "stopped"
                return
            deaths = 1 if ready_for_s >= self.program.calm_s else deaths + 1
            pause_s = self.program.back_off.wait_s(deaths)
            self.state = "restarting"
            self.restarts += 1
            if self.restarts >= self.program.first_tries and not was_ready:
                self._hopeless.set()
            log.warning("process.died", process=self.program.name, exit_code=self.exit_code, restart_in_s=pause_s)
            if await _happens(self._stopping, pause_s):
                self.state = "stopped"
                return

    async def _run_once(self) -> float:
        """Run the program once, until it ends. Returns for how many seconds it was ready."""
        began = time.monotonic()
        ready_at: float | None = None
        try:
            process = await self._spawn()
        except OSError as error:
            self.exit_code = 127
            log.error("process.not_started", process=self.program.name, error=str(error))
            return 0.0
        gone = asyncio.create_task(process.wait())
        try:
            if await self._becomes_healthy(gone):
                ready_at = time.monotonic()
                self.state = "ready"
                self._ready.set()
                log.info("process.ready", process=self.program.name, pid=self.pid, after_s=round(ready_at - began, 2))
                await self._watch(gone)
            if not gone.done():
                await self._end(process, kill=self._ready.is_set())
        finally:
            gone.cancel()
            self._bury(process)
        return 0.0 if ready_at is None else time.monotonic() - ready_at

    async def _spawn(self) -> asyncio.subprocess.Process:
        program = self.program
        self._turn_log()
        command = (sys.executable, "-I", "-S", launcher, str(os.getpid()), *program.argv)
        with open_private(self.log_path, "append") as output:
            process = await _spawn(command, {**os.environ, **program.env}, program.cwd, output)
        self._process = process
        self.pid = process.pid
        identity = pids.identity_of(process.pid, program.argv)
        if identity is not None:
            pids.write(self._pid_path, identity)
        return process

    async def _becomes_healthy(self, gone: asyncio.Task[int]) -> bool:
        """Check until the program is healthy and return True; False when it has ended, is to stop, or its time is up."""
        until = time.monotonic() + self.program.ready_within_s
        while time.monotonic() < until and not self._stopping.is_set():
            if await self._healthy():
                return not gone.done()
            if await _done(gone, self.program.health_every_s):
                return False
        return False

    async def _watch(self, gone: asyncio.Task[int]) -> None:
        """Return when the program has ended, or was unhealthy at five checks in a row. Keeps its log's size bounded
        meanwhile."""
        every_s = self.program.watch_every_s
        misses = 0
        while not await _done(gone, every_s or 5.0):
            self._turn_log()
            if every_s is not None and not self._stopping.is_set():
                misses = 0 if await self._healthy() else misses + 1
                if misses >= 5:
                    log.error("process.hangs", process=self.program.name)
                    return

    async def _healthy(self) -> bool:
        try:
            return await asyncio.wait_for(self.program.health(), 5.0)
        except Exception:
            return False

    async def _end(self, process: asyncio.subprocess.Process, *, kill: bool) -> None:
        if not kill:
            pids.signal_group(process.pid, signal.SIGTERM)
            if await _done(asyncio.ensure_future(process.wait()), self.program.stop_within_s):
                return
        pids.signal_group(process.pid, signal.SIGKILL)
        await process.wait()

    def _bury(self, process: asyncio.subprocess.Process) -> None:
        pids.signal_group(process.pid, signal.SIGKILL)  # what it left behind in its group
        self._pid_path.unlink(missing_ok=True)
        self.exit_code = process.returncode
        self.pid = None
        self._process = None
        self._ready.clear()

    def _turn_log(self) -> None:
        """Copy a long log to NAME.log.1 and empty it. The child opened it for appending, so this is safe."""
        if self.log_path.exists() and self.log_path.stat().st_size > self.program.log_bytes:
            with open_private(self.log_path, "change") as file:
                file.seek(-self.program.log_bytes, os.SEEK_END)
                write_private(self.log_path.with_suffix(".log.1"), file.read())
                file.truncate(0)


async def _spawn(
    command: tuple[str, ...], env: Mapping[str, str], cwd: Path | None, output: IO[bytes]
) -> asyncio.subprocess.Process:
    """Start the program in a session of its own, so that Ctrl-C at the terminal reaches only the supervisor."""
    return await asyncio.create_subprocess_exec(
        *command,
        env=env,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


async def _done(task: asyncio.Future[int], timeout_s: float) -> bool:
    done, _ = await asyncio.wait({task}, timeout=timeout_s)
    return bool(done)


async def _happens(event: asyncio.Event, within_s: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within_s)
    except TimeoutError:
        return False
    return True
