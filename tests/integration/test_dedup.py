"""What was seen once, on a real Valkey."""

import secrets

import pytest
from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.state.dedup import SeenOnce
from pipeline.state.redis_port import open_redis


async def test_only_the_first_time_is_the_first_time(redis: Redis) -> None:
    """Also within one batch."""
    seen = SeenOnce(redis, f"t{secrets.token_hex(6)}", "forwards", 60_000)
    assert [True, True, False] == await seen.first_time(["f-1", "f-2", "f-1"])
    assert [False, True] == await seen.first_time(["f-2", "f-3"])


async def test_what_was_forgotten_is_new_again(redis: Redis) -> None:
    """A delivery that failed may be tried again."""
    seen = SeenOnce(redis, f"t{secrets.token_hex(6)}", "forwards", 60_000)
    await seen.first_time(["f-1", "f-2"])
    await seen.forget(["f-1", "f-9"])
    assert [True, False] == await seen.first_time(["f-1", "f-2"])


async def test_the_same_claimant_is_first_again(redis: Redis) -> None:
    """A record that comes again after a crash is not taken for a second copy."""
    seen = SeenOnce(redis, f"t{secrets.token_hex(6)}", "forwards", 60_000)
    assert [True, False] == await seen.first_time(["f-1", "f-1"], claims=["forwards/3/17", "forwards/3/18"])
    assert [True, False] == await seen.first_time(["f-1", "f-1"], claims=["forwards/3/17", "forwards/3/18"])


async def test_what_was_seen_expires(redis: Redis) -> None:
    """Memory is bounded by time."""
    name = f"t{secrets.token_hex(6)}"
    await SeenOnce(redis, name, "forwards", 60_000).first_time(["f-1"])
    (key,) = [key async for key in redis.scan_iter(match=f"{{{name}:*")]
    assert 0 < await redis.pttl(key) <= 60_000


async def test_redis_being_away_is_unavailable() -> None:
    """Nobody listens there: the stage waits."""
    nowhere = open_redis("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable, match="dedup memory"):
        await SeenOnce(nowhere, "t", "n", 1000).first_time(["a"])
