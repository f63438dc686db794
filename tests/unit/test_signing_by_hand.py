"""A neighbour that has nothing but docs/authority.md, openssl and a shell signs what we take."""

import json
import subprocess
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from pipeline.neighbours.later import verify_later
from pipeline.neighbours.message import sign_forward, verify_acknowledgement
from pipeline.neighbours.signatures import NotAuthentic, generate_private_pem, key_ring_of, signing_key_of
from tests.desks import NOW_MS, make_forward

FORWARD = make_forward()


def part(data: bytes) -> str:
    """As a part of a JWS is written."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class ByHand:
    """A key that openssl made."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, folder / "key.pem"
        self.run("genpkey", "-algorithm", "ed25519", "-out", str(self.key))
        self.public_pem = self.run("pkey", "-in", str(self.key), "-pubout")
        x = part(self.run("pkey", "-in", str(self.key), "-pubout", "-outform", "DER")[-32:])
        self.kid = part(sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest())

    def run(self, *arguments: str) -> bytes:
        """What openssl answers."""
        return subprocess.run(("openssl", *arguments), check=True, capture_output=True).stdout

    def signed(self, typ: str, payload: dict[str, Any]) -> str:
        """The payload as a word of the Netherlands."""
        header = {"alg": "Ed25519", "kid": self.kid, "typ": typ, "iss": "NL", "iat": NOW_MS // 1000}
        text = ".".join(part(json.dumps(one).encode()) for one in (header, payload))
        (self.folder / "signed-part").write_text(text)
        arguments = ("-sign", "-rawin", "-inkey", str(self.key), "-in", str(self.folder / "signed-part"))
        return f"{text}.{part(self.run('pkeyutl', *arguments))}"


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> ByHand:
    """The Netherlands, with a key."""
    version = (
        subprocess.run(("openssl", "version"), check=False, capture_output=True).stdout if which("openssl") else b"none"
    )
    if not version.startswith(b"OpenSSL 3"):
        pytest.skip("openssl 3 is not here")
    return ByHand(tmp_path_factory.mktemp("nl"))


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
