"""Makes an item of reference data from what a file or a person wrote: converts, checks, or refuses in plain words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from pipeline.tables.columns import EACH, Place, Table
from pipeline.tables.local_days import LocalDay, LocalTime
from pipeline.tables.plate_cells import CyrillicPlate
from pipeline.tables.refusals import explained, unknown_field
from schemas.base import Message

T = TypeVar("T", bound=Message)


class WrongItem(Exception):
    """Raised when values do not make an item.

    place: where the fault is (names and indexes); empty: in all of them. by_rule: the values are well formed but break a
    rule.
    """

    def __init__(self, place: tuple[str | int, ...], reason: str, *, by_rule: bool = False) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason
        self.by_rule = by_rule


class Taking(Generic[T]):
    """Makes items of one kind. home: the country that takes them. given: by field, the value of items that leave the field
    out."""

    def __init__(self, table: Table[T], home: str, given: Mapping[str, object] | None = None) -> None:
        self._table = table
        self._home = home
        self._given = given or {}
        self._several: Any = list[table.message]  # type: ignore[name-defined]  # a type that is known when it runs
        self._placed = sorted({place[0] for place in table.amend})
        self._defaults = {
            one.name: one.default
            for one in table.columns
            if one.default not in (msgspec.UNSET, None) and one.name not in self._given
        }

    def of_json(self, values: dict[str, Any]) -> T:
        """Make an item of a JSON object. Changes the object. Raises WrongItem."""
        unknown = unknown_field(values, self._table.message)
        if unknown:
            raise WrongItem(*unknown)
        for name, default in self._defaults.items():
            if values.get(name) == default and type(values.get(name)) is type(default):
                del values[name]
        for place, parse in self._table.amend.items():
            _amend(values, place, parse, ())
        return self.of_cells(values)

    def of_all(self, rows: Sequence[dict[str, Any]]) -> list[T] | None:
        """The items that `of_cells` makes of each of these rows, sooner; None: something is wrong with one of them. Changes the
        rows."""
        for name, value in self._given.items():
            for values in rows:
                values.setdefault(name, value)
        try:
            for name in self._placed:
                for values in rows:
                    if type(values.get(name)) in _PLACED:
                        self._place(values)
            items: list[T] = msgspec.convert(rows, self._several)
        except (WrongItem, msgspec.ValidationError):
            return None
        fault, home = self._table.fault, self._home
        return None if any(fault(item, home) for item in items) else items

    def of_cells(self, values: dict[str, Any]) -> T:
        """The item of a row's cells, which were parsed. Changes the values. Raises WrongItem."""
        for name, value in self._given.items():
            values.setdefault(name, value)
        self._place(values)
        try:
            item = msgspec.convert(values, self._table.message)
        except msgspec.ValidationError as error:
            by_rule = isinstance(error.__cause__, ValueError)  # raised by the message itself
            raise WrongItem(*explained(error, values, self._table), by_rule=by_rule) from error
        fault = self._table.fault(item, self._home)
        if fault:
            raise WrongItem((fault[0],), fault[1], by_rule=True)
        return item

    def _place(self, values: dict[str, Any]) -> None:
        plate = values.get("plate")
        if isinstance(plate, CyrillicPlate):
            try:
                values["plate"] = plate.of(values.get("country"))
            except ValueError as error:
                raise WrongItem(("plate",), str(error)) from error
        country = values.get("country") if self._table.days_of_item else None
        _place_days(values, country if isinstance(country, str) else self._home, ())


def _amend(values: object, way: Place, parse: Callable[[str], object], place: tuple[str | int, ...]) -> None:
    """Replace the value at the end of this way by what the parser makes of it, if it is a text, or the number of a moment. place:
    where the values stand. Raises WrongItem."""
    step, *rest = way
    if step == EACH:
        for index, one in enumerate(values) if isinstance(values, list) else ():
            _amend(one, tuple(rest), parse, (*place, index))
        return
    value = values.get(step) if isinstance(values, dict) else None
    if rest:
        _amend(value, tuple(rest), parse, (*place, step))
        return
    if isinstance(value, int | float) and not isinstance(value, bool) and step.endswith("_ms"):
        value = str(int(value)) if value == value // 1 else None
    if isinstance(value, str) and isinstance(values, dict):
        try:
            values[step] = parse(value.strip() or value)  # blanks alone stay, to be refused as such
        except ValueError as error:
            raise WrongItem((*place, step), str(error)) from error


_PLACED = frozenset((CyrillicPlate, LocalDay, LocalTime, dict, list))


def _place_days(values: dict[str, Any], country: str, place: tuple[str | int, ...]) -> None:
    """Replace each date in the values by its moment, in that country's time. place: where the values stand. Raises WrongItem for a
    day beyond the calendar."""
    for name, value in values.items():
        if type(value) not in _PLACED:
            continue
        if isinstance(value, LocalDay | LocalTime):
            try:
                values[name] = value.at_ms(country)
            except (ValueError, OverflowError) as error:
                given = value.day if isinstance(value, LocalDay) else value.clock
                reason = f"{given} is beyond the calendar; leave it out where there is no end"
                raise WrongItem((*place, name), reason) from error
        elif isinstance(value, dict):
            _place_days(value, country, (*place, name))
        else:
            for index, one in enumerate(value):
                if type(one) is dict:
                    _place_days(one, country, (*place, name, index))
