"""An agent is a value: where it reads, where it writes, how it starts, and how its stage takes records."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pipeline.stream.context import Context
from pipeline.stream.outputs import Handler
from schemas.base import Message
from schemas.topics import Topic

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisState:
    """What an agent keeps in Redis, and what its worker does when Redis has lost it.

    if_lost: what that may lead to, for the log. reread_ms: after a total loss, read again the records of so many milliseconds
    before the last settled one; None: none. reread_unsaved: after a failover, read again the records that were settled since the
    replica that took over was last up to date.
    """

    if_lost: str
    reread_ms: int | None = None
    reread_unsaved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(Generic[M]):
    """One agent. start: opens what it needs and returns the handler; raises Unavailable, and is called again, while Redis is away.

    max_records: the most records in one call of the handler; None: as the settings say. tick_ms: call the handler with no records
    after so many milliseconds without any; None: never. fetch_every_ms: the least time between two fetches while records come; a
    longer one costs less, and lets a record wait for longer. per_partition: each partition has a queue and a loop of its own.
    also: further topics that it reads like its source, in the same batches; not with per_partition. elsewhere: those of its
    topics of which another agent sends the dead letters of what every reader refuses, so that this one only counts it: exactly
    one agent of a topic sends them. looks_up: topics of which it reads single records, by their place.
    niceness: added to its process's nice value (0 to 19): on a machine without an idle core, others go first.
    """

    name: str
    source: Topic[M]
    outputs: tuple[Topic[Any], ...]
    start: Callable[[Context], Awaitable[Handler[M]]]
    max_records: int | None = None
    tick_ms: int | None = None
    fetch_every_ms: int = 20
    per_partition: bool = False
    also: tuple[Topic[Any], ...] = ()
    elsewhere: tuple[Topic[Any], ...] = ()
    redis_state: RedisState | None = None
    looks_up: tuple[Topic[Any], ...] = ()
    niceness: int = 0

    @property
    def sources(self) -> tuple[Topic[Any], ...]:
        """All topics that it reads as a member of its group."""
        return (self.source, *self.also)
