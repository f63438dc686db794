"""Each principal, and a stranger on this machine, tries everything that the table does not give it; nothing succeeds."""

import ssl
import stat
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from redis.exceptions import ConnectionError, NoPermissionError, ResponseError

from pipeline.errors import Misconfigured
from pipeline.runtime.accounts import account_of, accounts_in, make_accounts
from pipeline.runtime.kafka_access import AccessRefused, grant_kafka
from pipeline.runtime.kafka_connection import SASL_MECHANISM
from pipeline.runtime.principals import ADMIN, BY_NAME, PRINCIPALS, Principal
from pipeline.runtime.redis_memory import Memory
from pipeline.runtime.settings import load_settings
from pipeline.runtime.topics import kafka_admin
from pipeline.servers.access import provide
from pipeline.servers.endpoints import Servers, named_servers
from pipeline.servers.pair import EmbeddedPair
from pipeline.servers.valkey_server import with_user
from schemas.topics import TOPICS, Topic
from tests.integration.kafka_probe import DENIED, let_in, probe

NAMESPACE = "guarded"
Command = tuple[str | int, ...]
everyone = pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda principal: str(principal.name))


@pytest_asyncio.fixture(scope="module")
async def guarded(pair: EmbeddedPair) -> AsyncIterator[EmbeddedPair]:
    """The session's servers with the accounts of one Vigie, a record in each topic and a value under each key."""
    await provide(pair.kafka, pair.redis_url, NAMESPACE, pair.accounts, partitions={one.name: 1 for one in TOPICS})
    async with AIOKafkaProducer(**pair.kafka.client_kwargs()) as producer:
        for name in ALL:
            await producer.send_and_wait(name, b"secret")
    yield pair
    async with kafka_admin(pair.kafka) as admin:
        await admin.delete_topics(ALL)
    async with Redis.from_url(pair.redis_url) as client:
        await client.delete(*map(key_of, MEMORIES))


def full(topic: Topic[Any]) -> str:
    """The topic's name on the broker."""
    return f"{NAMESPACE}.{topic.name}"


ALL = [full(topic) for topic in TOPICS]
MEMORIES = sorted({memory for one in PRINCIPALS for memory in one.keys}, key=lambda memory: memory.pattern)


def key_of(memory: Memory, namespace: str = NAMESPACE) -> str:
    """A key that belongs to this memory."""
    return memory.pattern.replace("NS", namespace, 1).replace("*", "some")


def covered(keys: Iterable[str], memories: Iterable[Memory]) -> set[str]:
    """Those of the keys that belong to one of these memories; one memory may be a part of another."""
    patterns = [memory.pattern.replace("NS", NAMESPACE, 1) for memory in memories]
    return {key for key in keys if any(fnmatchcase(key, pattern) for pattern in patterns)}


def as_principal(pair: EmbeddedPair, name: str) -> Servers:
    """Both servers as the principal of this name reaches them."""
    settings = load_settings({"VIGIE_NAMESPACE": NAMESPACE})
    return named_servers(settings, pair.kafka.url, pair.valkey_server.address, name, pair.accounts)


def allowed(codes: dict[str, int]) -> set[str]:
    """The names for which it was done."""
    assert set(codes.values()) <= {0, *DENIED}, codes
    return {name for name, code in codes.items() if code == 0}


@everyone
async def test_on_kafka_it_has_the_topics_of_the_table_and_no_others(
    guarded: EmbeddedPair, principal: Principal
) -> None:
    """Every topic is read, written and looked at."""
    async with probe(as_principal(guarded, principal.name).kafka) as client:
        assert {full(topic) for topic in principal.reads} == allowed(await client.fetch(ALL))
        assert {full(topic) for topic in principal.writes} == allowed(await client.produce(ALL))
        seen = {full(topic) for topic in (*principal.reads, *principal.describes)} if principal.configs else set()
        assert seen == allowed(await client.configs(ALL))


@everyone
async def test_on_kafka_it_moves_no_other_group_and_administers_nothing(
    guarded: EmbeddedPair, principal: Principal
) -> None:
    """Offsets of every agent's group; creation, deletion, retention; accounts and rights, its own among them."""
    own = principal.user(NAMESPACE)
    kafka = as_principal(guarded, principal.name).kafka
    async with probe(kafka) as client:
        for other in PRINCIPALS:
            code = await client.commit(other.user(NAMESPACE), ALL[0])
            assert code in DENIED or (other.user(NAMESPACE) == own and principal.joins), other.name
        groups = [other.user(NAMESPACE) for other in PRINCIPALS]
        for act, codes in (await client.administer(ALL, groups)).items():
            assert codes <= DENIED, act
    async with kafka_admin(kafka) as admin:
        with pytest.raises(AccessRefused, match="AuthorizationFailed"):
            await grant_kafka(admin, NAMESPACE, accounts_in(guarded.accounts))


@everyone
async def test_in_redis_it_has_the_keys_of_the_table_and_no_others(guarded: EmbeddedPair, principal: Principal) -> None:
    """Each memory's keys, another namespace's, and a script's are read and written."""
    keys = {key_of(memory, namespace): None for memory in MEMORIES for namespace in (NAMESPACE, "vigie")}
    async with Redis.from_url(as_principal(guarded, principal.name).redis_url) as client:
        read = await _allowed_keys(client, keys, lambda key: ("EXISTS", key))
        written = await _allowed_keys(client, keys, lambda key: ("DEL", key))
        by_script = await _by_script(client, keys, "return redis.call('DEL', KEYS[1])", 1)
        unnamed = await _by_script(client, keys, "return redis.call('DEL', ARGV[1])", 0)
    assert covered(keys, principal.keys) == read
    own = covered(keys, [memory for memory in principal.keys if memory.writes])
    assert own == written == by_script == unnamed


@everyone
async def test_in_redis_it_administers_nothing(guarded: EmbeddedPair, principal: Principal) -> None:
    """Neither users nor settings, nor what others do, nor everything at once."""
    tries = [
        ("ACL", "LIST"), ("ACL", "SETUSER", "me", "on", "nopass", "~*", "+@all"), ("CONFIG", "GET", "*"),
        ("CONFIG", "SET", "dir", "/tmp"), ("FLUSHALL",), ("KEYS", "*"), ("SCAN", "0"), ("MONITOR",), ("CLIENT", "LIST"),
        ("SHUTDOWN",), ("SAVE",), ("REPLICAOF", "127.0.0.1", "1"), ("SUBSCRIBE", "x"),
        ("PUBLISH", "x", "y"), ("MODULE", "LIST"), ("FUNCTION", "LIST"), ("SCRIPT", "FLUSH"),
    ]  # fmt: skip
    async with Redis.from_url(as_principal(guarded, principal.name).redis_url) as client:
        done = await _done(client, tries)
    assert not [words for words, allowed in zip(tries, done, strict=True) if allowed]


async def _done(client: Redis, commands: Sequence[Command]) -> list[bool]:
    """Which of the commands were done; the others were refused for want of a right. They are sent together."""
    async with client.pipeline(transaction=False) as sent:
        for words in commands:
            sent.execute_command(*words)
        answers = await sent.execute(raise_on_error=False)
    refused = [isinstance(one, ResponseError) for one in answers]
    wrong = [one for one in answers if isinstance(one, ResponseError) and not _is_denial(one)]
    assert not wrong
    return [not one for one in refused]


def _is_denial(error: ResponseError) -> bool:
    return isinstance(error, NoPermissionError) or "ACL failure in script" in str(error)


async def _allowed_keys(client: Redis, keys: Iterable[str], command: Callable[[str], Command]) -> set[str]:
    """The keys with which the command was done."""
    tried = list(keys)
    done = await _done(client, [command(key) for key in tried])
    return {key for key, allowed in zip(tried, done, strict=True) if allowed}


async def _by_script(client: Redis, keys: Iterable[str], source: str, named: int) -> set[str]:
    """The keys with which a script may do it. named: how many keys it is told. (Whoever may not load one may not run one
    either.)"""
    sha = sha1(source.encode(), usedforsecurity=False).hexdigest()
    if not (await _done(client, [("SCRIPT", "LOAD", source)]))[0]:
        return set()
    return await _allowed_keys(client, keys, lambda key: ("EVALSHA", sha, named, key))


@everyone
async def test_nobody_has_anothers_password(guarded: EmbeddedPair, principal: Principal) -> None:
    """Each principal's passwords are tried for every other user, and each server's on the other."""
    accounts = accounts_in(guarded.accounts)
    own = accounts[principal.name]
    others = [one.user(NAMESPACE) for one in PRINCIPALS if one is not principal] + [ADMIN]
    address = guarded.valkey_server.address
    tries = [(user, own.redis_password) for user in others] + [(principal.user(NAMESPACE), own.kafka_password)]
    assert not [user for user, password in tries if await _redis_lets_in(with_user(address, user, password))]
    servers = list(guarded.kafka.bootstrap_servers)
    wrong = [
        (others[0], own.kafka_password),
        (ADMIN, own.kafka_password),
        (principal.user(NAMESPACE), own.redis_password),
    ]
    for user, password in wrong:
        assert not await let_in(
            bootstrap_servers=servers, security_protocol="SASL_PLAINTEXT", sasl_mechanism=SASL_MECHANISM,
            sasl_plain_username=user, sasl_plain_password=password,
        )  # fmt: skip


async def _redis_lets_in(url: str) -> bool:
    async with Redis.from_url(url) as client:
        try:
            return bool(await client.ping())
        except ConnectionError:
            return False


def trusting() -> ssl.SSLContext:
    """TLS that believes every server, as an attacker's would."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def test_a_stranger_is_let_in_nowhere(guarded: EmbeddedPair) -> None:
    """Without an account: at every port of the brokers, plainly or with TLS, and at the store's socket as the default user."""
    cluster = guarded.kafka_server.cluster
    assert cluster is not None
    for port in (*cluster.ports, *cluster.inner_ports):
        server = f"127.0.0.1:{port}"
        assert not await let_in(bootstrap_servers=server, security_protocol="PLAINTEXT"), port
        assert not await let_in(bootstrap_servers=server, security_protocol="SSL", ssl_context=trusting()), port
    assert not await _redis_lets_in(guarded.valkey_server.address)
    assert not await _redis_lets_in(with_user(guarded.valkey_server.address, "default", ""))


async def test_the_store_listens_on_no_port(guarded: EmbeddedPair) -> None:
    """Only through the folder, which is its owner's, does one come to its socket."""
    async with Redis.from_url(guarded.redis_url) as client:
        assert (await client.info("server"))["tcp_port"] == 0
    path = guarded.valkey_server.socket
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)


async def test_what_opens_doors_is_readable_by_its_owner_alone(guarded: EmbeddedPair) -> None:
    """Accounts, the brokers' key, server.properties, the users' file: each, or a folder above it, keeps others out."""
    secret = [
        *guarded.accounts.iterdir(),
        *guarded.data_dir.glob("kafka/**/*.p*"),
        *guarded.data_dir.glob("valkey/*.*"),
    ]
    assert {"admin.json", "broker-key.pem", "server.properties", "users.acl"} <= {path.name for path in secret}
    for path in secret:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    for folder in ("accounts", "kafka", "valkey"):
        assert 0o700 == stat.S_IMODE((guarded.data_dir / folder).stat().st_mode)


async def test_accounts_given_again_hold_and_what_the_table_no_longer_gives_goes(guarded: EmbeddedPair) -> None:
    """Whoever was given too much once has it no more after the next run."""
    hotlist = as_principal(guarded, "hotlist").kafka
    async with kafka_admin(guarded.kafka) as admin:
        wider = {"hotlist": accounts_in(guarded.accounts)["hotlist"]}
        await grant_kafka(admin, NAMESPACE, wider, (_with_everything("hotlist"),))
        async with probe(hotlist) as client:
            assert set(ALL) == allowed(await client.fetch(ALL))
        await grant_kafka(admin, NAMESPACE, accounts_in(guarded.accounts))
    async with probe(hotlist) as client:
        assert {full(topic) for topic in BY_NAME["hotlist"].reads} == allowed(await client.fetch(ALL))


def _with_everything(name: str) -> Principal:
    return Principal(name=name, about="too much", reads=TOPICS)


def test_an_account_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """A loose file is no secret: it says what to do."""
    make_accounts(tmp_path, ("tail",))
    (tmp_path / "tail.json").chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod go-rwx"):
        account_of(tmp_path, "tail")
