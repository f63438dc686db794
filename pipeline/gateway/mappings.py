"""Follows the mapping files of a gateway: a maker that Vigie does not know is understood without code and without a restart."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from pipeline.errors import Misconfigured
from pipeline.gateway.makers import BY_NAME
from pipeline.gateway.mapping import MappedMaker, mapping_in
from pipeline.gateway.request import Request

log = structlog.get_logger()
EVERY_S = 2.0
MOST = 100
_Mark = tuple[int, int, int]


class Mappings:
    """The files *.toml in one folder, by name. One that cannot be used is told of in the log; what it said before still holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, _Mark] = {}
        self._known: dict[Path, MappedMaker] = {}
        self._makers: Sequence[MappedMaker] = ()

    def of(self, request: Request) -> MappedMaker | None:
        """The mapping whose texts all stand in the message; None: none does."""
        for one in self._makers:
            if one.recognises(request):
                return one
        return None

    async def run(self) -> None:
        """Follow the files, until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Read the files that are new or changed, and forget those that are gone."""
        try:
            found = {path: _mark(path) for path in sorted(self._folder.glob("*.toml"))[:MOST]}
        except OSError as error:
            log.error("mappings.folder", folder=str(self._folder), cause=str(error))
            return
        for path, mark in found.items():
            if self._seen.get(path) != mark:
                self._read(path)
        for gone in self._known.keys() - found.keys():
            log.info("mapping.gone", file=gone.name)
            del self._known[gone]
        self._seen = found
        self._makers = tuple(self._known[path] for path in sorted(self._known))

    def _read(self, path: Path) -> None:
        try:
            one = mapping_in(path)
        except Misconfigured as error:
            log.error("mapping.refused", file=path.name, cause=str(error))
            return
        others = {other.NAME for at, other in self._known.items() if at != path} | BY_NAME.keys()
        if one.NAME in others:
            log.error("mapping.refused", file=path.name, cause=f"another maker is called {one.NAME}: name it otherwise")
            return
        self._known[path] = one
        log.info("mapping.read", file=path.name, maker=one.NAME)


def _mark(path: Path) -> _Mark:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
