"""The evidence store: pictures by day and by content, in folders or an S3-compatible service."""

import asyncio
import re
import shutil
from collections.abc import Collection
from datetime import UTC, date, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

import obstore
from obstore.store import LocalStore, S3Store

from pipeline.errors import BadRecord, Misconfigured, Unavailable, url_parts
from pipeline.evidence.folder import FolderWriter
from pipeline.evidence.opening import ALLOWED, SETTING, bucket_at, folder_at
from pipeline.evidence.troubles import WHAT, in_short, store_errors

_PATH = re.compile(r"\d{4}-\d{2}-\d{2}/([0-9a-f]{64})\.(?:jpg|png)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PNG = b"\x89PNG\r\n\x1a\n"
DELETE_AT_ONCE = 1_000
HOLDS, CASES = "holds", "cases"


class EvidenceMissing(BadRecord):
    """Raised when a picture is not in the store: it was never stored, or was deleted at the end of its retention."""

    def __init__(self, path: str) -> None:
        super().__init__("evidence_missing", f"no picture at {path!r}")


Place: TypeAlias = LocalStore | S3Store
"""A folder or a bucket."""


class EvidenceStore:
    """Pictures by day and SHA-256, in one place or several: so each process that writes pictures has a place of its own, in which
    others only read and delete. Every method raises Unavailable when a place is away or full."""

    def __init__(self, own: Place, *others: Place) -> None:
        """own: where all is written, and alone where holds and notes are. others: where pictures are also read and deleted."""
        self._store, self._places = own, (own, *others)
        self._folder = FolderWriter(Path(own.prefix)) if isinstance(own, LocalStore) and own.prefix else None

    @staticmethod
    def open(url: str | Path) -> "EvidenceStore":
        """A store in folders (made if absent) or in S3-compatible services.

        url: one folder; or one or several URLs apart by blanks: file:///folder or s3://bucket/prefix?endpoint=...&region=...
        The first URL is written to; from the others pictures are only read and deleted. Credentials come from AWS_ACCESS_KEY_ID and
        AWS_SECRET_ACCESS_KEY in the environment, or from access_key_id and secret_access_key in the query. Opens no connection
        yet. Raises Misconfigured for a URL that is neither, Unavailable when a folder cannot be made.
        """
        text = str(url)
        several = text.split() if "://" in text else [text]
        if len(several) > 1 and not all("://" in one for one in several):
            raise Misconfigured(SETTING, found=text, allowed=f"{ALLOWED}; a blank in a URL is written %20")
        return EvidenceStore(*map(_place_at, several))

    async def put(self, day_ms: int, image: bytes) -> str:
        """Store an encoded picture (JPEG or PNG). Returns its path, for example "2026-03-01/<sha256>.jpg".

        day_ms: capture time, ms UTC. The same picture of the same day has the same path, so storing it again is harmless. A
        reader sees all of it or nothing.
        """
        path_of = partial(_path_of, day_of(day_ms))
        try:
            with store_errors():
                if self._folder is not None:
                    return await self._folder.put(path_of, image)
                path = path_of(image)
                await obstore.put_async(self._store, path, image, mode="overwrite", use_multipart=False)
        except FileNotFoundError as error:  # the folder or the bucket itself
            raise Unavailable(f"{WHAT} ({in_short(error)})", retry_after_s=2.0) from error
        return path

    async def get(self, path: str) -> bytes:
        """The picture at a path that put returned, from the first place that has it. Raises EvidenceMissing; BadRecord for any
        other path, or when no place has content that fits its digest."""
        digest, is_changed = _digest_of(path), False
        for place in self._places:
            try:
                with store_errors():
                    answer = await obstore.get_async(place, path)
                    image = bytes(await answer.bytes_async())
            except FileNotFoundError:
                continue
            if sha256(image).hexdigest() == digest:
                return image
            is_changed = True
        if is_changed:
            raise BadRecord("evidence_changed", f"the picture at {path!r} is not the one that was stored")
        raise EvidenceMissing(path)

    async def exists(self, path: str) -> bool:
        """Whether there is a picture at a path that put returned. Raises BadRecord for any other path."""
        _digest_of(path)
        for place in self._places:
            try:
                with store_errors():
                    await obstore.head_async(place, path)
            except FileNotFoundError:
                continue
            return True
        return False

    async def put_hold(self, hold_id: str, at_ms: int, data: bytes) -> None:
        """Store one change of a hold, under its id and time (UTC ms); see pipeline.evidence.holds."""
        with store_errors():
            await obstore.put_async(self._store, f"{HOLDS}/{hold_id}/{at_ms:014}.json", data, use_multipart=False)

    async def holds(self) -> list[tuple[str, bytes]]:
        """Every change of every hold: its path and what was stored, by path."""
        return await self._all(HOLDS)

    async def put_note(self, day: str, case_id: str, name: str, data: bytes) -> None:
        """Store a note about a case's pictures of a day (2026-05-01), unless there is one of this name; see
        pipeline.evidence.case_holds."""
        path = f"{CASES}/{day}/{case_id}/{name}.json"
        with store_errors():
            try:
                await obstore.head_async(self._store, path)
            except FileNotFoundError:
                await obstore.put_async(self._store, path, data, use_multipart=False)

    async def notes(self, day: str, case_id: str | None = None) -> list[tuple[str, bytes]]:
        """Every note about cases' pictures of a day: its path and what was stored, by path. case_id: of this case alone."""
        return await self._all(f"{CASES}/{day}" if case_id is None else f"{CASES}/{day}/{case_id}")

    async def note_days(self) -> list[str]:
        """The days of which there are notes about cases' pictures, in order."""
        return await _days(self._store, CASES)

    async def drop_notes(self, day: str) -> None:
        """Delete the notes about cases' pictures of a day."""
        await _drop(self._store, f"{CASES}/{day}")

    async def days(self) -> list[str]:
        """The days of which there are pictures, in order."""
        return sorted({day for place in self._places for day in await _days(place)})

    async def drop_day(self, day: str, *, held: Collection[str] = ()) -> int:
        """Delete the pictures of a day. Returns how many were deleted. held: paths that stay."""
        kept = {path for path in held if path.startswith(f"{day}/")}
        dropped = 0
        for place in self._places:
            dropped += await _drop_but(place, day, kept) if kept else await _drop(place, day)
        return dropped

    async def _all(self, prefix: str) -> list[tuple[str, bytes]]:
        found: list[tuple[str, bytes]] = []
        with store_errors():
            async for chunk in obstore.list(self._store, prefix=prefix):
                for meta in chunk:
                    answer = await obstore.get_async(self._store, meta["path"])
                    found.append((meta["path"], bytes(await answer.bytes_async())))
        return sorted(found)


def _path_of(day: str, image: bytes) -> str:
    return f"{day}/{sha256(image).hexdigest()}.{'png' if image.startswith(_PNG) else 'jpg'}"


def _place_at(url: str) -> Place:
    """The folder or bucket of one URL. Raises Misconfigured, Unavailable."""
    parts = url_parts(SETTING, url, ALLOWED)
    if parts.scheme == "s3" and parts.netloc:
        return bucket_at(parts.netloc, parts.path, parts.query)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return folder_at(Path(unquote(parts.path)))
    if "://" not in url and url:
        return folder_at(Path(url).expanduser().absolute())
    raise Misconfigured(SETTING, found=url, allowed=ALLOWED)


async def _days(place: Place, prefix: str | None = None) -> list[str]:
    with store_errors():
        listing = await obstore.list_with_delimiter_async(place, prefix=prefix)
    names = [str(one).rstrip("/").rpartition("/")[2] for one in listing["common_prefixes"]]
    return sorted(name for name in names if _DAY.fullmatch(name))


async def _drop_but(place: Place, day: str, kept: Collection[str]) -> int:
    dropped = 0
    with store_errors():
        async for chunk in obstore.list(place, prefix=day, chunk_size=DELETE_AT_ONCE):
            gone = [meta["path"] for meta in chunk if meta["path"] not in kept]
            if gone:
                await obstore.delete_async(place, gone)
            dropped += len(gone)
    return dropped


async def _drop(place: Place, day: str) -> int:
    dropped = 0
    with store_errors():
        async for chunk in obstore.list(place, prefix=day, chunk_size=DELETE_AT_ONCE):
            await obstore.delete_async(place, [meta["path"] for meta in chunk])
            dropped += len(chunk)
        if isinstance(place, LocalStore) and place.prefix is not None:  # what a crash left half written
            await asyncio.to_thread(shutil.rmtree, Path(place.prefix) / day, ignore_errors=True)
    return dropped


def day_of(at_ms: int) -> str:
    """The UTC day of a time in ms.

    >>> day_of(1772323200000)
    '2026-03-01'
    """
    moment: date = datetime.fromtimestamp(at_ms / 1000, UTC).date()
    return moment.isoformat()


def _digest_of(path: str) -> str:
    match = _PATH.fullmatch(path)
    if match is None:
        raise BadRecord("bad_evidence_path", f"{path[:100]!r} is no path of the evidence store")
    return match.group(1)
