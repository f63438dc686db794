"""The way to Redis: credentials, addresses, lost scripts, on a real Valkey."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.errors import Misconfigured, Unavailable
from pipeline.servers.pair import EmbeddedPair
from pipeline.servers.valkey_server import with_user
from pipeline.state.redis_port import Script, check_redis, open_redis
from pipeline.state.replica import CAMERAS, ReplicaWriter
from tests.integration.state_builders import make_camera


@pytest_asyncio.fixture
async def anna(redis: Redis) -> AsyncIterator[str]:
    """A user with the password "right" who may only read."""
    name = f"anna{secrets.token_hex(4)}"
    await redis.execute_command("ACL", "SETUSER", name, "on", ">right", "~*", "+@read", "+@connection")
    yield name
    await redis.execute_command("ACL", "DELUSER", name)


def url_of(pair: EmbeddedPair, user: str, password: str) -> str:
    """The session's Valkey with these credentials."""
    return with_user(pair.valkey_server.address, user, password)


async def test_the_right_password_is_let_in(pair: EmbeddedPair, anna: str) -> None:
    """User and password come with the URL."""
    async with open_redis(url_of(pair, anna, "right")) as client:
        await check_redis(client)


async def test_a_wrong_password_is_misconfigured(pair: EmbeddedPair, anna: str) -> None:
    """No waiting mends it; the message says what to set and does not show the password."""
    async with open_redis(url_of(pair, anna, "sesame")) as client:
        with pytest.raises(Misconfigured, match=r"VIGIE_REDIS_URL.*USER:PASSWORD") as caught:
            await check_redis(client)
    assert "sesame" not in str(caught.value)


async def test_a_user_without_the_rights_is_misconfigured(pair: EmbeddedPair, anna: str) -> None:
    """Reading is not writing."""
    async with open_redis(url_of(pair, anna, "right")) as client:
        with pytest.raises(Misconfigured, match="VIGIE_REDIS_URL"):
            await ReplicaWriter(client, "t").put(CAMERAS, [make_camera(1)])


async def test_nobody_there_is_unavailable() -> None:
    """The stage waits."""
    async with open_redis("redis://127.0.0.1:1/0") as client:
        with pytest.raises(Unavailable, match="redis"):
            await check_redis(client)


async def test_a_server_that_forgot_its_scripts_is_told_them_again(redis: Redis) -> None:
    """After a restart the first call loads the script."""
    script = Script("return ARGV[1]")
    await redis.script_flush()
    assert [b"a", b"b"] == await script.run(redis, "test", [(["{x}"], ["a"]), (["{x}"], ["b"])])
    await redis.script_flush()
    assert [b"c"] == await script.run(redis, "test", [(["{x}"], ["c"])])
    assert [] == await script.run(redis, "test", [])


@pytest.mark.parametrize("url", ["", "http://store:6379", "redis://store:port/0", "store:6379"])
def test_another_url_is_misconfigured(url: str) -> None:
    """The message names the setting."""
    with pytest.raises(Misconfigured, match="VIGIE_REDIS_URL"):
        open_redis(url)


def test_a_ca_file_that_is_not_there_is_misconfigured(tmp_path: Path) -> None:
    """Better at start than at the first call."""
    with pytest.raises(Misconfigured, match="VIGIE_REDIS_CA_FILE"):
        open_redis("rediss://store:6380/0", ca_file=tmp_path / "ca.pem")


async def test_who_is_connected_to_what_became_a_replica_connects_anew(pair: EmbeddedPair, redis: Redis) -> None:
    """After a failover behind one address, an old connection would lead to the wrong server for ever."""
    write = Script("return redis.call('SET', KEYS[1], 'x', 'PX', 1000)")
    async with open_redis(pair.redis_url) as client:
        before = await client.client_id()
        await redis.execute_command("REPLICAOF", "127.0.0.1", 1)
        try:
            with pytest.raises(Unavailable, match="ReadOnly"):
                await write.run(client, "it", [(["failover"], [])])
        finally:
            await redis.execute_command("REPLICAOF", "NO", "ONE")
        assert before != await client.client_id()
        await write.run(client, "it", [(["failover"], [])])
