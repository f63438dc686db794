"""Checkpoints of a log, as C2SP's formats write them: the log's name, size and root, signed by the log and by witnesses.

Formats: tlog-checkpoint (three lines of text), signed-note (a blank line, then one line a signature), tlog-cosignature (a
witness signs the time, too). See https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note, https://c2sp.org/tlog-cosignature.

>>> signer = Signer.generate("example.org/record")
>>> note = signed(Checkpoint("example.org/record", 1, bytes(32)), signer)
>>> opened(note, [signer.verifier]).size
1
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pipeline.access.merkle import HASH_BYTES
from pipeline.errors import BadRecord

MOST_BYTES = 64 * 1024  # of a note with all its signatures
Kind = Literal["log", "witness"]
_ALGORITHM: dict[Kind, bytes] = {
    "log": b"\x01",
    "witness": b"\x04",
}  # signed-note: Ed25519, and the cosignature over it
_NAME = re.compile(r"[^\s+]{1,255}")
_SIZE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_TIME_BYTES = 8
_PRIVATE = "PRIVATE+KEY+"


class NotProven(BadRecord):
    """Raised when a checkpoint is not signed as it must be, or a text is no checkpoint or no key."""

    def __init__(self, detail: str) -> None:
        super().__init__("not_proven", detail)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log vouches for. origin: the log's name; size: entries; root: Merkle root over them, 32 bytes."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under its name. kind: whether it verifies signatures of a log or of a witness."""

    name: str
    kind: Kind
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        return sha256(self.name.encode() + b"\n" + _ALGORITHM[self.kind] + self.public).digest()[:4]

    def text(self) -> str:
        """The key as one line: name+id+key, to be handed out."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ALGORITHM[self.kind] + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under its name."""

    name: str
    kind: Kind
    private: Ed25519PrivateKey

    @classmethod
    def generate(cls, name: str, kind: Kind = "log") -> "Signer":
        """A new key of this name. Raises NotProven for a name with blanks or plus signs."""
        if not _NAME.fullmatch(name):
            raise NotProven(f"{name!r} is no key's name: no blanks and no plus signs")
        return cls(name, kind, Ed25519PrivateKey.generate())

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def text(self) -> str:
        """The key as one line, to be kept: PRIVATE+KEY+name+id+key, as other implementations of signed-note write it."""
        secret = base64.b64encode(_ALGORITHM[self.kind] + self.private.private_bytes_raw()).decode()
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{secret}"


@dataclass(frozen=True, slots=True)
class Proven:
    """An opened checkpoint: who signed it, and at what time (epoch seconds) each witness did."""

    checkpoint: Checkpoint
    signed_by: tuple[str, ...]
    witnessed_at_s: tuple[tuple[str, int], ...]

    @property
    def size(self) -> int:
        """How many entries the checkpoint covers."""
        return self.checkpoint.size


def verifier_of(text: str) -> Verifier:
    """The key that a line of Verifier.text names. Raises NotProven for what is none."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    data = _decoded(encoded)
    kind: Kind | None = next((kind for kind, mark in _ALGORITHM.items() if data[:1] == mark), None)
    if kind is None or len(data) != 33 or not _NAME.fullmatch(name):
        raise NotProven("this is no public key of a log or a witness: NAME+ID+KEY")
    verifier = Verifier(name, kind, data[1:])
    if verifier.key_id.hex() != key_id:
        raise NotProven(f"the key of {name} does not fit its id: it was changed or cut")
    return verifier


def signer_of(text: str) -> Signer:
    """The private key that a line of Signer.text holds. Raises NotProven for what is none; its text never shows the secret."""
    name, _, rest = text.strip().removeprefix(_PRIVATE).partition("+")
    key_id, _, encoded = rest.partition("+")
    data = _decoded(encoded)
    kind: Kind | None = next((kind for kind, mark in _ALGORITHM.items() if data[:1] == mark), None)
    if not text.startswith(_PRIVATE) or kind is None or len(data) != 33 or not _NAME.fullmatch(name):
        raise NotProven("this is no private key of a log or a witness: PRIVATE+KEY+NAME+ID+KEY")
    signer = Signer(name, kind, Ed25519PrivateKey.from_private_bytes(data[1:]))
    if signer.verifier.key_id.hex() != key_id:
        raise NotProven(f"the key of {name} does not fit its id: it was changed or cut")
    return signer


def signed(checkpoint: Checkpoint, signer: Signer) -> str:
    """The checkpoint as a note that its log signed."""
    text = checkpoint.text()
    return f"{text}\n{_line(signer, signer.private.sign(text.encode()))}"


def witnessed(note: str, witness: Signer, at_s: int) -> str:
    """The note with a witness's signature added, which states that at at_s (epoch seconds) the witness found that the log
    had only grown: the caller has checked that, this function does not. Raises NotProven for what is no checkpoint."""
    text, _, _ = _parts(note)
    signature = witness.private.sign(_cosigned(text, at_s))
    return note + _line(witness, at_s.to_bytes(_TIME_BYTES, "big") + signature)


def opened(note: str, log_keys: Sequence[Verifier], witness_keys: Sequence[Verifier] = ()) -> Proven:
    """The checkpoint in a note that one of these logs signed; signatures by unknown keys are passed over.

    A line that names a known key but was not made by it makes the whole note worthless. Raises NotProven.
    """
    text, checkpoint, lines = _parts(note)
    signed_by: list[str] = []
    witnessed_at: list[tuple[str, int]] = []
    for name, data in lines:
        verifier = _named(name, data[:4], [*log_keys, *witness_keys])
        if verifier is None:
            continue
        at_s = _check(verifier, text, data[4:])
        if at_s is None:
            signed_by.append(name)
        else:
            witnessed_at.append((name, at_s))
    if not any(key.name == checkpoint.origin and key.name in signed_by for key in log_keys):
        raise NotProven(f"no known key of {checkpoint.origin} signed this checkpoint")
    return Proven(checkpoint, tuple(signed_by), tuple(witnessed_at))


def claimed(note: str) -> Checkpoint:
    """What a note says, whoever signed it. Raises NotProven for what is no checkpoint."""
    return _parts(note)[1]


def _check(verifier: Verifier, text: str, data: bytes) -> int | None:
    """Verify one signature. Returns the time that a witness states, epoch seconds; None for a log's, which states none. Raises
    NotProven."""
    at_s, signature = None, data
    if verifier.kind == "witness":
        at_s, signature = int.from_bytes(data[:_TIME_BYTES], "big"), data[_TIME_BYTES:]
    signed_bytes = text.encode() if at_s is None else _cosigned(text, at_s)
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, signed_bytes)
    except (InvalidSignature, ValueError):
        raise NotProven(f"a signature in the name of {verifier.name} is not by its key") from None
    return at_s


def _named(name: str, key_id: bytes, keys: Iterable[Verifier]) -> Verifier | None:
    return next((key for key in keys if key.name == name and key.key_id == key_id), None)


def _parts(note: str) -> tuple[str, Checkpoint, list[tuple[str, bytes]]]:
    """The signed text, the checkpoint in it, and name and data of each signature line. Raises NotProven for what is no
    checkpoint."""
    if len(note) > MOST_BYTES or not note.endswith("\n"):
        raise NotProven("this is no checkpoint: too long, or its last line is cut off")
    text, blank, signatures = note.rpartition("\n\n")
    if not blank:
        raise NotProven("this is no checkpoint: no blank line before its signatures")
    origin, size, root, *more = text.split("\n")[:4] if text.count("\n") >= 2 else ("", "", "")
    data = _decoded(root)
    if more or not origin or not _SIZE.fullmatch(size) or len(data) != HASH_BYTES:
        raise NotProven("this is no checkpoint: it must say origin, size and root, a line each")
    lines = [_signature(line) for line in signatures.splitlines()]
    return text + "\n", Checkpoint(origin, int(size), data), lines


def _signature(line: str) -> tuple[str, bytes]:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = _decoded(encoded)
    if mark != "\u2014" or not _NAME.fullmatch(name) or len(data) < 5:
        raise NotProven("a line behind the checkpoint is no signature")
    return name, data


def _line(signer: Signer, signature: bytes) -> str:
    return f"\u2014 {signer.name} {base64.b64encode(signer.verifier.key_id + signature).decode()}\n"


def _cosigned(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def _decoded(text: str) -> bytes:
    """Base64 as written, or nothing: a second spelling of the same bytes is no spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if base64.b64encode(data).decode() == text else b""
