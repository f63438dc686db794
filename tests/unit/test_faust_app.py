"""Faust as Vigie has it: its settings are ours alone."""

from typing import cast

import pytest

from agents import hotlist, section_control
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import Settings
from pipeline.stream.faust_app import make_app
from pipeline.stream.stage import Stage


def test_what_the_environment_tells_other_programs_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust reads BROKER_URL and sixty others, which would go before what the platform says."""
    for name, value in {
        "BROKER_URL": "kafka://elsewhere:1",
        "BROKER_SESSION_TIMEOUT": "999",
        "PROCESSING_GUARANTEE": "exactly_once",
        "APP_WEB_ENABLED": "1",
        "TIMEZONE": "Mars/Phobos",
    }.items():
        monkeypatch.setenv(name, value)
    connection = KafkaConnection.from_url("kafka://127.0.0.1:9092")
    conf = make_app(Settings(session_timeout_s=7.0), connection, hotlist.AGENT, cast(Stage, None)).conf
    assert ["kafka://127.0.0.1:9092"] == [str(url) for url in conf.broker]
    assert (7.0, False, "at_least_once") == (
        conf.broker_session_timeout,
        conf.web_enabled,
        conf.processing_guarantee.value,
    )


def test_an_agents_consumer_fetches_as_often_as_the_agent_says() -> None:
    """Section control waits longer between two fetches than the hotlist does: nobody waits for its decisions."""
    connection = KafkaConnection.from_url("kafka://127.0.0.1:9092")
    apps = [make_app(Settings(), connection, one.AGENT, cast(Stage, None)) for one in (hotlist, section_control)]
    assert [20, 100] == [app.transport.fetch_every_ms for app in apps]
