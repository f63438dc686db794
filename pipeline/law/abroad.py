"""The kinds of rules that fix what a neighbouring country may be told, and on what ground."""

from typing import Annotated, Literal

import msgspec

from pipeline.law.rule import Rule, Text, Vector
from pipeline.law.words import folded
from schemas.base import Country, Identifier


class TreatyVector(Vector, frozen=True, kw_only=True):
    """A worked example: which country tells which, and whether the treaty allows it."""

    teller: Country
    told: Country
    binds: bool


class Treaty(Rule, frozen=True, kw_only=True):
    """A treaty by which one country may tell another of a hit, if both are bound by it. country: whose law contains it.

    names: a legal basis that contains all words of one of these means this treaty, if it names no treaty by id. They are compared
    without case and accents: a treaty is called otherwise in each language.
    """

    kind = "treaty"
    id: Identifier
    name: Text
    binds: Annotated[tuple[Country, ...], msgspec.Meta(min_length=2)]
    names: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    vectors: Annotated[tuple[TreatyVector, ...], msgspec.Meta(min_length=1)]

    @property
    def about(self) -> str:
        """The treaty's id."""
        return self.id

    def is_meant(self, legal_basis: str) -> bool:
        """Whether a legal basis in words means this treaty."""
        plain = folded(legal_basis)
        return any(all(word in plain for word in folded(name).split()) for name in self.names)

    def unbound(self, *countries: str) -> tuple[str, ...]:
        """Those of these countries that the treaty does not bind."""
        return tuple(one for one in countries if one not in self.binds)

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule.wrong_vectors."""
        return tuple(v for v in self.vectors if v.binds != (not self.unbound(v.teller, v.told)))


class SisVector(Vector, frozen=True, kw_only=True):
    """A worked example: a country, and whether it has a SIRENE bureau to tell."""

    told: Country
    takes_part: bool


class SisStates(Rule, frozen=True, kw_only=True):
    """The states that operate the Schengen Information System for the police, each with a SIRENE bureau. country: EU, whose law it
    is. What came from that system goes to these alone."""

    kind = "sis_states"
    states: Annotated[tuple[Country, ...], msgspec.Meta(min_length=2)]
    vectors: Annotated[tuple[SisVector, ...], msgspec.Meta(min_length=1)]

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule.wrong_vectors."""
        return tuple(v for v in self.vectors if v.takes_part != (v.told in self.states))


Tellable = Literal[
    "plate", "plate_country", "confidence", "time", "place", "position", "heading", "direction", "offence", "action",
    "owner", "occupants", "history", "pictures",
]  # fmt: skip


class TellVector(Vector, frozen=True, kw_only=True):
    """A worked example: something known of a hit, and whether a neighbour may be told."""

    what: Tellable
    may: bool


class MayTell(Rule, frozen=True, kw_only=True):
    """What a neighbour may be told of a hit, whatever treaty allows telling him at all."""

    kind = "may_tell"
    tells: Annotated[tuple[Tellable, ...], msgspec.Meta(min_length=1)]
    vectors: Annotated[tuple[TellVector, ...], msgspec.Meta(min_length=1)]

    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples that this rule does not agree with; see Rule."""
        return tuple(v for v in self.vectors if v.may != (v.what in self.tells))
