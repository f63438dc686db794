"""Simulates errors of readers: a character that looks alike, one wrong edit, or a wholly different text."""

from random import Random
from typing import Literal

from pipeline.simulation.vehicles import WantedTexts, checksum

Kind = Literal["confusable", "edit", "garbage"]
# One from each pair that readers confuse most; what a matcher must forgive (DESIGN, section 6).
_LOOKALIKES = {
    "0": "ODQ", "O": "0DQ", "D": "0OQ", "Q": "0OD", "1": "IL", "I": "1L", "L": "1I", "8": "B", "B": "8",
    "5": "S", "S": "5", "2": "Z", "Z": "2", "6": "G", "G": "6",
}  # fmt: skip
_ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_FAR = "AEFHKPRX349"  # no lookalike of anything: an edit with one of these is an edit for every matcher


def confusable(random: Random, plate: str) -> str | None:
    """The plate with one character replaced by one that looks like it; None where no character has a look-alike."""
    places = [index for index, character in enumerate(plate) if character in _LOOKALIKES]
    if not places:
        return None
    index = random.choice(places)
    return plate[:index] + random.choice(_LOOKALIKES[plate[index]]) + plate[index + 1 :]


def one_edit(random: Random, plate: str) -> str:
    """The plate with one character changed, added or removed; the new character is no look-alike of the old one."""
    index = random.randrange(len(plate))
    other = random.choice([character for character in _FAR if character != plate[index]])
    return random.choice((
        plate[:index] + other + plate[index + 1 :],
        plate[:index] + other + plate[index:],
        plate[:index] + plate[index + 1 :] if plate[index] not in _LOOKALIKES else plate + other,
    ))  # fmt: skip


def garbage(random: Random) -> str:
    """A text that is on no plate, like that of an advertisement or a sticker."""
    while True:
        text = "".join(random.choices(_ALPHABET, k=random.randint(5, 9)))
        if checksum(text) != 0:
            return text


def misread(random: Random, plate: str, wanted: WantedTexts) -> str:
    """A wrong text for a plate of ordinary traffic. It resembles no wanted plate and is no other vehicle's."""
    while True:
        kind: Kind = random.choices(("confusable", "edit", "garbage"), (60, 32, 8))[0]
        text = garbage(random) if kind == "garbage" else one_edit(random, plate)
        if kind == "confusable":
            text = confusable(random, plate) or text
        if text != plate and checksum(text) != 0 and wanted.admits(text):
            return text
