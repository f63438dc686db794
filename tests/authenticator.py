"""An authenticator in software, for tests: makes passkeys and signs with them as WebAuthn defines."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text_of(data: bytes) -> str:
    """The bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass(slots=True)
class Authenticator:
    """One passkey. verifies: whether it asks its user for a finger or a PIN. uses: how often it has signed, as it tells
    servers."""

    origin: str
    rp_id: str = "localhost"
    verifies: bool = True
    uses: int = 0
    user_handle: bytes = b""
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def enrol(self, ceremony: dict[str, Any], name: str = "key ring") -> dict[str, Any]:
        """The request body that enrols this passkey, under `name`. ceremony: the server's answer that began the enrolment."""
        options = ceremony["options"]
        self.user_handle = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        public = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + attested})
        response = {
            "client_data_json": text_of(self._client("webauthn.create", options)),
            "attestation_object": text_of(made),
        }
        return {"ceremony": ceremony["ceremony"], "name": name, "id": text_of(self.credential_id), "response": response}

    def sign(self, ceremony: dict[str, Any]) -> dict[str, Any]:
        """The request body that logs in with this passkey; the counter goes up by one. ceremony: the server's answer that
        began it."""
        self.uses += 1
        data, client = self._data(0), self._client("webauthn.get", ceremony["options"])
        signature = self.key.sign(data + sha256(client).digest(), ECDSA(SHA256()))
        response = {
            "client_data_json": text_of(client), "authenticator_data": text_of(data), "signature": text_of(signature),
            "user_handle": text_of(self.user_handle),
        }  # fmt: skip
        return {"ceremony": ceremony["ceremony"], "id": text_of(self.credential_id), "response": response}

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.uses.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        ).encode()
