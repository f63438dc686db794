"""The agent `audit` reads again what its folder lacks. What was fetched before that is not taken for what was read again."""

from pathlib import Path
from typing import Any, cast

import msgspec
import prometheus_client
import pytest

from agents.audit import Audit
from pipeline.access.tiles import Kept, kept
from pipeline.record.log_folder import LogFolder
from pipeline.record.reading import packed_records
from pipeline.record.recorder import PARTITION
from pipeline.runtime.settings import load_settings
from pipeline.stream.context import Context
from pipeline.stream.outputs import Record
from schemas.accesses import Access
from tests.record_logs import SIGNER, kept_entries


def records(some: list[Kept]) -> list[Record[Access]]:
    """The same as the agent gets them."""
    return [
        Record("vigie.accesses", PARTITION, one.offset, 0, msgspec.json.decode(one.record, type=Access), one.record)
        for one in some
    ]


@pytest.mark.asyncio
async def test_a_batch_that_was_fetched_before_the_reread_waits_for_what_comes_before_it(tmp_path: Path) -> None:
    """Records 4 to 7 are dead letters. 8 comes, and all from 4 on is to be read again; 9 was fetched already and is handled once
    the partition has been rewound: it is not added before 8, which would shut 8 out for good."""
    entries = kept_entries(10)
    folder = LogFolder(tmp_path / "record")
    folder.append(entries[:4])
    gauge = prometheus_client.Gauge("entries", "", registry=None)
    nowhere = cast(Any, None)  # no server is asked
    context = Context(load_settings({}), nowhere, nowhere, nowhere)
    audit = Audit(
        folder=folder, signer=SIGNER, context=context, entries=gauge, vouched_for=gauge, clock_s=lambda: 0.0, due_s=1.0
    )  # fmt: skip
    for batch in (entries[8:9], entries[9:], entries[8:9], entries[9:]):
        await audit.handle(records(batch))
    assert [0, 1, 2, 3, 8, 9] == [kept(one).offset for one in packed_records(tmp_path / "record")]
