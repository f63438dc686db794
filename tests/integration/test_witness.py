"""A Redis that forgot is noticed, and only then; and what must be read again for it stays due until it is."""

from collections.abc import Mapping
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from pipeline.servers.pair import EmbeddedPair
from pipeline.state.witness import Witness

Due = list[dict[int, int | None]]


class Worker:
    """A worker with these partitions, settled up to these offsets; `commit_reread` commits the lower offsets."""

    def __init__(self, redis: Redis, namespace: str, agent: str = "probe", **offsets: int | None) -> None:
        self.settled = {int(name[1:]): offset for name, offset in offsets.items()}
        self.due: Due = []
        self.losses = 0
        self._rereads: dict[int, bool] = {}
        self.witness = Witness(
            redis, namespace, agent, "nothing", settled=lambda: self.settled, rereads=lambda: self._rereads,
            on_reread=self._note, on_lost=self._count,
        )  # fmt: skip

    def _note(self, owed: Mapping[int, int | None]) -> None:
        self.due.append(dict(owed))
        self._rereads.update(dict.fromkeys(owed, False))

    def _count(self) -> None:
        self.losses += 1

    def commit_reread(self) -> None:
        """All of it."""
        self._rereads = dict.fromkeys(self._rereads, True)

    def reassigned(self, **offsets: int | None) -> None:
        """A new generation, with these partitions."""
        self.settled = {int(name[1:]): offset for name, offset in offsets.items()}
        self._rereads = {}

    async def looks(self) -> Due:
        """What it is told at a look."""
        self.due.clear()
        await self.witness.look()
        return list(self.due)


async def settled(redis: Redis, namespace: str, agent: str = "probe", **offsets: int | None) -> Worker:
    """A worker whose entries are kept."""
    worker = Worker(redis, namespace, agent, **offsets)
    await worker.looks()
    worker.commit_reread()
    assert [] == await worker.looks()
    return worker


def key(namespace: str, agent: str = "probe") -> str:
    """Where an agent's entries are."""
    return f"{{{namespace}:witness}}:{agent}"


async def test_a_redis_that_remembers_is_no_loss(redis: Redis, namespace: str) -> None:
    """However many workers look, in whatever order, and whoever gets the partitions; all that is new is owed, once."""
    first, second = Worker(redis, namespace, p0=None), Worker(redis, namespace, p1=5)
    assert [{0: None}] == await first.looks()
    assert [{1: None}] == await second.looks()
    assert [] == await first.looks()
    first.commit_reread()
    second.commit_reread()
    for worker in (first, second, second, first):
        assert [] == await worker.looks()
    first.reassigned()
    assert [] == await first.looks()
    second.reassigned(p0=None, p1=7)
    third = Worker(redis, namespace, p1=6)
    for worker in (second, third, second):
        assert [] == await worker.looks()
    assert [0, 0, 0] == [worker.losses for worker in (first, second, third)]


async def test_an_emptied_redis_is_noticed_by_every_worker_and_for_every_partition(
    redis: Redis, namespace: str
) -> None:
    """Once; a worker that starts afterwards is owed as much, but has lost nothing of its own."""
    one, other = await settled(redis, namespace, p0=1, p1=2), await settled(redis, namespace, p2=3)
    await redis.delete(key(namespace))
    newcomer = Worker(redis, namespace, p3=None)
    assert [[{3: None}], [{0: None, 1: None}], [{2: None}]] == [await one_.looks() for one_ in (newcomer, one, other)]
    for worker in (newcomer, one, other):
        worker.commit_reread()
        assert [] == await worker.looks()
    assert [0, 1, 1] == [worker.losses for worker in (newcomer, one, other)]


async def test_a_reread_outlives_the_worker_that_noticed_it(redis: Redis, namespace: str) -> None:
    """It is killed before its reread is committed: whoever has the partition next must go back, too, until someone has."""
    killed = await settled(redis, namespace, p0=70)
    await redis.delete(key(namespace))
    assert [{0: None}] == await killed.looks()
    heir = Worker(redis, namespace, p0=None)
    assert [{0: None}] == await heir.looks()
    assert [] == await heir.looks()
    heir.reassigned(p0=None)  # before it has gone back
    assert [{0: None}] == await heir.looks()
    heir.commit_reread()
    assert [] == await heir.looks()
    assert [] == await Worker(redis, namespace, p0=None).looks()


async def test_a_redis_that_is_emptied_again_is_owed_again(redis: Redis, namespace: str) -> None:
    """What was made anew in between is lost, and a reread that was just done does not cover it."""
    worker = await settled(redis, namespace, p0=70)
    await redis.delete(key(namespace))
    assert [{0: None}] == await worker.looks()
    worker.commit_reread()
    await redis.delete(key(namespace))
    assert [{0: None}] == await worker.looks()
    worker.commit_reread()
    assert [] == await worker.looks()


async def test_a_worker_that_was_cut_off_takes_no_debt_over_and_pays_none(redis: Redis, namespace: str) -> None:
    """It believes that the partition is its own, and can commit nothing."""
    cut_off, worker = await settled(redis, namespace, p0=70), await settled(redis, namespace, p0=90)
    await redis.delete(key(namespace))
    for one in (worker, cut_off):
        assert [{0: None}] == await one.looks()
        assert [] == await one.looks()
    assert b"owed" == (await redis.hget(key(namespace), "0"))[:4]
    worker.commit_reread()
    for one in (worker, cut_off, worker):
        assert [] == await one.looks()
    assert b"kept" == (await redis.hget(key(namespace), "0"))[:4]


async def test_a_worker_that_has_not_gone_back_does_not_say_how_far_it_is(redis: Redis, namespace: str) -> None:
    """It is cut off from Kafka, not from Redis; another has paid, and makes anew what lies before that place."""
    cut_off, worker = await settled(redis, namespace, p0=90), await settled(redis, namespace, p0=None)
    await redis.delete(key(namespace))
    for one in (worker, cut_off):
        assert [{0: None}] == await one.looks()
    worker.settled[0] = 30
    worker.commit_reread()
    for one in (worker, cut_off):
        assert [] == await one.looks()
    assert b" 30" == (await redis.hget(key(namespace), "0"))[-3:]


async def test_a_debt_whose_notice_was_lost_is_told_again(redis: Redis, namespace: str) -> None:
    """The answer was lost on its way, or the worker slept: what it has paid before is another debt."""
    worker = await settled(redis, namespace, p0=70)
    await redis.delete(key(namespace))
    unheard = Worker(redis, namespace, p0=95)  # as if it had been the worker's own look
    await unheard.looks()
    assert [{0: None}] == await worker.looks()
    assert [] == await worker.looks()
    worker.commit_reread()
    assert [] == await worker.looks()
    assert [] == await Worker(redis, namespace, p0=None).looks()


async def test_a_redis_that_went_back_in_time_is_read_again_from_where_it_was(
    pair: EmbeddedPair, namespace: str
) -> None:
    """A replica that was behind when it took over holds an older mark, of another process: from there on, nothing is sure."""
    redis = Redis.from_url(pair.redis_url)
    worker, idle = await settled(redis, namespace, p0=70), await settled(redis, namespace, p1=5)
    older = await redis.dump(key(namespace))
    worker.settled[0] = 90
    assert [] == await worker.looks()
    await redis.restore(key(namespace), 0, older, replace=True)
    await _another_process(pair, redis)
    assert [{0: 70}] == await worker.looks()
    assert [{1: 5}] == await idle.looks()
    assert [1, 0] == [worker.losses, idle.losses]
    for one in (worker, idle):
        one.commit_reread()
        assert [] == await one.looks()
    await redis.aclose()


async def test_where_another_redis_answers_what_was_written_last_is_in_doubt(
    pair: EmbeddedPair, namespace: str
) -> None:
    """What was settled at the last look is there; a worker that starts only then goes back as far."""
    redis = Redis.from_url(pair.redis_url)
    worker = await settled(redis, namespace, p0=70, p1=None)
    worker.settled[0] = 90
    await _another_process(pair, redis)
    heir = Worker(redis, namespace, p0=95, p1=2)
    assert [{0: 70, 1: None}] == await heir.looks()
    assert [{0: 70, 1: None}] == await worker.looks()
    assert 0 == worker.losses
    await redis.aclose()


async def test_agents_do_not_see_each_others_marks(redis: Redis, namespace: str) -> None:
    """One that was away while Redis was emptied finds nothing of its own, whoever has looked since."""
    await settled(redis, namespace, p0=1)
    await redis.delete(key(namespace))
    await settled(redis, namespace, agent="other", p0=1)
    assert [{0: None}] == await Worker(redis, namespace, p0=None).looks()


async def _another_process(pair: EmbeddedPair, redis: Redis) -> None:
    """Valkey dies and comes back with what it had written to its file, which is all that there was."""
    await redis.execute_command("WAITAOF", 1, 0, 10_000)  # a busy disk delays what is written by up to two seconds
    await pair.valkey.stop(kill=True)
    await pair.valkey.start()
    await pair.valkey.wait_ready()
    with suppress(ConnectionError):
        await redis.ping()  # the connection of before
