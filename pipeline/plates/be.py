"""Belgian plates. Source: royal decree of 20 July 2001 on the registration of vehicles and ministerial decree of 23 July 2001 on
the registration plate; series as the registration service (DIV) publishes them.

Personalised plates hold up to eight characters of any kind, so every short text may be Belgian.

>>> compact("1-abc-234"), series_of("1ABC234"), display("1ABC234")
('1ABC234', 'standard', '1-ABC-234')
>>> [series_of(text) for text in ("1TXA897", "1OAA078", "1ZZG472", "QAAB123", "123ABC", "CDAB12", "BOBBY")]
['taxi', 'old-timer', 'test drive', 'trailer', 'reversed 2008', 'diplomatic', 'personalised']
>>> series_of("TOOLONGTEXT") is None
True
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "BE"
GRAMMAR = Grammar((
    Series("taxi", "[1-7]TX[A-Z][0-9]{3}", 0.003),
    Series("test drive", "[1-7]ZZ[A-Z][0-9]{3}", 0.002),
    Series("motorcycle", "[1-7]M[A-Z]{2}[0-9]{3}", 0.05),
    Series("old-timer", "[1-7]O[A-Z]{2}[0-9]{3}", 0.02),
    Series("trailer", "[1-7]Q[A-Z]{2}[0-9]{3}", 0.04),
    Series("moped", "[1-7]S[A-Z]{2}[0-9]{3}", 0.02),
    Series("dealer", "[1-7]Z[A-Z]{2}[0-9]{3}", 0.005),
    Series("standard", "[1-7][A-Z]{3}[0-9]{3}", 0.675),
    Series("international", "8[A-Z]{3}[0-9]{3}", 0.005),
    Series("personalised 9", "9[A-Z]{3}[0-9]{3}", 0.005),
    Series("diplomatic", "CD[A-Z]{1,2}[0-9]{2,4}", 0.001),
    Series("european institutions", "EUR[0-9]{3,4}", 0.0003),
    Series("test drive", "ZZ[A-Z]{2,3}[0-9]{3}", 0.002),
    Series("motorcycle", "[MW][A-Z]{3}[0-9]{3}", 0.02),
    Series("taxi", "T[A-Z]{3}[0-9]{3}", 0.001),
    Series("trailer", "[QU][A-Z]{3}[0-9]{3}", 0.02),
    Series("old-timer", "O[A-Z]{3}[0-9]{3}", 0.01),
    Series("moped", "S[A-Z]{3}[0-9]{3}", 0.01),
    Series("agricultural", "G[A-Z]{3}[0-9]{3}", 0.005),
    Series("dealer", "Z[A-Z]{3}[0-9]{3}", 0.002),
    Series("letters 1973", "[A-Z]{3}[0-9]{3}", 0.06),
    Series("reversed 2008", "[0-9]{3}[A-Z]{3}", 0.03),
    Series("old 1962", "[A-Z]{2}[0-9]{3}", 0.0005),
    Series("old 1962", "[0-9]{3}[A-Z]{2}", 0.0005),
    Series("state", "[AEP][0-9]{1,3}", 0.0002),
    Series("court", "[0-9]{1,2}", 0.00001),
    *(Series("personalised", f"[A-Z0-9]{{{length}}}", 0.001) for length in range(1, 9)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([0-9])([A-Z]{3})([0-9]{3})", "([A-Z])([A-Z]{3})([0-9]{3})", "([A-Z]{3})([0-9]{3})",
                   "([0-9]{3})([A-Z]{3})", "(CD)([A-Z]{1,2}[0-9]{2,4})", "([AEP])([0-9]{1,3})")  # fmt: skip
