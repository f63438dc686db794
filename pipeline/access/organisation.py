"""Rules for a login by an organisation's identity provider: OpenID Connect Core 1.0, authorisation code with PKCE (RFC 7636).

The provider says who somebody is and nothing else: a subject opens the one account that it was bound to, and no claim gives a
right. Pure: pipeline.desks.provider speaks with the provider.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

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
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\A[\x21-\x7e]+\Z")]
Purpose = Literal["login", "proof", "binding"]
"""Why a person was sent to the provider: to log in, to prove again who he is, or to bind his account to his subject there."""


class Binding(Message, frozen=True, kw_only=True):
    """The subject at a provider that opens an account."""

    issuer: Text
    subject: Subject
    added_ms: EpochMs

    def opens(self, issuer: str, subject: str) -> bool:
        """Whether this is the subject."""
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


class Provider(Message, frozen=True, kw_only=True):
    """What a provider publishes of itself (OpenID Connect Discovery 1.0, section 3), as far as it is used here."""

    issuer: Text
    authorization_endpoint: Text
    token_endpoint: Text
    jwks_uri: Text
    end_session_endpoint: Text | None = None
    token_endpoint_auth_methods_supported: Annotated[tuple[Text, ...], msgspec.Meta(max_length=32)] = (
        "client_secret_basic",
    )
    authorization_response_iss_parameter_supported: bool = False


def provider_of(document: bytes, issuer: str) -> Provider:
    """The provider that a discovery document describes. Raises BadRecord when it is none, names another issuer, or an address
    that is not safe."""
    try:
        provider = msgspec.json.decode(document, type=Provider)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRecord("provider", f"its discovery document cannot be read: {error}") from error
    if provider.issuer != issuer:
        raise BadRecord("provider", "its discovery document names another issuer than VIGIE_OIDC_ISSUER")
    places = (provider.authorization_endpoint, provider.token_endpoint, provider.jwks_uri)
    ends = provider.end_session_endpoint
    if not all(map(is_safe, places if ends is None else (*places, ends))):
        raise BadRecord("provider", "its discovery document names an address without TLS")
    return provider


def is_safe(url: str) -> bool:
    """Whether what is sent there can be read by the server alone: TLS, or a trial on this machine.

    >>> is_safe("https://login.example.org"), is_safe("http://login.example.org"), is_safe("http://localhost:8000/token")
    (True, False, True)
    """
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def address_of(provider: Provider, client_id: str, redirect_uri: str, state: str, flow: Flow, acr: str | None) -> str:
    """The address at the provider to which the browser goes. acr: the demanded authentication contexts, apart by blanks.

    Whoever proves again who he is, or binds an account, is asked to log in anew (max_age 0).
    """
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid",
        "state": state,
        "nonce": flow.nonce,
        "code_challenge": challenge_of(flow.verifier),
        "code_challenge_method": "S256",
    }
    if flow.purpose != "login":
        query |= {"prompt": "login", "max_age": "0"}
    if acr:
        query["acr_values"] = acr
    return _extended(provider.authorization_endpoint, query)


def logout_address_of(provider: Provider, client_id: str, back_to: str) -> str | None:
    """The address at which the session at the provider is ended (OpenID Connect RP-Initiated Logout 1.0); None: it has none."""
    if provider.end_session_endpoint is None:
        return None
    return _extended(provider.end_session_endpoint, {"client_id": client_id, "post_logout_redirect_uri": back_to})


def _extended(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def challenge_of(verifier: str) -> str:
    """The PKCE challenge of a verifier, S256.

    >>> challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def subject_of(
    token: str, keys: KeySet, provider: Provider, client_id: str, flow: Flow, acr: str | None, now_ms: int
) -> str:
    """The subject that an ID token proves, for this client and this flow. Raises BadRecord, naming the check that failed.

    UnknownKey when none of the keys has the token's kid: the provider may have new ones.
    """
    try:
        claims = jwt.decode(token, lambda of: _key_of(keys, of.headers()), algorithms=list(ALGORITHMS)).claims
    except UnknownKey:
        raise
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadRecord("identity", f"its signature is not the provider's ({type(error).__name__})") from error
    fault = _fault(claims, provider, client_id, flow, acr, now_ms // 1000)
    if fault is not None:
        raise BadRecord("identity", fault)
    try:
        return msgspec.convert(claims.get("sub"), Subject)
    except msgspec.ValidationError as error:
        raise BadRecord("identity", "it names no subject") from error


class UnknownKey(BadRecord):
    """Raised when a token names a key that the provider had not published when it was asked."""

    def __init__(self) -> None:
        super().__init__("identity", "it is signed with a key that the provider does not publish")


def _key_of(keys: KeySet, headers: Mapping[str, Any]) -> Any:
    """The one published key that the token names; without a name, the only one."""
    kid = headers.get("kid")
    fitting = [key for key in keys.keys if key.key_type != "oct" and (kid is None or key.kid == kid)]
    if len(fitting) != 1:
        raise UnknownKey
    return fitting[0]


def _fault(
    claims: Mapping[str, Any], provider: Provider, client_id: str, flow: Flow, acr: str | None, now_s: int
) -> str | None:
    """What is wrong with the claims (OpenID Connect Core 1.0, section 3.1.3.7); None: nothing."""
    audience = claims.get("aud")
    audiences: Sequence[Any] = audience if isinstance(audience, list) else [audience]
    checks: Mapping[str, bool] = {
        "it is of another issuer": claims.get("iss") == provider.issuer,
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
