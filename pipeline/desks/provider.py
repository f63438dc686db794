"""Speaks with the organisation's identity provider: what it publishes of itself, its keys, and codes for ID tokens."""

import asyncio
import base64
import contextlib
import ssl
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import aiohttp
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pipeline.access.organisation import Flow, UnknownKey, subject_of
from pipeline.access.provider import Provider, is_safe, provider_of
from pipeline.errors import BadRecord, Misconfigured, Unavailable
from pipeline.runtime.private import OPEN, WRITABLE, check_file, read_trusted
from pipeline.runtime.settings import Settings
from schemas.base import UNREADABLE

WELL_KNOWN = "/.well-known/openid-configuration"
WITHIN_S = 5.0
MOST_BYTES = 256 * 1024
KEPT_S, AGAIN_S = 3600.0, 10.0
"""How long the provider's document and keys are kept; how soon keys are asked again for a token whose key is not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Which provider, and what Vigie is called there. secret None: a public client. acr: the kinds of login that are demanded."""

    issuer: str
    client_id: str
    secret: str | None = None
    acr: str | None = None
    tls: ssl.SSLContext | None = None


def provider_settings(settings: Settings) -> ProviderSettings | None:
    """What the settings say of the provider; None: there is none. Raises Misconfigured."""
    issuer = settings.oidc_issuer
    if issuer is None:
        return None
    if not is_safe(issuer):
        raise Misconfigured("VIGIE_OIDC_ISSUER", found=issuer, allowed="an https:// address")
    if settings.oidc_client_id is None:
        raise Misconfigured("VIGIE_OIDC_CLIENT_ID", found=None, allowed="set together with VIGIE_OIDC_ISSUER")
    tls = None
    if settings.oidc_ca_file is not None:
        try:
            check_file("VIGIE_OIDC_CA_FILE", settings.oidc_ca_file, modes=WRITABLE)
            tls = ssl.create_default_context(cafile=settings.oidc_ca_file)
        except (OSError, ssl.SSLError) as error:
            allowed = f"a file with certificates, PEM ({error})"
            raise Misconfigured("VIGIE_OIDC_CA_FILE", found=str(settings.oidc_ca_file), allowed=allowed) from error
    secret = None
    if settings.oidc_client_secret_file is not None:
        try:
            path = settings.oidc_client_secret_file
            secret = read_trusted("VIGIE_OIDC_CLIENT_SECRET_FILE", path, modes=OPEN).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            allowed = f"a readable file with the secret ({error})"
            raise Misconfigured("VIGIE_OIDC_CLIENT_SECRET_FILE", found=str(path), allowed=allowed) from error
    return ProviderSettings(
        issuer=issuer, client_id=settings.oidc_client_id, secret=secret, acr=settings.oidc_acr, tls=tls
    )


@dataclass(slots=True)
class ProviderClient:
    """One process's connection to the provider. `provider` and `subject` raise Unavailable while it is away, and BadRecord when
    what it says cannot be believed."""

    settings: ProviderSettings
    redirect_uri: str
    _http: aiohttp.ClientSession | None = None
    _provider: tuple[float, Provider] | None = None
    _keys: tuple[float, KeySet] | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def provider(self) -> Provider:
        """What the provider publishes of itself."""
        async with self._asking:
            if self._provider is None or time.monotonic() - self._provider[0] > KEPT_S:
                document = await self._fetch("GET", self.settings.issuer.rstrip("/") + WELL_KNOWN)
                self._provider = time.monotonic(), provider_of(document, self.settings.issuer)
            return self._provider[1]

    async def subject(self, code: str, flow: Flow, now_ms: int) -> str:
        """The subject of the person whom the provider sent back with this code."""
        provider = await self.provider()
        token = await self._exchanged(provider, code, flow)
        for newer_than_s in (KEPT_S, AGAIN_S):
            keys = await self._key_set(provider, newer_than_s)
            with contextlib.suppress(UnknownKey):
                return subject_of(
                    token, keys, provider.issuer, self.settings.client_id, flow, self.settings.acr, now_ms
                )
        raise UnknownKey

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def _exchanged(self, provider: Provider, code: str, flow: Flow) -> str:
        """The ID token for a code (RFC 6749, section 4.1.3)."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
            "code_verifier": flow.verifier,
        }  # fmt: skip
        headers: dict[str, str] = {}
        client_id, secret = self.settings.client_id, self.settings.secret
        if secret is None:
            form["client_id"] = client_id
        elif "client_secret_basic" in provider.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form |= {"client_id": client_id, "client_secret": secret}
        answer = await self._fetch("POST", provider.token_endpoint, data=form, headers=headers)
        try:
            return msgspec.json.decode(answer, type=_Tokens).id_token
        except UNREADABLE as error:
            raise BadRecord("provider", "it gave no ID token for the code") from error

    async def _key_set(self, provider: Provider, newer_than_s: float) -> KeySet:
        async with self._asking:
            if self._keys is None or time.monotonic() - self._keys[0] > newer_than_s:
                document = await self._fetch("GET", provider.jwks_uri)
                try:
                    self._keys = time.monotonic(), KeySet.import_key_set(msgspec.json.decode(document))
                except (*UNREADABLE, JoseError, ValueError, TypeError, KeyError) as error:
                    raise BadRecord("provider", "its keys cannot be read") from error
            return self._keys[1]

    async def _fetch(self, method: str, url: str, **request: Any) -> bytes:
        """The body of a good answer. Raises BadRecord when the provider refuses or answers too much, Unavailable when it is
        away."""
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=WITHIN_S)
            connector = aiohttp.TCPConnector(ssl=self.settings.tls or True)
            self._http = aiohttp.ClientSession(
                timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
            )
        away = Unavailable("the identity provider", retry_after_s=5.0)
        try:
            async with self._http.request(method, url, allow_redirects=False, **request) as answer:
                body = await _whole(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise away from error
        if answer.status >= 500:
            raise away
        if answer.status != 200:
            raise BadRecord("provider", f"the identity provider refused ({answer.status})")
        return body


class _Tokens(msgspec.Struct):
    """What a token endpoint answers, as far as it is used here."""

    id_token: str


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MOST_BYTES:
            raise BadRecord("provider", "its answer is too long")
    return bytes(body)
