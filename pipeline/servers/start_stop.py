"""`async with` for what is started and stopped."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class StartStop(ABC):
    """`async with thing`: starts the thing on entry and stops it on exit."""

    @abstractmethod
    async def start(self) -> None:
        """Start, and return when it is ready."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop. Does nothing when it does not run."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()
