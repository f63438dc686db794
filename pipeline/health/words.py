"""What a camera's troubles mean to the person who keeps it going: in words, with cause and cure."""

from collections.abc import Mapping

from schemas.health import CameraHealth, CameraTrouble, TroubleKind

WORST: tuple[TroubleKind, ...] = (
    "silent", "blind", "moved", "dropping", "clock_lost", "clock_ahead", "behind", "everywhere", "one_plate", "poor_reads",
)  # fmt: skip
_FOUND: Mapping[TroubleKind, str] = {
    "silent": "nothing comes; usually {usual:.0f} reads an hour",
    "dropping": "{found:.0f} reads an hour; usually {usual:.0f}",
    "clock_ahead": "dated {found:.0f} s after they came",
    "behind": "its quickest reads came {found:.0f} s after their capture; usually {usual:.0f} s",
    "clock_lost": "the time of {found:.0%} of its reads is doubted",
    "poor_reads": "it is {found:.0%} sure on average; usually {usual:.0%}",
    "one_plate": "{found:.0%} of its reads are of one plate",
    "everywhere": "it sends a plate that {found:.0f} places far apart send at once",
    "blind": "its pictures show {found:.0%} of their usual detail, by daylight",
    "moved": "its pictures are {found:.0%} alike to its usual view; at least {usual:.0%} before",
}
_CURES: Mapping[TroubleKind, str] = {
    "silent": "power, line or camera is down, or its password changed: `vigie cameras waiting`, then the mast",
    "dropping": "a lane is closed, its view is moved or dirty, or its line loses messages: look at its last pictures",
    "clock_ahead": "set its clock to NTP; if it is exact, its zone is set wrong: `vigie cameras credentials set`",
    "behind": "its clock is behind, or its line is so slow that reads wait in it: compare its clock, then measure the line",
    "clock_lost": "its clock was reset or never set, or its zone is wrong: set it to NTP, and look at its zone",
    "poor_reads": "clean lens and flash, check focus and angle",
    "one_plate": "a parked vehicle, or a sign that is read as a plate: leave it out of the camera's region",
    "everywhere": "a sign, a word or a test text that is read as a plate, or one camera's reads under many names: see its reads",
    "blind": "black, blinded, covered or far out of focus: look at its last pictures, then at the mast",
    "moved": "it was turned, hit or hung elsewhere: look at its last pictures; a section's line and certificate count no more",
}


def found_in_words(trouble: CameraTrouble) -> str:
    """What was found, in words.

    >>> found_in_words(CameraTrouble(kind="silent", since_ms=0, found=0.0, usual=240.0))
    'nothing comes; usually 240 reads an hour'
    """
    return _FOUND[trouble.kind].format(found=trouble.found, usual=trouble.usual)


def cure_of(kind: TroubleKind) -> str:
    """What mostly causes this kind of trouble, and what to do, in words."""
    return _CURES[kind]


def order_of(health: CameraHealth) -> tuple[int, float, str]:
    """Where a camera stands in a list with the worst first: by its worst trouble, then by how much is missing."""
    worst = min(health.troubles, key=lambda one: WORST.index(one.kind))
    return WORST.index(worst.kind), -abs(worst.usual - worst.found), health.camera_id
