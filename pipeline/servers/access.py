"""Makes the topics, accounts and rights of one Vigie on its servers, as the admin. It may be run again whenever something
changed."""

from collections.abc import Mapping
from pathlib import Path

import redis.asyncio

from pipeline.runtime.accounts import Account, accounts_in, make_accounts
from pipeline.runtime.kafka_access import grant_kafka
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.principals import ADMIN, user_of
from pipeline.runtime.redis_access import rules_of
from pipeline.runtime.topics import TopicsReport, create_topics, kafka_admin
from pipeline.state.redis_port import open_redis, redis_edge


async def provide(
    kafka: KafkaConnection,
    redis_url: str,
    namespace: str,
    folder: Path,
    *,
    partitions: Mapping[str, int] | None = None,
    kept_days: int | None = None,
) -> TopicsReport:
    """Make the topics, and an account for each principal on both servers. kafka, redis_url: the servers as the admin reaches
    them. folder: the accounts folder. partitions, kept_days: see topics.wanted_topics.

    Raises Unavailable, TopicRefused, AccessRefused.
    """
    make_accounts(folder)
    report = await provide_kafka(kafka, namespace, folder, partitions=partitions, kept_days=kept_days)
    await grant_redis(redis_url, namespace, folder)
    return report


async def provide_kafka(
    kafka: KafkaConnection,
    namespace: str,
    folder: Path | None,
    *,
    replication: int | None = None,
    partitions: Mapping[str, int] | None = None,
    kept_days: int | None = None,
) -> TopicsReport:
    """Make the topics, and each principal's account on Kafka; folder None: the topics alone. Raises as
    provide does. replication, partitions, kept_days: see topics.create_topics."""
    report = await create_topics(kafka, namespace, replication=replication, partitions=partitions, kept_days=kept_days)
    if folder is not None:
        async with kafka_admin(kafka) as admin:
            await grant_kafka(admin, namespace, _but_admin(folder))
    return report


async def grant_redis(redis_url: str, namespace: str, folder: Path) -> None:
    """Give every principal that has an account, but the admin, its Redis user with exactly its rights. redis_url: Redis as
    the admin reaches it. folder: the accounts folder. Raises Unavailable."""
    async with open_redis(redis_url) as client:
        with redis_edge("accounts"):
            for name, rules in rules_of(namespace, _but_admin(folder)).items():
                await _acl(client, "SETUSER", user_of(name, namespace), *rules)
            await _acl(client, "SAVE")


async def _acl(client: redis.asyncio.Redis, *words: str) -> None:
    await client.execute_command("ACL", *words)  # type: ignore[no-untyped-call]  # redis-py leaves it untyped


def _but_admin(folder: Path) -> dict[str, Account]:
    return {name: account for name, account in accounts_in(folder).items() if name != ADMIN}
