"""Dutch plates. Source: RDW, the fourteen sidecodes (Kentekenreglement; Regeling kentekens en kentekenplaten).

Later sidecodes hold no vowels, C or Q; trade, trailer and old series do, so any letter is taken.

>>> compact("gbb-01-b"), series_of("GBB01B"), display("GBB01B")
('GBB01B', 'sidecode 11', 'GBB-01-B')
>>> [series_of(text) for text in ("AB1234", "12ABCD", "1ABC23", "X123YZ", "AA12", "CD1234", "ABC1234")]
['sidecode 1', 'sidecode 6', 'sidecode 8', 'sidecode 10', 'royal', 'diplomatic', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "NL"
# the sidecodes, XX letters and 99 digits, and their shares of the plates in use (orders of magnitude)
SIDECODES = (
    ("XX-99-99", 0.005), ("99-99-XX", 0.005), ("99-XX-99", 0.005), ("XX-99-XX", 0.03), ("XX-XX-99", 0.04),
    ("99-XX-XX", 0.11), ("99-XXX-9", 0.16), ("9-XXX-99", 0.16), ("XX-999-X", 0.18), ("X-999-XX", 0.2),
    ("XXX-99-X", 0.09), ("X-99-XXX", 0.001), ("9-XX-999", 0.005), ("999-XX-9", 0.001),
)  # fmt: skip


def _pattern(sidecode: str) -> str:
    return "".join({"X": "[A-Z]", "9": "[0-9]", "-": ""}[character] for character in sidecode)


def _groups(sidecode: str) -> str:
    return "".join(f"({_pattern(group)})" for group in sidecode.split("-"))


GRAMMAR = Grammar((
    Series("royal", "AA[0-9]{2,3}", 0.00001),
    Series("diplomatic", "CDJ?[0-9]{3,4}", 0.0005),
    *(Series(f"sidecode {number}", _pattern(code), share) for number, (code, share) in enumerate(SIDECODES, start=1)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "(CDJ?|AA)([0-9]{2,4})", *(_groups(code) for code, _ in SIDECODES))
