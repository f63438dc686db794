"""Characters that readers, and people, take for one another, and how likely such an error is.

Readers of plates can tell 0 from O at best by its place in the format. A letter taken for another letter leaves a plate that
may well exist, so such an error counts as less likely than a letter taken for a digit.

>>> skeleton("1ABC234") == skeleton("IA8C2E4"), skeleton("M5XSX") == skeleton("MSX5X")
(False, True)
"""

from collections.abc import Iterator, Sequence

STRONG = ("0ODQ", "1IL", "8B", "5S", "2Z", "6G")  # one shape in many typefaces
WEAK = ("UV", "MNW", "7T")  # alike when blurred, dirty or seen from the side

STRONG_COST = 0.2  # letter taken for digit or back: the format usually settles it
STRONG_SAME_KIND_COST = 0.5  # letter for letter: both may be real plates
WEAK_COST = 0.7
OTHER_COST = 1.0  # nothing speaks for it

_FOLD = str.maketrans({other: members[0] for members in (*STRONG, *WEAK) for other in members[1:]})
_FOLDED = "".join(map(chr, range(128))).translate(_FOLD)  # by character code; what is beyond stays as it is


def _pairs(classes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return ((one, other) for members in classes for one in members for other in members if one != other)


_COSTS = dict.fromkeys(_pairs(WEAK), WEAK_COST) | {
    (one, other): STRONG_SAME_KIND_COST if one.isdigit() == other.isdigit() else STRONG_COST
    for one, other in _pairs(STRONG)
}


def skeleton(text: str) -> str:
    """The compact text with each character replaced by the first of its class: equal for texts that may be confused."""
    return text.translate(_FOLDED)


def skeletons(texts: Sequence[str]) -> list[str]:
    """The skeleton of each of these texts, in order, at a tenth of the cost."""
    folded = "\n".join(texts).translate(_FOLDED).split("\n")
    return folded if len(folded) == len(texts) else [skeleton(text) for text in texts]


def substitution_cost(read: str, meant: str) -> float:
    """How unlikely it is that one character was taken for the other: 0 for the same character, up to 1 for two that nobody
    confuses. Symmetric."""
    return 0.0 if read == meant else _COSTS.get((read, meant), OTHER_COST)


def belief(read: str, meant: str) -> float:
    """The likelihood, 0..1, that a reader read `read` where the plate says `meant`; 0 when the lengths differ."""
    if len(read) != len(meant):
        return 0.0
    believed = 1.0
    for one, other in zip(read, meant, strict=True):
        if one != other:
            believed *= 1.0 - substitution_cost(one, other)
    return believed
