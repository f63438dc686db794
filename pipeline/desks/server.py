"""The process `vigie desks`: follows reference data and topics, and answers requests until it is stopped."""

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import redis.asyncio
import structlog

from pipeline.access.login import Bounds
from pipeline.access.record import Recorder
from pipeline.desks.abroad_topics import follow_abroad
from pipeline.desks.app import application
from pipeline.desks.camera_reads import CameraReads
from pipeline.desks.cases import Cases
from pipeline.desks.deciding import Deciding
from pipeline.desks.directory import FOLLOWED, RIGHTS_GIVEN, Directory
from pipeline.desks.feed_log import KafkaFeedLog
from pipeline.desks.feeds import TOPICS, Feeds
from pipeline.desks.house import House, Origin
from pipeline.desks.leaving import EVERY_S, GRACE_MS, Leaving
from pipeline.desks.limits import Limits
from pipeline.desks.live import Live
from pipeline.desks.live_topics import follow
from pipeline.desks.place import proxies_of
from pipeline.desks.provider import ProviderClient, provider_settings
from pipeline.desks.stream import Streams
from pipeline.desks.watching import Watch
from pipeline.errors import Misconfigured, url_parts
from pipeline.evidence.store import EvidenceStore
from pipeline.hotlist import acting as incidents
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.covert import OwnersKey, desks_key
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.listening import LOOPBACK, tls_context
from pipeline.runtime.log import platform_key
from pipeline.runtime.passwords import Passwords
from pipeline.runtime.ports import free_ports
from pipeline.runtime.private import private_folder
from pipeline.runtime.sealing import Seal
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.serving import Listener, listen, run_until_closed
from pipeline.runtime.settings import Settings
from pipeline.sections import judging as judgements
from pipeline.state.approval_store import AnswerStore, ApprovalStore
from pipeline.state.credential_store import AttemptStore, CredentialStore
from pipeline.state.feed_marks import FeedMarks
from pipeline.state.follower import Follower
from pipeline.state.health_memory import HealthMemory
from pipeline.state.later_words import LaterWords
from pipeline.state.outbox import Outbox
from pipeline.state.record_keys import RecordKeys
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.session_store import SessionStore
from pipeline.state.waiting_room import WaitingRoom
from pipeline.stream.covert_alerts import sealed_action
from pipeline.stream.lookup import Lookup
from schemas.incidents import IncidentAction, IncidentState
from schemas.judgements import Judged, Judgement
from schemas.outcomes import Alert, Withdrawal
from schemas.topics import ACTIONS, ALERTS, JUDGEMENTS

log = structlog.get_logger()
MINUTE_MS = 60_000
STOP_S = 2.0
MOST_PARTITIONS = 10_000  # more than a topic has: where a forward says that its alert stands, it does


@dataclass(frozen=True, slots=True)
class DeskServers:
    """The connections and stores of the process."""

    kafka: KafkaConnection
    client: redis.asyncio.Redis
    recorder: Recorder


async def run_desks(
    settings: Settings,
    servers: DeskServers,
    stopped: asyncio.Event,
    *,
    ready: Callable[[str], None] = lambda _url: None,
    now_ms: Callable[[], int] = platform_now_ms,
    limits: Limits | None = None,
    plates: Limits | None = None,
    grace_ms: int = GRACE_MS,
) -> None:
    """Serve until `stopped`. ready: called once all is loaded, with the address for browsers. limits: of the requests of each
    person or place; plates: of those that each person is shown; None: the usual ones. grace_ms: see Leaving. Raises Misconfigured
    for a port, a certificate or an address that cannot be used."""
    tls = _tls(settings)
    port = settings.desks_port or free_ports((), 1)[0]
    house = _house(settings, servers, Origin(_origin(settings, port)), now_ms)
    house.limits, house.plates = limits or house.limits, plates or house.plates
    async with contextlib.AsyncExitStack() as closing:
        closing.callback(house.passwords.close)
        if house.provider is not None:
            closing.push_async_callback(house.provider.close)
        closing.push_async_callback(house.deciding.sender.stop)
        closing.push_async_callback(house.feeds.log.close)
        closing.push_async_callback(house.reads.close)
        closing.push_async_callback(_alerts_of(house, servers, settings.namespace).close)
        house.metrics.serve(settings)
        follower = Follower(
            servers.client, settings.namespace, FOLLOWED, house.directory.take,
            on_caught_up=house.directory.caught_up, as_it_is=RIGHTS_GIVEN,
        )  # fmt: skip
        await follower.load_patiently()
        for work in (
            follower.run,
            partial(follow, house.live, servers.kafka, settings.namespace, now_ms, desks_key(settings)),
            partial(follow_abroad, house.abroad, servers.kafka, settings.namespace, now_ms),
            house.streams.beat,
            partial(house.watch.look_on, now_ms),
            _leaving(house, grace_ms).run,
        ):
            run_until_closed(closing, work, house.metrics.beside)
        listener = Listener(setting="VIGIE_DESKS_PORT", host=settings.desks_host, port=port, tls=tls, stop_s=STOP_S)
        await listen(closing, application(house), listener)
        await house.live.ready.wait()
        await house.abroad.ready.wait()
        log.info("desks.started", url=house.origin.url)
        house.metrics.started()
        ready(house.origin.url)
        await stopped.wait()
    log.info("desks.stopped")


def _alerts_of(house: House, servers: DeskServers, namespace: str) -> Lookup[Alert | Withdrawal]:
    """What finds the alerts of what is open abroad, where they are kept here no more."""
    alerts = Lookup(servers.kafka.client_kwargs(), namespace, ALERTS, MOST_PARTITIONS)
    house.abroad.find = alerts.message
    return alerts


def _tls(settings: Settings) -> ssl.SSLContext | None:
    files = settings.desks_cert_file, settings.desks_key_file, settings.desks_client_ca_file
    return tls_context("VIGIE_DESKS", *files)


def _leaving(house: House, grace_ms: int) -> Leaving:
    return Leaving(live=house.live, sessions=house.sessions, directory=house.directory, deciding=house.deciding,
                   now_ms=house.now_ms, grace_ms=grace_ms, every_s=min(EVERY_S, grace_ms / 1_000))  # fmt: skip


def _house(settings: Settings, servers: DeskServers, origin: Origin, now_ms: Callable[[], int]) -> House:
    private_folder(settings.data_dir)
    key = platform_key(settings.platform_key)
    directory, seal, name, client = Directory(), Seal(key, "desks positions"), settings.namespace, servers.client
    sender = Sender(servers.kafka.client_kwargs())
    deciding = Deciding(sender, name, ACTIONS, incidents.is_decided, "the incident", _covert_aside(settings))
    judging: Deciding[Judgement, Judged] = Deciding(sender, name, JUDGEMENTS, judgements.is_decided, "the judgement")
    live = Live(directory, Cases(on_judged=judging.changed), on_incident=deciding.changed)
    provider = provider_settings(settings)
    bounds = Bounds(
        idle_ms=settings.session_idle_minutes * MINUTE_MS, longest_ms=settings.session_hours * 60 * MINUTE_MS
    )
    sessions = SessionStore(client, name, bounds)
    return House(
        home=settings.country,
        key=key,
        origin=origin,
        directory=directory,
        live=live,
        streams=Streams(live, seal, now_ms, secrets.token_bytes(8)),
        writer=ReplicaWriter(client, name),
        sessions=sessions,
        watch=Watch(sessions),
        credentials=CredentialStore(client, name),
        attempts=AttemptStore(client, name),
        approvals=ApprovalStore(client, name),
        answers=AnswerStore(client, name),
        pictures=EvidenceStore.open(settings.evidence),
        waiting=WaitingRoom(client, name),
        health=HealthMemory(client, name),
        reads=CameraReads(servers.kafka, name, sender.partitions),
        deciding=deciding,
        judging=judging,
        feeds=Feeds(KafkaFeedLog(servers.kafka, name, TOPICS, live), live, FeedMarks(client, name), seal),
        outbox=Outbox(client, name),
        words=LaterWords(client, name),
        recorder=servers.recorder,
        record=settings.record,
        liaison=settings.liaison,
        record_keys=RecordKeys(client, name),
        seal=seal,
        passwords=Passwords(),
        now_ms=now_ms,
        proxies=proxies_of(settings.desks_proxies),
        provider=None if provider is None else ProviderClient(provider, f"{origin.url}/"),
    )


def _covert_aside(settings: Settings) -> Callable[[IncidentAction, IncidentState | None], Outgoing | None]:
    """The `aside` of Deciding: what is decided about a covert incident is sealed, and goes to the topic of its alerts."""
    private = desks_key(settings)
    key = None if private is None else OwnersKey.of(private.public_key())

    def aside(action: IncidentAction, state: IncidentState | None) -> Outgoing | None:
        if state is None or state.covert_owner is None:
            return None
        assert key is not None, "only who opens a covert incident's alerts knows of it"
        return sealed_action(action, key, settings.namespace)

    return aside


def _origin(settings: Settings, port: int) -> str:
    """The address that browsers use. Without a setting: localhost, the only name that is safe without a certificate.
    Raises Misconfigured for a setting that is not safe, and where there is none and other machines are served."""
    if settings.desks_origin is not None:
        origin = settings.desks_origin.rstrip("/")
        parts = url_parts("VIGIE_DESKS_ORIGIN", origin, "https:// and a name")
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "localhost")
        if safe and parts.hostname and origin == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc:
            return origin
        raise Misconfigured(
            "VIGIE_DESKS_ORIGIN", found=origin, allowed="https:// and a name; without TLS http://localhost:PORT alone"
        )
    if settings.desks_host not in LOOPBACK:
        allowed = f"the https:// address that browsers use, as VIGIE_DESKS_HOST is {settings.desks_host}"
        raise Misconfigured("VIGIE_DESKS_ORIGIN", found=None, allowed=allowed)
    scheme = "http" if settings.desks_cert_file is None else "https"
    return f"{scheme}://localhost:{port}"
