"""Proves who sends a request over HTTP: by its password (Basic, a token, the address), by Digest, or by its client certificate."""

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.access.consumers import certificate_digest
from pipeline.access.sender_secrets import ADDRESS
from pipeline.gateway.digests import Digests
from pipeline.gateway.pulling.digest import fields_of
from pipeline.gateway.senders import Claim, Proofs, claim_of, is_proven
from pipeline.reads.versions import Versions
from schemas.senders import Sender

AGAIN_MS = 1_000
"""All senders are looked through for an unknown certificate at most so often."""
_BASIC = 'Basic realm="vigie"'


class Presented(NamedTuple):
    """What a request shows of its sender. headers: names in lower case. certificate: of the client (DER), which TLS has verified;
    None: it has none."""

    method: str
    target: str
    headers: Mapping[str, str]
    certificate: bytes | None


class NotProven(Exception):
    """Raised for a request whose sender is not known or not proven. claim: who it says that it is; sender: of that name; is_stale:
    it knows the password, and is to answer a new nonce; challenges: values of WWW-Authenticate."""

    def __init__(
        self, claim: Claim | None, sender: Sender | None, challenges: list[str], *, is_stale: bool = False
    ) -> None:
        super().__init__("not proven")
        self.claim, self.sender, self.challenges, self.is_stale = claim, sender, challenges, is_stale


class Proving:
    """Proves the senders of one gateway. senders: followed from Redis."""

    def __init__(self, senders: Versions[Sender], digests: Digests) -> None:
        self._senders, self._digests, self._proofs = senders, digests, Proofs()
        self._certified: dict[str, str] = {}  # the sender by the digest of its certificate
        self._looked_ms = 0

    def proven_before(self, header: str, target: str, now_ms: int) -> tuple[Claim, Sender] | None:
        """What a request with this Authorization header claims, and its sender, where the header proved it before; None: it did
        not, or the sender is no more what it was."""
        return self._proofs.known(header, target, lambda name: self._senders.at(name, now_ms)) if header else None

    def proven(self, shown: Presented, now_ms: int) -> tuple[Claim, Sender]:
        """What the request claims, and its sender, who has proven it now. What is in the request counts before the certificate of
        its connection. Raises NotProven, which does not tell whether there is such a sender."""
        header = shown.headers.get("authorization", "")
        if header[:7].lower() == "digest " and not shown.target.startswith(ADDRESS):  # some send an empty one beside it
            return self._by_digest(header, shown, now_ms)
        claim = claim_of(shown.target, shown.headers)
        if claim is None and not header and shown.certificate is not None:
            return self._by_certificate(shown.certificate, shown.target, now_ms)
        sender = self._senders.at(claim.sender_id, now_ms) if claim is not None else None
        if claim is None or sender is None or not is_proven(claim, sender):
            raise NotProven(claim, sender, self._asked(now_ms))
        if claim.by == "password":
            self._proofs.keep(header, sender)
        return claim, sender

    def _by_digest(self, header: str, shown: Presented, now_ms: int) -> tuple[Claim, Sender]:
        claim = Claim(fields_of(header).get("username", ""), "", "digest", shown.target)
        sender = self._senders.at(claim.sender_id, now_ms)
        verdict = "wrong"
        if sender is not None:
            verdict = self._digests.verdict(header, sender, shown.method, shown.target, now_ms)
            if verdict == "proven":
                return claim, sender
        is_stale = verdict == "stale"
        raise NotProven(claim, sender, self._asked(now_ms, is_stale=is_stale), is_stale=is_stale)

    def _by_certificate(self, certificate: bytes, target: str, now_ms: int) -> tuple[Claim, Sender]:
        digest = certificate_digest(certificate)
        sender_id = self._certified.get(digest, "")
        if not self._is_its(sender_id, digest, now_ms) and now_ms - self._looked_ms >= AGAIN_MS:
            self._looked_ms = now_ms
            self._certified = {
                secret.digest: one.sender_id
                for one in self._senders.as_of(now_ms).values()
                for secret in one.secrets
                if secret.is_certificate
            }
            sender_id = self._certified.get(digest, "")
        sender = self._senders.at(sender_id, now_ms)
        if sender is None or not self._is_its(sender_id, digest, now_ms):
            claim = Claim(f"certificate {digest[:16]}", "", "certificate", target)
            raise NotProven(claim, None, self._asked(now_ms))
        return Claim(sender_id, "", "certificate", target), sender

    def _asked(self, now_ms: int, *, is_stale: bool = False) -> list[str]:
        return [*self._digests.challenges(now_ms, is_stale=is_stale), _BASIC]

    def _is_its(self, sender_id: str, digest: str, now_ms: int) -> bool:
        """Whether the certificate with this digest is this sender's, and has not ended."""
        sender = self._senders.at(sender_id, now_ms)
        return sender is not None and any(
            one.is_certificate and one.digest == digest and (one.until_ms is None or now_ms < one.until_ms)
            for one in sender.secrets
        )
