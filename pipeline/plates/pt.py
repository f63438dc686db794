"""Portuguese plates. Source: Regulamento do Número e Chapa de Matrícula (Decreto-Lei 54/2005, amended by Decreto-Lei 2/2020): three
pairs, of which one or, since 2020, two are letters.

>>> compact("aa-01-bb"), series_of("AA01BB"), display("AA01BB")
('AA01BB', 'standard 2020', 'AA-01-BB')
>>> [series_of(text) for text in ("12AB34", "1234AB", "AB1234", "ABC123")]
['standard 2005', 'standard 1992', 'standard 1937', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "PT"
GRAMMAR = Grammar((
    Series("standard 2020", "[A-Z]{2}[0-9]{2}[A-Z]{2}", 0.25),
    Series("standard 2005", "[0-9]{2}[A-Z]{2}[0-9]{2}", 0.4),
    Series("standard 1992", "[0-9]{4}[A-Z]{2}", 0.3),
    Series("standard 1937", "[A-Z]{2}[0-9]{4}", 0.03),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z0-9]{2})([A-Z0-9]{2})([A-Z0-9]{2})")
