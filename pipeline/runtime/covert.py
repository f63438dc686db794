"""Covert alerts are sealed for their owner: whoever reads the topic, the disk or a copy of it sees nothing of them.

HPKE (RFC 9180): X25519, HKDF-SHA256, ChaCha20-Poly1305, to the owner's public key. Contents are filled up to whole blocks, so
that their length tells nothing. What the topic shows is for which key a record is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pipeline.errors import BadRecord, Misconfigured
from pipeline.runtime.private import OPEN, WRITABLE, private_folder, read_trusted, write_once, write_private
from pipeline.runtime.settings import Settings
from schemas.covert import SealedAlert

SETTING = "VIGIE_COVERT_KEY_FILE"
PRIVATE, PUBLIC = "covert.pem", "covert-public.pem"
BLOCK_BYTES = 4096
_INFO = b"vigie covert alert 1"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class OwnersKey:
    """A public key, and the short name by which the topic tells for whom a record is."""

    name: str
    key: X25519PublicKey

    @classmethod
    def of(cls, key: X25519PublicKey) -> "OwnersKey":
        """The key with its name, a digest of it."""
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(sha256(raw).hexdigest()[:16], key)


@dataclass(frozen=True, slots=True)
class CovertKeys:
    """The public keys for which covert alerts are sealed. by_owner: by the owner's name as hotlist entries have it;
    default: for every other owner."""

    by_owner: Mapping[str, OwnersKey]
    default: OwnersKey

    def of(self, owner: str) -> OwnersKey:
        """The key for alerts of this owner's entries."""
        return self.by_owner.get(owner, self.default)


def covert_keys(settings: Settings) -> CovertKeys:
    """The keys that the settings name; without a default one, that of a pair made in the data folder. Raises Misconfigured."""
    by_owner = {owner: public_key(f"covert_keys.{owner}", file) for owner, file in settings.covert_keys.items()}
    if settings.covert_key_file is not None:
        return CovertKeys(by_owner, public_key(SETTING, settings.covert_key_file))
    return CovertKeys(by_owner, public_key(SETTING, make_covert_key(covert_folder(settings))))


def covert_folder(settings: Settings) -> Path:
    """The folder of the key pair that is made when the settings name no key."""
    return settings.data_dir / "covert"


def desks_key(settings: Settings) -> X25519PrivateKey | None:
    """The private key with which the desks open covert alerts, to show them to the owner's people alone: the one that the
    settings name, else that of the pair in the data folder. None: the settings name a public key but no private one, so the
    desks can open none. Raises Misconfigured."""
    if settings.covert_desks_key_file is not None:
        return private_key("VIGIE_COVERT_DESKS_KEY_FILE", settings.covert_desks_key_file)
    if settings.covert_key_file is not None:
        return None
    return private_key(SETTING, make_covert_key(covert_folder(settings)).with_name(PRIVATE))


def make_covert_key(folder: Path) -> Path:
    """Make a pair of keys in the folder, unless one is there. Returns the file of the public one. Raises Misconfigured."""
    private, public = private_folder(folder) / PRIVATE, folder / PUBLIC
    if not private.exists():  # of several processes that begin at once, one's key is taken by all
        pem = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_once(private, pem.decode())
    key = private_key(SETTING, private).public_key()
    write_private(public, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return public


def public_key(setting: str, file: Path) -> OwnersKey:
    """The public key in this PEM file, which the setting names. Raises Misconfigured where it is missing, another kind, or others
    may write it."""
    try:
        key = load_pem_public_key(read_trusted(setting, file, modes=WRITABLE))
    except (OSError, ValueError) as error:
        raise Misconfigured(setting, found=str(file), allowed=f"an X25519 public key in PEM form ({error})") from error
    if not isinstance(key, X25519PublicKey):
        raise Misconfigured(setting, found=f"{file}, another kind of key", allowed="an X25519 public key in PEM form")
    return OwnersKey.of(key)


def private_key(setting: str, file: Path) -> X25519PrivateKey:
    """The private key in this PEM file, which the setting names. Raises Misconfigured where it is missing, another kind, or others
    may read it."""
    try:
        key = load_pem_private_key(read_trusted(setting, file, modes=OPEN), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Misconfigured(setting, found=str(file), allowed=f"an X25519 private key in PEM form ({error})") from error
    if not isinstance(key, X25519PrivateKey):
        raise Misconfigured(setting, found=f"{file}, another kind of key", allowed="an X25519 private key in PEM form")
    return key


def sealed(content: bytes, key: OwnersKey) -> SealedAlert:
    """Encrypt the content, which is JSON, so that only the holder of this key's private half can read it."""
    filled = content.ljust(-(-len(content) // BLOCK_BYTES) * BLOCK_BYTES)
    return SealedAlert(for_key=key.name, sealed=_SUITE.encrypt(filled, key.key, _INFO))


def opened(message: SealedAlert, key: X25519PrivateKey) -> bytes | None:
    """Decrypt a covert alert. None: it was sealed for another key. Raises BadRecord where it was changed since."""
    if message.for_key != OwnersKey.of(key.public_key()).name:
        return None
    try:
        content: bytes = _SUITE.decrypt(message.sealed, key, _INFO)
    except (InvalidTag, ValueError) as error:
        raise BadRecord(
            "undecodable", "a covert alert that was not sealed for this key, or was changed since"
        ) from error
    return content
