"""The reference data of a history: each item is checked as at an import, and every agent has it at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.decide.history import HistoryEvent, bad_item
from pipeline.errors import BadRecord
from pipeline.neighbours.checks import asked_from_everywhere
from pipeline.reads.versions import Changed, Version
from pipeline.state.collections import COLLECTIONS, SECTIONS
from pipeline.tables.columns import TABLES
from pipeline.tables.reference_checks import unfit
from pipeline.tables.taking import Taking, WrongItem
from schemas.base import Message
from schemas.reference import Camera, Policy

Follow = Callable[[str, Sequence[Changed[Any]]], None]
_KEYS = {collection.name: collection.key for collection in COLLECTIONS}


class ReferenceData:
    """Takes in reference data from a history's events and hands it to `follow`. home: our own country, ISO 3166-1 alpha-2.
    cameras_now: returns the cameras, by id, as they are at the history's present time."""

    def __init__(self, home: str, follow: Follow, cameras_now: Callable[[], Mapping[str, Camera]]) -> None:
        self._taking = {name: Taking(TABLES[name], home) for name in _KEYS}
        self._follow = follow
        self._cameras_now = cameras_now

    def take(self, event: HistoryEvent) -> list[int]:
        """Take in the item that this event puts or removes.

        Returns the later times at which it changes something by itself (UTC ms). Raises BadRecord for an item that an import
        refuses: "bad_line" where it is no item, "not_taken" where it is against a rule.
        """
        if event.remove is not None:
            removal: Version[Any] = Version(None, event.at_ms, event.at_ms)
            self._follow(event.remove.collection, [Changed(event.remove.key, (removal,))])
            return []
        if event.put is None:
            return []
        name, item = event.put.collection, self._item(event, event.put.collection, dict(event.put.item))
        holds_from_ms = getattr(item, "holds_from_ms", None)
        version = Version(item, event.at_ms if holds_from_ms is None else holds_from_ms, event.at_ms)
        self._follow(name, [Changed(_KEYS[name](item), (version,))])
        moments = [version.begins_ms, getattr(item, "valid_until_ms", 0)]
        return [moment for moment in moments if moment > event.at_ms]

    def _item(self, event: HistoryEvent, name: str, values: dict[str, Any]) -> Message:
        """The item, checked as an import with --everywhere checks it. Raises BadRecord: not_taken for what is against a rule, and
        for a text that is no value of its field; bad_line for a field that is unknown, missing or of another kind."""
        try:
            item: Message = self._taking[name].of_json(values)
        except WrongItem as error:
            place = ".".join(map(str, error.place))
            reason = f"{place}: {error.reason}" if place else error.reason
            refused = error.by_rule or isinstance(_at(error.place, event.put.item if event.put else {}), str)
            raise (BadRecord("not_taken", f"line {event.number}: {reason}") if refused
                   else bad_item(event, f"{name}: {reason}")) from error  # fmt: skip
        if isinstance(item, Policy) and event.put is not None and "everywhere" not in event.put.item:
            item = asked_from_everywhere(item)
        if name == SECTIONS.name and (faults := unfit([item], self._cameras_now().values(), event.at_ms)):  # type: ignore[list-item]  # an item of sections is a Section
            raise BadRecord("not_taken", f"line {event.number}: " + "; ".join(faults))
        return item


def _at(place: Sequence[str | int], values: object) -> object:
    """The value at this place; None: there is none."""
    for step in place:
        if isinstance(values, dict):
            values = values.get(step)
        elif isinstance(values, list) and isinstance(step, int) and step < len(values):
            values = values[step]
        else:
            return None
    return values
