"""Sends what a person decided to its topic, and waits until this process sees what became of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pipeline.errors import Unavailable
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.stream import codec
from schemas.base import Message
from schemas.topics import Topic

PATIENCE_S = 5.0
A = TypeVar("A", bound=Message)
S = TypeVar("S")


@dataclass(slots=True)
class Deciding(Generic[A, S]):
    """The decisions of one kind that are under way in this process. sender: open while it is used. is_decided: whether a state
    shows what became of the decision with this id. what: in words for people, what is decided. aside: the record to send in place
    of the usual one, where a decision goes to another topic; None: the usual one is sent."""

    sender: Sender
    namespace: str
    topic: Topic[A]
    is_decided: Callable[[S, str], bool]
    what: str
    aside: Callable[[A, S | None], Outgoing | None] = lambda _decision, _state: None
    patience_s: float = PATIENCE_S
    _awaited: "dict[str, asyncio.Future[S]]" = field(default_factory=dict)

    async def decided(self, decision: A, decision_id: str, key: str, state: S | None) -> S:
        """Send the decision under this key, unless `state`, the present one, shows what became of it; return the state in which it
        is decided.

        Raises Unavailable when that takes too long: it may be decided later, and the same one sent again is decided once.
        """
        if state is not None and self.is_decided(state, decision_id):
            return state
        future = self._awaited.get(decision_id)
        if future is None:
            future = self._awaited[decision_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.patience_s):
                await self.sender.send_all([self.aside(decision, state) or self._record(decision, key)])
                return await asyncio.shield(future)
        except TimeoutError as error:
            raise Unavailable(
                f"{self.what} (what was sent is not decided yet: ask again)", retry_after_s=1.0
            ) from error
        finally:
            self._awaited.pop(decision_id, None)

    def _record(self, decision: A, key: str) -> Outgoing:
        return Outgoing(f"{self.namespace}.{self.topic.name}", codec.encode(self.topic, decision), key.encode())

    def changed(self, state: S) -> None:
        """Note a new state."""
        for decision_id, future in self._awaited.items():
            if not future.done() and self.is_decided(state, decision_id):
                future.set_result(state)
