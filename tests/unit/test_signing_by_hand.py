"""A neighbour that has nothing but docs/authority.md signs what we take: with Ed25519 alone, and, where the machine has them, with
openssl's commands."""

import json
import subprocess
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline.neighbours.later import verify_later
from pipeline.neighbours.message import sign_forward, verify_acknowledgement
from pipeline.neighbours.signatures import NotAuthentic, generate_private_pem, key_ring_of, signing_key_of
from tests.desks import NOW_MS, make_forward

FORWARD = make_forward()


def part(data: bytes) -> str:
    """As a part of a JWS is written."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class ByHand:
    """A neighbour's key, and words signed with it as docs/authority.md says: part by part, by no library of signatures."""

    def __init__(self, x: bytes, public_pem: bytes, sign: Callable[[bytes], bytes]) -> None:
        self.public_pem, self._sign = public_pem, sign
        self.kid = part(sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{part(x)}"}}'.encode()).digest())

    def signed(self, typ: str, payload: dict[str, Any]) -> str:
        """The payload as a word of the Netherlands."""
        header = {"alg": "Ed25519", "kid": self.kid, "typ": typ, "iss": "NL", "iat": NOW_MS // 1000}
        text = ".".join(part(json.dumps(one).encode()) for one in (header, payload))
        return f"{text}.{part(self._sign(text.encode()))}"


def by_python(_: Path) -> ByHand:
    """With the key as a library has it."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return ByHand(public.public_bytes_raw(), pem, key.sign)


def by_openssl(folder: Path) -> ByHand:
    """With the commands of the documentation."""
    key, said = str(folder / "key.pem"), folder / "signed-part"

    def run(*arguments: str) -> bytes:
        return subprocess.run(("openssl", *arguments), check=True, capture_output=True).stdout

    def sign(text: bytes) -> bytes:
        said.write_bytes(text)
        return run("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", str(said))

    run("genpkey", "-algorithm", "ed25519", "-out", key)
    public = "pkey", "-in", key, "-pubout"
    return ByHand(run(*public, "-outform", "DER")[-32:], run(*public), sign)


def has_openssl() -> bool:
    """Whether this machine has the commands: Vigie does not ask for them."""
    if which("openssl") is None:
        return False
    return subprocess.run(("openssl", "version"), check=False, capture_output=True).stdout.startswith(b"OpenSSL 3")


@pytest.fixture(scope="module", params=[by_python, *([by_openssl] if has_openssl() else [])])
def neighbour(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ByHand:
    """The Netherlands, with a key."""
    made: ByHand = request.param(tmp_path_factory.mktemp("nl"))
    return made


def test_a_word_that_was_signed_by_the_documentation_alone_counts(neighbour: ByHand) -> None:
    """On the message, and later; each under its own type alone."""
    ring = key_ring_of("NL", neighbour.public_pem)
    said = {"forward_id": FORWARD.forward_id, "from_country": "NL", "at_ms": NOW_MS, "reference": "NL-7"}
    taken = neighbour.signed("vigie-acknowledgement+jws", said | {"outcome": "acknowledged"})
    assert "acknowledged" == verify_acknowledgement(taken, ring, FORWARD).outcome
    refused = neighbour.signed(
        "vigie-acknowledgement+jws", said | {"outcome": "refused", "reason": "no_unit", "detail": "none is near"}
    )
    assert "no_unit" == verify_acknowledgement(refused, ring, FORWARD).reason
    later = neighbour.signed("vigie-outcome+jws", said | {"outcome": "stopped"})
    assert ("stopped", "NL-7") == ((word := verify_later(later, ring, "NL")).outcome, word.reference)
    with pytest.raises(NotAuthentic):
        verify_acknowledgement(later, ring, FORWARD)


def test_our_message_is_what_the_documentation_says() -> None:
    """Its header has those members, and its payload is the message."""
    token = sign_forward(FORWARD, signing_key_of(generate_private_pem()), sender="BE", at_ms=NOW_MS)
    header, payload, _ = (json.loads(_padded(one)) if at < 2 else one for at, one in enumerate(token.split(".")))
    assert {"alg", "kid", "typ", "iss", "iat"} == set(header)
    assert ("Ed25519", "vigie-forward+jws", "BE") == (header["alg"], header["typ"], header["iss"])
    assert FORWARD.forward_id == payload["forward_id"]


def _padded(one: str) -> bytes:
    return urlsafe_b64decode(one + "=" * (-len(one) % 4))
