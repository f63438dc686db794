"""Makes what senders prove themselves by: passwords, and client certificates."""

from pathlib import Path

from pipeline.commands.certificates import pinned
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import platform_key
from pipeline.runtime.private import private_folder
from pipeline.runtime.sealing import Seal
from pipeline.runtime.settings import load_settings
from pipeline.state import adopting
from schemas.senders import SenderSecret


def new_secret(sender_id: str) -> tuple[str, SenderSecret]:
    """A password made now, as it is typed into the camera and as it is kept. Raises Misconfigured."""
    return adopting.new_secret(sender_id, platform_now_ms(), sealing())


def sealing() -> adopting.Seal:
    """What encrypts with the platform's key what a gateway needs to check passwords by Digest. Raises Misconfigured."""
    settings = load_settings()
    private_folder(settings.data_dir)
    return Seal(platform_key(settings.platform_key), "camera digests").seal


def certified(file: Path) -> SenderSecret:
    """The client certificate in this file, as it is kept. Raises typer.BadParameter when there is none, or it has ended."""
    one = pinned(file)
    return SenderSecret(digest=one.sha256, made_at_ms=one.added_at_ms, is_certificate=True, until_ms=one.until_ms)
