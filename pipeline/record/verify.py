"""Verifies a log as an outsider does: offline, with public keys and checkpoints that were handed out, trusting nothing else.

Whoever changes, removes, inserts or swaps an entry changes the root that the log's own checkpoint signs. Whoever has the
log's key and signs the changed log contradicts every checkpoint that was handed out before: the log must continue each of
them.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline.access.checkpoint import NotProven, Proven, Verifier, opened
from pipeline.access.merkle import EMPTY_ROOT, range_hash
from pipeline.access.tiles import WIDTH, Levels, hashes_in, shapes, tile_path
from pipeline.record.bundles import INTENT, MOST_FAULTS, MOST_SPANS, Fault, Run, check_run
from pipeline.record.source import Source, read_part
from pipeline.record.verify_child import RUN_BUNDLES, checked_elsewhere, runs_in

WORTH_PROCESSES = 8 * RUN_BUNDLES
_MOST_UNANSWERED, _REMEMBERED = 20, 100_000


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A witness signed a checkpoint over the first `size` entries, at at_s by its own clock (epoch seconds)."""

    name: str
    at_s: int
    size: int


@dataclass(slots=True)
class Report:
    """The result of verifying a log; without faults the log is whole. proven: the log's checkpoint; None where no known key
    signed it. note: the checkpoint as it was signed. witnessed: the largest checkpoint that each witness signed, of the log's own
    and those handed out that it continues.

    records: how many records were read and compared. unanswered: how many intents have no outcome: nothing was answered, or
    the log does not reach that far yet; examples: the ids of the first of them. matched: the names of the handed-out
    checkpoints that the log continues. left_out: how many of the topic's offsets between records are not in the log, because the
    agent could not read what stood there (it is among its dead letters) or because it was deleted from the topic before; spans: the
    first of them.
    """

    proven: Proven | None = None
    note: str = ""
    witnessed: list["Witnessed"] = field(default_factory=list)
    records: int = 0
    unanswered: int = 0
    examples: list[str] = field(default_factory=list)
    matched: list[str] = field(default_factory=list)
    left_out: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def verify(
    source: Source,
    log_keys: Sequence[Verifier],
    witness_keys: Sequence[Verifier] = (),
    handed_out: Sequence[tuple[str, str]] = (),
    *,
    processes: int = 1,
) -> Report:
    """Verify a log. witness_keys: of witnesses each of which must have signed the log's checkpoint, or one that was handed out and
    that the log continues. handed_out: (name, note) of each checkpoint that was kept elsewhere. processes: how many share the
    work. What is wrong is returned in the Report, not raised. Raises Unavailable when a file cannot be read."""
    report = Report()
    found = source.read("checkpoint")
    if found is None:
        report.faults.append(Fault("checkpoint", "there is none"))
        return report
    try:
        report.note = found.decode("utf-8", "replace")
        report.proven = opened(report.note, log_keys, witness_keys)
    except NotProven as error:
        report.faults.append(Fault("checkpoint", error.detail))
        return report
    earlier = list(_opened(handed_out, report.proven, log_keys, witness_keys, report))
    checkpoint = report.proven.checkpoint
    levels = _levels(source, checkpoint.size, {one.size // WIDTH for _, one in earlier}, processes, report)
    if root_over(levels, checkpoint.size) != checkpoint.root:
        report.faults.append(
            Fault(f"the {checkpoint.size} entries", "they are not those that the checkpoint vouches for")
        )
    continued = [report.proven]
    for name, one in earlier:
        if root_over(levels, one.size) == one.checkpoint.root:
            report.matched.append(name)
            continued.append(one)
        else:
            what = f"it vouched for {one.size} entries with which the log does not begin: it was rewritten, or is another branch"
            report.faults.append(Fault(name, what))
    _check_witnesses(continued, witness_keys, report)
    return report


def _check_witnesses(continued: Sequence[Proven], witness_keys: Sequence[Verifier], report: Report) -> None:
    """Note up to where each witness vouches; one that signed none of these checkpoints is a fault."""
    found = [Witnessed(name, at_s, one.size) for one in continued for name, at_s in one.witnessed_at_s]
    for name in dict.fromkeys(key.name for key in witness_keys):
        best = max((one for one in found if one.name == name), key=lambda one: (one.size, one.at_s), default=None)
        if best is None:
            report.faults.append(Fault("checkpoint", f"{name} signed neither it nor an earlier one that you named"))
        else:
            report.witnessed.append(best)


def root_over(levels: Levels, size: int) -> bytes:
    """The root over the first `size` entries of a log."""
    return range_hash(0, size, levels.hash_of) if size else EMPTY_ROOT


def _opened(
    handed_out: Sequence[tuple[str, str]],
    proven: Proven,
    log_keys: Sequence[Verifier],
    witness_keys: Sequence[Verifier],
    report: Report,
) -> Iterator[tuple[str, Proven]]:
    """The handed-out checkpoints that are not longer than the log; the others are reported as faults."""
    for name, note in handed_out:
        try:
            one = opened(note, log_keys, witness_keys)
        except NotProven as error:
            report.faults.append(Fault(name, error.detail))
            continue
        if one.checkpoint.origin != proven.checkpoint.origin:
            report.faults.append(Fault(name, f"it is of another log, {one.checkpoint.origin}"))
        elif one.size > proven.size:
            what = f"it vouched for {one.size} entries, of which the last {one.size - proven.size} are gone: the log's tail was cut"
            report.faults.append(Fault(name, what))
        else:
            yield name, one


def _levels(source: Source, size: int, wanted: set[int], processes: int, report: Report) -> Levels:
    """The hashes of the whole log, computed from its entries and compared with its tiles."""
    roots: list[bytes] = []
    leaves: dict[int, list[bytes]] = {}
    pairing = _Pairing(report)
    last_offset = -1
    for run in _runs(source, size, frozenset({*wanted, size // WIDTH}), processes):
        roots += run.roots
        leaves |= run.leaves
        report.records += run.records
        report.faults += run.faults[: max(0, MOST_FAULTS - len(report.faults))]
        pairing.take(run)
        if run.records and run.last_offset <= last_offset:
            report.faults.append(Fault("the records", "they are out of the topic's order"))
        if 0 <= last_offset < run.first_offset - 1:
            run.leave_out(last_offset + 1, run.first_offset)
        report.left_out += run.left_out
        report.spans = sorted([*report.spans, *run.spans])[:MOST_SPANS]
        last_offset = max(last_offset, run.last_offset)
    report.unanswered, report.examples = len(pairing.open), list(pairing.open)[:_MOST_UNANSWERED]
    levels = Levels.over(roots, leaves)
    _check_tiles(source, size, levels, report)
    return levels


def _runs(source: Source, size: int, wanted: frozenset[int], processes: int) -> Iterator[Run]:
    """Check the bundles in runs, with this many processes; yields the runs in order."""
    bundles = -(-size // WIDTH)
    if processes > 1 and bundles >= WORTH_PROCESSES and source.place is not None:
        yield from checked_elsewhere(source.place, size, wanted, processes)
        return
    for first in runs_in(size):
        yield check_run(source, first, min(first + RUN_BUNDLES, bundles), size, wanted)


class _Pairing:
    """Checks that each outcome follows an intent. One that does not was answered without an intent, or its intent was
    removed.

    open: the intents without an outcome, in order. A process that does not know whether its outcome has arrived may send it
    again soon after, which is no fault; so the latest answered intents are remembered.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self.open: dict[str, None] = {}
        self._answered: OrderedDict[str, None] = (
            OrderedDict()
        )  # a dict would look through all that it dropped, each time

    def take(self, run: Run) -> None:
        """Check the records of the next run."""
        for kind, intent_id in run.steps:
            if kind == INTENT:
                self.open[intent_id] = None
            elif intent_id in self.open:
                del self.open[intent_id]
                self._answered[intent_id] = None
                if len(self._answered) > _REMEMBERED:
                    self._answered.popitem(last=False)
            elif intent_id not in self._answered and len(self._report.faults) < MOST_FAULTS:
                what = "it has an outcome, but no intent stands before it"
                self._report.faults.append(Fault(f"intent {intent_id}", what))


def _check_tiles(source: Source, size: int, levels: Levels, report: Report) -> None:
    """Compare the tiles above the leaves with the hashes of the entries, because outsiders make proofs from these tiles."""
    for level, full, width in shapes(size):
        if level == 0:
            continue
        row = levels.hashes[level]
        for index in range(full + (width > 0)):
            wide = WIDTH if index < full else width
            tile = read_part(source, partial(tile_path, level), index, wide)
            if tile is None or hashes_in(tile)[:wide] != row[index * WIDTH : index * WIDTH + wide]:
                what = "it is missing" if tile is None else "its hashes are not those of the entries"
                report.faults.append(Fault(tile_path(level, index, wide), what))
