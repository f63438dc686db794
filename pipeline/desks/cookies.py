"""The two cookies: the session's token, and by what a browser is known again. No page can read them, no other site send them.

`__Host-` binds them to this host and path / over TLS; browsers take http://localhost for as safe.
"""

import secrets

from aiohttp import web

from pipeline.access.login import is_known, known_browser

SESSION, BROWSER = "__Host-vigie", "__Host-vigie-browser"
BROWSER_KEPT_S = 180 * 86_400
_LONGEST = 200


def session_token(request: web.Request) -> str | None:
    """The token of the request, if there is one that could be ours."""
    token = request.cookies.get(SESSION)
    return token if token and len(token) <= _LONGEST and token.isascii() else None


def set_session(response: web.StreamResponse, token: str) -> None:
    """Give the browser the token for as long as it stays open."""
    response.set_cookie(SESSION, token, path="/", secure=True, httponly=True, samesite="Strict")


def drop_session(response: web.StreamResponse) -> None:
    """Have the browser forget the token."""
    response.set_cookie(SESSION, "", path="/", secure=True, httponly=True, samesite="Strict", max_age=0)


def known_nonce(request: web.Request, key: bytes, user_id: str) -> str | None:
    """By what the browser is known as one in which this account logged in before; None: it is not."""
    kept = request.cookies.get(BROWSER, "")
    return kept.partition(".")[0] if len(kept) <= _LONGEST and kept and is_known(key, user_id, kept) else None


def set_known(response: web.StreamResponse, key: bytes, user_id: str) -> None:
    """Have the browser known again. (It keeps this for the last account that logged in.)"""
    kept = known_browser(key, user_id, secrets.token_urlsafe(12))
    response.set_cookie(BROWSER, kept, path="/", secure=True, httponly=True, samesite="Strict", max_age=BROWSER_KEPT_S)
