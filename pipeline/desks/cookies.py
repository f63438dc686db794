"""The three cookies: the session's token, the mark by which a browser is recognised, and the token of a way to the identity
provider and back. Pages cannot read them, and other sites cannot have them sent.

`__Host-` binds them to this host, the path / and TLS; browsers treat http://localhost as safe.
"""

import secrets

from aiohttp import web

from pipeline.access.login import SOMEBODY, is_known, known_browser

SESSION, BROWSER, FLOW = "__Host-vigie", "__Host-vigie-browser", "__Host-vigie-flow"
BROWSER_KEPT_S = 180 * 86_400
FLOW_KEPT_S = 300
_LONGEST, _LONGEST_MARKS = 200, 1000


def session_token(request: web.Request) -> str | None:
    """The request's session token; None: it has none of the right form."""
    token = request.cookies.get(SESSION)
    return token if token and len(token) <= _LONGEST and token.isascii() else None


def set_session(response: web.StreamResponse, token: str) -> None:
    """Give the browser the token, until it is closed."""
    response.set_cookie(SESSION, token, path="/", secure=True, httponly=True, samesite="Strict")


def drop_session(response: web.StreamResponse) -> None:
    """Delete the token from the browser."""
    response.set_cookie(SESSION, "", path="/", secure=True, httponly=True, samesite="Strict", max_age=0)


def known_nonce(request: web.Request, key: bytes, user_id: str) -> str | None:
    """The nonce of a browser in which this account has logged in before; None: it has not. user_id SOMEBODY: in which anybody
    has."""
    kept = request.cookies.get(BROWSER, "")
    known = kept.isascii() and len(kept) <= _LONGEST_MARKS and is_known(key, user_id, kept)
    return kept.partition(".")[0] if known else None


def set_known(request: web.Request, response: web.StreamResponse, key: bytes, user_id: str) -> None:
    """Give the browser that sent the request the mark of this account, beside those of others who logged in there."""
    nonce = known_nonce(request, key, SOMEBODY)
    others = request.cookies.get(BROWSER, "").split(".")[1:] if nonce else []
    kept = known_browser(key, user_id, nonce or secrets.token_urlsafe(12), others)
    response.set_cookie(BROWSER, kept, path="/", secure=True, httponly=True, samesite="Strict", max_age=BROWSER_KEPT_S)


def flow_token(request: web.Request) -> str | None:
    """The token of the way to the identity provider that this browser began; None: it began none."""
    return request.cookies.get(FLOW, "")[:_LONGEST] or None


def set_flow(response: web.StreamResponse, token: str) -> None:
    """Give the browser the token of a way to the identity provider."""
    response.set_cookie(FLOW, token, path="/", secure=True, httponly=True, samesite="Strict", max_age=FLOW_KEPT_S)


def drop_flow(response: web.StreamResponse) -> None:
    """Delete that token from the browser."""
    response.set_cookie(FLOW, "", path="/", secure=True, httponly=True, samesite="Strict", max_age=0)
