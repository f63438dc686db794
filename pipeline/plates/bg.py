"""Bulgarian plates. Source: Наредба № I-45 of 24 March 2000 on the registration of vehicles: one or two letters of the district,
four digits, two letters, all of the twelve that Cyrillic shares with Latin; EA to EM electric; C and CT diplomatic.

>>> compact("CB 1234 AB"), series_of("CB1234AB"), display("CB1234AB")
('CB1234AB', 'standard', 'CB 1234 AB')
>>> [series_of(text) for text in ("B1234AB", "C0434", "CB1234AD", "ZZ1234AB")]
['standard', 'diplomatic', None, None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "BG"
_DISTRICT = "(?=B[HPT]|C[ABCHMOT]|E[BH]|KH|OB|P[ABKP]|TX)[BCEKOPT][A-Z]"
GRAMMAR = Grammar((
    Series("standard", f"{_DISTRICT}[0-9]{{4}}[ABEKMHOPCTYX]{{2}}", 0.72, 19 * 10**4 * 12**2),
    Series("standard", "[ABCEHKMPTXY][0-9]{4}[ABEKMHOPCTYX]{2}", 0.25),
    Series("electric", "E[ABCHM][0-9]{4}[ABEKMHOPCTYX]{2}", 0.01),
    Series("diplomatic", "CT?[0-9]{4}", 0.002),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{1,2})([0-9]{4})([A-Z]{2})", separator=" ")
