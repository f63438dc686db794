"""The reference data in Redis: workers follow every change within a second."""

from pipeline.state.collections import (
    CAMERAS,
    COLLECTIONS,
    HOTLIST,
    LISTS,
    POLICIES,
    SECTIONS,
    ZONES,
    Collection,
)
from pipeline.state.followed import OnChange
from pipeline.state.follower import Follower
from pipeline.state.replica_writer import Changes, ReplicaWriter

__all__ = [
    "CAMERAS", "COLLECTIONS", "HOTLIST", "LISTS", "POLICIES", "SECTIONS", "ZONES",
    "Changes", "Collection", "Follower", "OnChange", "ReplicaWriter",
]  # fmt: skip
