"""Letting reads in: every agent refuses the same ones, each names its read, and one agent reports it."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import msgspec
import pytest
from aiokafka.structs import TopicPartition

from pipeline.reads.admission import check_read, may_serve, purposes_of
from pipeline.reads.versions import Changed, Version
from pipeline.runtime.settings import load_settings
from pipeline.state.collections import CAMERAS
from pipeline.state.mirror import Mirror
from pipeline.stream.admission import Admission
from pipeline.stream.outputs import Outputs, Record
from pipeline.stream.wire import Wire
from schemas.outcomes import DeadLetter
from schemas.reads import PlateRead, Purpose, ReadBatch
from schemas.reference import CameraState
from schemas.topics import READS
from tests.builders import NOON_MS, make_camera, make_read

PLACE = TopicPartition("vigie.reads", 3)
GOOD, STRANGE = make_read(), make_read(camera_id="NOWHERE")


def admission(folder: Path) -> Admission:
    """One that knows the camera E40-1."""
    mirror = Mirror(CAMERAS)
    camera = make_camera()
    mirror.take(CAMERAS.name, [Changed(camera.camera_id, (Version(camera, 0, 0),))], False)
    return Admission(mirror, load_settings({"VIGIE_DATA_DIR": str(folder)}, None), lambda: NOON_MS)


def decoded(*parts: bytes, reported: bool = True) -> tuple[list[Record[ReadBatch]], Outputs, Wire]:
    """A record whose value is a batch of these parts, as a stage decodes it."""
    wire = Wire("agent", "vigie", READS, elsewhere=() if reported else (READS,))
    value = b'{"reads":[' + b",".join(parts) + b"]}"
    records, outputs = wire.decoded([(PLACE, [SimpleNamespace(offset=7, timestamp=NOON_MS, value=value)])])
    return records, outputs, wire  # type: ignore[return-value]  # READS carries batches


def letters(wire: Wire, outputs: Outputs) -> list[tuple[int | None, str]]:
    """Index and reason of each dead letter."""
    sent = [msgspec.json.decode(record.value, type=DeadLetter) for record in wire.outgoing(outputs, NOON_MS)]
    return [(letter.index, letter.reason) for letter in sent]


def test_a_refused_read_has_the_index_that_it_came_with(tmp_path: Path) -> None:
    """A read before it that was no read at all does not shift it."""
    parts = [b'{"read_id":1}', msgspec.json.encode(GOOD), msgspec.json.encode(STRANGE)]
    records, outputs, wire = decoded(*parts)
    assert [GOOD] == admission(tmp_path).admitted(records, NOON_MS, outputs)
    assert [(0, "invalid"), (2, "unknown_camera")] == letters(wire, outputs)
    assert STRANGE == msgspec.json.decode(outputs.refusals[1].payload, type=PlateRead)


def test_another_agent_of_the_topic_refuses_the_same_reads_and_reports_none(tmp_path: Path) -> None:
    """It counts them; what it alone could not process, it reports."""
    records, outputs, wire = decoded(b"{}", msgspec.json.encode(STRANGE), reported=False)
    assert [] == admission(tmp_path).admitted(records, NOON_MS, outputs)
    assert ["invalid", "unknown_camera"] == [refused.reason for refused in outputs.refusals]
    assert [] == letters(wire, outputs)
    outputs.refuse(records[0], "failed", "a fault of this agent's own")
    assert [(None, "failed")] == letters(wire, outputs)


@pytest.mark.parametrize("among", [[GOOD], []])
def test_reads_that_an_agent_does_not_look_at_are_not_refused_by_it(tmp_path: Path, among: Sequence[PlateRead]) -> None:
    """Section control looks at reads of its cameras only."""
    records, outputs, _ = decoded(msgspec.json.encode(GOOD), msgspec.json.encode(STRANGE))
    found = admission(tmp_path).admitted(
        records, NOON_MS, outputs, among=lambda reads: [read for read in reads if read in among]
    )
    assert (list(among), []) == (list(found), outputs.refusals)


@pytest.mark.parametrize("state", [None, *get_args(CameraState)])
def test_only_an_active_cameras_reads_serve_anything(state: CameraState | None) -> None:
    """None is active; on trial a read is let in, also one that names purposes, and serves none of them."""
    every: tuple[Purpose, ...] = get_args(Purpose)
    camera = make_camera(purposes=every, state=state)
    serves = [may_serve(read, camera, one) for one in every for read in (make_read(), make_read(purposes=every))]
    assert {state in (None, "active")} == set(serves)
    assert (every if state in (None, "active") else ()) == purposes_of(camera)
    if state == "on_trial":
        reads = make_read(), make_read(purposes=("hotlist",))
        assert [None, None] == [check_read(one, {"E40-1": camera}, NOON_MS, retention_days=30) for one in reads]
