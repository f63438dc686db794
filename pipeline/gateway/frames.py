"""Sends on pictures of cameras that read no plates themselves: topic frames, whose readers find the plates."""

from pipeline.errors import BadRecord
from pipeline.gateway.intake import TAKES_NONE
from pipeline.reads.versions import Versions
from pipeline.runtime.partitioner import partition_of
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.stream import codec
from schemas.pictures import MAX_PICTURE_BYTES, Frame
from schemas.reads import ClockState
from schemas.reference import Camera
from schemas.topics import FRAMES


class FrameSender:
    """Sends the pictures of one gateway's cameras. cameras: as registered."""

    def __init__(self, sender: Sender, namespace: str, cameras: Versions[Camera]) -> None:
        self._sender, self._topic, self._cameras = sender, f"{namespace}.{FRAMES.name}", cameras

    async def put(self, camera_id: str, picture: bytes, at_ms: int) -> None:
        """Send a picture that came at at_ms (UTC), which counts as its capture: such a camera states no time. Raises Unavailable,
        and BadRecord for a picture that is too large, and for a camera that is not registered or should send nothing."""
        camera = self._cameras.known_at(camera_id, at_ms)
        if camera is None or camera.state in TAKES_NONE:
            raise BadRecord("not_active", f"{camera_id} is not registered, or to send nothing now")
        if len(picture) > MAX_PICTURE_BYTES:
            raise BadRecord("too_large", f"a picture of {len(picture)} bytes, at most {MAX_PICTURE_BYTES}")
        frame = Frame(
            camera_id=camera_id, captured_at_ms=at_ms, received_at_ms=at_ms, image=picture,
            clock=ClockState(source="none", synced=False),
        )  # fmt: skip
        key = camera_id.encode()
        partition = partition_of(key, await self._sender.partitions(self._topic))
        await self._sender.send_all([Outgoing(self._topic, codec.encode(FRAMES, frame), key, partition)])
