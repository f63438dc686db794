"""`vigie replay`: sends pictures or a video to the platform as a camera would, or reads them in this process."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from pipeline.commands.common import EXIT_REFUSED, print_json, run_async
from pipeline.errors import BadRecord, Misconfigured
from pipeline.runtime.terminal import Terminal, styled
from pipeline.sources.pictures import VIDEOS, SourcePicture, pictures_of
from pipeline.sources.piped import as_file
from schemas.base import Identifier
from schemas.pictures import Frame

console, errors = Terminal(), Terminal(stderr=True)


def replay(
    path: Annotated[
        Path, typer.Argument(help="A picture, a video, a folder of them, a pipe, or - for standard input.")
    ],
    camera: Annotated[str, typer.Option("--camera", "-c", help="Id of the camera that took them.")] = "replay",
    local: Annotated[bool, typer.Option("--local", help="Read here, without servers, and print the reads.")] = False,
    crops: Annotated[
        bool, typer.Option("--crops", help="With --local: each picture is a plate already cut out.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --local: one object per picture.")] = False,
    paced: Annotated[
        bool | None,
        typer.Option("--paced/--at-once", help="In real time, or at once. A video is paced, pictures are not."),
    ] = None,
    frames_per_s: Annotated[
        float | None, typer.Option("--fps", help="Of a video, at most so many a second.", min=0.1)
    ] = None,
) -> None:
    """Send pictures or a video into the frames topic, or with --local read them in this process.

    Pictures of a folder stand for passages a second apart, the last now. What
    comes through a pipe is read to its end first.

    With --local --json there is one object per picture, of a video per passage:
    {"picture": ..., "reads": [{"plate", "confidence", "country", "colour",
    "box"}], "ms", "error"}, best read first. The colour is the vehicle's, null
    where it is not clear. Exit code 1 if nothing could be read as a picture.

    Example: vigie replay pictures/ --camera E40-12 --local --json
    """
    _check_camera(camera)
    if (crops or as_json) and not local:
        raise typer.BadParameter("only together with --local", param_hint="--crops" if crops else "--json")
    with as_file(path) as file:
        pictures = pictures_of(file, frames_per_s=frames_per_s)
        if local:
            _read_here(pictures, camera, crops=crops, as_json=as_json)
            return
        in_real_time = file.suffix.lower() in VIDEOS if paced is None else paced
        again = pictures_of(file, frames_per_s=frames_per_s)
        span_ms = 0 if in_real_time else max(picture.offset_ms for picture in again)
        run_async(lambda: _send(pictures, camera, span_ms, in_real_time))


def _check_camera(camera: str) -> None:
    import msgspec

    try:
        msgspec.convert(camera, Identifier)
    except msgspec.ValidationError as error:
        raise Misconfigured("--camera", found=camera, allowed="letters, digits and . _ : -, at most 64") from error


def _read_here(pictures: Iterator[SourcePicture], camera: str, *, crops: bool, as_json: bool) -> None:
    from pipeline.sources.local import LocalReader, PictureReads

    reader = LocalReader.load(camera, crops=crops)
    seen, failed = 0, 0
    show: Callable[[PictureReads], None] = _print_object if as_json else _print_lines
    for result in reader.read_all(pictures):
        seen += 1
        failed += result.error is not None
        show(result)
    if not as_json:
        errors.print(f"{seen - failed} read" + (f", {failed} unreadable" if failed else ""))
    if failed == seen:
        raise SystemExit(EXIT_REFUSED)


def _print_object(result: Any) -> None:
    reads = [
        {
            "plate": read.plate,
            "confidence": round(read.confidence, 4),
            "country": read.country,
            "colour": read.colour,
            "box": list(read.box),
        }
        for read in result.reads
    ]
    print_json(
        {
            "picture": result.picture,
            "reads": reads,
            "ms": round(result.ms, 1),
            "error": result.error,
            "warning": result.warning,
        }
    )


def _print_lines(result: Any) -> None:
    if result.error is not None:
        console.print(styled(f"{_shown(result.picture)}: ", (result.error, "red")))
        return
    if result.warning is not None:
        console.print(styled(f"{_shown(result.picture)}: ", (result.warning, "yellow")))
    line = styled(f"{_shown(result.picture)}: ", "" if result.reads else "no plate")
    for at, read in enumerate(result.reads):
        line.append(", " if at else "")
        line.append(read.plate, style="bold")
        line.append(f" {read.confidence:.0%} {read.country or ''}".rstrip())
    line.append(f"  {result.ms:.0f} ms", style="dim")
    console.print(line)


async def _send(pictures: Iterator[SourcePicture], camera: str, span_ms: int, in_real_time: bool) -> None:
    from pipeline.runtime.settings import load_settings
    from pipeline.servers.endpoints import servers_of
    from pipeline.sources.producer import open_producer

    settings = load_settings()
    servers = servers_of(settings, "camera")
    await _warn_if_unknown(camera, servers.redis_url, settings.namespace)
    started_ms = time.time_ns() // 1_000_000 - span_ms
    sent, refused = 0, 0
    async with open_producer(servers.kafka.client_kwargs(), namespace=settings.namespace) as producer:
        with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
            task = progress.add_task("Sending", total=None)
            for picture in pictures:
                if picture.error is not None:
                    errors.print(f"{_shown(picture.name)}: {_told(picture.error)}")
                    refused += 1
                    continue
                captured_ms = started_ms + picture.offset_ms
                if in_real_time:
                    await asyncio.sleep(max(0.0, captured_ms / 1000 - time.time()))
                frame = Frame(
                    camera_id=camera,
                    captured_at_ms=captured_ms,
                    received_at_ms=time.time_ns() // 1_000_000,
                    image=picture.image,
                )
                await producer.put_frame(frame)
                sent += 1
                progress.update(task, advance=1, description=f"Sent {sent}")
    errors.print(f"{sent} pictures sent as camera {camera}" + (f", {refused} refused" if refused else ""))
    if not sent:
        raise SystemExit(EXIT_REFUSED)


async def _warn_if_unknown(camera: str, redis_url: str, namespace: str) -> None:
    from pipeline.state.collections import CAMERAS
    from pipeline.state.redis_port import open_redis
    from pipeline.state.replica_writer import ReplicaWriter

    client = open_redis(redis_url)
    try:
        known = await ReplicaWriter(client, namespace).get(CAMERAS, camera)
    finally:
        await client.aclose()
    if not known:
        errors.print(
            styled((f"Camera {camera} is not registered: its reads will be refused as unknown_camera. ", "yellow")),
            f"Register it: vigie cameras add camera_id={camera} name=... network=local",
        )


def _shown(name: str) -> str:
    """A file's name as one line of text, whatever characters it holds."""
    return "".join(one if one.isprintable() else "?" for one in name)


def _told(error: BadRecord) -> str:
    return f"{error.reason}: {error.detail}"
