"""What the record names of a change and of an answer: digests of what is written, and plates that were shown."""

from typing import Any

from pipeline.access.approvals import digest_of
from pipeline.access.roles import SHOWS_PLATES, Act
from pipeline.desks.route import Asked, Named
from pipeline.state.collections import Collection


async def written(collection: Collection[Any], change: Act, asked: Asked) -> Named:
    """What the record keeps of this change: a digest of the act, the key and the item (`digest_of`), and nothing of the item
    itself."""
    assert asked.body is not None, "the route takes an item"
    return named_by(change, digest_of(change, asked.key, collection.encode(asked.body)))


def named_by(act: Act, digest: str) -> Named:
    """The digest as the record names it: of what has a plate under the month's key, since plates can be guessed."""
    return Named(ids=(digest,)) if act in SHOWS_PLATES else Named(on=(digest,))


def plates_of(*items: object) -> list[str]:
    """The plates that these items name."""
    return [plate for plate in (getattr(one, "plate", None) for one in items) if plate is not None]
