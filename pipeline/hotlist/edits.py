"""Texts that are one edit apart: one character added, missing or changed."""

from collections.abc import Iterator


def deletions(text: str) -> Iterator[str]:
    """The text, and the text without each one of its characters. Two texts one edit apart have one of these in common."""
    return iter({text, *(text[:at] + text[at + 1 :] for at in range(len(text)))})


def is_one_edit(one: str, other: str) -> bool:
    """Whether the texts differ by exactly one character: added, missing or changed.

    >>> is_one_edit("1ABC234", "1ABC2345"), is_one_edit("1ABC234", "1XBC234"), is_one_edit("1ABC234", "1ABC234")
    (True, True, False)
    """
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1 or one == other:
        return False
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at + (len(short) == len(long)) :] == long[at + 1 :]
