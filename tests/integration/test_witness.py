"""A Redis that forgot is noticed, and only then."""

from contextlib import suppress

from redis.asyncio import Redis

from pipeline.errors import Unavailable
from pipeline.runtime.pair import EmbeddedPair
from pipeline.state.witness import Witness


def witness(redis: Redis, namespace: str, losses: list[str], agent: str = "probe") -> Witness[None]:
    """A witness that notes its losses."""
    return Witness(
        redis, namespace, agent, "nothing", on_lost=lambda: losses.append("lost"), on_new=lambda: losses.append("new")
    )


async def test_a_redis_that_remembers_is_no_loss(redis: Redis, namespace: str) -> None:
    """However many workers look, in whatever order."""
    losses: list[str] = []
    workers = [witness(redis, namespace, losses) for _ in range(3)]
    for worker in (*workers, *reversed(workers), *workers):
        assert not await worker.look()
    assert losses == ["new"]


async def test_an_emptied_redis_is_noticed_once_by_every_worker_that_knew_it(redis: Redis, namespace: str) -> None:
    """A worker that started afterwards has lost nothing."""
    losses: list[str] = []
    workers = [witness(redis, namespace, losses) for _ in range(2)]
    for worker in workers:
        await worker.look()
    await redis.delete(f"{{{namespace}:witness}}")
    newcomer = witness(redis, namespace, losses)
    assert [False, True, True] == [await one.look() for one in (newcomer, *workers)]
    assert [False, False, False] == [await one.look() for one in (newcomer, *workers)]
    assert losses == ["new", "new", "lost", "lost"]


async def test_a_redis_that_went_back_in_time_is_noticed_whoever_has_written_since(
    redis: Redis, namespace: str
) -> None:
    """A replica that was behind when it took over: the era is the same, a worker's own beat is not."""
    losses: list[str] = []
    worker, other = witness(redis, namespace, losses), witness(redis, namespace, [], agent="other")
    await worker.look()
    older = {key: await redis.dump(key) for key in await redis.keys(f"{{{namespace}:witness}}*")}
    await worker.look()
    for key, value in older.items():
        await redis.restore(key, 0, value, replace=True)
    for _ in range(3):
        await other.look()
    assert await worker.look()
    assert not await worker.look()
    assert losses == ["new", "lost"]


async def test_where_another_redis_answers_what_was_written_last_is_in_doubt(
    pair: EmbeddedPair, namespace: str
) -> None:
    """From the place before the last beat that was answered: what was done by then is there."""
    doubts: list[int] = []
    places = iter(range(100))
    redis = Redis.from_url(pair.redis_url)
    worker = Witness(redis, namespace, "probe", "nothing", place=lambda: next(places), on_moved=doubts.append)
    for _ in range(3):
        await worker.look()
    await pair.valkey.stop(kill=True)
    await pair.valkey.start()
    await pair.valkey.wait_ready()
    with suppress(Unavailable):
        await worker.look()  # the connection of before
    assert [False, False] == [await worker.look() for _ in range(2)]
    await redis.aclose()
    assert [3] == doubts


async def test_an_agent_that_was_away_while_redis_was_emptied_starts_in_an_era_new_to_it(
    redis: Redis, namespace: str
) -> None:
    """It cannot know of a loss, but that nothing in Redis is its own; another agent's mark is not its mark."""
    losses: list[str] = []
    await witness(redis, namespace, losses).look()
    await redis.delete(f"{{{namespace}:witness}}")
    await witness(redis, namespace, [], agent="other").look()
    await witness(redis, namespace, losses).look()
    await witness(redis, namespace, losses).look()
    assert losses == ["new", "new"]
