"""Looks at pictures of the evidence store for the agent health, one after the other, beside its records."""

import asyncio
from collections.abc import Callable

import structlog

from pipeline.errors import VigieError
from pipeline.evidence.store import EvidenceStore
from pipeline.vision.glance import Glance, glance_at
from pipeline.vision.pictures import decode_shrunk

log = structlog.get_logger()
MOST = 1_000
"""Pictures that wait; more are left out, and others of these cameras come."""
SHRUNK = 2


class Glances:
    """take: called with each camera and the glance at its picture. run() must run."""

    def __init__(self, evidence: EvidenceStore, take: Callable[[str, Glance], None]) -> None:
        self._evidence, self._take = evidence, take
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MOST)

    def ask(self, camera_id: str, path: str) -> None:
        """Have the picture at this path of the store looked at. Does nothing where too many wait."""
        if not self._waiting.full():
            self._waiting.put_nowait((camera_id, path))

    async def run(self) -> None:
        """Look at what is asked for, until cancelled. A picture that cannot be had, or is none, is left out."""
        while True:
            camera_id, path = await self._waiting.get()
            try:
                image = await self._evidence.get(path)
                glance = await asyncio.to_thread(_glance, image)
            except VigieError as error:
                log.info("health.no_picture", camera_id=camera_id, cause=str(error))
                continue
            self._take(camera_id, glance)


def _glance(image: bytes) -> Glance:
    return glance_at(decode_shrunk(image, SHRUNK))
