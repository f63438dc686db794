"""The feed's pages over a simulated log: what a consumer that is away for a week, and killed at random, gets."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from pipeline.desks.feed_pages import AT_ONCE, GONE, FeedPage, FeedPosition, FeedRecord, Nexts, later, page_of

HOUR_MS = 3_600_000
WEEK_MS = 7 * 24 * HOUR_MS
TRIES = 200


@dataclass
class SimulatedLog:
    """Two topics, as FeedLog gives them: `first` what is told, `then` what is said about it. taken: up to where the process that
    answers has read them; None: to the end."""

    rows: list[list[list[FeedRecord]]] = field(default_factory=lambda: [[[], [], []], [[], []]])
    dropped: list[list[int]] = field(default_factory=lambda: [[0, 0, 0], [0, 0]])
    taken: Nexts | None = None
    away: int = 0

    def add(
        self, topic: int, partition: int, at_ms: int, message: object, about: FeedRecord | None = None
    ) -> FeedRecord:
        """A further record."""
        row = self.rows[topic][partition]
        place = None if about is None else (about.partition, about.offset)
        row.append(FeedRecord(topic, partition, len(row), at_ms, message, place))
        return row[-1]

    def drop_before(self, at_ms: int) -> None:
        """What retention does."""
        for topic, rows in enumerate(self.rows):
            for partition, row in enumerate(rows):
                self.dropped[topic][partition] = sum(one.at_ms < at_ms for one in row)

    def ends(self) -> Nexts:
        """See FeedLog."""
        return self.taken or tuple(tuple(map(len, rows)) for rows in self.rows)

    async def bounds(self) -> tuple[Nexts, Nexts]:
        """See FeedLog."""
        return tuple(map(tuple, self.dropped)), tuple(tuple(map(len, rows)) for rows in self.rows)

    async def read(self, topic: int, partition: int, begin: int, end: int, most: int) -> Sequence[FeedRecord]:
        """See FeedLog."""
        assert begin >= self.dropped[topic][partition], "what is gone cannot be read"
        return self.rows[topic][partition][begin:end][:most]


async def everything(record: FeedRecord) -> object:
    """Each record is a line, its message."""
    return record.message


def pulled(log: SimulatedLog, begin: FeedPosition, most: int = 100) -> FeedPage:
    """One pull."""
    return asyncio.run(page_of(log, begin, everything, most))


class Consumer:
    """A consumer that stores what it gets, then acknowledges, and may be killed between any two of its steps. stored: what it has
    safely, in order; acknowledged: what it stored before it acknowledged."""

    def __init__(self, log: SimulatedLog, dice: random.Random) -> None:
        self.log, self.dice = log, dice
        self.stored: list[object] = []
        self.acknowledged: set[object] = set()
        self.mark = FeedPosition()

    def run(self, most: int) -> None:
        """Pull until there is no more, or it is killed."""
        while True:
            page = pulled(self.log, self.mark, most)
            again = self.acknowledged & set(page.lines)
            assert not again, f"came again after it was acknowledged: {again}"
            for line in page.lines:
                if self.dice.random() < 0.02:
                    return  # killed while it stores: the rest of the page was not stored
                self.stored.append(line)
            if self.dice.random() < 0.3:
                return  # killed before it acknowledges
            self.mark = later(self.mark, page.after)
            self.acknowledged.update(page.lines)
            if self.dice.random() < 0.1 or not page.more:
                return  # killed after


def week_of(log: SimulatedLog, dice: random.Random, begin_ms: int) -> list[tuple[object, object]]:
    """A week of violations on three partitions, some taken back, some judged. Returns what must come before what."""
    order: list[tuple[object, object]] = []
    before: dict[int, object] = {}
    for number in range(dice.randrange(50, 200)):
        at_ms, partition = begin_ms + number * WEEK_MS // 200, dice.randrange(3)
        told = log.add(0, partition, at_ms, f"v{begin_ms}-{number}")
        order += [(before[partition], told.message)] if partition in before else []
        before[partition] = told.message
        if dice.random() < 0.3:
            judged = log.add(1, dice.randrange(2), at_ms + HOUR_MS, f"j{begin_ms}-{number}", told)
            order.append((told.message, judged.message))
        if dice.random() < 0.2:
            back = log.add(0, partition, at_ms + HOUR_MS, f"w{begin_ms}-{number}")
            order += [(told.message, back.message), (before[partition], back.message)]
            before[partition] = back.message
    return [pair for pair in order if pair[0] != pair[1]]


@pytest.mark.parametrize("seed", range(TRIES))
def test_a_consumer_away_for_a_week_and_killed_at_random_misses_nothing(seed: int) -> None:
    """Nothing is lost, nothing comes again after its acknowledgement, and each partition keeps its order."""
    dice, log = random.Random(seed), SimulatedLog()
    consumer, order = Consumer(log, dice), list[tuple[object, object]]()
    for week in range(2):
        order += week_of(log, dice, week * WEEK_MS)
        for _ in range(400):
            consumer.run(dice.choice([1, 7, 100]))
            if consumer.mark.nexts == log.ends():
                break
    every = {one.message for rows in log.rows for row in rows for one in row}
    assert every == set(consumer.stored)
    assert every == consumer.acknowledged
    first = {line: at for at, line in reversed(list(enumerate(consumer.stored)))}
    assert [] == [pair for pair in order if first[pair[0]] > first[pair[1]]]


def test_a_judgement_waits_for_what_it_is_about_where_a_process_is_behind() -> None:
    """Another process has already read both; this one has the judgement before the violation."""
    log = SimulatedLog()
    log.add(0, 1, 0, "first")
    told = log.add(0, 1, 0, "told")
    log.add(1, 0, 0, "judged", told)
    log.taken = ((0, 1, 0), (1, 0))
    page = pulled(log, FeedPosition())
    assert (["first"], False) == (page.lines, page.more)
    log.taken = None
    assert ["told", "judged"] == pulled(log, page.after).lines


def test_a_judgement_of_a_topic_before_holds_up_nothing() -> None:
    """The violations were made anew, or mirrored with other offsets, and a judgement names a place that they do not reach, or a
    partition that they do not have."""
    log = SimulatedLog()
    for number in range(3):
        log.add(0, 0, 0, f"v{number}")
    log.rows[1][0] += [FeedRecord(1, 0, 0, 0, "of before", (0, 5_000)), FeedRecord(1, 0, 1, 0, "elsewhere", (9, 0))]
    log.add(1, 0, 0, "j2", log.rows[0][0][2])
    page = pulled(log, FeedPosition())
    assert ["v0", "v1", "v2", "of before", "elsewhere", "j2"] == page.lines
    assert [] == pulled(log, page.after).lines


def test_what_is_about_something_that_retention_took_is_counted_as_gone() -> None:
    """A consumer that had begun is told how many judgements it does not get; a new one had nothing to miss."""
    log = SimulatedLog()
    told = log.add(0, 0, 0, "told")
    begun = pulled(log, FeedPosition()).after
    log.add(1, 0, HOUR_MS, "judged", told)
    log.drop_before(HOUR_MS)

    async def line_of(record: FeedRecord) -> object:
        return GONE if record.about is not None else record.message

    page = asyncio.run(page_of(log, begun, line_of, 100))
    assert ([], 1) == (page.lines, page.gone)
    assert 0 == asyncio.run(page_of(log, FeedPosition(), line_of, 100)).gone


def test_what_retention_took_is_counted_for_those_who_had_begun() -> None:
    """A consumer that was away for longer than the law lets anything be kept is told; a new one misses nothing."""
    log = SimulatedLog()
    for hour in range(10):
        log.add(0, 0, hour * HOUR_MS, hour)
    begun = pulled(log, FeedPosition(), most=2).after
    log.drop_before(6 * HOUR_MS)
    page = pulled(log, begun)
    assert ([6, 7, 8, 9], 4) == (page.lines, page.gone)
    assert ([6, 7, 8, 9], 0) == (pulled(log, FeedPosition()).lines, pulled(log, FeedPosition()).gone)


def test_a_topic_that_was_made_anew_is_given_from_its_beginning() -> None:
    """A mark beyond the end is of another topic of that name."""
    log = SimulatedLog()
    log.add(0, 0, 0, "new")
    page = pulled(log, FeedPosition(((7,),)))
    assert (["new"], True) == (page.lines, page.remade)


def test_a_process_that_is_behind_gives_nothing_and_takes_nothing_back() -> None:
    """The cursor of another process stays as it is."""
    log = SimulatedLog()
    for number in range(5):
        log.add(0, 0, 0, number)
    begun = pulled(log, FeedPosition()).after
    log.taken = ((2, 0, 0), (0, 0))
    page = pulled(log, begun)
    assert ([], False, False) == (page.lines, page.more, page.remade)
    assert begun == later(begun, page.after)


def test_what_is_not_for_the_consumer_is_passed_over_in_bounded_steps() -> None:
    """A pull looks at some thousands of records at most, and says that there is more."""
    log = SimulatedLog()
    for number in range(3 * AT_ONCE):
        log.add(0, 0, 0, number)

    async def none(_record: FeedRecord) -> None:
        return None

    page = asyncio.run(page_of(log, FeedPosition(), none, 100))
    assert ([], False, (3 * AT_ONCE,)) == (page.lines, page.more, page.after.nexts[0][:1])
