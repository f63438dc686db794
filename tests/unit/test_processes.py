"""Supervision, on real child processes that take milliseconds."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from pipeline.runtime.back_off import BackOff
from pipeline.servers import pids
from pipeline.servers.processes import Program, StartFailed, Supervised

Run = Callable[..., Supervised]


def python(code: str, **care: object) -> Program:
    """A Python program named child, restarted after 10 ms when it dies."""
    back_off = BackOff(first_s=0.01)
    program = Program(name="child", argv=(sys.executable, "-I", "-S", "-c", code), back_off=back_off, stop_within_s=2.0)
    return replace(program, **care)  # type: ignore[arg-type]  # any field of a program


@pytest_asyncio.fixture
async def supervise(tmp_path: Path) -> AsyncIterator[Run]:
    """Starts a program's supervision in tmp_path and stops it afterwards."""
    started: list[Supervised] = []

    def run(program: Program) -> Supervised:
        started.append(Supervised(program, tmp_path))
        return started[-1]

    yield run
    for process in started:
        await process.stop(kill=True)


async def file_appears(path: Path) -> bool:
    """A health check: the child has made the file."""
    return await asyncio.to_thread(path.exists)


async def never() -> bool:
    """A health check that always says no."""
    return False


async def eventually(condition: Callable[[], bool], within_s: float = 5.0) -> bool:
    """Whether a condition that nobody announces comes true in time."""
    for _ in range(int(within_s / 0.01)):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


async def test_it_is_ready_when_its_health_says_so(supervise: Run, tmp_path: Path) -> None:
    """State, pid and pid file follow a life from start to stop."""
    sign = tmp_path / "sign"
    child = supervise(
        python(
            f"import time, pathlib; pathlib.Path({str(sign)!r}).touch(); time.sleep(60)",
            health=lambda: file_appears(sign),
            health_every_s=0.01,
        )
    )
    assert child.state == "stopped"
    await child.start()
    await child.wait_ready()
    assert (child.state, child.restarts) == ("ready", 0)
    identity = pids.read(tmp_path / "run" / "child.pid")
    assert identity is not None
    assert identity.pid == child.pid
    assert os.getpgid(identity.pid) == identity.pid

    await child.stop()

    assert child.exit_code == -signal.SIGTERM
    assert child.pid is None
    assert not pids.lives(identity)
    assert not (tmp_path / "run" / "child.pid").exists()


async def test_a_killed_child_is_restarted(supervise: Run) -> None:
    """Another process stands in its place, and the restart is counted."""
    child = supervise(python("import time; time.sleep(60)"))
    await child.start()
    await child.wait_ready()
    first = child.pid
    child.kill()
    await child.wait_ready()
    assert child.pid != first
    assert (child.state, child.restarts) == ("ready", 1)


async def test_a_child_that_keeps_dying_is_restarted_ever_more_slowly(supervise: Run, tmp_path: Path) -> None:
    """No crash loop: the pauses double up to the bound, so few lives fit into the time."""
    lives = tmp_path / "lives"
    child = supervise(
        python(
            f"open({str(lives)!r}, 'a').write('x'); raise SystemExit(3)", back_off=BackOff(first_s=0.2), health=never
        )
    )
    await child.start()
    with pytest.raises(StartFailed, match="was not ready within"):
        await child.wait_ready(1.2)
    assert child.state == "restarting"
    assert child.exit_code == 3
    assert 2 <= len(lives.read_text()) <= 4


async def test_waiting_for_one_that_never_comes_up_ends_soon(supervise: Run) -> None:
    """A broken program is not waited for to the end of its time: after a few deaths the error shows its log."""
    child = supervise(python("raise SystemExit('out of order')", health=never))
    await child.start()
    async with asyncio.timeout(10):
        with pytest.raises(StartFailed, match="died 5 times, last with 1") as caught:
            await child.wait_ready()
    assert "out of order" in str(caught.value)


async def test_one_that_is_not_to_be_restarted_ends_with_its_reason(supervise: Run) -> None:
    """The error names the program, its exit code and its last words."""
    child = supervise(python("print('no configuration', flush=True); raise SystemExit(7)", restart=False, health=never))
    await child.start()
    with pytest.raises(StartFailed, match="child ended with 7") as caught:
        await child.wait_ready()
    assert "Its log ends:\nno configuration" in str(caught.value)
    assert child.state == "stopped"


async def test_a_program_that_does_not_exist_is_named(supervise: Run) -> None:
    """A wrong path is said in the error, not only in a log file."""
    child = supervise(Program(name="child", argv=("/nowhere/at/all",), restart=False, health=never))
    await child.start()
    with pytest.raises(StartFailed, match="/nowhere/at/all: No such file"):
        await child.wait_ready()


async def test_one_that_ignores_the_polite_request_is_killed(supervise: Run, tmp_path: Path) -> None:
    """A stop is bounded even where SIGTERM is ignored."""
    sign = tmp_path / "sign"
    code = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"pathlib.Path({str(sign)!r}).touch(); time.sleep(60)"
    )
    child = supervise(python(code, health=lambda: file_appears(sign), stop_within_s=0.1))
    await child.start()
    await child.wait_ready()
    async with asyncio.timeout(3):
        await child.stop()
    assert child.exit_code == -signal.SIGKILL


async def test_a_child_that_hangs_is_restarted(supervise: Run, tmp_path: Path) -> None:
    """Alive but no longer healthy is not enough where health is watched."""
    sign = tmp_path / "sign"
    code = f"import pathlib, time; pathlib.Path({str(sign)!r}).touch(); time.sleep(60)"
    child = supervise(python(code, health=lambda: file_appears(sign), watch_every_s=0.01))
    await child.start()
    await child.wait_ready()
    first = child.pid
    sign.unlink()
    assert await eventually(lambda: child.restarts > 0)
    await child.wait_ready()
    assert child.pid != first


async def test_its_log_is_bounded(supervise: Run, tmp_path: Path) -> None:
    """What a chatty child writes over months takes no more than twice the bound on disk."""
    sign = tmp_path / "sign"
    code = (
        "import pathlib, sys, time\n"
        "for line in range(1000): print('x' * 99, flush=True)\n"
        f"pathlib.Path({str(sign)!r}).touch(); print('last', flush=True); time.sleep(60)"
    )
    child = supervise(python(code, health=lambda: file_appears(sign), log_bytes=10_000, watch_every_s=0.01))
    await child.start()
    await child.wait_ready()
    assert await eventually(lambda: child.log_path.stat().st_size <= 10_000)
    older = child.log_path.with_suffix(".log.1")
    assert older.stat().st_size == 10_000
    assert (older.read_text() + child.log_path.read_text()).rstrip().endswith("last")


def test_children_end_with_their_supervisor(tmp_path: Path) -> None:
    """kill -9 of the supervisor takes its children along; where the system cannot do that, the next start ends them."""
    code = (
        "import asyncio, pathlib, sys\n"
        "from pipeline.servers.processes import Program, Supervised\n"
        "async def main():\n"
        "    child = Supervised(Program(name='child', argv=('/bin/sleep', '60')), pathlib.Path(sys.argv[1]))\n"
        "    await child.start(); await child.wait_ready(); print(child.pid, flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        lines = iter(supervisor.stdout.readline, b"")
        child = pids.identity_of(int(next(line for line in lines if line.strip().isdigit())))
        assert child is not None
        supervisor.kill()
    if sys.platform != "linux":
        pids.end_orphans(tmp_path / "run")
    assert pids.all_ended([child], within_s=3.0)
