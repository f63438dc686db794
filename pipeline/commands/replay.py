"""`vigie replay`: sends pictures or a video to the platform as a camera would, or reads them in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.common import EXIT_REFUSED, print_json, run_async
from pipeline.errors import BadRecord, Misconfigured
from pipeline.runtime.terminal import Terminal, styled
from pipeline.sources.pictures import VIDEOS, SourcePicture, pictures_of
from pipeline.sources.piped import as_file
from schemas.base import Identifier

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

    Pictures of a folder stand for passages a second apart, the last now (with --paced the first). What
    comes through a pipe is read to its end first.

    With --local --json there is one object per picture, of a video per passage:
    {"picture": ..., "reads": [{"plate", "confidence", "country", "colour",
    "box"}], "ms", "error", "warning"}, best read first. The colour is the vehicle's, null
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
        from pipeline.commands.replay_send import send

        run_async(lambda: send(pictures, camera, span_ms, in_real_time))


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
        console.print(styled(f"{shown(result.picture)}: ", (result.error, "red")))
        return
    if result.warning is not None:
        console.print(styled(f"{shown(result.picture)}: ", (result.warning, "yellow")))
    line = styled(f"{shown(result.picture)}: ", "" if result.reads else "no plate")
    for at, read in enumerate(result.reads):
        line.append(", " if at else "")
        line.append(read.plate, style="bold")
        line.append(f" {read.confidence:.0%} {read.country or ''}".rstrip())
    line.append(f"  {result.ms:.0f} ms", style="dim")
    console.print(line)


def shown(name: str) -> str:
    """A file's name as one line of text: ? stands for each character that cannot be printed."""
    return "".join(one if one.isprintable() else "?" for one in name)


def told(error: BadRecord) -> str:
    """The reason and the detail of a refusal as one text."""
    return f"{error.reason}: {error.detail}"
