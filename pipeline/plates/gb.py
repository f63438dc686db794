"""British plates. Source: Road Vehicles (Display of Registration Marks) Regulations 2001 (SI 2001/561) and the DVLA's leaflets on
vehicle registration marks: current marks since 2001, prefix marks 1983-2001, suffix marks 1963-1982, dateless marks, and those of
Northern Ireland, which hold an I or a Z.

>>> compact("ab51 cde"), series_of("AB51CDE"), display("AB51CDE")
('AB51CDE', 'current', 'AB51 CDE')
>>> [series_of(text) for text in ("A123BCD", "ABC123D", "ABZ1234", "ABC123", "1ABC", "101D123", "AB51CD")]
['prefix', 'suffix', 'northern ireland', 'dateless', 'dateless', 'diplomatic', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "GB"
GRAMMAR = Grammar((
    Series("current", "[A-HJ-PR-Y]{2}[0-25-7][0-9][A-HJ-PR-Z]{3}", 0.87),
    Series("prefix", "[A-HJ-NPR-TV-Y][1-9][0-9]{0,2}[A-HJ-PR-Y]{3}", 0.03),
    Series("suffix", "[A-HJ-PR-Y]{3}[1-9][0-9]{0,2}[A-HJ-NPR-TV-Y]", 0.005),
    Series("diplomatic", "[0-9]{3}[DX][0-9]{3}", 0.0005),
    Series("northern ireland", "[A-Z](?=[IZ]|[A-Z]Z)[A-Z]{1,2}[1-9][0-9]{0,3}", 0.03),
    Series("dateless", "[A-Z]{1,3}[1-9][0-9]{0,3}", 0.04),
    Series("dateless", "[1-9][0-9]{0,3}[A-Z]{1,3}", 0.015),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2}[0-9]{2})([A-Z]{3})", "([A-Z][0-9]{1,3})([A-Z]{3})", "([A-Z]{3})([0-9]{1,3}[A-Z])",
                   "([A-Z]{1,3})([0-9]{1,4})", "([0-9]{1,4})([A-Z]{1,3})", separator=" ")  # fmt: skip
