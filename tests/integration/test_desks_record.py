"""The desks as `vigie up` runs them: with an account of their own on Kafka and Redis, and the record on its topic."""

import asyncio
import contextlib
from pathlib import Path

import aiohttp
import msgspec
from redis.asyncio import Redis

from pipeline.access.login import Bounds
from pipeline.desks.guard import RECORD
from pipeline.desks.route import PREFIX
from pipeline.desks.server import DeskServers, run_desks
from pipeline.record.recorder import KafkaRecorder
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.passwords import hashed
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.access import provide
from pipeline.servers.endpoints import named_servers
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import HOTLIST
from pipeline.state.credential_store import CredentialStore
from pipeline.state.record_keys import RecordKeys
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.session_store import SessionStore
from schemas.accesses import Access
from schemas.topics import ACCESSES
from tests.builders import make_entry
from tests.conftest import OpenAs, records_in
from tests.people_desk import Desks

PASSWORD, ONCE = "seven green herons", {"Idempotency-Key": "once-only"}


async def test_what_is_asked_is_in_the_record_before_the_answer(
    pair: EmbeddedPair, redis: Redis, redis_as: OpenAs, namespace: str, tmp_path: Path
) -> None:
    """With the process' own rights on both servers: login, query and change have an intent and an outcome each."""
    await provide(pair.kafka, pair.redis_url, namespace, pair.accounts)
    settings = Settings(namespace=namespace, data_dir=tmp_path, desks_port=0)
    servers = load_settings({"VIGIE_NAMESPACE": namespace})
    own = named_servers(servers, pair.kafka.url, pair.valkey_server.address, "desks", pair.accounts)
    await RecordKeys(redis, namespace).make(platform_now_ms())
    writer, sessions = ReplicaWriter(redis, namespace), SessionStore(redis, namespace, Bounds())
    desks = Desks(own.kafka, redis, namespace, settings, writer, sessions)
    await desks.person("an.peeters", "list_manager")
    operator = await redis_as("operator", namespace)  # as `vigie users` is
    await CredentialStore(operator, namespace).set_password("an.peeters", hashed(PASSWORD), initial=False)
    await SessionStore(operator, namespace, Bounds()).end_all("an.peeters")
    async with contextlib.AsyncExitStack() as closing:
        client = await closing.enter_async_context(open_redis(own.redis_url))
        sender = Sender(own.kafka.client_kwargs())
        closing.push_async_callback(sender.stop)
        recorder = KafkaRecorder(
            sender, RecordKeys(client, namespace), namespace, patience_s=60.0
        )  # a machine may be busy
        stopped, address = asyncio.Event(), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(
            run_desks(settings, DeskServers(own.kafka, client, recorder), stopped, ready=address.set_result)
        )
        await asyncio.wait({task, address}, return_when=asyncio.FIRST_COMPLETED)
        desks.url = address.result() if address.done() else task.result() or ""
        desks.http = await closing.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        browser = desks.browser()
        answers = [await browser.ask("POST", f"{PREFIX}/session", {"user_id": "an.peeters", "password": PASSWORD}),
                   await browser.ask("PUT", f"{PREFIX}/hotlist/E-1", make_entry(entry_id="E-1"), headers=ONCE),
                   await browser.ask("GET", f"{PREFIX}/hotlist"),
                   await browser.ask("GET", f"{PREFIX}/users")]  # fmt: skip
        stopped.set()
        await task
    assert [200, 204, 200, 403] == [answer.status for answer in answers]
    assert make_entry(entry_id="E-1") == await desks.writer.get(HOTLIST, "E-1")
    kept = [
        msgspec.json.decode(one.value, type=Access)
        for one in await records_in(pair.kafka, f"{namespace}.{ACCESSES.name}")
    ]
    shown = [(one.entry.act, one.entry.who) if hasattr(one.entry, "act") else one.entry.outcome for one in kept]
    who = "an.peeters"
    assert [
        ("login", who),
        "answered",
        ("reference", who),
        "answered",
        ("query", who),
        "answered",
        ("rights", who),
        "refused",
    ] == shown
    assert {answer.headers[RECORD] for answer in answers[:3]} == {one.access_id for one in kept[:6:2]}
