"""Routes for passkeys: enrolment and removal by a person who is logged in, login, and proving again who one is.

The authenticator must verify its user.
"""

import json
from typing import Annotated, Any

import msgspec
import webauthn
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from pipeline.access.rights import Person
from pipeline.desks.problems import Problem, bad_request, not_found
from pipeline.desks.route import Asked, Route, RouteAnswer
from pipeline.desks.session_routes import Me, opened, proven
from pipeline.state.credential_store import MOST_PASSKEYS, Passkey
from schemas.base import EpochMs, Identifier, Message, Text

_VERIFIED = UserVerificationRequirement.REQUIRED
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Encoded = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]*\Z", max_length=8192)]


_WEBAUTHN = {
    "client_data_json": "clientDataJSON", "attestation_object": "attestationObject", "signature": "signature",
    "authenticator_data": "authenticatorData", "user_handle": "userHandle",
}  # fmt: skip
"""What WebAuthn calls them."""


_UNVERIFIED = (WebAuthnException, ValueError, KeyError, TypeError, RecursionError)
"""What the library raises for what is no passkey; the last: JSON or CBOR nested too deeply."""


class Ceremony(Message, frozen=True, kw_only=True):
    """The options for the browser's navigator.credentials. ceremony: sent back with the answer, and valid once."""

    ceremony: Name
    options: Annotated[dict[Text, Any], msgspec.Meta(max_length=32)]


class PasskeyShown(Message, frozen=True, kw_only=True):
    """One passkey of the person who is logged in. name: chosen by that person."""

    passkey_id: Identifier
    name: Name
    added_ms: EpochMs


class Passkeys(Message, frozen=True, kw_only=True):
    """The passkeys of the person who is logged in, oldest first."""

    items: Annotated[tuple[PasskeyShown, ...], msgspec.Meta(max_length=MOST_PASSKEYS)]


class AttestationResponse(Message, frozen=True, kw_only=True):
    """The authenticator's answer about a new passkey, in base64url."""

    client_data_json: Encoded
    attestation_object: Encoded


class AssertionResponse(Message, frozen=True, kw_only=True):
    """The authenticator's signature with what it signed, in base64url."""

    client_data_json: Encoded
    authenticator_data: Encoded
    signature: Encoded
    user_handle: Encoded | None = None


class Enrolment(Message, frozen=True, kw_only=True):
    """A new passkey. name: chosen by its owner."""

    ceremony: Name
    name: Name
    id: Encoded
    response: AttestationResponse


class Assertion(Message, frozen=True, kw_only=True):
    """A passkey's signature."""

    ceremony: Name
    id: Encoded
    response: AssertionResponse


async def enrolment_options(asked: Asked) -> RouteAnswer:
    """The options for making a new passkey."""
    person, origin = asked.somebody, asked.house.origin
    known = (await asked.house.credentials.of(person.user_id)).passkeys
    if len(known) >= MOST_PASSKEYS:
        raise Problem(422, "passkeys", "There are enough passkeys.", permits=f"at most {MOST_PASSKEYS}")
    options = webauthn.generate_registration_options(
        rp_id=origin.name,
        rp_name="Vigie",
        user_id=person.user_id.encode(),
        user_name=person.user_id,
        user_display_name=person.user.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in known],
    )
    return await _ceremony(asked, options.challenge, webauthn.options_to_json(options))


async def enrol(asked: Asked) -> RouteAnswer:
    """Verify and store a new passkey of the person who is logged in."""
    made, house = asked.given(Enrolment), asked.house
    challenge = await _challenge(asked, made.ceremony)
    try:
        verified = webauthn.verify_registration_response(
            credential=_credential(made.id, made.response),
            expected_challenge=challenge,
            expected_rp_id=house.origin.name,
            expected_origin=house.origin.url,
            require_user_verification=True,
        )
    except _UNVERIFIED as error:
        raise bad_request(f"this is no passkey for {house.origin.name}: {type(error).__name__}", "passkey") from None
    passkey = Passkey(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        name=made.name,
        uses=verified.sign_count,
        added_ms=asked.now_ms,
    )
    await house.credentials.put_passkey(asked.somebody.user_id, passkey)
    return RouteAnswer()


async def list_passkeys(asked: Asked) -> RouteAnswer:
    """The passkeys of the person who is logged in, oldest first."""
    known = (await asked.house.credentials.of(asked.somebody.user_id)).passkeys
    items = tuple(
        PasskeyShown(passkey_id=one.passkey_id, name=one.name, added_ms=one.added_ms)
        for one in sorted(known, key=lambda one: one.added_ms)
    )
    return RouteAnswer(value=Passkeys(items=items))


async def remove(asked: Asked) -> RouteAnswer:
    """Remove one of one's own passkeys: nobody can log in with it any more. Open sessions go on."""
    if not await asked.house.credentials.remove_passkey(asked.somebody.user_id, asked.key):
        raise not_found()
    return RouteAnswer()


async def login_options(asked: Asked) -> RouteAnswer:
    """The challenge that a passkey must sign to log in. Nothing about the person is asked or answered."""
    options = webauthn.generate_authentication_options(rp_id=asked.house.origin.name, user_verification=_VERIFIED)
    return await _ceremony(asked, options.challenge, webauthn.options_to_json(options))


async def claimed(asked: Asked) -> str:
    """The account that the passkey names, for the record, `nobody` where there is none: the signature is verified later."""
    name = _named(asked.given(Assertion).response.user_handle)
    return name if name and asked.house.directory.person(name, asked.now_ms) else "nobody"


async def log_in(asked: Asked) -> RouteAnswer:
    """Log in with a passkey, which identifies its person."""
    return await opened(asked, await _signed(asked, None), "passkey")


async def prove(asked: Asked) -> RouteAnswer:
    """Prove again, with a passkey, who one is."""
    await _signed(asked, asked.somebody.user_id)
    return await proven(asked)


async def _signed(asked: Asked, user_id: str | None) -> Person:
    """The person whose passkey signed. user_id: the person that it must be; None: any. Raises Problem."""
    made, house = asked.given(Assertion), asked.house
    challenge = await _challenge(asked, made.ceremony)
    name = user_id or _named(made.response.user_handle)
    person = house.directory.person(name, asked.now_ms) if name else None
    refused = Problem(401, "login", "This is no passkey of an account here.")
    try:
        credential_id = webauthn.base64url_to_bytes(
            made.id
        )  # before anything depends on whether there is such an account
    except ValueError:
        raise refused from None
    if person is None or person.user.disabled:
        raise refused
    passkeys = (await house.credentials.of(person.user_id)).passkeys
    for one in passkeys:
        if credential_id != one.credential_id:
            continue
        try:
            verified = webauthn.verify_authentication_response(
                credential=_credential(made.id, made.response),
                expected_challenge=challenge,
                expected_rp_id=house.origin.name,
                expected_origin=house.origin.url,
                credential_public_key=one.public_key,
                credential_current_sign_count=one.uses,
                require_user_verification=True,
            )
        except _UNVERIFIED:
            raise refused from None
        used = msgspec.structs.replace(one, uses=verified.new_sign_count)
        if not await house.credentials.used_passkey(person.user_id, used):
            raise refused
        return person
    raise refused


async def _ceremony(asked: Asked, challenge: bytes, options: str) -> RouteAnswer:
    name = await asked.house.sessions.put_challenge(_whose(asked) + challenge)
    return RouteAnswer(value=Ceremony(ceremony=name, options=json.loads(options)))


async def _challenge(asked: Asked, ceremony: str) -> bytes:
    """The challenge of this ceremony, which is deleted; it must have been begun by the same person. Raises Problem."""
    kept = await asked.house.sessions.take_challenge(ceremony)
    whose = _whose(asked)
    if kept is None or not kept.startswith(whose):
        raise bad_request("begin again: this was used, is too old, or was not begun here", "ceremony")
    return kept.removeprefix(whose)


def _whose(asked: Asked) -> bytes:
    return (asked.person.user_id if asked.person else "").encode() + b"\n"


def _named(user_handle: str | None) -> str | None:
    try:
        return webauthn.base64url_to_bytes(user_handle).decode() if user_handle else None
    except ValueError:
        return None


def _credential(credential_id: str, response: AttestationResponse | AssertionResponse) -> dict[str, Any]:
    """The credential in the form that the library takes."""
    return {
        "id": credential_id,
        "rawId": credential_id,
        "type": "public-key",
        "response": {_WEBAUTHN[name]: value for name, value in msgspec.structs.asdict(response).items()},
    }


ROUTES = (
    Route(method="POST", path="/passkeys/options", about="Begin to enrol a passkey. Shortly after a proof.",
          handle=enrolment_options, fresh=True, answer=Ceremony),
    Route(method="POST", path="/passkeys", about="Enrol a passkey. Shortly after a proof.", handle=enrol, fresh=True,
          entry="rights", body=Enrolment),
    Route(method="GET", path="/passkeys", about="One's own passkeys.", handle=list_passkeys, answer=Passkeys),
    Route(method="DELETE", path="/passkeys/{key}", about="Remove a passkey of one's own. Shortly after a proof.",
          handle=remove, fresh=True, entry="rights"),
    Route(method="POST", path="/session/passkey/options", about="Begin to log in with a passkey.", handle=login_options,
          public=True, answer=Ceremony),
    Route(method="POST", path="/session/passkey", about="Log in with a passkey.", handle=log_in, public=True,
          identify=claimed, entry="login", body=Assertion, answer=Me),
    Route(method="POST", path="/session/proof/passkey/options", about="Begin to prove again who you are.",
          handle=login_options, answer=Ceremony),
    Route(method="POST", path="/session/proof/passkey", about="Prove again who you are, by passkey.", handle=prove,
          entry="login", body=Assertion, answer=Me),
)  # fmt: skip
