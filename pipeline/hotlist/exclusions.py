"""Innocent vehicles whose plates keep looking like wanted ones: their hits ring nowhere, and say why.

Only a hit that looks like the entry is excluded, never a read of the wanted text itself, nor of one that no reader tells from it,
nor one that may well be it: a person who excludes a vehicle cannot hide the wanted one. An excluded hit stays an alert, with the
exclusion and its reason.
"""

from collections.abc import Mapping, Sequence

import msgspec

from pipeline.hotlist.matching import Hit
from pipeline.plates.twins import is_twin
from pipeline.reads.admission import trusted_country
from pipeline.reads.versions import Changed, Versions
from schemas.reads import PlateRead
from schemas.reference import HotlistEntry
from schemas.requests import Exclusion

MOST_CHARACTERS = 1_000  # of a note
CLEARLY = 3.0
"""So many times as probable as the wanted text must the excluded one be in a read. An own choice: a vehicle that looks like the
wanted one is read as itself at 0.9 with the wanted text at 0.1; a misread of the wanted one leaves both about even."""


class Exclusions:
    """The exclusions, by plate, each with its versions."""

    def __init__(self) -> None:
        self._versions: Versions[Exclusion] = Versions()
        self._by_plate: dict[str, set[str]] = {}

    def take(self, changed: Sequence[Changed[Exclusion]], *, reset: bool = False) -> None:
        """Add the versions in `changed` to those that are known. reset: first forget all that is known."""
        if reset:
            self._by_plate.clear()
        self._versions.take(changed, reset=reset)
        for one in changed:
            for version in one.versions:
                if version.item is not None:
                    self._by_plate.setdefault(version.item.plate, set()).add(one.key)

    def applied(self, hit: Hit, read: PlateRead) -> Hit:
        """The hit; if an exclusion covers it, naming that one. An exclusion counts from the moment that it names, also where it
        arrived later: it helps the person concerned."""
        if hit.match == "exact" or read.plate not in self._by_plate:
            return hit
        known: Mapping[str, Exclusion] = self._versions.as_known(read.captured_at_ms)
        for exclusion_id in sorted(self._by_plate[read.plate]):
            one = known.get(exclusion_id)
            if one is not None and covers(one, hit.entry, read):
                note = f"{one.plate} is excluded by {exclusion_id} of {one.owner}: {one.reason}"[:MOST_CHARACTERS]
                return msgspec.structs.replace(hit, excluded=exclusion_id, notes=(*hit.notes, note))
        return hit


def covers(exclusion: Exclusion, entry: HotlistEntry, read: PlateRead) -> bool:
    """Whether a read that only looks like this entry is of the excluded vehicle. Where the country read contradicts, it is not, and
    where the text might as well be the wanted one, nobody can tell."""
    if exclusion.plate != read.plate or not exclusion.valid_from_ms <= read.captured_at_ms < exclusion.valid_until_ms:
        return False
    if exclusion.cameras and read.camera_id not in exclusion.cameras:
        return False
    country = trusted_country(read)
    if exclusion.country is not None and country is not None and country != exclusion.country:
        return False
    if may_be(read, entry.plate):
        return False
    if exclusion.entry_id is not None:
        return exclusion.entry_id == entry.entry_id
    return exclusion.list_id == entry.list_id


def may_be(read: PlateRead, wanted: str) -> bool:
    """Whether a read may as well be of the wanted text: then no exclusion covers it."""
    return is_twin(read.plate, wanted) or read.confidence < CLEARLY * _offered(read, wanted)


def _offered(read: PlateRead, wanted: str) -> float:
    """How probable the reader itself calls the wanted text, as far as it is another than that of the read."""
    return sum(one.probability for one in read.alternatives if one.text == wanted or is_twin(one.text, wanted))
