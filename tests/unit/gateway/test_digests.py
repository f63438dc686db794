"""A sender proves by Digest that it knows its password: once for each request, within bounds, and nobody else can."""

import re

import msgspec
import pytest

from pipeline.access.sender_secrets import digest_of
from pipeline.gateway.digests import GOOD_MS, Digests
from pipeline.gateway.proving import NotProven, Presented, Proving
from pipeline.gateway.pulling.digest import proof_of
from pipeline.reads.versions import Versions
from pipeline.runtime.sealing import Seal
from pipeline.state.adopting import new_secret
from schemas.senders import Sender
from tests.gateways import make_sender

KEY, NOW_MS = b"k" * 32, 1_780_000_000_000
SEAL = Seal(KEY, "camera digests")
PLAIN, SECRET = new_secret("CAM-1", 0, SEAL.seal)


def sender_with(*secrets: object) -> Sender:
    """CAM-1 with these secrets; without any, with SECRET."""
    return make_sender("CAM-1", secrets=secrets or (SECRET,))


def gateway(sender: Sender | None = None, key: bytes = KEY) -> Proving:
    """What proves the senders of a gateway that lets in this one."""
    one = sender or sender_with()
    return Proving(Versions({one.sender_id: one}), Digests(key, Seal(key, "camera digests").open))


def shown(header: str | None = None, *, target: str = "/anpr?x=1", method: str = "POST") -> Presented:
    """A request with this Authorization header."""
    return Presented(method, target, {} if header is None else {"authorization": header}, None)


def asked(proving: Proving, header: str | None = None, at_ms: int = NOW_MS, **given: str) -> NotProven:
    """How the gateway refuses this request."""
    with pytest.raises(NotProven) as refused:
        proving.proven(shown(header, **given), at_ms)
    return refused.value


def answer(challenges: list[str], plain: str = PLAIN, *, count: int = 1, target: str = "/anpr?x=1") -> str:
    """A header that answers the best of these challenges."""
    header = proof_of(challenges, "CAM-1", plain, "POST", target, count)
    assert header is not None
    return header


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_a_camera_is_known_by_digest(algorithm: str) -> None:
    """By both algorithms; another gateway of the platform takes the same nonce."""
    challenges = [one for one in asked(gateway()).challenges if f"algorithm={algorithm}" in one]
    claim, sender = gateway().proven(shown(answer(challenges)), NOW_MS)
    assert ("CAM-1", "digest", "/anpr?x=1") == (sender.sender_id, claim.by, claim.target)


def test_a_camera_that_answers_by_another_algorithm_than_it_names_is_known() -> None:
    """Simple ones take the first challenge, and know MD5 alone."""
    proving = gateway()
    best, by_md5, basic = asked(proving).challenges
    assert basic.startswith("Basic ")
    header = answer([by_md5]).replace("algorithm=MD5", "algorithm=SHA-256")
    assert "digest" == proving.proven(shown(header), NOW_MS)[0].by
    assert "algorithm=SHA-256" in best


def test_a_request_that_was_listened_to_is_good_for_nothing_else() -> None:
    """The same again, an earlier count, another method or address: the sender is asked anew, others are refused."""
    proving = gateway()
    challenges = asked(proving).challenges
    second = answer(challenges, count=2)
    proving.proven(shown(second), NOW_MS)
    for header in (second, answer(challenges, count=1)):
        again = asked(proving, header)
        assert again.is_stale
        assert "stale=true" in again.challenges[0]
    third = answer(challenges, count=3)
    assert not asked(proving, third, target="/other").is_stale
    assert not asked(proving, third, method="PUT").is_stale
    proving.proven(shown(third), NOW_MS)


def test_a_nonce_ends_and_none_but_the_platforms_counts() -> None:
    """What is too old, of another platform or made up is asked anew, of who knows the password."""
    challenges = asked(gateway()).challenges
    assert asked(gateway(), answer(challenges), NOW_MS + GOOD_MS + 1).is_stale
    assert asked(gateway(), answer(challenges), NOW_MS - GOOD_MS - 1).is_stale
    made_up = [re.sub(r'nonce="[^"]*"', f'nonce="{"A" * 43}="', one) for one in challenges]
    assert asked(gateway(), answer(made_up)).is_stale
    other_key = asked(gateway(key=b"o" * 32)).challenges
    assert asked(gateway(), answer(other_key)).is_stale


@pytest.mark.parametrize("broken", ["qop=auth, ", "nc=00000001, ", 'response="', "", "x"])
def test_a_wrong_password_and_a_broken_answer_prove_nothing(broken: str) -> None:
    """Nothing raises, and nobody is let in."""
    proving = gateway()
    good = answer(asked(proving).challenges)
    assert not asked(proving, answer(asked(proving).challenges, "wrong")).is_stale
    assert not asked(proving, good.replace(broken, "") if broken else "Digest \udcff=").is_stale


def test_a_password_is_rotated_without_a_gap_and_one_that_ended_proves_nothing() -> None:
    """Both hold until the old one is ended; one that was sealed with another key, or not sealed, proves nothing by Digest."""
    newer, second = new_secret("CAM-1", 1, SEAL.seal)
    both = gateway(sender_with(SECRET, second))
    for plain in (PLAIN, newer):
        assert "digest" == both.proven(shown(answer(asked(both).challenges, plain)), NOW_MS)[0].by
    left = gateway(sender_with(second))
    assert not asked(left, answer(asked(left).challenges, PLAIN)).is_stale
    unsealed = msgspec.structs.replace(SECRET, sealed=None)
    elsewhere = msgspec.structs.replace(
        SECRET, sealed=Seal(b"o" * 32, "camera digests").seal("digest CAM-1", b"x" * 48)
    )
    others = msgspec.structs.replace(SECRET, sealed=new_secret("CAM-2", 0, SEAL.seal)[1].sealed)
    for secret in (unsealed, elsewhere, others):
        one = gateway(sender_with(secret))
        assert not asked(one, answer(asked(one).challenges)).is_stale


def test_what_is_kept_of_a_password_says_nothing_without_the_platforms_key() -> None:
    """Neither the password nor what Digest needs of it stands there in clear."""
    kept = msgspec.json.encode(SECRET).decode()
    assert PLAIN not in kept
    assert digest_of("CAM-1", PLAIN) in kept
    assert SECRET.sealed is not None
    assert SEAL.open("digest CAM-2", SECRET.sealed) is None


def test_an_empty_digest_beside_a_secret_in_the_address_is_passed_over() -> None:
    """As Dahua's cameras send it; without that secret it proves nothing."""
    empty = 'Digest username="admin", realm="", nonce="", uri="/in", response="", opaque=""'
    proving = gateway(make_sender("CAM-1", PLAIN, by_address=True))
    claim, _ = proving.proven(shown(empty, target=f"/in/CAM-1/{PLAIN}/anpr"), NOW_MS)
    assert ("address", "/anpr") == (claim.by, claim.target)
    assert not asked(proving, empty).is_stale
    assert not asked(proving, empty, target="/in/CAM-1/wrong/anpr").is_stale
