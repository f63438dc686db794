"""The base of all rules of law: country, article, source, and the period in which the rule is in force."""

from abc import ABCMeta, abstractmethod
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, ClassVar, Literal

import msgspec

from schemas.base import Country

Text = Annotated[str, msgspec.Meta(min_length=1)]
Url = Annotated[str, msgspec.Meta(pattern=r"\Ahttps://\S+\Z")]


class Vector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worked example of a rule, which must come out as stated."""


class _AbstractStruct(msgspec.StructMeta, ABCMeta):
    """The metaclass of a struct with abstract methods, which its subclasses must define."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, metaclass=_AbstractStruct):
    """The fields that every rule has. It is in force from in_force_from on, until before in_force_until (None: until further
    notice)."""

    kind: ClassVar[str]  # the stem of its file in tables/
    country: Country  # whose rule it is
    article: Text
    source: Url
    in_force_from: datetime  # with its offset from UTC
    in_force_until: datetime | None = None
    read: Literal[
        "V", "U"
    ]  # V: the text that states the figure was read; U: it was not, a jurist must confirm the figure
    note: str = ""  # what the source does not say; needed where read is U

    @property
    def about(self) -> str:
        """The text that distinguishes rules of one kind and country that are in force together; empty where there is only
        one."""
        return ""

    @property
    def version(self) -> str:
        """The day from which it is in force, and a digest of its figures: rules with other figures never have the same
        version."""
        figures = {name: getattr(self, name) for name in self.__struct_fields__ if name not in _ABOUT_THE_TEXT}
        digest = blake2b(msgspec.json.encode(figures, order="deterministic"), digest_size=4).hexdigest()
        return f"{self.in_force_from.date().isoformat()}/{digest}"

    @abstractmethod
    def wrong_vectors(self) -> tuple[Vector, ...]:
        """The worked examples whose stated result differs from what this rule gives; empty when all agree."""


_ABOUT_THE_TEXT = ("article", "source", "in_force_from", "in_force_until", "read", "note", "vectors")
