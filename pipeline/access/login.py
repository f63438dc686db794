"""Rules for sessions, for limits on guessing, and for passwords. No clock and no store."""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Literal

import msgspec

from schemas.base import Count, EpochMs, Identifier, Message, Text

MINUTE_MS = 60_000
Proof = Literal["password", "passkey", "organisation", "initial"]
"""How a person proved who he is. organisation: by its identity provider. initial: a password that another one chose; it serves to
choose one's own or to bind the organisation's login, and nothing else."""

GUESSES, GUESSES_MS = 5, 15 * MINUTE_MS
"""So many attempts with a password for one account from one place, or from one known browser, within this time."""
GUESSES_OF_PLACE = 50
"""And so many from one address for whatever accounts. A known browser has a count of its own, so that nobody is locked out by
others; a passkey cannot be guessed and is never counted."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
SOMEBODY, MOST_MARKS = "", 8
"""Whose mark says that anybody at all logged in from a browser; and of how many accounts a browser keeps the marks."""
FRESH_MS = 5 * MINUTE_MS
"""For so long after a proof the person may change how he logs in."""


class Shift(Message, frozen=True, kw_only=True):
    """The work that a person has begun: the reason for everything that is shown meanwhile. access_id: its entry in the
    record."""

    desk_id: Identifier
    reason: Text
    case_reference: Text | None = None
    access_id: Identifier
    began_ms: EpochMs


class Session(Message, frozen=True, kw_only=True):
    """One login of one person in one browser. stamps: the counts of `end all sessions` and `end this person's sessions` when
    it began."""

    user_id: Identifier
    how: Proof
    opened_ms: EpochMs
    proven_ms: EpochMs  # the last time that the person proved who he is
    seen_ms: EpochMs
    stamps: tuple[Count, Count]
    shift: Shift | None = None


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How long a session lasts without a request (idle_ms), and how long at most (longest_ms)."""

    idle_ms: Annotated[int, msgspec.Meta(gt=0)] = 30 * MINUTE_MS
    longest_ms: Annotated[int, msgspec.Meta(gt=0)] = 12 * 60 * MINUTE_MS


def ends_ms(session: Session, bounds: Bounds) -> int:
    """When the session ends if no more requests come, UTC ms."""
    return min(session.seen_ms + bounds.idle_ms, session.opened_ms + bounds.longest_ms)


def is_over(session: Session, stamps: tuple[int, int], now_ms: int, bounds: Bounds) -> bool:
    """Whether the session has ended at now_ms (UTC): by time, because all sessions or this person's were ended since, or because
    the clock has gone back. stamps: the present counts (see Session)."""
    return session.stamps != stamps or not session.opened_ms <= now_ms < ends_ms(session, bounds)


def weak_password(password: str, user_id: str) -> str | None:
    """Why a password may not be chosen, in words; None: it may.

    >>> weak_password("short", "an.peeters")
    'a password has 12 to 256 characters'
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
    folded = password.casefold()
    if len(set(folded)) < 6 or user_id.casefold() in folded:
        return "a password is not a few characters repeated, and does not hold the account's name"
    return None


def known_browser(key: bytes, user_id: str, nonce: str, others: Sequence[str] = ()) -> str:
    """What a browser stores after a login, so that later attempts to log in are not counted as a stranger's. It proves nothing
    else: the nonce, the mark of somebody's login, that of this account, and those of others who logged in there, latest first.

    >>> marks = known_browser(bytes(32), "an.peeters", "n1")
    >>> [is_known(bytes(32), who, marks) for who in ("an.peeters", SOMEBODY, "jan.claes")]
    [True, True, False]
    """
    marks = dict.fromkeys([_mark(key, SOMEBODY, nonce), _mark(key, user_id, nonce), *others])
    return ".".join([nonce, *list(marks)[: 1 + MOST_MARKS]])


def is_known(key: bytes, user_id: str, kept: str) -> bool:
    """Whether this account has logged in from this browser before. user_id SOMEBODY: whether anybody has. kept: what the browser
    stored."""
    nonce, *marks = kept.split(".")
    mine = _mark(key, user_id, nonce).encode()
    return any(hmac.compare_digest(mine, one.encode()) for one in marks)


def _mark(key: bytes, user_id: str, nonce: str) -> str:
    return hmac.new(key, f"browser:{user_id}:{nonce}".encode(), sha256).hexdigest()
