"""Texts that differ only in O for 0 or I for 1: readers count them as one, though they may be two vehicles' plates.

>>> sorted(twins("B0B71"))
['B0B7I', 'BOB71', 'BOB7I']
>>> could_be_issued("BOB77", like="B0B77"), could_be_issued("IABC234", like="1ABC234")
(True, False)
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

from pipeline.plates import COUNTRIES, ON_THE_ROAD

MOST_DOUBTFUL = 8
"""Characters that may be either. A text with more of them has too many twins to look at; each then counts as issued."""
LEAST_SHARE = 1e-2
"""A twin counts as issued when it is at least so likely on the road as the text itself. Belgium's personalised plates may be any
text of up to eight characters: without such a bar each plate of an ordinary series would have a twin."""
EXCLUDED = 0.01
"""An alternative that the reader itself holds for less likely than this is not what the picture shows."""
_EITHER = {"0": "0O", "O": "O0", "1": "1I", "I": "I1"}
_ONE_FORM = str.maketrans("OI", "01")


def twins(text: str) -> Iterator[str]:
    """Every other text that differs from the compact text only in O for 0 or I for 1."""
    choices = [_EITHER.get(character, character) for character in text]
    return (twin for one in product(*choices) if (twin := "".join(one)) != text)


def is_twin(one: str, other: str) -> bool:
    """Whether two different texts differ only in O for 0 or I for 1."""
    return one != other and one_form(one) == one_form(other)


def one_form(text: str) -> str:
    """The text with O written 0 and I written 1: equal for texts that readers cannot tell apart.

    >>> one_form("IBOB77")
    '1B0B77'
    """
    return text.translate(_ONE_FORM)


def one_forms(texts: Sequence[str]) -> Sequence[str]:
    """The one_form of each of these texts, in order, at a tenth of the cost."""
    folded = "\n".join(texts).translate(_ONE_FORM).split("\n")
    return folded if len(folded) == len(texts) else [one_form(text) for text in texts]


@lru_cache(maxsize=4096)
def issued_twins(text: str, country: str | None = None) -> frozenset[str] | None:
    """The twins of a compact text that a vehicle may carry; empty: none. None: they cannot be told, so that any of them may be
    carried.

    country: where the vehicle comes from, as far as it is known; None: from anywhere.
    """
    if sum(character in _EITHER for character in text) > MOST_DOUBTFUL:
        return None
    known = country if country in COUNTRIES else None
    if not _EITHER.keys() & set(text):
        return frozenset()
    least = LEAST_SHARE * _weight(text, known)
    if not least:
        return None  # of no form that is known: nothing speaks against any of them
    return frozenset(twin for twin in twins(text) if _weight(twin, known) >= least)


def could_be_issued(twin: str, *, like: str, country: str | None = None) -> bool:
    """Whether a vehicle may well carry the twin: it is at least LEAST_SHARE as likely on the road as the text `like`. False
    where `like` is of no known form. country: one of COUNTRIES, whose plates alone count; None: those of all."""
    return _weight(twin, country) >= LEAST_SHARE * _weight(like, country) > 0.0


def _weight(text: str, country: str | None) -> float:
    """How likely a vehicle on Belgian roads is to carry this very text; of one country alone where it is given."""
    if country is not None:
        return COUNTRIES[country].GRAMMAR.likelihood(text)
    return sum(share * COUNTRIES[name].GRAMMAR.likelihood(text) for name, share in ON_THE_ROAD.items())
