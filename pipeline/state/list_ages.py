"""How long ago each list was refreshed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.hotlist.lists import stale_since_ms
from pipeline.reads.versions import History
from pipeline.state.switching import Switch
from schemas.reference import WantedList


@dataclass(frozen=True, slots=True)
class ListAge:
    """How old a list is. age_ms: since it was refreshed last, or, if it never was, since it was made known. switch: the
    import that refreshed it last; None: it never was refreshed."""

    source: WantedList
    age_ms: int
    is_stale: bool
    switch: Switch | None

    @property
    def hours(self) -> float:
        """The age in hours."""
        return self.age_ms / 3_600_000


def ages(
    histories: Iterable[tuple[str, History[WantedList]]], refreshed: Mapping[str, Switch], now_ms: int
) -> list[ListAge]:
    """The age of each list that exists, sorted by list_id. histories: the versions of each list. refreshed: by list_id, the
    import that refreshed it last. now_ms: UTC."""
    found: list[ListAge] = []
    for list_id, history in sorted(histories):
        source = history[-1].item if history else None
        if source is None:
            continue
        switch = refreshed.get(list_id)
        begun_ms = history[0].begins_ms
        last_ms = switch.at_ms if switch else begun_ms
        stale_ms = stale_since_ms(source, switch.at_ms if switch else None, begun_ms)
        found.append(ListAge(source, max(0, now_ms - last_ms), now_ms >= stale_ms, switch))
    return found
