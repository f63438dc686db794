"""Which partition a key belongs to."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


# aiokafka's murmur2 takes longer than encoding an alert, and cameras, sections and countries come again
@lru_cache(maxsize=4_096)
def partition_of(key: bytes, partitions: int) -> int:
    """The fixed hash that every Kafka client uses: murmur2 of the key over the partition count."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
