"""Whether a sender's messages tell its cameras apart: what an operator may bind to one sender."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from schemas.senders import SenderCamera

Told = Mapping[str, str]


def fault_in_cameras(cameras: Sequence[SenderCamera]) -> str | None:
    """Why no message could be attributed to one of these cameras of a sender; None: each can be. A camera that is alone needs no
    identities; of several, each two must differ in a field that both name.

    >>> channels = [SenderCamera(camera_id=f"C{at}", identities={"channel": str(at)}) for at in (1, 2)]
    >>> fault_in_cameras(channels)
    >>> fault_in_cameras([SenderCamera(camera_id="C0"), *channels])
    'C0 says nothing by which it is told from the others'
    """
    if len(cameras) == 1:
        return None
    groups: dict[frozenset[str], list[SenderCamera]] = {}
    for one in cameras:
        if not one.identities:
            return f"{one.camera_id} says nothing by which it is told from the others"
        groups.setdefault(frozenset(one.identities), []).append(one)
    for names, group in groups.items():
        if two := _alike(names, group, ()):
            return two
    for (names, group), (others, other_group) in combinations(groups.items(), 2):
        if two := _alike(names & others, group, other_group):
            return two
    return None


def _alike(names: frozenset[str], group: Sequence[SenderCamera], others: Sequence[SenderCamera]) -> str | None:
    """Two cameras, in words, that these fields do not tell apart: one of each group, or two of the first where there is no other;
    None: there are none."""
    seen: dict[tuple[str, ...], str] = {}
    for one in group:
        before = seen.setdefault(_values(names, one.identities), one.camera_id)
        if not others and before != one.camera_id:
            return _in_words(before, one.camera_id)
    for one in others:
        if (before := seen.get(_values(names, one.identities), "")) != "":
            return _in_words(before, one.camera_id)
    return None


def _values(names: frozenset[str], told: Told) -> tuple[str, ...]:
    return tuple(told[name] for name in sorted(names))


def _in_words(one: str, other: str) -> str:
    return f"a message could be from {one} and from {other}: no field that both name has another value"
