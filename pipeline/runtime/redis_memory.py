"""What of Redis a principal may use: keys by their pattern, and the types of their values."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "hash", "set", "sortedset", "list"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Keys in Redis that a principal may use. pattern: a glob in which NS stands for the namespace; kinds: types of the
    values."""

    pattern: str
    kinds: tuple[Kind, ...]
    writes: bool = True


def collection(name: str, *, writes: bool = False) -> Memory:
    """The Redis keys of one reference collection (pipeline.state.collections.CollectionKeys), to be read, or with
    writes=True also written."""
    return Memory(pattern=f"{{NS:{name}}}:*", kinds=("hash", "sortedset"), writes=writes)


LINKS = Memory(pattern="{NS:links}:*", kinds=("hash", "string"))
"""Which gateway fetches from which sender, and who cannot be reached."""
LOOKS = Memory(pattern="{NS:looks}:*", kinds=("string", "sortedset"))
"""What the senders send at whose masts somebody stands."""
RECORD_KEYS = Memory(pattern="{NS:record}:key:*", kinds=("string",), writes=False)
"""The keys under which the record names plates: whoever writes to the record reads them."""
