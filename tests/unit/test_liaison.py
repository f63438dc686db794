"""What crosses the border is signed, what comes back is believed only if it is, and failures are waited out fairly."""

import base64
import json
from contextlib import suppress
from random import Random
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadRecord
from pipeline.neighbours import signatures
from pipeline.neighbours.later import LATER_TYPE, verify_later
from pipeline.neighbours.message import (
    ACKNOWLEDGEMENT_TYPE,
    FORWARD_TYPE,
    MAX_SIGNED_BYTES,
    Acknowledgement,
    DeskAnswer,
    Retry,
    Settled,
    UnreadableForward,
    refusal_of,
    sign_acknowledgement,
    sign_forward,
    verdict_of,
    verify_acknowledgement,
    verify_forward,
)
from pipeline.neighbours.retry_after import retry_after_s
from pipeline.neighbours.signatures import NotAuthentic
from pipeline.runtime.back_off import BackOff
from schemas.outcomes import Forward
from tests.desks import NOW_MS, make_forward

AnswerOutcome = Literal["acknowledged", "refused"]
BE_PEM, NL_PEM, OTHER_PEM = (signatures.generate_private_pem() for _ in range(3))
BE_KEY, NL_KEY, OTHER_KEY = map(signatures.signing_key_of, (BE_PEM, NL_PEM, OTHER_PEM))
BE_RING = signatures.key_ring_of("BE", signatures.public_pem_of(BE_PEM))
NL_RING = signatures.key_ring_of("NL", signatures.public_pem_of(NL_PEM))


def word_on(forward: Forward, outcome: AnswerOutcome = "acknowledged", country: str = "NL") -> Acknowledgement:
    """The desk's word on a forward."""
    return Acknowledgement(
        forward_id=forward.forward_id,
        from_country=country,
        outcome=outcome,
        reference="NL-7",
        at_ms=NOW_MS,
    )


def answer_of(status: int, forward: Forward, outcome: AnswerOutcome = "acknowledged") -> DeskAnswer:
    """An HTTP answer with the desk's signed word."""
    return DeskAnswer(status, sign_acknowledgement(word_on(forward, outcome), NL_KEY).encode())


def with_header(token: str, **members: object) -> str:
    """The token with some members of its header changed and the signature left as it was."""
    head, payload, signature = token.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(header | members).encode()).rstrip(b"=").decode()
    return f"{changed}.{payload}.{signature}"


def test_a_signed_forward_arrives_as_it_was_sent() -> None:
    """Signing and verifying give back the forward, its sender and the time in whole seconds."""
    signed = verify_forward(sign_forward(make_forward(), BE_KEY, sender="BE", at_ms=NOW_MS + 999), BE_RING)
    assert (make_forward(), "BE", NOW_MS) == (signed.forward, signed.sender, signed.signed_at_ms)


def test_the_header_names_algorithm_key_type_sender_and_time() -> None:
    """The protected header holds what RFC 9864, RFC 7638 and the contract ask for, and nothing else."""
    head = sign_forward(make_forward(), BE_KEY, sender="BE", at_ms=NOW_MS).split(".")[0]
    expected = {"alg": "Ed25519", "kid": BE_KEY.thumbprint(), "typ": FORWARD_TYPE, "iss": "BE", "iat": NOW_MS // 1000}
    assert expected == json.loads(base64.urlsafe_b64decode(head + "=="))


def test_signing_again_gives_the_same_text() -> None:
    """A replay sends byte for byte what was sent before."""
    first, second = (sign_forward(make_forward(), BE_KEY, sender="BE", at_ms=NOW_MS) for _ in range(2))
    assert first == second


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_older_name_of_the_algorithm_is_understood() -> None:
    """A neighbour whose library writes EdDSA (RFC 8037) is understood: the signature is the same."""
    from joserfc import jws

    header = {"alg": "EdDSA", "kid": BE_KEY.thumbprint(), "typ": FORWARD_TYPE, "iss": "BE", "iat": NOW_MS // 1000}
    payload = msgspec.json.encode(make_forward())
    registry = jws.JWSRegistry(algorithms=["EdDSA"], strict_check_header=False)
    token = jws.serialize_compact(header, payload, BE_KEY, registry=registry)
    assert make_forward() == verify_forward(token, BE_RING).forward


def test_a_tampered_payload_is_not_authentic() -> None:
    """Another plate under the old signature is found out."""
    token = sign_forward(make_forward(), BE_KEY, sender="BE", at_ms=NOW_MS)
    other = sign_forward(make_forward(plate="9XYZ999"), BE_KEY, sender="BE", at_ms=NOW_MS)
    head, _, signature = token.split(".")
    with pytest.raises(NotAuthentic):
        verify_forward(f"{head}.{other.split('.')[1]}.{signature}", BE_RING)


@pytest.mark.parametrize(
    "members",
    [{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256"}, {"iss": "FR"}, {"iat": 1}, {"typ": ACKNOWLEDGEMENT_TYPE},
     {"kid": "x"}, {"b64": False, "crit": ["b64"]}, {"jwk": {"kty": "OKP"}}, {"exp": 1}],
    ids=str,
)  # fmt: skip
def test_a_changed_header_is_not_authentic(members: dict[str, object]) -> None:
    """No other algorithm, sender, time, type or key, and no additional member, passes under the old signature."""
    token = sign_forward(make_forward(), BE_KEY, sender="BE", at_ms=NOW_MS)
    with pytest.raises(NotAuthentic):
        verify_forward(with_header(token, **members), BE_RING)


def test_a_token_without_a_signature_is_not_authentic() -> None:
    """Algorithm none with an empty signature is refused."""
    head, payload, _ = with_header(sign_forward(make_forward(), BE_KEY, sender="BE", at_ms=NOW_MS), alg="none").split(
        "."
    )
    with pytest.raises(NotAuthentic):
        verify_forward(f"{head}.{payload}.", BE_RING)


def test_a_key_that_is_not_known_is_not_authentic() -> None:
    """The right sender's name under another key is refused, and the detail names the key."""
    with pytest.raises(NotAuthentic, match=OTHER_KEY.thumbprint()):
        verify_forward(sign_forward(make_forward(), OTHER_KEY, sender="BE", at_ms=NOW_MS), BE_RING)


def test_one_country_cannot_sign_for_another() -> None:
    """A known key counts only for the country that it belongs to."""
    with pytest.raises(NotAuthentic):
        verify_forward(sign_forward(make_forward(), NL_KEY, sender="BE", at_ms=NOW_MS), {**BE_RING, **NL_RING})


def test_an_acknowledgement_is_no_forward() -> None:
    """What was signed for one purpose proves nothing for another."""
    token = sign_acknowledgement(word_on(make_forward()), NL_KEY)
    with pytest.raises(NotAuthentic, match="typ"):
        verify_forward(token, NL_RING)


def test_two_keys_of_one_country_both_count_while_it_changes_them() -> None:
    """A file with the old and the new public key verifies what either signed."""
    ring = signatures.key_ring_of("BE", signatures.public_pem_of(BE_PEM) + signatures.public_pem_of(OTHER_PEM))
    for key in (BE_KEY, OTHER_KEY):
        assert (
            make_forward() == verify_forward(sign_forward(make_forward(), key, sender="BE", at_ms=NOW_MS), ring).forward
        )


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_rubbish_is_not_authentic_and_nothing_worse(rubbish: bytes) -> None:
    """Whatever bytes come, the answer is NotAuthentic."""
    with pytest.raises(NotAuthentic):
        verify_forward(rubbish, BE_RING)


@given(st.integers(min_value=0, max_value=2000), st.integers(min_value=0, max_value=255))
def test_any_changed_byte_is_found_out(place: int, byte: int) -> None:
    """No single byte of a token can be another one, except for bits that base64 does not carry."""
    token = bytearray(sign_forward(make_forward(), BE_KEY, sender="BE", at_ms=NOW_MS).encode())
    token[place % len(token)] = byte
    try:
        seen = verify_forward(bytes(token), BE_RING)
    except NotAuthentic:
        return
    assert make_forward() == seen.forward


def test_a_genuine_text_that_is_no_forward_is_unreadable_but_named() -> None:
    """The desk can still say which forward it refuses."""
    for payload, forward_id in ((b'{"forward_id":"f-9"}', "f-9"), (b"[]", None), (b"\xff", None)):
        token = signatures.sign(payload, BE_KEY, typ=FORWARD_TYPE, issuer="BE", at_ms=NOW_MS)
        with pytest.raises(UnreadableForward) as caught:
            verify_forward(token, BE_RING)
        assert forward_id == caught.value.forward_id


def test_the_longest_forward_that_the_contract_allows_can_be_sent_and_a_longer_one_is_a_bad_record() -> None:
    """Texts at their longest fit a desk's limit; a forward beyond it is dead-lettered, not queued."""
    names = ("case_reference", "legal_basis", "purpose", "handling_code", "offence_category", "place", "contact")
    longest = make_forward(**dict.fromkeys(names, "\U0001f697" * 1000))
    token = sign_forward(longest, BE_KEY, sender="BE", at_ms=NOW_MS)
    assert longest == verify_forward(token, BE_RING).forward
    with pytest.raises(BadRecord, match="too_large"):
        sign_forward(make_forward(forward_id="f" * MAX_SIGNED_BYTES), BE_KEY, sender="BE", at_ms=NOW_MS)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({}, None), ({"country": "FR"}, "wrong_country"), ({"expires_at_ms": NOW_MS}, "expired"),
     ({"kind": "recall"}, "refers_to_nothing"), ({"kind": "recall", "refers_to": "f-0"}, None)],
    ids=str,
)  # fmt: skip
def test_a_desk_refuses_what_is_not_for_it(changes: dict[str, object], reason: str | None) -> None:
    """Another country's, an expired and an aimless forward are refused, each with its reason."""
    refusal = refusal_of(make_forward(**changes), "NL", NOW_MS)
    assert reason == (refusal and refusal[0])


@pytest.mark.parametrize(("status", "outcome"), [(200, "acknowledged"), (201, "acknowledged"), (422, "refused")])
def test_a_signed_word_that_agrees_with_the_status_settles(status: int, outcome: AnswerOutcome) -> None:
    """2xx with a signed acknowledgement, 4xx with a signed refusal: the forward is settled and the proof kept."""
    forward = make_forward()
    answer = answer_of(status, forward, outcome)
    assert Settled(word_on(forward, outcome), answer.body.decode()) == verdict_of(answer, forward, NL_RING, NOW_MS)


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [(200, "refused", "contradictory"), (404, "acknowledged", "contradictory"), (302, "acknowledged", "contradictory"),
     (429, "acknowledged", "busy"), (408, "refused", "busy"), (503, "acknowledged", "unavailable")],
)  # fmt: skip
def test_a_signed_word_under_another_status_does_not_settle(status: int, outcome: AnswerOutcome, reason: str) -> None:
    """A word that its own status contradicts is not taken for an answer."""
    verdict = verdict_of(answer_of(status, make_forward(), outcome), make_forward(), NL_RING, NOW_MS)
    assert isinstance(verdict, Retry)
    assert reason == verdict.reason


@pytest.mark.parametrize(("here_ms", "settles"), [(0, False), (3_600_000, True)])
def test_a_desk_whose_clock_is_ahead_is_tried_again_while_ours_says_that_the_forward_is_good(
    here_ms: int, settles: bool
) -> None:
    """Its clock is named; once it has expired here, too, its word counts."""
    forward = make_forward(expires_after_ms=1_800_000)
    word = msgspec.structs.replace(word_on(forward, "refused"), reason="expired", at_ms=NOW_MS + here_ms + 3_600_000)
    answer = DeskAnswer(410, sign_acknowledgement(word, NL_KEY).encode())
    verdict = verdict_of(answer, forward, NL_RING, NOW_MS + here_ms)
    assert settles == isinstance(verdict, Settled)
    assert settles or (isinstance(verdict, Retry) and "its clock is 3600 s ahead of ours" in verdict.detail)


@pytest.mark.parametrize("depth", [1_000, 5_000, 30_000])
def test_what_is_nested_too_deeply_proves_nothing_and_is_answered(depth: int) -> None:
    """In a field that is ignored, in the header, in a forward or in a later word: nothing but the agreed errors is raised."""
    forward, deep = make_forward(), b"[" * depth + b"]" * depth
    signed = {
        typ: signatures.sign(msgspec.json.encode(what)[:-1] + b',"z":' + deep + b"}", NL_KEY, typ=typ, issuer="NL", at_ms=NOW_MS)
        for typ, what in ((ACKNOWLEDGEMENT_TYPE, word_on(forward)), (FORWARD_TYPE, forward), (LATER_TYPE, {}))
    }  # fmt: skip
    header = base64.urlsafe_b64encode(b'{"alg":' + deep + b"}").rstrip(b"=")
    for token in (signed[ACKNOWLEDGEMENT_TYPE].encode(), header + b".e30.e30"):
        assert isinstance(verdict_of(DeskAnswer(200, token), forward, NL_RING, NOW_MS), Retry | Settled)
    with suppress(UnreadableForward):
        verify_forward(signed[FORWARD_TYPE], NL_RING)
    with pytest.raises(NotAuthentic):
        verify_later(signed[LATER_TYPE], NL_RING, "NL")


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 413])
def test_an_unsigned_answer_proves_nothing(status: int) -> None:
    """A proxy's page, whatever its status, neither acknowledges nor refuses."""
    verdict = verdict_of(DeskAnswer(status, b"<html>hello</html>"), make_forward(), NL_RING, NOW_MS)
    assert isinstance(verdict, Retry)
    assert verdict.reason == "unproven"


def test_the_word_of_another_key_or_on_another_forward_or_from_another_country_proves_nothing() -> None:
    """An acknowledgement binds key, forward and country."""
    forward = make_forward()
    wrong = [
        (sign_acknowledgement(word_on(forward), OTHER_KEY), NL_RING),
        (sign_acknowledgement(word_on(make_forward("f-2")), NL_KEY), NL_RING),
        (sign_acknowledgement(word_on(forward, country="LU"), NL_KEY), {("LU", NL_KEY.thumbprint()): NL_KEY}),
        (signatures.sign(b"{}", NL_KEY, typ=ACKNOWLEDGEMENT_TYPE, issuer="NL", at_ms=NOW_MS), NL_RING),
    ]
    for token, ring in wrong:
        with pytest.raises(NotAuthentic) as refused:
            verify_acknowledgement(token, ring, forward)
        assert "f-2" not in refused.value.detail, "an id in a log is keyed"


def test_a_tampered_reference_proves_nothing() -> None:
    """The neighbour's reference, outcome and time are under the signature."""
    head, _, signature = sign_acknowledgement(word_on(make_forward()), NL_KEY).split(".")
    other = msgspec.structs.replace(word_on(make_forward()), reference="NL-8")
    payload = base64.urlsafe_b64encode(msgspec.json.encode(other)).rstrip(b"=").decode()
    with pytest.raises(NotAuthentic):
        verify_acknowledgement(f"{head}.{payload}.{signature}", NL_RING, make_forward())


def test_the_waits_double_up_to_the_cap_and_differ() -> None:
    """Each wait lies between half and the whole of 0.5, 1, 2 ... 30 s, and the same seed gives the same waits."""
    waits = [BackOff().wait_s(attempt, Random(attempt)) for attempt in range(1, 2000)]
    longest = [min(30.0, 0.5 * 2.0 ** min(attempt - 1, 32)) for attempt in range(1, 2000)]
    assert all(top / 2 <= wait <= top for wait, top in zip(waits, longest, strict=True))
    assert len(set(waits[10:])) > 1000
    assert waits[0] == BackOff().wait_s(1, Random(1))


def test_a_desk_that_names_a_time_is_given_it_within_reason() -> None:
    """Retry-After lengthens the wait, never shortens it, and never beyond five minutes."""
    asked = [BackOff().wait_s(1, Random(1), asked_s=seconds) for seconds in (0.0, 12.0, 1e9)]
    assert [BackOff().wait_s(1, Random(1)), 12.0, 300.0] == asked


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), (" 7 ", 7.0), ("9" * 400, 999_999_999.0), ("-1", None), ("soon", None), ("", None), ("٣", None),
     ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0), ("Thu, 01 Jan 2026 00:00:30 -0000", 30.0),
     ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0), (None, None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """Both forms of RFC 9110 are understood, and nonsense is no wish."""
    assert seconds == retry_after_s(value, NOW_MS)


def test_a_busy_desk_says_how_long() -> None:
    """Retry-After reaches the verdict, whatever failed."""
    for status in (200, 429, 503):
        verdict = verdict_of(DeskAnswer(status, b"", "9"), make_forward(), NL_RING, NOW_MS)
        assert isinstance(verdict, Retry)
        assert verdict.asked_s == 9.0


@pytest.mark.parametrize("pem", [b"", b"rubbish", signatures.public_pem_of(BE_PEM)])
def test_a_file_that_holds_no_signing_key_is_a_value_error(pem: bytes) -> None:
    """Whoever reads the file can say which one is wrong."""
    with pytest.raises(ValueError, match=r".+"):
        signatures.signing_key_of(pem)
    with pytest.raises(ValueError, match=r".+"):
        signatures.key_ring_of("BE", pem if b"PUBLIC" not in pem else b"")


@given(
    st.text(max_size=60)
    | st.builds(
        "{:%a, %d %b} {} {} {}".format,
        st.dates(),
        st.integers(-(10**12), 10**12),
        st.sampled_from(["10:00:00", "99:99:99", "24:00"]),
        st.sampled_from(["GMT", "+9999", ""]),
    )
)
def test_no_retry_after_that_a_neighbour_may_send_raises(value: str) -> None:
    """The year 99999999999 dead-lettered a forward that had an hour left: a header that says nothing is no header."""
    asked_s = retry_after_s(value, NOW_MS)
    assert asked_s is None or asked_s >= 0.0
    assert isinstance(verdict_of(DeskAnswer(503, b"", value), make_forward(), NL_RING, NOW_MS), Retry)


@given(st.binary(max_size=200), st.integers(-1, 1000))
def test_no_answer_that_a_neighbour_may_give_raises(body: bytes, status: int) -> None:
    """It settles nothing unless it is the neighbour's signed word."""
    assert isinstance(verdict_of(DeskAnswer(status, body), make_forward(), NL_RING, NOW_MS), Retry)
