"""One module a maker, each with the same names.

- `NAME`: as `vigie cameras` and `docs/cameras` call it.
- `recognises(request)`: whether a message is this maker's, by its path, headers and what stands in it.
- `parse(request)`: the items in it, in its order. Raises Refuse where nothing of it can be read.
- `answer(good)`: what the sender must read when all was kept, or when it shall send again.
- `PASSAGE_MS`: how long a passage key of this sender names the same passage.
"""

from collections.abc import Sequence
from typing import Protocol

from pipeline.gateway.items import Item
from pipeline.gateway.passages import UNIQUE_KEPT_MS
from pipeline.gateway.request import Answer, Request


class Maker(Protocol):
    """What each module here has."""

    NAME: str
    PASSAGE_MS: int

    def recognises(self, request: Request) -> bool:
        """Whether the message is this maker's."""

    def parse(self, request: Request) -> Sequence[Item]:
        """The items in it. Raises Refuse."""

    def answer(self, good: bool) -> Answer:
        """What the sender must read."""


def plain_answer(good: bool) -> Answer:
    """For senders that look at the status alone."""
    return Answer(status=200 if good else 400)


__all__ = ["UNIQUE_KEPT_MS", "Answer", "Maker", "plain_answer"]
