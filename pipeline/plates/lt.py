"""Lithuanian plates. Source: standard LST 1447: three letters and three digits, without Q, W and X; trailers two letters
and three digits, motorcycles two or three digits first; electric ones EA to EZ and four digits.

>>> compact("bvt 107"), series_of("BVT107"), display("BVT107")
('BVT107', 'standard', 'BVT 107')
>>> [series_of(text) for text in ("DM655", "89ALA", "EV1234", "T12345", "WVT107")]
['trailer', 'motorcycle', 'electric', 'taxi or trade', 'choice']
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "LT"
GRAMMAR = Grammar((
    Series("standard", "[A-PR-VYZ]{3}[0-9]{3}", 0.85),
    Series("trailer", "[A-PR-VYZ]{2}[0-9]{3}", 0.08),
    Series("motorcycle", "[0-9]{2,3}[A-PR-VYZ]{2}", 0.005),
    Series("motorcycle", "[0-9]{2}[A-PR-VYZ]{3}", 0.005),
    Series("electric", "E[A-PR-VYZ][0-9]{4}", 0.01),
    Series("taxi or trade", "[PTH][0-9]{5}", 0.005),
    *(Series("choice", f"(?=.*[A-Z])[A-Z0-9]{{{length}}}", 0.001) for length in range(3, 7)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2,3})([0-9]{3,4})", "([0-9]{2,3})([A-Z]{2,3})", "([A-Z])([0-9]{5})", separator=" ")
