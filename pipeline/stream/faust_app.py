"""The part of Faust that Vigie uses: an app with one agent, which runs the stage."""

import logging
from typing import Any

import faust
from faust.app.base import BootStrategy

from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import Settings
from pipeline.stream.agent import Agent
from pipeline.stream.stage import Stage
from pipeline.stream.transport import StageTransport


class _Boot(BootStrategy):  # type: ignore[misc]  # faust's types are not followed
    enable_kafka_producer = False  # outputs are sent by Sender, which waits for every acknowledgement
    enable_web = False
    enable_sensors = False


class _Settings(faust.Settings):  # type: ignore[misc]  # as above
    def getenv(self, env_name: str) -> None:
        """None for every name: Faust would read BROKER_URL, TIMEZONE and others, which are meant for other programs, before
        the settings below."""


class _App(faust.App):  # type: ignore[misc]  # as above
    BootStrategy = _Boot
    Settings = _Settings
    logger = logging.getLogger("faust.app")

    def _create_directories(self) -> None:
        """Does nothing: an app without tables keeps nothing on disk."""


def make_app(settings: Settings, connection: KafkaConnection, agent: Agent[Any], stage: Stage) -> faust.App:
    """A Faust app whose one agent is this one, which runs the stage."""
    app = _App(
        f"{settings.namespace}-{agent.name}",
        broker=[f"kafka://{server}" for server in connection.bootstrap_servers],
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=min(settings.session_timeout_s / 4, 3.0),
        broker_rebalance_timeout=max(10.0, settings.session_timeout_s),
        broker_request_timeout=max(15.0, settings.session_timeout_s + 5),
        broker_commit_interval=0.5,
        broker_max_poll_records=2000,
        consumer_max_fetch_size=max(topic.max_message_bytes for topic in agent.sources) * 2,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=True,
        store="memory://",
        web_enabled=False,
        tracer=None,
    )
    transport = StageTransport([f"kafka://{server}" for server in connection.bootstrap_servers], app)
    transport.intake = stage
    transport.client_kwargs = connection.client_kwargs()
    transport.fetch_every_ms = agent.fetch_every_ms
    app.transport = transport

    async def run(_stream: Any) -> None:
        await stage.run()

    names = [f"{settings.namespace}.{topic.name}" for topic in agent.sources]
    app.agent(app.topic(*names), name=agent.name)(run)
    return app
