"""Selects the reads that serve section control, with the lines of sections on which they were taken."""

from collections.abc import Iterable

from pipeline.reads.admission import may_serve
from pipeline.sections.lines import SectionIndex, Sighting, sightings_of
from pipeline.sections.moment import Reference
from schemas.reads import PlateRead


def serving(reads: Iterable[PlateRead], index: SectionIndex, reference: Reference) -> list[Sighting]:
    """The sightings of these reads; a read has none if it was taken at no section's line, if its camera was not registered at the
    capture, or if camera or read may not serve section control."""
    return [
        sighting
        for read in reads
        if (camera := reference.camera_of(read)) is not None and may_serve(read, camera, "section_control")
        for sighting in sightings_of(read, index)
    ]
