"""Topics are made while brokers come up: what the controller refuses only because it has not heard from them is asked for again."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import InvalidReplicationFactorError

from pipeline.runtime import topics
from pipeline.runtime.topics import TopicRefused, TopicShape

FENCED = "Unable to replicate the partition 3 time(s): All brokers are currently fenced."
SHAPES = [TopicShape(name=name, partitions=1, replication=3, config={}) for name in ("v.reads", "v.alerts")]


class Controller:
    """Answers as a cluster's controller does. errors: of each request, by topic: code and reason; else it is made."""

    def __init__(self, *errors: dict[str, tuple[int, str]]) -> None:
        self._errors = [*errors]
        self.made: list[str] = []
        self.asked: list[list[str]] = []

    async def create_topics(self, new: list[Any], timeout_ms: int) -> Any:
        """See AIOKafkaAdminClient.create_topics."""
        assert timeout_ms > 0
        errors = self._errors.pop(0) if self._errors else {}
        self.asked.append([one.name for one in new])
        self.made += [one.name for one in new if one.name not in errors]
        return SimpleNamespace(topic_errors=[(one.name, *errors.get(one.name, (0, None))) for one in new])

    async def describe_topics(self) -> list[dict[str, Any]]:
        """All that were made, each with a leader."""
        return [{"topic": name, "partitions": [{"leader": 1}]} for name in self.made]


async def test_what_is_refused_while_all_brokers_are_fenced_is_asked_for_again() -> None:
    """That topic alone, until it is made."""
    fenced = {"v.alerts": (InvalidReplicationFactorError.errno, FENCED)}
    controller = Controller(fenced, fenced)
    assert ("v.reads", "v.alerts") == await topics._create(controller, SHAPES)
    assert [["v.reads", "v.alerts"], ["v.alerts"], ["v.alerts"]] == controller.asked


async def test_more_copies_than_there_are_brokers_are_refused_at_once() -> None:
    """There waiting helps nobody."""
    few = {"v.reads": (InvalidReplicationFactorError.errno, "The target replication factor of 3 cannot be reached.")}
    controller = Controller(few)
    with pytest.raises(TopicRefused, match="cannot be reached"):
        await topics._create(controller, SHAPES)
    assert 1 == len(controller.asked)
