"""Alerts and violations whose camera or zone the desks did not know as they came: nobody who works by zones was shown them."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.desks.directory import Directory
from pipeline.desks.events import Event, Kind, Shown

MOST = 1_000


@dataclass(slots=True)
class Unplaced:
    """The latest MOST alerts and violations that lay in no zone that is known here, until one is known. Covert ones count apart:
    they move no open one out."""

    directory: Directory
    _open: "OrderedDict[tuple[Kind, str], None]" = field(default_factory=OrderedDict)
    _covert: "OrderedDict[tuple[Kind, str], None]" = field(default_factory=OrderedDict)
    _places: int = -1  # of the directory, when it was last looked

    def note(self, kind: Kind, key: str, event: Event) -> None:
        """Keep in mind what lies in no known zone. Incidents name their zones themselves."""
        if kind == "incident" or event.matter.zones:
            return
        waiting = self._covert if event.is_covert else self._open
        waiting[kind, key] = None
        if len(waiting) > MOST:
            waiting.popitem(last=False)

    def placed(self, items: Mapping[Kind, Mapping[str, Shown]]) -> Iterator[tuple[Kind, str, Shown]]:
        """Yield once what lies in a known zone by now, if it is still in memory. items: what is."""
        if self._places == self.directory.places:
            return
        self._places = self.directory.places
        for waiting in (self._open, self._covert):
            for kind, key in list(waiting):
                shown = items[kind].get(key)
                if shown is not None and not shown.event.matter.zones:
                    continue
                del waiting[kind, key]
                if shown is not None:
                    yield kind, key, shown
