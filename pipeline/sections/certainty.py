"""Decides whether two ends of a passage show the same vehicle: text, certainty of reading, class, country, and possible
speed.

Readers cannot tell O from 0 nor I from 1, so a plate is remembered under its folded text. Which of two such plates it was
must be known before a driver is fined: it is when no vehicle may carry the other one, or each picture excludes it. So of two texts
only one may be a plate that is issued. A reader that says nothing of the other excludes nothing: its silence proves nothing.

>>> folded("1AOC55I") == folded("1A0C551")
True
"""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from math import inf

from pipeline.plates import countries_of
from pipeline.plates.shared import written
from pipeline.plates.twins import EXCLUDED, is_twin, issued_twins
from pipeline.reads.admission import trusted_country
from pipeline.reads.colours import may_be_the_same
from pipeline.reads.makes import same_make
from schemas.reads import PlateRead, VehicleClass
from schemas.reference import Camera

LEAST_JOINT_CERTAINTY = 0.8
"""The least product of both ends' confidence. Two cameras misread one plate independently: where both read the same text at 0.9,
that both are wrong in the same way is far less likely than the 0.19 that the product leaves. Ours; no law fixes it."""
SHARED_DOUBT = 0.05
"""Where both readers offer the same other text with at least this probability, they are not independent: the same dirt, bolt or
light misleads both. Then the product says nothing, and the pair proves nothing. Ours; no law fixes it."""
SHARING = "DE"  # the country in which two vehicles may carry one compact text (see plates.shared)
ISSUED = 0.5  # a text is a plate of a country when it is likelier that than anything else of its form
MOST_ACCELERATION, MOST_BRAKING = 8.0, 10.0
"""m/s2. The fastest road vehicles come near to the first, dry tyres to the second: beyond them no vehicle drives."""
_FOLD = str.maketrans("OI", "01")
_GROUPS: dict[VehicleClass, str] = {
    "car": "light", "van": "light", "lorry": "heavy", "bus": "heavy", "motorcycle": "motorcycle",
}  # fmt: skip


def folded(plate: str) -> str:
    """The compact text with O as 0 and I as 1."""
    return plate.translate(_FOLD)


def certainty_of(read: PlateRead, cameras: Iterable[Camera | None]) -> float:
    """The probability, 0..1, that this read shows its plate: what it states, else what is certified of its camera, else 0.

    cameras: the versions of its camera that may have held; each must be certified at the capture, and the least counts.
    """
    if read.confidence_stated:
        return read.confidence
    return min((_certified(camera, read.captured_at_ms) for camera in cameras), default=0.0)


def _certified(camera: Camera | None, at_ms: int) -> float:
    statement = camera.reading_statement if camera else None
    holds = statement is not None and statement.valid_from_ms <= at_ms < statement.valid_until_ms
    return statement.least_confidence if statement is not None and holds else 0.0


def plate_of(reads: Sequence[PlateRead]) -> str | None:
    """The plate that reads with one folded text show; None where that is ambiguous.

    With one text it is that text. With two texts that differ in one character, it is the one that is issued. Either way each read
    must exclude any other that a vehicle of this country, or of any where it is not known, may carry; and this very
    text must not be one that two vehicles may carry, as some texts are in Germany.
    """
    texts = sorted({read.plate for read in reads})
    if len(texts) > 2 or (len(texts) == 2 and sum(one != other for one, other in zip(*texts, strict=True)) > 1):
        return None
    known = frozenset(countries(reads))
    issued = texts if len(texts) == 1 else [text for text in texts if is_issued(text, known)]
    if len(issued) != 1:
        return None
    (plate,) = issued
    country = next(iter(known)) if len(known) == 1 else None
    if written(plate, country or SHARING):
        return None
    twins = issued_twins(plate, country)
    sure = twins == frozenset() or all(_excludes(read, plate, twins) for read in reads)
    return plate if sure else None


def _excludes(read: PlateRead, plate: str, twins: Collection[str] | None) -> bool:
    """Whether this read says of none of these twins that the picture may show it, though it says what else it may show. twins:
    None: any twin of the plate."""
    shown = {one.text for one in read.alternatives if one.probability >= EXCLUDED} | {
        read.plate,
        read.raw or read.plate,
    }
    return bool(read.alternatives) and not any(is_twin(one, plate) and (twins is None or one in twins) for one in shown)


def shared_doubt(entry: PlateRead, exit_: PlateRead) -> str | None:
    """The other text that both ends' readers hold for likely; None: there is none. What the picture alone says counts as likely,
    where the forms of plates spoke for another text. Texts that differ in O and 0, I and 1 alone are
    looked at by `plate_of`; as other texts they count as one, and so do their probabilities."""
    likely = [{text for text, sum_ in _offered(read).items() if sum_ >= SHARED_DOUBT} for read in (entry, exit_)]
    shared = likely[0] & likely[1] - {folded(entry.plate), folded(exit_.plate)}
    texts = [*(one.text for one in entry.alternatives), *([entry.raw] if entry.raw else [])]
    return min((text for text in texts if folded(text) in shared), default=None)


def _offered(read: PlateRead) -> dict[str, float]:
    """The probability of each folded text that the reader offers beside its plate; 1 for what the picture alone says."""
    found: dict[str, float] = {folded(read.raw): 1.0} if read.raw else {}
    for one in read.alternatives:
        found[folded(one.text)] = found.get(folded(one.text), 0.0) + one.probability
    return found


@lru_cache(maxsize=4096)
def is_issued(text: str, countries: Collection[str]) -> bool:
    """Whether the text is more probably a plate of one of these countries (empty: of any country) than everything else that it
    may be: the country's share in `countries_of` is ISSUED or more. Of a form that several countries issue, only the likeliest
    has it.

    >>> is_issued("ABC123", frozenset({"BE"})), is_issued("ABC123", frozenset({"SE"}))
    (True, False)
    """
    return any(share >= ISSUED and (not countries or country in countries) for country, share in countries_of(text))


def class_groups(reads: Sequence[PlateRead]) -> set[str]:
    """The groups of vehicle classes among the reads: light, heavy, motorcycle. A trailer counts for none, because any
    vehicle may draw it."""
    return {_GROUPS[read.vehicle_class] for read in reads if read.vehicle_class in _GROUPS}


def countries(reads: Sequence[PlateRead]) -> set[str]:
    """The countries of the reads, as far as they can be trusted."""
    return {country for read in reads if (country := trusted_country(read))}


def could_drive(
    distance_m: float, least_ms: float, most_ms: float, entry_kmh: float | None, exit_kmh: float | None
) -> bool:
    """Whether a vehicle with these spot speeds at both ends can cover the distance in some time from least_ms to most_ms,
    however it accelerates and brakes.

    A missing speed may be any. A driver who brakes at both gantries and races in between passes this check.
    """
    entry = None if entry_kmh is None else entry_kmh / 3.6
    exit_ = None if exit_kmh is None else exit_kmh / 3.6
    furthest_m = _furthest_m(most_ms / 1000.0, entry, exit_)
    return furthest_m is not None and _nearest_m(least_ms / 1000.0, entry, exit_) <= distance_m <= furthest_m


def _furthest_m(travel_s: float, entry: float | None, exit_: float | None) -> float | None:
    """How far (m) a vehicle gets at most in travel_s seconds. entry, exit_: its speeds at both ends, m/s; None: any. Returns None
    when it cannot change from one speed to the other in that time."""
    up, down = MOST_ACCELERATION, MOST_BRAKING
    if entry is None and exit_ is None:
        return inf
    if entry is None or exit_ is None:
        known, rate = (exit_ or 0.0, down) if entry is None else (entry, up)
        return known * travel_s + rate * travel_s**2 / 2
    peak = (up * down * travel_s + down * entry + up * exit_) / (up + down)
    if peak < max(entry, exit_):
        return None
    return (peak**2 - entry**2) / (2 * up) + (peak**2 - exit_**2) / (2 * down)


def _nearest_m(travel_s: float, entry: float | None, exit_: float | None) -> float:
    """How far (m) a vehicle gets at least in travel_s seconds: it brakes, and stands where that is possible, and then accelerates.
    entry, exit_: its speeds at both ends, m/s; None: any."""
    up, down = MOST_ACCELERATION, MOST_BRAKING
    if entry is None or exit_ is None:
        known, rate = (exit_ or 0.0, up) if entry is None else (entry, down)
        moving_s = min(travel_s, known / rate)
        return known * moving_s - rate * moving_s**2 / 2
    slowest = max(0.0, (entry / down + exit_ / up - travel_s) / (1 / down + 1 / up))
    return (entry**2 - slowest**2) / (2 * down) + (exit_**2 - slowest**2) / (2 * up)


def notes_on(entry: PlateRead, exit_: PlateRead) -> tuple[str, ...]:
    """What an officer should look at in the pictures, one sentence each; none of it voids the pair. Empty: nothing."""
    found = []
    looks = (("colour", entry.colour, exit_.colour, may_be_the_same), ("make", entry.make, exit_.make, same_make))
    for what, one, other, alike in looks:
        if one and other and not alike(one, other):
            found.append(f"{what}: {one} at the entry, {other} at the exit")
    if entry.plate != exit_.plate:
        found.append(f"plate: {entry.plate} at the entry, {exit_.plate} at the exit")
    elif twins := issued_twins(entry.plate, trusted_country(entry) or trusted_country(exit_)):
        found.append(f"plate: O and 0, I and 1 count as one; it may be {min(twins)}")
    return tuple(found)
