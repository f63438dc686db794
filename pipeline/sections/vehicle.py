"""The life of one plate on one section: its reads arrive, settle, are decided, and wait or are forgotten. Pure.

Reads settle together while each arrives within the settling time after the one before, by the broker's clock. When they have
settled they are decided, with what was kept of earlier ones; so neither their order nor how they were cut into batches counts, and
deciding later, or again, comes to the same. Who is decided innocent is forgotten at once: only a digest of each read's id is kept,
by which a copy that comes later is known and left out, for half of a passage could prove what the whole does not. What some
maximum pairing leaves without partner waits for it, together with all that could be its partner. The reads of a violation are kept
for as long as something that arrives late may help the driver: another read, or a corrected version of the section, a camera or
the law. Such a late arrival withdraws a violation or corrects it to a lesser one; it never makes one worse.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from pipeline.sections.clusters import Cluster, clusters_of
from pipeline.sections.crowds import MOST_PASSAGES, TOO_MANY, crowded
from pipeline.sections.outcomes import Outcome, ProvesNothing, Withdrawn, pair_of
from pipeline.sections.passages import End, Name, names, without_repeats
from pipeline.sections.put_back import PutBack, joining
from pipeline.sections.rules import Rules
from pipeline.sections.scene import Decided, Known, Scene, is_open, standing_in
from schemas.outcomes import Violation
from schemas.reads import PlateRead

PROVEN_KEEP_MS = 6 * 24 * 3_600_000
"""So long after their arrival the reads of a violation wait for what may help the driver."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What is remembered of one plate on one section.

    fresh: reads that are not decided yet. kept: decided reads that wait, or prove a violation. proven: violations that were decided
    and not taken back. put_back: violations that stand by their topic, after the memory was lost, until their reads settle.
    """

    section_id: str
    fresh: tuple[End, ...] = ()
    kept: tuple[End, ...] = ()
    proven: tuple[Violation, ...] = ()
    put_back: tuple[PutBack, ...] = ()

    @property
    def is_forgotten(self) -> bool:
        """Whether nothing is left to remember."""
        return not (self.fresh or self.kept or self.proven or self.put_back)

    @property
    def standing(self) -> tuple[Violation, ...]:
        """The violations that were sent and not taken back."""
        return (*self.proven, *(one.violation for one in self.put_back))

    def with_put_back(self, one: PutBack) -> "Vehicle":
        """The vehicle with a violation that stands by its topic, and its reads. Putting it back again changes nothing."""
        if one.violation.violation_id in {known.violation_id for known in self.standing}:
            return self
        return replace(self, fresh=(*self.fresh, *one.ends), put_back=(*self.put_back, one))


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of one decision: the vehicle as it is remembered from now on, and the outcomes in order.

    next_ms: when to decide the vehicle again, in the broker's time (UTC ms); None: never. forgotten: the reads that are not
    remembered any more; a copy of one that comes later must not be taken.
    """

    vehicle: Vehicle
    outcomes: tuple[Outcome, ...]
    next_ms: int | None
    forgotten: frozenset[Name] = frozenset()


def decide(vehicle: Vehicle, until_ms: int, rules: Rules, *, decided_at_ms: int) -> Decision:
    """Decide the reads of this vehicle that have settled, and look again at the violations that stand.

    until_ms: every read that the broker took before this time (UTC ms) is in the vehicle. decided_at_ms: the time of
    deciding that violations state.
    """
    outcomes: list[Outcome] = []
    forgotten: set[Name] = set()
    fresh = sorted(vehicle.fresh, key=lambda end: end.arrived_ms)
    while fresh:
        group = _first_group(fresh, rules.settle_ms)
        if group[-1].arrived_ms + rules.settle_ms >= until_ms:
            break
        before = _aged(vehicle, group[0].arrived_ms, rules)
        vehicle, found = _decided(before, group, rules, decided_at_ms)
        outcomes += found
        forgotten |= (names(before.kept) | names(group)) - names(vehicle.kept)
        fresh = [end for end in fresh[len(group) :] if end.name not in forgotten]
    just_decided = {one.violation_id for one in outcomes if isinstance(one, Violation)}
    if any(one.violation_id not in just_decided for one in vehicle.proven):
        before = vehicle
        vehicle, found = _reviewed(before, rules, decided_at_ms)
        outcomes += found
        forgotten |= names(before.kept) - names(vehicle.kept)
    fresh = [end for end in fresh if end.name not in forgotten]
    vehicle = replace(vehicle, fresh=tuple(fresh))
    if not fresh:
        vehicle = _aged(vehicle, until_ms, rules)
    return Decision(vehicle, tuple(outcomes), next_ms_of(vehicle, rules), frozenset(forgotten))


def _reviewed(vehicle: Vehicle, rules: Rules, decided_at_ms: int) -> tuple[Vehicle, list[Outcome]]:
    """The vehicle, and what to send, when reference data or law was corrected since its violations were decided.

    What was corrected may concern the pair of a violation, or another pair without which it does not stand.
    """
    again, outcomes = _decided(vehicle, (), rules, decided_at_ms)
    return (vehicle, []) if all(isinstance(one, ProvesNothing) for one in outcomes) else (again, outcomes)


def _first_group(fresh: list[End], settle_ms: int) -> list[End]:
    """The reads that settle together, from the first on."""
    count = 1
    while count < len(fresh) and fresh[count].arrived_ms - fresh[count - 1].arrived_ms <= settle_ms:
        count += 1
    return fresh[:count]


def next_ms_of(vehicle: Vehicle, rules: Rules) -> int | None:
    """The last moment before something of this vehicle is decided or forgotten if nothing more arrives, in the broker's time
    (UTC ms): call decide with a later until_ms. None: nothing is left of it."""
    if vehicle.fresh:
        fresh = sorted(vehicle.fresh, key=lambda end: end.arrived_ms)
        return _first_group(fresh, rules.settle_ms)[-1].arrived_ms + rules.settle_ms
    put_back = [_put_back_until_ms(one) for one in vehicle.put_back]
    return min([*put_back, *(until_ms for _, until_ms in _lifetimes(vehicle, rules))], default=None)


def _put_back_until_ms(one: PutBack) -> int:
    return one.at_ms + PROVEN_KEEP_MS


def _clusters(ends: Iterable[End], section_id: str, rules: Rules) -> list[Cluster]:
    return clusters_of(
        without_repeats(ends), lambda entered_ms: rules.reference.longest_travel_ms(section_id, entered_ms)
    )


def _lifetimes(vehicle: Vehicle, rules: Rules) -> list[tuple[Cluster, int]]:
    """The clusters of kept reads, and when each is forgotten: a cluster as a whole, with the last of its reads."""
    if not vehicle.kept:
        return []
    proving = {read_id for one in vehicle.proven for read_id in pair_of(one)}

    def until_ms(end: End) -> int:
        if end.of_crowd or end.read.read_id in proving:
            return end.arrived_ms + PROVEN_KEEP_MS
        return end.arrived_ms + rules.reference.longest_wait_ms(vehicle.section_id, end.read.captured_at_ms)

    clusters = _clusters(vehicle.kept, vehicle.section_id, rules)
    return [(cluster, max(map(until_ms, cluster.ends))) for cluster in clusters]


def _aged(vehicle: Vehicle, now_ms: int, rules: Rules) -> Vehicle:
    """The vehicle without what has waited long enough."""
    if any(_put_back_until_ms(one) < now_ms for one in vehicle.put_back):
        vehicle = replace(vehicle, put_back=tuple(one for one in vehicle.put_back if _put_back_until_ms(one) >= now_ms))
    lifetimes = _lifetimes(vehicle, rules)
    if all(until_ms >= now_ms for _, until_ms in lifetimes):
        return vehicle
    kept = tuple(end for cluster, until_ms in lifetimes if until_ms >= now_ms for end in cluster.ends)
    left = {end.read.read_id for end in kept}
    proven = tuple(one for one in vehicle.proven if left.issuperset(pair_of(one)))
    return replace(vehicle, kept=kept, proven=proven)


def _decided(vehicle: Vehicle, group: Sequence[End], rules: Rules, decided_at_ms: int) -> tuple[Vehicle, list[Outcome]]:
    """The vehicle after these reads, which have settled, and what comes of them. Without reads: after what stands was looked at
    again."""
    section_id = vehicle.section_id
    clusters = _clusters((*vehicle.kept, *group), section_id, rules)
    back = joining(vehicle.put_back, group, clusters, rules.reference)
    fresh = _new_in(group, vehicle.kept) - {end.name for one in back for end in one.ends}
    pairs = {pair_of(one.violation) for one in back}
    stood = [one for one in vehicle.proven if pair_of(one) not in pairs]
    known = standing_in(clusters, (*stood, *(one.violation for one in back)))
    told = tuple(one.violation for one in vehicle.put_back if one not in back)
    decided: list[Decided] = []
    for cluster, before in known:
        if fresh.isdisjoint(names(cluster.ends)) if fresh else not before:
            decided.append((cluster.ends, before, []))
        else:
            decided.append(Scene(section_id, cluster, fresh, rules, decided_at_ms, before, told).decided())
    if len(vehicle.kept) + len(group) > MOST_PASSAGES:
        decided = _without_crowds(known, decided, vehicle, rules)
    outcomes: list[Outcome] = []
    for _, _, found in decided:
        outcomes += [one for one in found if one not in outcomes]
    kept = tuple(end for left, _, _ in decided for end in left)
    proven = {one.violation_id: one for _, stands, _ in decided for one in stands}
    pairs |= {pair_of(one) for one in proven.values()}
    left = tuple(one for one in vehicle.put_back if pair_of(one.violation) not in pairs)
    return Vehicle(section_id, kept=kept, proven=tuple(proven.values()), put_back=left), outcomes


def _new_in(group: Sequence[End], kept: Iterable[End]) -> set[Name]:
    """The names of the reads in the group that are no copies of kept ones: a copy changes nothing, whenever it was received."""
    known = {end.name: end.read for end in kept}
    return {end.name for end in group if not _is_copy(end.read, known.get(end.name))}


def _is_copy(read: PlateRead, known: PlateRead | None) -> bool:
    if known is None or read == known:
        return known is not None
    return msgspec.structs.replace(read, received_at_ms=known.received_at_ms) == known


def _without_crowds(known: Sequence[Known], decided: list[Decided], vehicle: Vehicle, rules: Rules) -> list[Decided]:
    """The decisions, without violations of passages that are too many for one vehicle.

    Innocent passages are not counted: they are forgotten. The latest of a crowd are kept for as long as they count, marked as of a
    crowd, so that what follows proves nothing together with them.
    """
    counted = [at for at, (left, _, _) in enumerate(decided) if left]
    last_ms = max((end.read.captured_at_ms for left, _, _ in decided for end in left), default=0)
    wait_ms = rules.reference.longest_wait_ms(vehicle.section_id, last_ms)
    crowd = crowded([known[at][0] for at in counted], wait_ms, PROVEN_KEEP_MS)
    decided = list(decided)
    for number in sorted(crowd.found):
        at, lasting = counted[number], number in crowd.lasting
        gone = [Withdrawn(one, TOO_MANY) for one in known[at][1]]
        ends = decided[at][0] if number in crowd.latest else ()
        left = tuple(replace(end, of_crowd=end.of_crowd or lasting) for end in ends)
        decided[at] = left, (), [*gone, ProvesNothing(vehicle.section_id, TOO_MANY)]
    return decided


def without(vehicle: Vehicle, violation_ids: Collection[str], rules: Rules) -> Vehicle:
    """The vehicle without these violations, and without the reads that were kept for them alone. What is kept of them proves
    nothing any more."""
    gone = tuple(one for one in vehicle.proven if one.violation_id in violation_ids)
    proven = tuple(one for one in vehicle.proven if one not in gone)
    clusters = _clusters(vehicle.kept, vehicle.section_id, rules)
    before, now = standing_in(clusters, gone), standing_in(clusters, proven)
    kept = [one for (one, had), (_, has) in zip(before, now, strict=True) if not had or has or is_open(one)]
    put_back = tuple(one for one in vehicle.put_back if one.violation.violation_id not in violation_ids)
    return replace(vehicle, kept=tuple(end for one in kept for end in one.ends), proven=proven, put_back=put_back)
