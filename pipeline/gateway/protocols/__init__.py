"""One module a maker, each with the same names.

- `NAME`: as `vigie cameras` and `docs/cameras` call it.
- `recognises(request)`: whether a message is this maker's, by its path, headers and content.
- `parse(request)`: the items in it, in its order. Raises Refuse where nothing of it can be read.
- `answer(good)`: the answer by which the sender knows that the message was stored, or that it must send it again.
- `PASSAGE_MS`: how long a passage key of this sender names the same passage.
"""

from collections.abc import Sequence
from typing import Protocol

from pipeline.gateway.items import Item
from pipeline.gateway.passages import UNIQUE_KEPT_MS
from pipeline.gateway.request import Answer, Request


class Maker(Protocol):
    """The functions that each maker's module has."""

    NAME: str
    PASSAGE_MS: int

    def recognises(self, request: Request) -> bool:
        """Whether the message is this maker's."""

    def parse(self, request: Request) -> Sequence[Item]:
        """The items in the message, in its order. Raises Refuse where nothing of it can be read."""

    def answer(self, good: bool) -> Answer:
        """The answer for the sender. good: the message could be read; this answer is sent once everything of the message is
        stored. False: the sender is to send the message again."""


def plain_answer(good: bool) -> Answer:
    """The answer for senders that look only at the HTTP status: 200 if good, else 400."""
    return Answer(status=200 if good else 400)


__all__ = ["UNIQUE_KEPT_MS", "Answer", "Maker", "plain_answer"]
