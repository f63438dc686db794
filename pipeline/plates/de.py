"""German plates. Source: Fahrzeug-Zulassungsverordnung (FZV), the rules on the registration number and its annexes: one to three
letters for the district, one or two letters, one to four digits without a leading zero, E (electric) or H (historic) at the end;
at most eight characters. Umlauts are read as their plain letter.

Where the district ends cannot be told without the list of districts, so only what is certain is set apart.

>>> compact("b-ab 1234"), series_of("BAB1234"), display("BAB1234"), display("MA123H")
('BAB1234', 'standard', 'BAB 1234', 'M A 123H')
>>> [series_of(text) for text in ("HHXY12E", "B06123", "Y123456", "0123", "ABCDEF12")]
['electric', 'dealer', 'army', None, None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "DE"
_ISSUED = 700 * (26 + 26**2) * 9_999  # districts (about), letters, digits
# Shares by how many they are, the district's letters included; orders of magnitude, ours.
_LETTERS = {2: 0.03, 3: 0.21, 4: 0.44, 5: 0.32}
_DIGITS = {1: 0.05, 2: 0.15, 3: 0.45, 4: 0.35}
GRAMMAR = Grammar((
    Series("army", "Y[1-9][0-9]{4,5}", 0.001),
    Series("dealer", "[A-Z]{1,3}06[0-9]{2,4}", 0.002),
    Series("short term", "[A-Z]{1,3}0[34][0-9]{2,4}", 0.002),
    Series("diplomatic", "0[1-9][0-9]{3,6}", 0.0005),
    Series("electric", "(?!.{9})[A-Z]{2,5}[1-9][0-9]{0,3}E", 0.06, _ISSUED),
    Series("historic", "(?!.{9})[A-Z]{2,5}[1-9][0-9]{0,3}H", 0.015, _ISSUED),
    *(
        Series("standard", f"(?!.{{9}})[A-Z]{{{letters}}}[1-9][0-9]{{{digits - 1}}}", 0.91 * share * of)
        for letters, share in _LETTERS.items()
        for digits, of in _DIGITS.items()
    ),
    Series("authority", "[A-Z]{1,3}[1-9][0-9]{0,5}", 0.005),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it, as far as its groups are certain."""
    return grouped(text, "([A-Z])([A-Z])([0-9]{1,4}[EH]?)", "([A-Z]{1,5})([0-9]{1,6}[EH]?)", separator=" ")
