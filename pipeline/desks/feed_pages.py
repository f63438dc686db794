"""What a consumer gets of a feed, and from where it goes on: at least once, in the order of each partition, never again once it is
acknowledged.

A feed is a row of topics. All that stands on the first ones goes before what stands on the later ones, which is about the first:
so a violation comes before its judgement. A position is the next offset of each partition of each topic. Pure: the log, what counts
and what may be seen are arguments.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Protocol

import msgspec

Nexts = tuple[tuple[int, ...], ...]
MOST_LOOKED_AT = 5_000
"""The most records that one pull looks at; perhaps none of them is for this consumer."""
AT_ONCE = 500
"""The most records of one read."""
GONE = object()
"""In place of a line: retention took what the record is about."""


class FeedPosition(msgspec.Struct, array_like=True, frozen=True):
    """The next offsets, by topic and partition; what it does not name is 0."""

    nexts: Nexts = ()

    def of(self, topic: int, partition: int) -> int:
        """The next offset of this partition."""
        row = self.nexts[topic] if topic < len(self.nexts) else ()
        return row[partition] if partition < len(row) else 0

    def moved(self, topic: int, partition: int, offset: int) -> "FeedPosition":
        """The position with another next offset of this partition.

        >>> FeedPosition().moved(1, 0, 7)
        FeedPosition(nexts=((), (7,)))
        """
        rows = [list(row) for row in self.nexts]
        rows += [[] for _ in range(topic + 1 - len(rows))]
        rows[topic] += [0] * (partition + 1 - len(rows[topic]))
        rows[topic][partition] = offset
        return FeedPosition(tuple(map(tuple, rows)))


def later(one: FeedPosition, other: FeedPosition) -> FeedPosition:
    """The later of both, partition by partition.

    >>> later(FeedPosition(((3, 1),)), FeedPosition(((2, 5), (1,))))
    FeedPosition(nexts=((3, 5), (1,)))
    """
    rows = zip_longest(one.nexts, other.nexts, fillvalue=())
    return FeedPosition(tuple(tuple(map(max, zip_longest(*pair, fillvalue=0))) for pair in rows))


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """One record of a feed. topic: the index of its topic in the feed. at_ms: when the broker took it, UTC. about: partition and
    offset of what it is about on the first topic, which must be given before it; None: nothing."""

    topic: int
    partition: int
    offset: int
    at_ms: int
    message: Any
    about: tuple[int, int] | None = None


class FeedLog(Protocol):
    """The topics of a feed."""

    def ends(self) -> Nexts:
        """Up to where, by topic and partition, records may be given now: what is judged and what is a copy is known up to there."""
        ...

    async def bounds(self) -> tuple[Nexts, Nexts]:
        """The first offset that each partition still holds, and its end. Raises Unavailable."""
        ...

    async def read(self, topic: int, partition: int, begin: int, end: int, most: int) -> Sequence[FeedRecord]:
        """The records from offset begin to before end, in order, at most so many. Fewer than `most` only when there are no more.
        Raises Unavailable."""
        ...


@dataclass(slots=True)
class FeedPage:
    """What one pull gives. after: from where the next goes on. more: there is more now. gone: how many records are not
    given because retention took them, or what they are about. remade: a topic was made anew, and is given from its beginning."""

    after: FeedPosition
    lines: list[Any] = field(default_factory=list)
    more: bool = False
    gone: int = 0
    remade: bool = False


async def page_of(
    log: FeedLog, begin: FeedPosition, line_of: Callable[[FeedRecord], Awaitable[Any | None]], most: int
) -> FeedPage:
    """The next lines after `begin`, at most so many. line_of: the line for a record; None: it is not for this consumer; GONE: what
    it is about is not kept any more. Raises Unavailable, in which case nothing was given."""
    ends, page = log.ends(), FeedPage(after=begin)
    places = [(topic, partition) for topic, row in enumerate(ends) for partition in range(len(row))]
    if all(begin.of(*place) == ends[place[0]][place[1]] for place in places):
        return page
    firsts, lasts = await log.bounds()
    reading = _Reading(log, line_of, most, page, lasts[0])
    for topic, partition in places:
        at = begin.of(topic, partition)
        if at > lasts[topic][partition]:
            at, page.remade = 0, True
        first = firsts[topic][partition]
        if at < first:
            page.gone += first - at
            at = first
        at = await reading.partition(topic, partition, at, ends[topic][partition])
        page.after = page.after.moved(topic, partition, at)
        if page.more:
            break
    if not begin.nexts:
        page.gone = 0  # a new consumer misses nothing
    return page


@dataclass(slots=True)
class _Reading:
    """One pull while it goes on. first_ends: where each partition of the first topic ends. looked_at: how many records so far."""

    log: FeedLog
    line_of: Callable[[FeedRecord], Awaitable[Any | None]]
    most: int
    page: FeedPage
    first_ends: Sequence[int]
    looked_at: int = 0

    async def partition(self, topic: int, partition: int, at: int, end: int) -> int:
        """Take lines from this partition. Returns its next offset: of the record that the page has no room for, or that must wait;
        else `end`."""
        while at < end:
            records = await self.log.read(topic, partition, at, end, AT_ONCE)
            for record in records:
                if len(self.page.lines) >= self.most or self.looked_at >= MOST_LOOKED_AT:
                    self.page.more = True
                    return record.offset
                if record.about is not None and self._waits(*record.about):
                    return record.offset
                line = await self.line_of(record)
                if line is GONE:
                    self.page.gone += 1
                elif line is not None:
                    self.page.lines.append(line)
                self.looked_at += 1
                at = record.offset + 1
            if len(records) < AT_ONCE:
                return end
        return at

    def _waits(self, partition: int, offset: int) -> bool:
        """Whether the record at this place of the first topic is still to be given. A place that the topic does not reach is of a
        topic before it, which was made anew or mirrored with other offsets: nothing waits for it."""
        end = self.first_ends[partition] if partition < len(self.first_ends) else 0
        return self.page.after.of(0, partition) <= offset < end
