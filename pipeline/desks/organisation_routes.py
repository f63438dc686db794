"""Routes for logins by the organisation's identity provider: to it, back from it, and the binding of an account to a subject there.

The provider sends the browser back to the first page, whose script hands in code and state from this site: so these are writes
like any other, and the cookie of the way may be as strict as the session's.
"""

import secrets
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from pipeline.access.organisation import Binding, Flow, Purpose, Subject
from pipeline.access.provider import address_of
from pipeline.desks.cookies import drop_flow, flow_token, set_flow
from pipeline.desks.problems import Problem, bad_request, not_found
from pipeline.desks.provider import ProviderClient
from pipeline.desks.route import Asked, Route, RouteAnswer
from pipeline.desks.session_routes import Me, opened, proven
from pipeline.errors import BadRecord
from schemas.base import UNREADABLE, EpochMs, Message, Text

Opaque = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class LoginWays(Message, frozen=True, kw_only=True):
    """How one may log in here, besides by password and passkey. organisation: the name of the identity provider's host."""

    organisation: Text | None = None


class Departure(Message, frozen=True, kw_only=True):
    """The address at the identity provider to which the browser goes now."""

    url: Annotated[str, msgspec.Meta(max_length=8192)]


class Arrival(Message, frozen=True, kw_only=True):
    """What the identity provider sent the browser back with. iss: the provider that says so (RFC 9207)."""

    code: Opaque
    state: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    iss: Text | None = None


class BindingShown(Message, frozen=True, kw_only=True):
    """To which subject the account of who is logged in is bound; all absent: to none."""

    issuer: Text | None = None
    subject: Subject | None = None
    added_ms: EpochMs | None = None


async def ways(asked: Asked) -> RouteAnswer:
    """How one may log in here."""
    provider = asked.house.provider
    return RouteAnswer(
        value=LoginWays(organisation=None if provider is None else urlsplit(provider.settings.issuer).hostname)
    )


def departing(purpose: Purpose) -> Callable[[Asked], Awaitable[RouteAnswer]]:
    """The route that sends the browser to the provider for this purpose."""

    async def depart(asked: Asked) -> RouteAnswer:
        client, browser = _client(asked), secrets.token_urlsafe(32)
        flow = Flow(
            purpose=purpose, nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48),
            browser=sha256(browser.encode()).hexdigest(), user_id=_user_id(asked), began_ms=asked.now_ms,
        )  # fmt: skip
        provider = await client.provider()
        state = await asked.house.sessions.put_challenge(msgspec.json.encode(flow))
        asked.after.append(lambda response: set_flow(response, browser))
        known = client.settings
        return RouteAnswer(
            value=Departure(url=address_of(provider, known.client_id, client.redirect_uri, state, flow, known.acr))
        )

    return depart


async def claimed(asked: Asked) -> str:
    """The account that the subject opens, for a login."""
    subject = await _subject(asked, "login")
    user_id = await asked.house.credentials.user_of(_client(asked).settings.issuer, subject)
    if user_id is None:
        raise Problem(403, "unbound", "This login opens no account here.",
                      permits="logging in here otherwise, and binding the account to it")  # fmt: skip
    return user_id


async def log_in(asked: Asked) -> RouteAnswer:
    """Log in as the person whom the provider named."""
    person = asked.house.directory.person(asked.claimed or "", asked.now_ms)
    if person is None or person.user.disabled:
        raise Problem(401, "login", "This account is disabled or gone.")
    return await opened(asked, person, "organisation")


async def prove(asked: Asked) -> RouteAnswer:
    """Prove again who one is, by a new login at the provider."""
    subject = await _subject(asked, "proof")
    user_id = asked.somebody.user_id
    if await asked.house.credentials.user_of(_client(asked).settings.issuer, subject) != user_id:
        raise Problem(403, "proof", "Somebody else has logged in there.")
    return await proven(asked)


async def bind(asked: Asked) -> RouteAnswer:
    """Bind the account to the subject who has just logged in at the provider."""
    subject, issuer = await _subject(asked, "binding"), _client(asked).settings.issuer
    made = Binding(issuer=issuer, subject=subject, added_ms=asked.now_ms)
    if not await asked.house.credentials.bind(asked.somebody.user_id, made):
        raise Problem(409, "bound", "This login opens another account already.")
    return await opened(asked, asked.somebody, "organisation")


async def show_binding(asked: Asked) -> RouteAnswer:
    """The subject to which the account is bound."""
    binding = (await asked.house.credentials.of(asked.somebody.user_id)).binding
    if binding is None:
        return RouteAnswer(value=BindingShown())
    return RouteAnswer(value=BindingShown(issuer=binding.issuer, subject=binding.subject, added_ms=binding.added_ms))


async def unbind(asked: Asked) -> RouteAnswer:
    """Let no login at the provider open the account any more. Open sessions go on."""
    if not await asked.house.credentials.unbind(asked.somebody.user_id):
        raise not_found()
    return RouteAnswer()


async def _subject(asked: Asked, purpose: Purpose) -> str:
    """The subject at the provider, of a way that this browser began for this purpose. Raises Problem."""
    arrival, client = asked.given(Arrival), _client(asked)
    asked.after.append(drop_flow)
    kept = await asked.house.sessions.take_challenge(arrival.state)
    flow = _flow(kept)
    browser = sha256((flow_token(asked.request) or "").encode()).hexdigest()
    if flow is None or (flow.purpose, flow.browser, flow.user_id) != (purpose, browser, _user_id(asked)):
        raise bad_request("begin again: this was used, is too old, or was not begun here", "flow")
    provider = await client.provider()
    if arrival.iss != provider.issuer and (arrival.iss or provider.authorization_response_iss_parameter_supported):
        raise bad_request("this comes from another provider", "flow")
    try:
        return await client.subject(arrival.code, flow, asked.now_ms)
    except BadRecord as error:
        raise Problem(403, "provider", "The identity provider's word was not accepted.", detail=error.detail) from None


def _flow(kept: bytes | None) -> Flow | None:
    try:
        return None if kept is None else msgspec.json.decode(kept, type=Flow)
    except UNREADABLE:  # a passkey's challenge
        return None


def _client(asked: Asked) -> ProviderClient:
    if asked.house.provider is None:
        raise not_found()
    return asked.house.provider


def _user_id(asked: Asked) -> str | None:
    return asked.person.user_id if asked.person else None


ROUTES = (
    Route(method="GET", path="/session/ways", about="How one may log in here.", handle=ways, public=True,
          answer=LoginWays),
    Route(method="POST", path="/session/organisation/options", about="Begin to log in at the identity provider.",
          handle=departing("login"), public=True, answer=Departure),
    Route(method="POST", path="/session/organisation", about="Log in as the identity provider says.", handle=log_in,
          public=True, identify=claimed, entry="login", body=Arrival, answer=Me),
    Route(method="POST", path="/session/proof/organisation/options", about="Begin to prove again who you are, there.",
          handle=departing("proof"), answer=Departure),
    Route(method="POST", path="/session/proof/organisation", about="Prove again who you are, by a new login there.",
          handle=prove, entry="login", body=Arrival, answer=Me),
    Route(method="GET", path="/binding", about="The login there that opens your account.", handle=show_binding,
          answer=BindingShown),
    Route(method="POST", path="/binding/options", about="Begin to bind your account to a login there. Shortly after a proof.",
          handle=departing("binding"), first=True, fresh=True, answer=Departure),
    Route(method="POST", path="/binding", about="Bind your account to this login.", handle=bind, first=True,
          entry="rights", body=Arrival, answer=Me),
    Route(method="DELETE", path="/binding", about="Let no login there open your account. Shortly after a proof.",
          handle=unbind, fresh=True, entry="rights"),
)  # fmt: skip
