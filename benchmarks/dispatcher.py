"""A dispatcher who may see everything, at the live stream of the platform's desks: how late each alert came there."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
from redis.asyncio import Redis

from benchmarks.bench_live import DAY_MS, REASON, Process
from benchmarks.common import percentile
from pipeline.access.login import Bounds, Shift
from pipeline.demo.network_data import EFFECTIVE_WITHIN_S
from pipeline.desks.cookies import SESSION
from pipeline.runtime.clock import platform_now_ms
from pipeline.servers.platform import Platform
from pipeline.state.collections import DESIGNATIONS, DESKS, USERS
from pipeline.state.record_keys import RecordKeys
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.session_store import SessionStore
from schemas.people import Desk
from schemas.reads import Network
from schemas.reference import HotList
from tests.people import make_designation, make_user

WHO, DESK = "bench.dispatcher", "BENCH"


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """One reader of the live stream, a process of its own."""

    process: Process

    async def begin(self) -> None:
        """Forget what came until now."""
        await self.process.tell("anew")

    async def figures(self, alerts: int) -> dict[str, Any]:
        """End, and tell how late the alerts came since `begin`, in whole milliseconds since their capture. alerts: so many were
        due."""
        await self.process.tell("end")
        counted = {int(delay): count for delay, count in json.loads(await self.process.line()).items()}
        delays = [delay for delay in sorted(counted) for _ in range(counted[delay])]
        return {
            "stream_p50_ms": percentile(delays, 0.5), "stream_p99_ms": percentile(delays, 0.99),
            "stream_max_ms": delays[-1] if delays else None, "stream_missing": alerts - len(delays),
        }  # fmt: skip


@contextlib.asynccontextmanager
async def dispatcher(platform: Platform) -> AsyncIterator[Dispatcher]:
    """A dispatcher at the platform's desks, until the block ends."""
    assert platform.desks is not None, "the platform runs with its desks"
    async with Redis.from_url(platform.servers.redis_url) as redis:
        cookie = await _at_work(redis, platform.settings.namespace)
    host = platform.desks.url.removeprefix("http://")
    place = {"host": host, "port": int(host.rpartition(":")[2]), "path": "/api/v1/stream", "cookies": [cookie]}
    async with Process.running("-m", "benchmarks.live_readers") as readers:
        await readers.tell(json.dumps(place))
        assert "connected\n" == await readers.line()
        yield Dispatcher(readers)


async def _at_work(redis: Redis, namespace: str) -> str:
    """The cookie of a dispatcher who has begun a shift."""
    now_ms, writer = platform_now_ms(), ReplicaWriter(redis, namespace)
    await RecordKeys(redis, namespace).make(now_ms)
    lists, networks = get_args(HotList), get_args(Network)
    await writer.put(DESKS, [Desk(desk_id=DESK, name="dispatch", everywhere=True, lists=lists)])
    await writer.put(USERS, [make_user(WHO)])
    dates = {"valid_from_ms": now_ms - DAY_MS, "valid_until_ms": now_ms + DAY_MS, "trained_until_ms": now_ms + DAY_MS}
    await writer.put(
        DESIGNATIONS,
        [make_designation("dispatcher", WHO, everywhere=True, zones=(), lists=lists, networks=networks, **dates)],
    )
    store = SessionStore(redis, namespace, Bounds())
    token, session = await store.open(WHO, "password", now_ms)
    shift = Shift(desk_id=DESK, reason=REASON, access_id="e-0", began_ms=now_ms)
    await store.keep(token, msgspec.structs.replace(session, shift=shift), now_ms)
    await asyncio.sleep(EFFECTIVE_WITHIN_S)  # until the desks know this person
    return f"{SESSION}={token}"
