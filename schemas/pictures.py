"""Pictures on their way to the reader: frames and tracks (msgpack, because they carry picture bytes)."""

from typing import Annotated

import msgspec

from schemas.base import Degrees, EpochMs, Identifier, Message, Pixels, Position, Probability, Text, TrackId
from schemas.reads import ClockState, Network, Purpose

MAX_PICTURE_BYTES = 8 * 1024 * 1024
"""The largest encoded picture that a frame may carry."""
PictureBytes = Annotated[bytes, msgspec.Meta(max_length=MAX_PICTURE_BYTES)]


class Frame(Message, frozen=True, kw_only=True):
    """One encoded picture. Topic vigie.frames, key camera_id; written by cameras and gateways, read by decode."""

    camera_id: Identifier
    captured_at_ms: EpochMs  # camera clock, UTC
    received_at_ms: EpochMs  # platform clock, UTC
    image: PictureBytes  # JPEG or PNG, as the camera encoded it
    position: Position | None = None  # where the camera moves
    heading_deg: Degrees | None = None
    clock: ClockState | None = None


class Crop(Message, frozen=True, kw_only=True):
    """The plate of a passage, cut out of one frame."""

    captured_at_ms: EpochMs
    image: PictureBytes  # the plate cut out with a margin, JPEG
    box: tuple[Pixels, Pixels, Pixels, Pixels]  # x, y, width, height in pixels of the frame
    quality: Probability  # sharpness and size; the best crop is read first


class Track(Message, frozen=True, kw_only=True):
    """The best few crops of one vehicle passage. Topic vigie.tracks, key camera_id; written by decode, read by ocr."""

    track_id: TrackId
    camera_id: Identifier
    captured_at_ms: EpochMs  # of the best crop
    received_at_ms: EpochMs
    crops: Annotated[tuple[Crop, ...], msgspec.Meta(min_length=1, max_length=10)]  # best first
    overview: PictureBytes  # the whole picture of the best crop, JPEG, longest side at most 1280
    overview_captured_at_ms: EpochMs
    position: Position | None = None
    heading_deg: Degrees | None = None
    clock: ClockState | None = None
    direction: Annotated[str, msgspec.Meta(max_length=16)] | None = (
        None  # approaching | leaving, from the plate's growth over the track
    )
    network: Network | None = None  # of the camera, at capture
    purposes: Annotated[
        tuple[Purpose, ...], msgspec.Meta(max_length=8)
    ] = ()  # what the camera's reads may be used for, at capture; empty: those of the camera
    line_at_ms: EpochMs | None = None  # when it crossed the camera's line; None: it has none, or that was not seen
    line_doubt_ms: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0  # the true time lies within +- this
    colour: Text | None = None  # of the vehicle, where the best crop's picture shows it clearly
