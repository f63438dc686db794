"""Sends to the platform the pictures that `vigie replay` has read from files."""

import asyncio
import time
from collections.abc import Iterator

from rich.progress import Progress

from pipeline.commands.common import EXIT_REFUSED
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.commands.replay import errors, shown, told
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.terminal import styled
from pipeline.servers.endpoints import Servers, servers_of
from pipeline.sources.pictures import SourcePicture
from pipeline.sources.producer import open_producer
from pipeline.state.collections import CAMERAS
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from schemas.pictures import Frame


async def send(pictures: Iterator[SourcePicture], camera: str, span_ms: int, in_real_time: bool) -> None:
    """Send the pictures as this camera's, and record that. The first picture's capture time is span_ms before now.
    in_real_time: send each when its capture time comes. Ends with exit code 1 when none was sent."""
    settings = load_settings()
    servers = servers_of(settings, "camera")
    await _warn_if_unknown(camera, servers, settings)
    async with recorded_at(settings, servers, operation_here("send", "vigie replay", on=(camera,))) as done:
        done.count, refused = await _send_all(pictures, camera, settings.namespace, servers, span_ms, in_real_time)
    errors.print(f"{done.count} pictures sent as camera {camera}" + (f", {refused} refused" if refused else ""))
    if not done.count:
        raise SystemExit(EXIT_REFUSED)


async def _send_all(
    pictures: Iterator[SourcePicture],
    camera: str,
    namespace: str,
    servers: Servers,
    span_ms: int,
    in_real_time: bool,
) -> tuple[int, int]:
    """Send the pictures. Returns how many were sent, and how many were refused."""

    started_ms = time.time_ns() // 1_000_000 - span_ms
    sent, refused = 0, 0
    async with open_producer(servers.kafka.client_kwargs(), namespace=namespace) as producer:
        with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
            task = progress.add_task("Sending", total=None)
            for picture in pictures:
                if picture.error is not None:
                    errors.print(f"{shown(picture.name)}: {told(picture.error)}")
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
    return sent, refused


async def _warn_if_unknown(camera: str, servers: Servers, settings: Settings) -> None:
    client = open_redis(servers.redis_url, ca_file=settings.redis_ca_file)
    try:
        known = await ReplicaWriter(client, settings.namespace).get(CAMERAS, camera)
    finally:
        await client.aclose()
    if not known:
        errors.print(
            styled((f"Camera {camera} is not registered: its reads will be refused as unknown_camera. ", "yellow")),
            f"Register it: vigie cameras add camera_id={camera} name=... network=local",
        )
