"""Open connections by who holds them. Every method takes about constant time, however many there are."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable


class ConnectionGroups:
    """Connections, each in the group of one name; in each group, and in all, the one that was silent longest is first."""

    def __init__(self) -> None:
        self._names: OrderedDict[asyncio.BaseTransport, str] = OrderedDict()
        self._groups: dict[str, OrderedDict[asyncio.BaseTransport, None]] = {}
        self._by_size: dict[int, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, connection: asyncio.BaseTransport) -> bool:
        return connection in self._names

    def add(self, connection: asyncio.BaseTransport, name: str) -> None:
        """Put the connection into this group, as the one that spoke last."""
        if self._names.get(connection) == name:
            self._names.move_to_end(connection)
            self._groups[name].move_to_end(connection)
            return
        self.drop(connection)
        group = self._groups.setdefault(name, OrderedDict())
        self._names[connection], group[connection] = name, None
        self._resized(name, len(group) - 1, len(group))

    def drop(self, connection: asyncio.BaseTransport) -> bool:
        """Take the connection out. Returns whether it was there."""
        name = self._names.pop(connection, None)
        if name is None:
            return False
        group = self._groups[name]
        del group[connection]
        self._resized(name, len(group) + 1, len(group))
        if not group:
            del self._groups[name]
        return True

    def size(self, name: str) -> int:
        """How many are in this group."""
        return len(self._groups.get(name, ()))

    def largest(self) -> str | None:
        """The name of a group with the most connections, if that has more than one."""
        return next(iter(self._by_size[max(self._by_size)])) if self._by_size else None

    def idle(self, name: str | None, in_work: Collection[asyncio.BaseTransport]) -> asyncio.BaseTransport:
        """The connection of this group (None: of all) that has been silent longest; those in work come last. The group must
        have one."""
        some: Iterable[asyncio.BaseTransport] = self._names if name is None else self._groups[name]
        return next((one for one in some if one not in in_work), next(iter(some)))

    def _resized(self, name: str, before: int, after: int) -> None:
        """Note the new size of a group. Those of one connection, as most have, are not noted: nobody asks for them."""
        if before > 1:
            del self._by_size[before][name]
            if not self._by_size[before]:
                del self._by_size[before]
        if after > 1:
            self._by_size.setdefault(after, {})[name] = None
