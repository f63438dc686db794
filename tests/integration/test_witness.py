"""A Redis that forgot is noticed, and only then."""

from redis.asyncio import Redis

from pipeline.state.witness import Witness


def witness(redis: Redis, namespace: str, losses: list[str]) -> Witness:
    """A witness that notes its losses."""
    return Witness(redis, namespace, "nothing", lambda: losses.append("lost"))


async def test_a_redis_that_remembers_is_no_loss(redis: Redis, namespace: str) -> None:
    """However many workers look, in whatever order."""
    losses: list[str] = []
    workers = [witness(redis, namespace, losses) for _ in range(3)]
    for worker in (*workers, *reversed(workers), *workers):
        assert not await worker.look()
    assert losses == []


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
    assert len(losses) == 2


async def test_a_redis_that_went_back_in_time_is_noticed(redis: Redis, namespace: str) -> None:
    """A replica that was behind when it took over: the era is the same, the beat is not."""
    losses: list[str] = []
    worker = witness(redis, namespace, losses)
    await worker.look()
    older = await redis.dump(f"{{{namespace}:witness}}")
    await worker.look()
    await worker.look()
    await redis.restore(f"{{{namespace}:witness}}", 0, older, replace=True)
    assert await worker.look()
    assert not await worker.look()
    assert losses == ["lost"]
