"""Rules for a login by an organisation's identity provider: OpenID Connect Core 1.0, authorisation code with PKCE (RFC 7636).

The provider says who somebody is and nothing else: a subject opens the one account that it was bound to, and no claim gives a
right. Pure: pipeline.desks.provider speaks with the provider.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pipeline.errors import BadRecord
from schemas.base import EpochMs, Message, Text

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384")
"""By which an ID token may be signed; each needs the provider's private key."""
LEEWAY_S = 60
"""How far the provider's clock and ours may be apart."""
OLDEST_S = 600
"""An ID token that was issued longer ago is refused."""
Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\A[\x21-\x7e]+\Z")]
Purpose = Literal["login", "proof", "binding"]
"""Why a person was sent to the provider: to log in, to prove again who he is, or to bind his account to his subject there."""


class Binding(Message, frozen=True, kw_only=True):
    """The subject at a provider that opens an account."""

    issuer: Text
    subject: Subject
    added_ms: EpochMs

    def opens(self, issuer: str, subject: str) -> bool:
        """Whether the binding is to this subject at this issuer."""
        return (self.issuer, self.subject) == (issuer, subject)


class Flow(Message, frozen=True, kw_only=True):
    """A person's way to the provider and back; it is kept here, and its name is the `state`. browser: the digest of the cookie
    that it began with. user_id: who was logged in then; None: nobody."""

    purpose: Purpose
    nonce: Text
    verifier: Text
    browser: Text
    user_id: Text | None = None
    began_ms: EpochMs


def challenge_of(verifier: str) -> str:
    """The PKCE challenge of a verifier, S256.

    >>> challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def subject_of(token: str, keys: KeySet, issuer: str, client_id: str, flow: Flow, acr: str | None, now_ms: int) -> str:
    """The subject that an ID token proves, for this client and this flow, at now_ms (UTC). acr: the login contexts of which the
    token must name one, apart by blanks; None: any. Raises BadRecord, naming the check that failed.

    UnknownKey unless exactly one of the keys fits the token's kid: the provider may have new ones.
    """
    try:
        claims = jwt.decode(token, lambda of: _key_of(keys, of.headers()), algorithms=list(ALGORITHMS)).claims
    except UnknownKey:
        raise
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadRecord("identity", f"its signature is not the provider's ({type(error).__name__})") from error
    fault = _fault(claims, issuer, client_id, flow, acr, now_ms // 1000)
    if fault is not None:
        raise BadRecord("identity", fault)
    try:
        return msgspec.convert(claims.get("sub"), Subject)
    except msgspec.ValidationError as error:
        raise BadRecord("identity", "it names no subject") from error


class UnknownKey(BadRecord):
    """Raised when not exactly one of the published keys fits a token: its own was not published yet, or several fit."""

    def __init__(self) -> None:
        super().__init__("identity", "it is signed with a key that the provider does not publish")


def _key_of(keys: KeySet, headers: Mapping[str, Any]) -> Any:
    """The one published key that the token names; without a name, the only one. Raises UnknownKey where there is none, or several
    fit."""
    kid = headers.get("kid")
    fitting = [key for key in keys.keys if key.key_type != "oct" and (kid is None or key.kid == kid)]
    if len(fitting) != 1:
        raise UnknownKey
    return fitting[0]


def _fault(
    claims: Mapping[str, Any], issuer: str, client_id: str, flow: Flow, acr: str | None, now_s: int
) -> str | None:
    """What is wrong with the claims (OpenID Connect Core 1.0, section 3.1.3.7); None: nothing."""
    audience = claims.get("aud")
    audiences: Sequence[Any] = audience if isinstance(audience, list) else [audience]
    checks: Mapping[str, bool] = {
        "it is of another issuer": claims.get("iss") == issuer,
        "it is for another client": client_id in audiences and (len(audiences) == 1 or "azp" in claims),
        "it was issued to another client": claims.get("azp", client_id) == client_id,
        "it has expired": _number(claims, "exp") > now_s - LEEWAY_S,
        "it was issued long ago": _number(claims, "iat") >= now_s - OLDEST_S,
        "it was issued in the future": _number(claims, "iat") <= now_s + LEEWAY_S,
        "it holds only later": "nbf" not in claims or 0 <= _number(claims, "nbf") <= now_s + LEEWAY_S,
        "it answers another request": hmac.compare_digest(str(claims.get("nonce")).encode(), flow.nonce.encode()),
        "the person did not log in anew": flow.purpose == "login"
        or flow.began_ms // 1000 - LEEWAY_S <= _number(claims, "auth_time") <= now_s + LEEWAY_S,
        f"the login was not of the kind that is demanded ({acr})": acr is None or claims.get("acr") in acr.split(),
    }
    return next((fault for fault, holds in checks.items() if not holds), None)


def _number(claims: Mapping[str, Any], name: str) -> float:
    """The claim as a number; -1 where it is none."""
    value = claims.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1.0
