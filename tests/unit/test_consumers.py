"""How a consumer of the feed proves who it is, and what it may have."""

import msgspec
import pytest

from pipeline.access.consumers import certificate_digest, claim_of, is_certified, is_proven, person_of
from pipeline.access.rights import Allowed, may
from schemas.judgements import Consumer, ConsumerCertificate
from tests.builders import NOON_MS
from tests.people import ELSEWHERE, ZONE, make_consumer, make_matter


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer flanders",
        "Bearer :x",
        "Bearer flanders:",
        "Basic a:b",
        f"Bearer a:{'b' * 300}",
        "Bearer \u00e9:b",
    ],
)
def test_what_is_no_token_is_no_claim(header: str) -> None:
    """Nothing is guessed of a header."""
    assert claim_of(header) is None


def test_each_of_its_secrets_proves_a_consumer_within_its_time() -> None:
    """And no other secret, no other time, and nothing without a secret."""
    consumer, token = make_consumer()
    second, _ = make_consumer(secret="another")
    both = msgspec.structs.replace(consumer, secrets=(*consumer.secrets, *second.secrets), valid_until_ms=NOON_MS + 2)
    assert ("flanders", "a-secret") == claim_of(f"Bearer {token}")
    assert [True, True] == [is_proven(both, secret, NOON_MS) for secret in ("a-secret", "another")]
    assert not is_proven(both, "a-secret", NOON_MS + 2)
    assert not is_proven(msgspec.structs.replace(both, valid_from_ms=NOON_MS + 1), "a-secret", NOON_MS)
    for wrong in (None, msgspec.structs.replace(both, secrets=()), msgspec.structs.replace(both, consumer_id="other")):
        assert not is_proven(wrong, "a-secret", NOON_MS)


def test_each_of_its_certificates_proves_a_consumer_until_it_ends() -> None:
    """And no other one; a consumer whose time is over is not proven by a certificate that lasts."""
    one, next_one = (
        ConsumerCertificate(sha256=certificate_digest(der), added_at_ms=0, until_ms=NOON_MS + 10)
        for der in (b"one", b"next")
    )
    consumer, _ = make_consumer(secrets=(), certificates=(one, next_one), valid_until_ms=NOON_MS + 2)
    assert [True, True] == [is_certified(consumer, made.sha256, NOON_MS) for made in (one, next_one)]
    assert not is_certified(consumer, certificate_digest(b"other"), NOON_MS)
    assert not is_certified(consumer, one.sha256, NOON_MS + 2)
    lasting = msgspec.structs.replace(consumer, valid_until_ms=NOON_MS + 99)
    assert [True, False] == [is_certified(lasting, one.sha256, at_ms) for at_ms in (NOON_MS + 9, NOON_MS + 10)]
    for wrong in (None, msgspec.structs.replace(consumer, certificates=())):
        assert not is_certified(wrong, one.sha256, NOON_MS)


@pytest.mark.parametrize(
    ("fields", "matter", "expected"),
    [
        ({"zones": (ZONE,)}, {}, True),
        ({"zones": (ELSEWHERE,)}, {}, False),
        ({}, {"zones": frozenset()}, True),
        ({"everywhere": False}, {}, False),
        ({"networks": ()}, {}, False),
        ({}, {"network": "local"}, False),
        ({}, {"purposes": ("hotlist",)}, False),
        ({}, {"purposes": None}, False),
    ],
)
def test_a_consumer_may_have_what_an_officer_of_its_zones_and_networks_may(
    fields: dict[str, object], matter: dict[str, object], expected: bool
) -> None:
    """What is left empty gives nothing; what is not known is not given."""
    person = person_of(make_consumer(**fields)[0])
    assert expected == isinstance(may(person, "violations.see", make_matter(**matter), NOON_MS), Allowed)
    assert not isinstance(may(person, "alerts.see", make_matter(), NOON_MS), Allowed)


def test_a_consumer_names_who_runs_it_and_the_decision_it_rests_on() -> None:
    """Blank says nothing."""
    whole = msgspec.to_builtins(make_consumer()[0])
    for fields in ({"service": " "}, {"reason": ""}, {"valid_until_ms": 0}, {"consumer_id": "a:b"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(whole | fields, Consumer)
