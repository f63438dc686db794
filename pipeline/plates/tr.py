"""Turkish plates. Source: the regulation on road traffic (Resmî Gazete of 18 July 1997, 23053): the province, 01 to 81, then one
letter and four or five digits, two and three or four, or three and two or three; without Q, W and X.

>>> compact("34 abc 12"), series_of("34ABC12"), display("34ABC12")
('34ABC12', 'standard', '34 ABC 12')
>>> [series_of(text) for text in ("06SG635", "07A1234", "34AB1234", "82ABC12", "34QBC12")]
['standard', 'standard', 'standard', None, None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "TR"
GRAMMAR = Grammar((
    Series("standard", "(?!00|8[2-9])[0-8][0-9][A-PR-VYZ][0-9]{4,5}", 0.1),
    Series("standard", "(?!00|8[2-9])[0-8][0-9][A-PR-VYZ]{2}[0-9]{3,4}", 0.4),
    Series("standard", "(?!00|8[2-9])[0-8][0-9][A-PR-VYZ]{3}[0-9]{2,3}", 0.5),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([0-9]{2})([A-Z]{1,3})([0-9]{2,5})", separator=" ")
