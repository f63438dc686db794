"""Rules for what an organisation's identity provider publishes of itself, and for the addresses at which browsers go there."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import msgspec

from pipeline.access.organisation import Flow, challenge_of
from pipeline.errors import BadRecord
from schemas.base import UNREADABLE, Message, Text

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


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
    except UNREADABLE as error:
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
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
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
