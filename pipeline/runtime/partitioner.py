"""Computes which partition a key belongs to."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


# aiokafka's murmur2 takes longer than encoding an alert, and cameras, sections and countries come again
@lru_cache(maxsize=4_096)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key by the hash that Kafka's clients share: murmur2 of the key, modulo the count of partitions."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
