"""Neighbours verify our signatures with the keys that we publish, also while we change ours."""

from typing import Any

import msgspec
import pytest
from joserfc.jwk import OKPKey

from pipeline.neighbours import signatures
from pipeline.neighbours.message import sign_forward, verify_forward
from pipeline.neighbours.published import MOST_KEYS, KeySet, key_set_of, without
from pipeline.neighbours.signatures import NotAuthentic, kid_of, public_pem_of, signing_key_of
from tests.desks import NOW_MS, make_forward

OLD, NEXT = signatures.generate_private_pem(), signatures.generate_private_pem()
OLD_KID, NEXT_KID = (kid_of(signing_key_of(one)) for one in (OLD, NEXT))


def ring_of(published: bytes) -> dict[tuple[str, str], OKPKey]:
    """What a neighbour makes of the key set, which it fetched as JSON: any library of JOSE can."""
    keys: KeySet = msgspec.json.decode(published, type=KeySet)
    plain: list[dict[str, Any]] = [msgspec.to_builtins(one) | {"kty": one.kty, "crv": one.crv} for one in keys.keys]
    return {(keys.issuer, one["kid"]): OKPKey.import_key(one) for one in plain}


def published(*pems: bytes) -> bytes:
    """The key set of these signing keys, as it is handed out."""
    return msgspec.json.encode(key_set_of("BE", b"".join(map(public_pem_of, pems))))


def signed_by(pem: bytes) -> str:
    """A forward that we signed with this key."""
    return sign_forward(make_forward(), signing_key_of(pem), sender="BE", at_ms=NOW_MS)


def test_a_key_changes_without_a_moment_in_which_a_signature_is_not_known() -> None:
    """A neighbour that fetched the set at any step verifies what is signed until the next step but one."""
    both = published(OLD, NEXT)
    for fetched, signing in ((published(OLD), OLD), (both, OLD), (both, NEXT), (published(NEXT), NEXT)):
        assert "BE" == verify_forward(signed_by(signing), ring_of(fetched)).sender
    with pytest.raises(NotAuthentic):
        verify_forward(signed_by(OLD), ring_of(published(NEXT)))


def test_what_is_published_names_each_key_and_holds_no_private_part() -> None:
    """By its thumbprint, as tokens do."""
    keys = msgspec.json.decode(published(OLD, NEXT))
    assert [OLD_KID, NEXT_KID] == [one["kid"] for one in keys["keys"]]
    assert all("d" not in one for one in keys["keys"])


def test_an_old_key_is_taken_out_and_the_only_one_is_not() -> None:
    """Nor one that is not there; nor is anything but Ed25519 published, or too much."""
    both = b"".join(map(public_pem_of, (OLD, NEXT)))
    left = without(both, OLD_KID)
    assert [NEXT_KID] == [one.kid for one in key_set_of("BE", left).keys]
    for pems, kid in ((left, NEXT_KID), (left, OLD_KID), (b"", OLD_KID)):
        with pytest.raises(ValueError, match="it "):
            without(pems, kid)
    with pytest.raises(ValueError, match="more than"):
        key_set_of("BE", b"".join(public_pem_of(signatures.generate_private_pem()) for _ in range(MOST_KEYS + 1)))
