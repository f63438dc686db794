"""What must leave no trace: covert alerts in metrics, and captures that are too old in dead letters."""

import asyncio
from typing import Any, cast

from prometheus_client import generate_latest

from pipeline.stream import codec
from pipeline.stream.batch import BatchProcessor, StageOptions
from pipeline.stream.covert_alerts import AlertSender
from pipeline.stream.letters import kept_of
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Outputs
from schemas.pictures import Frame
from schemas.topics import DAY_MS, FRAMES, READS
from tests.builders import NOON_MS
from tests.unit.test_covert import COVERT, KEYS


def test_no_metric_counts_covert_alerts() -> None:
    """Who reads metrics learns neither how many there were nor when the first one was."""
    metrics, outputs, unused = StageMetrics("hotlist"), Outputs(), cast(Any, None)
    AlertSender(KEYS).send(outputs, COVERT, COVERT)
    options = StageOptions(agent="hotlist", source=READS, namespace="vigie")
    BatchProcessor(options, unused, unused, metrics, lambda: NOON_MS, asyncio.Event())._count(outputs)
    assert b"covert" not in generate_latest(metrics.registry)


def test_nothing_old_is_kept_in_whatever_form_it_says_so() -> None:
    """Whole, cut off and invalid messages, in both codecs; a name with an escaped letter, a time as a text."""
    frame = Frame(camera_id="E40-12", captured_at_ms=NOON_MS, received_at_ms=NOON_MS, image=b"\xff\xd8")
    packed = codec.encode(FRAMES, frame)
    escaped, text = b'{"captured_at_\\u006ds": %d' % NOON_MS, b'{"captured_at_ms": "%d"' % NOON_MS
    for payload in (packed, packed[:-5], packed.replace(b"E40-12", b"E40 12"), escaped, text):
        assert payload == kept_of("invalid", payload, NOON_MS + 1), payload
        assert b"" == kept_of("invalid", payload, NOON_MS + 2 * DAY_MS), payload
