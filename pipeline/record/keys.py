"""Reads the log's signing key, and the public keys and checkpoints that outsiders hold, from files."""

import re
import socket
from pathlib import Path

from pipeline.access.checkpoint import NotProven, Signer, Verifier, signer_of, verifier_of
from pipeline.errors import Misconfigured
from pipeline.runtime.private import OPEN, private_folder, read_trusted, write_once
from pipeline.runtime.settings import Settings

SETTING = "VIGIE_RECORD_KEY_FILE"
_UNFIT = re.compile(r"[^A-Za-z0-9.-]+")


def log_key(settings: Settings) -> Signer:
    """The key that signs checkpoints; without a setting, the one in the data folder, which is made at first use. Raises
    Misconfigured.

    The key's name is the log's name: a new name begins another log.
    """
    file = settings.record_key_file or settings.data_dir / "record.key"
    if settings.record_key_file is None and not file.exists():
        private_folder(file.parent)
        write_once(file, Signer.generate(f"{own_name()}/{settings.namespace}/record").text() + "\n")
    return private_key(file)


def own_name() -> str:
    """This machine's name in the letters that a key's name may have."""
    return _UNFIT.sub("-", socket.gethostname()).strip("-.") or "localhost"


def private_key(file: Path) -> Signer:
    """The private key in a file, which only its owner may be able to read. Raises Misconfigured."""
    allowed = "a private key of a log or a witness: `vigie audit keys --create NAME FILE`"
    try:
        return signer_of(read_trusted(SETTING, file, modes=OPEN).decode())
    except OSError as error:
        raise Misconfigured(SETTING, found=f"{file} ({error.strerror})", allowed=allowed) from error
    except (NotProven, UnicodeDecodeError) as error:
        raise Misconfigured(SETTING, found=str(file), allowed=allowed) from error


def public_keys(words: list[str], setting: str) -> list[Verifier]:
    """Public keys, given as NAME+ID+KEY or as files with one on each line. Raises Misconfigured naming the option."""
    return [_public(line, setting) for word in words for line in _lines(word, setting)]


def _lines(word: str, setting: str) -> list[str]:
    if word.count("+") >= 2 and not Path(word).exists():
        return [word]
    text = text_of(Path(word), setting, "a public key NAME+ID+KEY, or a file of them")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _public(line: str, setting: str) -> Verifier:
    try:
        return verifier_of(line)
    except NotProven as error:
        raise Misconfigured(setting, found=line[:100], allowed=f"a public key NAME+ID+KEY ({error.detail})") from error


def text_of(file: Path, setting: str, allowed: str) -> str:
    """The text of a file that a person named on the command line. Raises Misconfigured naming the option."""
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise Misconfigured(setting, found=f"{file} ({error.strerror})", allowed=allowed) from error
    except UnicodeDecodeError as error:
        raise Misconfigured(setting, found=f"{file} (no text)", allowed=allowed) from error
