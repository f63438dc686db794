"""What a pattern needs: certain characters in places of a text that are counted from its start, its end or from anywhere.

A text of up to ten characters is one 64-bit number, six bits a character, and so is what a pattern needs of it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

LONGEST = 10  # characters of a text that fit into one number; a longer text is looked at in several pieces
BITS = 6  # of a character
PROBE_US = 0.01  # of a text and a mask, measured with benchmarks/bench_hotlist.py
NAMED_US, TRIED_US = (
    0.3,
    1.0,
)  # of a text and a pattern whose characters stand there; the second if it must be tried then
SHARE = 0.1  # of the texts that have a certain character in a certain place: of digits; fewer have a certain letter
CODE_OF = {character: code for code, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1)}
_CHARACTER = (1 << BITS) - 1


class Need(NamedTuple):
    """The places in which some patterns need certain characters.

    counted: whole: in texts of `size` characters alone; start, end: in the first or last `size` characters of a text; inside: in
    `size` characters anywhere. mask: of the places among these characters.
    """

    counted: Literal["whole", "start", "end", "inside"]
    size: int
    mask: int

    def shifts(self, length: int) -> range:
        """The places in a text of this length from which `size` characters are looked at."""
        last = length - self.size
        match self.counted:
            case "whole":
                return range(last == 0)
            case "start":
                return range(last >= 0)
            case "end":
                return range(max(0, last), last + 1)
        return range(last + 1)


class PatternsCost:
    """What patterns together add to the processor time of one text of at most LONGEST characters, microseconds: looking for the
    places in which they need characters, each place once, and trying or naming those patterns whose characters stand there."""

    def __init__(self) -> None:
        self._needs: set[Need] = set()
        self._probes = [0] * (LONGEST + 1)  # by length of the text
        self._named_us = 0.0

    @property
    def us(self) -> float:
        """What the patterns add, microseconds: the most of any length of text."""
        return PROBE_US * max(self._probes) + self._named_us

    def add(self, pattern: str) -> None:
        """Count one more pattern, collapsed."""
        needs = [need for need, _ in needs_of(pattern)]
        for need in set(needs) - self._needs:
            self._needs.add(need)
            for length in range(1, LONGEST + 1):
                self._probes[length] += len(need.shifts(length))
        chances = map(sum, zip(*map(_chances, needs), strict=True))  # by length of the text
        self._named_us += min(1.0, max(chances, default=0.0)) * (NAMED_US if is_asked_whole(pattern) else TRIED_US)


def cost_us(pattern: str) -> float:
    """What the pattern alone adds, microseconds: see PatternsCost.

    >>> round(cost_us("1ABC2?4"), 3), round(cost_us("*ABC*"), 3), round(cost_us("*1*2"), 3)
    (0.01, 0.082, 0.11)
    """
    cost = PatternsCost()
    cost.add(pattern)
    return cost.us


@lru_cache(maxsize=4_096)
def _chances(need: Need) -> tuple[float, ...]:
    """How often the characters of such a need stand in a text, for each length from 1 to LONGEST."""
    share = SHARE ** (need.mask.bit_count() // BITS)
    return tuple(len(need.shifts(length)) * share for length in range(1, LONGEST + 1))


def is_told_of_long(pattern: str) -> bool:
    """Whether PatternFilter names this pattern for texts of more than LONGEST characters, too."""
    parts = pattern.split("*")
    return sum(map(len, parts)) <= LONGEST and (len(parts) <= 2 or not parts[0])


def is_asked_whole(pattern: str) -> bool:
    """Whether a text of up to LONGEST characters fits the pattern as soon as it has one of its needs.

    >>> is_asked_whole("1A?4"), is_asked_whole("1A*B*"), is_asked_whole("*A*B")
    (True, True, False)
    """
    parts = pattern.split("*")
    return len(parts) <= 2 or (len(parts) == 3 and not parts[2])


def needs_of(pattern: str) -> list[tuple[Need, int]]:
    """Needs with the characters wanted there, as a number: a text of up to LONGEST characters that fits the pattern meets
    one of them. Empty: no such text fits.

    Of several pieces between stars, those are asked for that few texts have: beside the beginning either the end or the piece in
    the middle, without a beginning one of both.
    """
    head, *rest = pattern.split("*")
    least = len(pattern) - len(rest)
    if least > LONGEST:
        return []
    if not rest:
        return [_need("whole", head)]
    if len(rest) == 1:
        if not rest[0]:
            return [_need("start", head)]
        if not head:
            return [_need("end", rest[0])]
        return [_need("whole", head + "?" * more + rest[0]) for more in range(LONGEST - least + 1)]
    middle, tail = rest[0], rest[-1]
    if head and _known(tail) > _known(middle):
        return [
            _need("whole", head + "?" * more + tail) for more in range(len(middle), LONGEST - len(head) - len(tail) + 1)
        ]
    if head:
        return [_need("start", head + "?" * more + middle) for more in range(LONGEST - least + 1)]
    return [_need("end", tail) if _known(tail) >= _known(middle) else _need("inside", middle)]


def _known(part: str) -> int:
    return len(part) - part.count("?")


def _need(counted: Literal["whole", "start", "end", "inside"], part: str) -> tuple[Need, int]:
    word = mask = 0
    for at, character in enumerate(part):
        if character != "?":
            word |= CODE_OF[character] << at * BITS
            mask |= _CHARACTER << at * BITS
    return Need(counted, len(part), mask), word


def pieces(text: str) -> Iterator[str]:
    """Yields texts of up to LONGEST characters to look at in place of the text; a text of that size is its only piece. Each
    pattern that is told of long texts (see is_told_of_long) and fits the text has its need met by one of the pieces.

    A longer text gives itself without a run of its characters, for which one star may stand, and all its runs of LONGEST
    characters.
    """
    more = len(text) - LONGEST
    if more <= 0:
        return iter((text,))
    return iter(
        {text[:at] + text[at + more :] for at in range(LONGEST + 1)}
        | {text[at : at + LONGEST] for at in range(more + 1)}
    )
