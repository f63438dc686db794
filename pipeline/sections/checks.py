"""Checks what may be a section: fixed cameras of one direction, distances that fit their positions, and certificates that
cover them.

A section that fails is refused at import; one that got in all the same, as when it was imported before its cameras, proves
nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from pipeline.law.book import Book, the_book
from pipeline.law.kinds import SectionLength
from pipeline.plates.countries import country_fault
from pipeline.reads.admission import may_serve
from pipeline.reads.geography import angle_between_deg, beeline_m
from schemas.reads import PlateRead
from schemas.reference import Camera, Distance, Section

ROUNDING_M = 12.0
"""What a position is uncertain by where nothing is stated: coordinates are registered with four decimals, which is half a diagonal
of 11 by 7 m. It lets a distance be a little shorter than the beeline, which is in the driver's favour."""
SPHERE_ERROR = 0.005  # of a beeline over a sphere, for the earth is none
LEAST_M = 200.0
"""What is shorter is no section: where along the road a camera reads a plate differs by tens of metres, a tenth of this. Ours; the
law of a country may ask for more (see unlawful)."""
MOST_DETOUR = (
    3.0  # a road that winds more than this between two cameras is a mistake of its distance or of a position; ours
)
MOST_TURN_DEG = (
    90.0  # headings of a section's cameras: a road bends, but traffic that comes back is the other direction
)
OTHER_WAY = "saw the vehicle drive the other way"
OWN_READERS = ("vigie-ctc/", "paddleocr-")  # how the names of our own readers of pictures begin (see vision)


def fault_of_section(section: Section, _home: str) -> tuple[str, str] | None:
    """Why the section is refused whatever its cameras are: the field at fault, and the reason with the cure; None when it is
    accepted."""
    if fault := country_fault(section.country):
        return "country", fault
    pairs = Counter((one.entry_camera_id, one.exit_camera_id) for one in section.distances)
    for (entry, exit_), count in pairs.items():
        if count > 1:
            return "distances", f"{count} distances from {entry} to {exit_}: name the certified one alone"
    if "unknown" in section.class_limits_kmh:
        reason = "unknown is no class: who is of no known class has the highest limit; leave it out"
        return "class_limits_kmh", reason
    return None


def faults_of(section: Section, cameras: Mapping[str, Camera], *, only: Distance | None = None) -> list[str]:
    """Why this cannot be a section, in words; empty: it can. Cameras that are not known are not checked.

    only: check this distance and its two cameras alone.
    """
    distances = section.distances if only is None else (only,)
    named = (
        {line.camera_id for line in (*section.entries, *section.exits)}
        if only is None
        else {only.entry_camera_id, only.exit_camera_id}
    )
    known = [cameras[camera_id] for camera_id in sorted(named) if camera_id in cameras]
    faults = [f"camera {camera.camera_id} has no fixed position" for camera in known if _moves(camera)]
    faults += _directions(known)
    faults += [fault for distance in distances for fault in _distance(distance, cameras)]
    both = {line.camera_id for line in section.entries} & {line.camera_id for line in section.exits}
    faults += [f"camera {camera_id} is both entry and exit" for camera_id in sorted(both)]
    return faults


def unlawful(section: Section, at_ms: int, book: Book | None = None) -> list[str]:
    """What breaks the law in this section at that moment (ms UTC), in words: distances that are too short."""
    length = (book or the_book()).rule_at(SectionLength, section.country, at_ms)
    return [
        f"{distance.metres} m from {distance.entry_camera_id} to {distance.exit_camera_id} is less than the {length.least_m} m"
        f" that the law of {section.country} asks for ({length.article})"
        for distance in section.distances
        if length is not None and distance.metres < length.least_m
    ]


def camera_faults(camera: Camera | None, read: PlateRead, *, rear_only: bool) -> str | None:
    """Why a read of this camera cannot be an end of a section, or None. "rear": vehicles must be seen from behind, and this
    one was not, or perhaps not."""
    if camera is None:
        return "was not registered then"
    if _moves(camera):
        return "has no fixed position"
    if not may_serve(read, camera, "section_control"):
        return "may not serve section control"
    if (fault := _timing_fault(camera, read)) or (fault := _place_fault(camera, read)):
        return fault
    if rear_only and not (read.direction == "leaving" or (read.direction is None and camera.sees == "rear")):
        return "rear"
    if rear_only and camera.sees == "front":
        return "rear"
    turned = (camera.sees, read.direction) in (("front", "leaving"), ("rear", "approaching"))
    return OTHER_WAY if turned else None


def _moves(camera: Camera) -> bool:
    return camera.position is None or camera.network == "vehicle"


def _timing_fault(camera: Camera, read: PlateRead) -> str | None:
    """Why nobody knows where in a picture the time of this read was measured, and how well; None: it is known.

    A read of our own readers is of a picture, whether it says so or not; cameras' own readers say nothing, or "camera".
    """
    timing = read.timing
    if timing is None and (read.reader or "").startswith(OWN_READERS):
        timing = "picture"
    if timing is None or timing == "camera":
        return None
    if timing == "picture" or camera.line is None:
        return "has no line in its picture, so that nobody knows where the read was measured"
    return None if read.time_doubt_ms > 0 else "crossed its line at a time whose doubt is not stated"


def _place_fault(camera: Camera, read: PlateRead) -> str | None:
    """How what the read says of its place contradicts the camera's registered place or direction, in words; None: it does not."""
    if read.position is not None and camera.position is not None:
        away_m = beeline_m(read.position, camera.position)
        if away_m > doubt_of(camera) + doubt_of(camera):
            return f"took the read {away_m:.0f} m away from its registered position"
    headings = read.heading_deg, camera.heading_deg
    if None not in headings and angle_between_deg(read.heading_deg or 0.0, camera.heading_deg or 0.0) > MOST_TURN_DEG:
        return OTHER_WAY
    return None


def doubt_of(camera: Camera) -> float:
    """How many metres the true place of a camera may lie from its registered one."""
    return ROUNDING_M if camera.position_error_m is None else camera.position_error_m


def _directions(cameras: Iterable[Camera]) -> list[str]:
    """The cameras whose traffic goes another way than that of the first camera, in words."""
    headed = [camera for camera in cameras if camera.heading_deg is not None]
    return [
        f"{other.camera_id} sees traffic of another direction than {headed[0].camera_id}:"
        f" {other.heading_deg:.0f} and {headed[0].heading_deg:.0f} degrees"
        for other in headed[1:]
        if angle_between_deg(headed[0].heading_deg or 0.0, other.heading_deg or 0.0) > MOST_TURN_DEG
    ]


def _distance(distance: Distance, cameras: Mapping[str, Camera]) -> list[str]:
    """What is wrong with a distance: it is too short, or does not fit the positions of its cameras, in words."""
    who = f"{distance.metres:g} m from {distance.entry_camera_id} to {distance.exit_camera_id}"
    if distance.metres < LEAST_M:
        return [f"{who} is less than {LEAST_M:g} m, over which no average speed is proved"]
    ends = [cameras.get(camera_id) for camera_id in (distance.entry_camera_id, distance.exit_camera_id)]
    known = [camera for camera in ends if camera is not None and camera.position is not None]
    if len(known) < 2:
        return []
    entry, exit_ = known
    assert entry.position is not None  # mypy cannot see what the line above sorted out
    assert exit_.position is not None
    apart_m = beeline_m(entry.position, exit_.position)
    doubt_m = apart_m * SPHERE_ERROR
    doubt_m += sum(map(doubt_of, known))
    if distance.metres < apart_m - doubt_m:
        return [f"{who} is shorter than the {apart_m:.0f} m of the beeline"]
    if distance.metres > (apart_m + doubt_m) * MOST_DETOUR:
        return [f"{who} is more than {MOST_DETOUR:g} times the {apart_m:.0f} m of the beeline"]
    return []
