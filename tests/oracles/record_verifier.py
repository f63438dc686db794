"""A second verifier of the record's log, written from the texts alone: RFC 6962 section 2.1; c2sp.org/tlog-tiles, tlog-checkpoint
and signed-note. It shares no code with Vigie: standard library, and Ed25519 of the library `cryptography`.

It says yes or no, slowly: every hash is computed from the entries by the RFC's own recursion.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Rejected(Exception):
    """Raised when the log is not the one that was vouched for. The message says what is wrong."""


def accept(folder: Path, vkeys: Sequence[str], kept_notes: Sequence[str] = ()) -> int:
    """Verify the log in a folder (public/ and records/). Returns the number of its entries. Raises Rejected."""
    public = folder / "public"
    origin, size, root = checkpoint_of(read(public / "checkpoint").decode("utf-8", "replace"), vkeys)
    leaves = leaf_hashes(public, folder / "records", size)
    if merkle_tree_hash(leaves) != root:
        raise Rejected("the root is another")
    for note in kept_notes:
        kept_origin, kept_size, kept_root = checkpoint_of(note, vkeys)
        if kept_origin != origin or kept_size > size or merkle_tree_hash(leaves[:kept_size]) != kept_root:
            raise Rejected("a checkpoint that was handed out is no beginning of this log")
    return size


def checkpoint_of(note: str, vkeys: Sequence[str]) -> tuple[str, int, bytes]:
    """Origin, size and root of a signed note. signed-note: the text ends before the last empty line. Raises Rejected when it
    is no checkpoint or none of the keys signed it."""
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n"):
        raise Rejected("no note")
    text, lines = note[: cut + 1], note[cut + 2 :].split("\n")[:-1]
    if not any(verifies(line, text, vkey) for line in lines for vkey in vkeys):
        raise Rejected("nobody known signed it")
    parts = text.split("\n")
    if len(parts) < 4 or not parts[0] or not parts[1].isascii() or not parts[1].isdigit():
        raise Rejected("no checkpoint")
    if len(parts[1]) > 1 and parts[1].startswith("0"):
        raise Rejected("a size with leading zeroes")
    try:
        root = base64.b64decode(parts[2], validate=True)
    except ValueError as error:
        raise Rejected("a root that is no base64") from error
    return parts[0], int(parts[1]), root


def verifies(line: str, text: str, vkey: str) -> bool:
    """Whether this signature line is by this key. Raises Rejected for a line that names the key and is not by it."""
    name, _, rest = vkey.partition("+")
    key = base64.b64decode(rest.partition("+")[2])
    if key[:1] != b"\x01":
        return False
    key_id = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014":
        raise Rejected("no signature line")
    try:
        data = base64.b64decode(parts[2], validate=True)
    except ValueError as error:
        raise Rejected("a signature that is no base64") from error
    if parts[1] != name or data[:4] != key_id:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(data[4:], text.encode())
    except InvalidSignature as error:
        raise Rejected("a wrong signature") from error
    return True


def leaf_hashes(public: Path, records: Path, size: int) -> list[bytes]:
    """The leaf hashes, SHA-256(0x00 || entry) by RFC 6962. Checks that each entry is its record's SHA-256, and that the
    tiles hold the hashes."""
    leaves: list[bytes] = []
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        entries = split(part(public / "tile" / "entries", index, width))[:width]
        bodies = [record[8:] for record in split(part(records, index, width))[:width]]
        if len(entries) != width or [hashlib.sha256(body).digest() for body in bodies] != entries:
            raise Rejected(f"bundle {index}: records and entries do not fit")
        found = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
        if part(public / "tile" / "0", index, width)[: 32 * width] != b"".join(found):
            raise Rejected(f"tile {index} of level 0")
        leaves += found
    check_upper_tiles(public, leaves)
    return leaves


def check_upper_tiles(public: Path, leaves: list[bytes]) -> None:
    """Check hash i of tile n of level l: it must be MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])."""
    level, hashes = 1, len(leaves) // 256
    while hashes:
        for index in range((hashes + 255) // 256):
            width = min(256, hashes - index * 256)
            span = 256**level
            wanted = b"".join(
                merkle_tree_hash(leaves[(index * 256 + number) * span : (index * 256 + number + 1) * span])
                for number in range(width)
            )
            if part(public / "tile" / str(level), index, width)[: 32 * width] != wanted:
                raise Rejected(f"tile {index} of level {level}")
        level, hashes = level + 1, hashes // 256


def merkle_tree_hash(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash over leaf hashes, which are split at the largest power of two below their number."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split_at = 1
    while split_at * 2 < len(leaves):
        split_at *= 2
    left, right = merkle_tree_hash(leaves[:split_at]), merkle_tree_hash(leaves[split_at:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def part(folder: Path, index: int, width: int) -> bytes:
    """The content of a tile or bundle of this width, or of the full one that it has become. Its number is written in
    elements of three digits."""
    digits = str(index)
    digits = digits.zfill((len(digits) + 2) // 3 * 3)
    elements = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*("x" + element for element in elements[:-1]), elements[-1]])
    partial = folder / f"{name}.p" / str(width)
    return read(partial if width < 256 and partial.exists() else folder / name)


def read(file: Path) -> bytes:
    """The content of a file. Raises Rejected when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Rejected(f"{file.name} is missing") from error


def split(data: bytes) -> list[bytes]:
    """The entries of a bundle, each of which stands behind its length in two bytes, big-endian. Raises Rejected when it ends
    early."""
    found = []
    while data:
        length = int.from_bytes(data[:2], "big")
        if len(data) < 2 + length:
            raise Rejected("a bundle ends within an entry")
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found
