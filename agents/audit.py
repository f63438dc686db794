"""The agent audit: adds the entries of the record to the Merkle log in its folder, and sends checkpoints. The log holds the
record's order, and outsiders verify it.

A batch's entries are written to disk, and then the ledger, which holds up to which offset they go, is replaced in one step: so
entries that come again after a crash are dropped. While the folder cannot be written, entries wait in Kafka, and nobody is refused
because of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Gauge

from pipeline.access.checkpoint import Signer, opened
from pipeline.access.tiles import Kept
from pipeline.errors import VigieError
from pipeline.record.keys import log_key
from pipeline.record.log_folder import LogFolder
from pipeline.record.recorder import PARTITION
from pipeline.state.record_keys import RecordKeys
from pipeline.stream.agent import Agent, RedisState
from pipeline.stream.context import Context
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.stream.progress import RereadFrom
from schemas.accesses import Access, Intent, Vouched
from schemas.topics import ACCESSES, CHECKPOINTS

EVERY_S = 60.0
"""A checkpoint is signed so often while the log grows, and at once when somebody asks."""
TICK_MS = 1_000
KEYS_EVERY_S = 60.0
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Audit:
    """The handler and what it needs. clock_s: a clock that never goes back. due_s: when to sign the next checkpoint, by
    that clock. sent_size: entries of the last checkpoint sent. asked: the offset from which a reread was asked for, and that of
    the record that stood beyond it; None: none was."""

    folder: LogFolder
    signer: Signer
    context: Context
    entries: Gauge
    vouched_for: Gauge
    clock_s: Callable[[], float]
    due_s: float = 0.0
    sent_size: int | None = None
    asked: tuple[int, int] | None = None

    async def handle(self, records: Sequence[Record[Access]]) -> Outputs:
        """Add the entries to the log, unless earlier ones must be read again first; these come again, too. Sign a checkpoint when
        it is time, and return it where the log has grown. Raises Unavailable while the folder cannot be written."""
        outputs = Outputs()
        batch = [Kept(one.offset, one.payload) for one in records if one.partition == PARTITION]
        for record in records:
            if record.partition != PARTITION:
                outputs.refuse(
                    record, "wrong_partition", f"the record is partition {PARTITION} alone: it has one order"
                )
        if batch:
            if await self._must_read_again(batch[0].offset):
                return outputs
            ledger = await asyncio.to_thread(self.folder.append, batch)
            self.entries.set(ledger.size)
        if self.clock_s() >= self.due_s or any(map(_asks, records)):
            await self._vouch(outputs)
        return outputs

    async def _must_read_again(self, offset: int) -> bool:
        """Whether records before this offset must be read again first, because the folder lacks them: it is new, or an older
        copy. False also where reading them again has not brought them: they are dead letters, or were deleted.

        A batch that was fetched before the reread may be handled after it. It begins after the record for which the reread was
        asked, and comes again.
        """
        ledger = await asyncio.to_thread(self.folder.ledger)
        if offset <= ledger.next_offset:
            self.asked = None
            return False
        if self.asked is None or self.asked[0] != ledger.next_offset:
            log.warning("audit.folder_behind", next_offset=ledger.next_offset, offered=offset)
            self.asked = ledger.next_offset, offset
            self.context.read_again({PARTITION: RereadFrom(ledger.next_offset)})
            return True
        if PARTITION in self.context.rereading() or offset > self.asked[1]:
            return True
        # what lies between could not be read, and is among the dead letters, or was deleted; a verifier is told of it, too
        log.error("audit.left_out", first=ledger.next_offset, last=offset - 1)
        return False

    async def _vouch(self, outputs: Outputs) -> None:
        self.due_s = self.clock_s() + EVERY_S
        note = await asyncio.to_thread(self.folder.vouch, self.signer)
        checkpoint = opened(note, [self.signer.verifier]).checkpoint
        self.vouched_for.set(checkpoint.size)
        if checkpoint.size == self.sent_size:
            return
        self.sent_size = checkpoint.size
        vouched = Vouched(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            note=note,
            signed_at_ms=self.context.now_ms(),
        )
        outputs.send(CHECKPOINTS, vouched, key=checkpoint.origin)

    def forget(self) -> None:
        """Forget the reread that was asked for: a new generation of the consumer group begins."""
        self.asked = None


def _asks(record: Record[Access]) -> bool:
    """Whether the entry asks for a checkpoint."""
    entry = record.message.entry
    return isinstance(entry, Intent) and entry.act == "checkpoint"


async def start(context: Context) -> Handler[Access]:
    """Read or make the log's key and the months' keys, and return the handler. Raises Unavailable while Redis is away,
    Misconfigured when the log's key cannot be read or made."""
    keys = RecordKeys(context.redis, context.settings.namespace)
    await keys.make(context.now_ms())

    async def keep_making() -> None:
        while True:
            await asyncio.sleep(KEYS_EVERY_S)
            try:
                await keys.make(context.now_ms())
            except VigieError as error:  # also where Redis refuses this account: somebody will correct it
                log.warning("audit.keys_not_made", cause=str(error))

    audit = Audit(
        folder=LogFolder(context.settings.record),
        signer=log_key(context.settings),
        context=context,
        entries=context.metrics.gauge("vigie_record_entries", "Entries in the log of the record"),
        vouched_for=context.metrics.gauge(
            "vigie_record_vouched_entries", "Entries that the latest checkpoint vouches for"
        ),
        clock_s=asyncio.get_running_loop().time,
    )
    context.background(keep_making, "the record's keys")
    context.on_reset(audit.forget)
    return audit.handle


AGENT = Agent(
    name="audit",
    source=ACCESSES,
    outputs=(CHECKPOINTS,),
    start=start,
    tick_ms=TICK_MS,
    redis_state=RedisState(
        if_lost="entries of this month can no longer be found by the plate that was asked for, nor answers by their digest"
    ),
)
