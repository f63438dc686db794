"""Describes how a country writes its plates: a table of series, each a small regular expression with its share of the plates
on the road.

A series tells how strongly a text points to a country: a text of a series of a thousand combinations points more strongly
than one of a billion. Nothing here rejects a plate.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

_TOKEN = re.compile(
    r"\(\?[!=].*?\)|(?P<one>\[(?P<set>[^\]]+)\]|[A-Z0-9])(?P<times>\{(?P<least>\d+)(?:,(?P<most>\d+))?\}|\?)?"
)
_RANGE = re.compile(r"(.)-(.)|(.)")
_MOST_SHAPES = 4_096  # remembered for each country; the plates of Europe have some two hundred
_SHAPE = str.maketrans("0123456789" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "D" * 10 + "L" * 26)


def shape_of(text: str) -> str:
    """The compact text with L for each letter and D for each digit.

    >>> shape_of("1ABC234")
    'DLLLDDD'
    """
    return text.translate(_SHAPE)


@dataclass(frozen=True)
class Series:
    """One series. pattern: literals, [sets], {m,n} and ?, in compact form. share: 0..1 of the country's plates on the road.
    issued: how many combinations are issued, where the pattern allows far more."""

    name: str
    pattern: str
    share: float
    issued: int | None = None

    @cached_property
    def matches(self) -> re.Pattern[str]:
        """The compiled pattern; use fullmatch."""
        return re.compile(self.pattern)

    @cached_property
    def shapes(self) -> re.Pattern[str]:
        """A pattern that matches the shapes of all texts of the series, and perhaps others: look-aheads are left out."""
        return re.compile("".join(map(_shape, _TOKEN.finditer(self.pattern))))

    @cached_property
    def weight(self) -> float:
        """The probability that a random plate of the country has one particular text of this series."""
        return self.share / self.size

    @cached_property
    def size(self) -> int:
        """How many plates the series has: `issued`, else how many texts the pattern matches, look-aheads ignored.

        Raises ValueError for a pattern of another form.

        >>> Series("standard", "[1-7][A-Z]{3}[0-9]{3}", 1.0).size == 7 * 26**3 * 10**3
        True
        """
        if self.issued is not None:
            return self.issued
        total = 1
        for token in self._tokens():
            total *= _combinations(token) if token["one"] else 1
        return total

    def texts(self) -> Iterator[tuple[str, ...]]:
        """The texts that the pattern matches, look-aheads ignored: for each way to repeat the pattern's parts, the characters
        allowed in each place.

        >>> list(Series("s", "[AB]X[0-2]?", 1.0).texts())
        [('AB', 'X'), ('AB', 'X', '012')]
        """
        for parts in product(*(_choices(token) for token in self._tokens() if token["one"])):
            yield tuple(place for part in parts for place in part)

    def _tokens(self) -> list[re.Match[str]]:
        """The pattern's parts in order. Raises ValueError for a pattern of another form."""
        found, at = [], 0
        while at < len(self.pattern):
            token = _TOKEN.match(self.pattern, at)
            if token is None:
                raise ValueError(f"series {self.name}: cannot count {self.pattern!r} from character {at}")
            found.append(token)
            at = token.end()
        return found


def _choices(token: re.Match[str]) -> list[tuple[str, ...]]:
    """The characters allowed in each place that a part of the pattern fills, once for each number of repetitions."""
    characters = _characters(token)
    times = token["times"]
    if not times:
        return [(characters,)]
    least, most = (0, 1) if times == "?" else (int(token["least"]), int(token["most"] or token["least"]))
    return [(characters,) * count for count in range(least, most + 1)]


def _characters(token: re.Match[str]) -> str:
    if not token["set"]:
        return token["one"][0]
    ranges = [(r[1], r[2]) if r[1] else (r[3], r[3]) for r in _RANGE.finditer(token["set"])]
    return "".join(chr(code) for first, last in ranges for code in range(ord(first), ord(last) + 1))


def _shape(token: re.Match[str]) -> str:
    if not token["one"]:
        return ""
    kinds = {shape_of(character) for character in token["set"] or token["one"] if character != "-"}
    return f"[{''.join(sorted(kinds))}]{token['times'] or ''}"


def _combinations(token: re.Match[str]) -> int:
    choices = (
        sum(ord(r[2]) - ord(r[1]) + 1 if r[1] else 1 for r in _RANGE.finditer(token["set"])) if token["set"] else 1
    )
    if not token["times"]:
        return choices
    if token["times"] == "?":
        return 1 + choices
    least = int(token["least"])
    return sum(choices**times for times in range(least, int(token["most"] or least) + 1))


@dataclass(frozen=True)
class Grammar:
    """A country's series, the most specific first."""

    series: tuple[Series, ...] = field()

    def series_of(self, text: str) -> str | None:
        """The name of the first series that the compact text fits, or None."""
        return next((series.name for series in self.series if series.matches.fullmatch(text)), None)

    def likelihood(self, text: str) -> float:
        """How likely a plate of this country drawn at random is to have exactly this text."""
        shape = text.translate(_SHAPE)
        series = self._by_shape.get(shape)
        if series is None:
            series = self.for_shape(shape).series
            if len(self._by_shape) < _MOST_SHAPES:
                self._by_shape[shape] = series
        found = 0.0
        for one in series:  # no sum(): a generator takes longer than all the rest
            if one.matches.fullmatch(text):
                found += one.weight
        return found

    def for_shape(self, shape: str) -> "Grammar":
        """The grammar with only the series that a text of this shape (see shape_of) may be of: the same likelihoods, sooner."""
        return Grammar(tuple(series for series in self.series if series.shapes.fullmatch(shape)))

    @cached_property
    def _by_shape(self) -> dict[str, tuple[Series, ...]]:
        """The series that texts of a shape may be of, for the shapes that were asked for."""
        return {}


def grouped(text: str, *patterns: str, separator: str = "-") -> str:
    """The text with separators between the groups of the first pattern that fits it; unchanged when none does.

    >>> grouped("1ABC234", "([0-9])([A-Z]{3})([0-9]{3})")
    '1-ABC-234'
    """
    for pattern in patterns:
        found = re.fullmatch(pattern, text)
        if found:
            return separator.join(group for group in found.groups() if group)
    return text
