"""Polish plates. Source: the minister of infrastructure's regulation on registration and marking of vehicles (31 August 2022, and
those before it): two or three letters of the district, four or five characters of which at most two are letters, without B, D, I,
O, Q, Z; individual plates: a letter, a digit and three to five characters; before 2000 three letters and four digits.

>>> compact("wa 12345"), series_of("WA12345"), display("WA12345")
('WA12345', 'standard', 'WA 12345')
>>> [series_of(text) for text in ("WPI1234", "KR1AC45", "PO123AC", "W0BIBI", "WA12B45")]
['old 1976', 'standard', 'standard', 'individual', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "PL"
_REGION = "[B-GK-LN-PR-TWZ]"
GRAMMAR = Grammar((
    Series("standard", f"{_REGION}[A-Z](?=[0-9])(?!.*[A-Z].*[A-Z].*[A-Z])[0-9ACE-HJ-NPR-Y]{{5}}", 0.55, 17 * 26 * 1_200_000),
    Series("standard", f"{_REGION}[A-Z]{{2}}(?=[0-9]*[A-Z])(?=.*[0-9].*[0-9])[0-9ACE-HJ-NPR-Y]{{4}}", 0.3, 17 * 26**2 * 260_000),
    Series("standard", f"{_REGION}[A-Z]{{2}}(?=.*[0-9].*[0-9])[0-9ACE-HJ-NPR-Y]{{5}}", 0.1, 17 * 26**2 * 1_200_000),
    Series("special", f"{_REGION}[A-Z]{{3}}[0-9]{{3}}", 0.005),
    Series("old 1976", "[A-Z]{3}[0-9]{4}", 0.005),
    Series("individual", "[A-Z][0-9][A-Z]{3,5}", 0.005),
    Series("individual", "[A-Z][0-9][A-Z]{2,3}[0-9]{1,2}", 0.002),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(
        text,
        "([A-Z]{2})([0-9][0-9A-Z]{4})",
        "([A-Z]{3})([0-9A-Z]{4,5})",
        "([A-Z][0-9])([A-Z]{2,5}[0-9]{0,2})",
        separator=" ",
    )
