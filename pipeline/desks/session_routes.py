"""Routes for logging in and out: passwords, the state of a session, shifts. Passkeys are in passkey_routes."""

import contextlib
from typing import Annotated

import msgspec

from pipeline.access.login import (
    GUESSES,
    GUESSES_MS,
    GUESSES_OF_PLACE,
    SOMEBODY,
    Proof,
    Session,
    Shift,
    ends_ms,
    weak_password,
)
from pipeline.access.provider import logout_address_of
from pipeline.access.rights import Allowed, Person, designations_at, may_at_all
from pipeline.access.roles import ACTS, Act
from pipeline.desks.cookies import drop_session, known_nonce, session_token, set_known, set_session
from pipeline.desks.place import counted_place
from pipeline.desks.problems import Problem, bad_request, login_needed
from pipeline.desks.route import Asked, Route, RouteAnswer
from pipeline.errors import BadRecord, Unavailable
from schemas.base import EpochMs, Identifier, Message, Text
from schemas.people import Designation

Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Login(Message, frozen=True, kw_only=True):
    """An account's name and password."""

    user_id: Identifier
    password: Secret


class Proving(Message, frozen=True, kw_only=True):
    """The password once more, before an important act."""

    password: Secret


class NewPassword(Message, frozen=True, kw_only=True):
    """A password that a person chose."""

    password: Secret


class Me(Message, frozen=True, kw_only=True):
    """The person who is logged in, the designations in force, and when the session ends. may: the acts that some designation
    permits now, each within its own bounds."""

    user_id: Identifier
    name: Text
    service: Text
    how: Proof
    designations: Annotated[tuple[Designation, ...], msgspec.Meta(max_length=1000)] = ()
    may: Annotated[tuple[Act, ...], msgspec.Meta(max_length=len(ACTS))]
    ends_ms: EpochMs
    shift: Shift | None = None


class LoggedOut(Message, frozen=True, kw_only=True):
    """The end of a session. provider: where the browser goes to end the session at the identity provider, too; absent: the login
    was not there, or the provider has no such address or is away."""

    provider: Annotated[str, msgspec.Meta(max_length=8192)] | None = None


async def log_in(asked: Asked) -> RouteAnswer:
    """Log in by password. Each login makes a new session with a new token. Too many attempts: 429; a wrong name or password:
    401."""
    login, house = asked.given(Login), asked.house
    names, most = _counts(asked, login.user_id)
    counted = await house.attempts.counted(names, GUESSES_MS)
    if waits := [left_ms for (count, left_ms), limit in zip(counted, most, strict=True) if count > limit]:
        raise Problem(429, "guesses", "Too many attempts.", permits="a passkey, or waiting",
                      retry_after_s=max(1, max(waits) // 1000))  # fmt: skip
    credentials = await house.credentials.of(login.user_id)
    known = known_nonce(asked.request, house.key, SOMEBODY) is not None
    fits = await house.passwords.fits(credentials.password_hash, login.password, known=known)
    person = house.directory.person(login.user_id, asked.now_ms)
    if not fits or person is None or person.user.disabled:
        raise Problem(401, "login", "This is no account with this password.")
    await house.attempts.forget(names[:1])
    return await opened(asked, person, "initial" if credentials.initial else "password")


async def opened(asked: Asked, person: Person, how: Proof) -> RouteAnswer:
    """Open a session for a person who proved who he is; the browser's earlier session is ended."""
    house = asked.house
    if (earlier := session_token(asked.request)) is not None:
        await house.sessions.end(earlier)
    token, session = await house.sessions.open(person.user_id, how, asked.now_ms)
    asked.after.append(lambda response: set_session(response, token))
    asked.after.append(lambda response: set_known(asked.request, response, house.key, person.user_id))
    return RouteAnswer(value=me_of(asked, person, session))


def _counts(asked: Asked, user_id: str) -> tuple[list[str], list[int]]:
    """The names under which an attempt to log in is counted, and how many attempts each allows."""
    nonce = known_nonce(asked.request, asked.house.key, user_id)
    if nonce is not None:
        return [f"{user_id} in {nonce}"], [GUESSES]
    place = counted_place(asked.house, asked.request)
    return [f"{user_id} from {place}", f"from {place}"], [GUESSES, GUESSES_OF_PLACE]


async def show(asked: Asked) -> RouteAnswer:
    """The person who is logged in."""
    return RouteAnswer(value=me_of(asked, asked.somebody, asked.own_session))


async def log_out(asked: Asked) -> RouteAnswer:
    """End this session."""
    await asked.house.sessions.end(asked.token or "")
    asked.after.append(drop_session)
    client, address = asked.house.provider, None
    if client is not None and asked.own_session.how == "organisation":
        with contextlib.suppress(Unavailable, BadRecord):  # the session here has ended all the same
            provider = await client.provider()
            address = logout_address_of(provider, client.settings.client_id, client.redirect_uri)
    return RouteAnswer(value=LoggedOut(provider=address))


async def prove(asked: Asked) -> RouteAnswer:
    """Prove again, with the password, who one is. The session gets a new token. After too many wrong attempts in it the session
    ends: another session of the same person does not."""
    house, user_id = asked.house, asked.somebody.user_id
    ((count, left_ms),) = await house.attempts.counted([f"{asked.token} proves"], GUESSES_MS)
    if count > GUESSES:
        await house.sessions.end(asked.token or "")
        raise Problem(
            429, "guesses", "Too many attempts.", permits="a new login", retry_after_s=max(1, left_ms // 1000)
        )
    credentials = await house.credentials.of(user_id)
    if not await house.passwords.fits(credentials.password_hash, asked.given(Proving).password, known=True):
        raise Problem(403, "proof", "This is not the password.")
    await house.attempts.forget([f"{asked.token} proves"])
    return await proven(asked)


async def proven(asked: Asked) -> RouteAnswer:
    """Note in the session that the person has just proved again who he is, and give the session a new token (cookie). Raises
    Problem where it has ended meanwhile. Returns the person who is logged in, as `show` does."""
    session = msgspec.structs.replace(asked.own_session, proven_ms=asked.now_ms)
    token = await asked.house.sessions.rotate(asked.token or "", session, asked.now_ms)
    if token is None:
        raise login_needed()
    asked.after.append(lambda response: set_session(response, token))
    return RouteAnswer(value=me_of(asked, asked.somebody, session))


async def choose_password(asked: Asked) -> RouteAnswer:
    """Set a new password. All sessions of the person end; this browser gets a new one, opened with the new password and without a
    shift."""
    house, password = asked.house, asked.given(NewPassword).password
    user_id = asked.somebody.user_id
    fault = weak_password(password, user_id)
    if fault is None and await house.passwords.fits(
        (await house.credentials.of(user_id)).password_hash, password, known=True
    ):
        fault = "it is the old one"
    if fault is not None:
        raise bad_request(fault, "weak_password")
    await house.credentials.set_password(user_id, await house.passwords.hashed(password), initial=False)
    await house.sessions.end_all(user_id)
    return await opened(asked, asked.somebody, "password")


def me_of(asked: Asked, person: Person, session: Session) -> Me:
    """The person, as the API shows who is logged in."""
    return Me(
        user_id=person.user_id,
        name=person.user.name,
        service=person.user.service,
        how=session.how,
        designations=designations_at(person, asked.now_ms),
        may=tuple(act for act in ACTS if isinstance(may_at_all(person, act, asked.now_ms), Allowed)),
        ends_ms=ends_ms(session, asked.house.sessions.bounds),
        shift=session.shift,
    )


ROUTES = (
    Route(method="POST", path="/session", about="Log in with a password.", handle=log_in, public=True, entry="login",
          body=Login, answer=Me),
    Route(method="GET", path="/session", about="Who is logged in here.", handle=show, first=True, answer=Me),
    Route(method="DELETE", path="/session", about="Log out.", handle=log_out, first=True, entry="logout",
          answer=LoggedOut),
    Route(method="POST", path="/session/proof", about="Prove again who you are, by password.", handle=prove,
          first=True, entry="login", body=Proving, answer=Me),
    Route(method="PUT", path="/password", about="Choose a password. Shortly after a proof.", handle=choose_password,
          first=True, fresh=True, entry="rights", body=NewPassword, answer=Me),
)  # fmt: skip
