"""Whether a magistrate's signature counts: the key, its time, its owner, the text."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1
from hypothesis import given
from hypothesis import strategies as st

from pipeline.access.signing import CLOCKS_MS, LATEST_MS, SignedText, enrolled, fault_of, unlike
from pipeline.errors import BadRecord, Misconfigured
from pipeline.runtime.signing_files import new_key, open_key
from schemas.people import SigningKey
from tests.builders import NOON_MS, YEAR_MS
from tests.people import make_person
from tests.signatures import (
    CURVE,
    DAY_MS,
    EDWARDS,
    MARIE,
    TEXT,
    Private,
    enrolment_of,
    make_key,
    new_curve_key,
    public_of,
    signed_by,
    text_of,
)


def rule_of(signed: SignedText, key: SigningKey | None, received_ms: int = NOON_MS, **fields: Any) -> str | None:
    """The rule by which a signature of Marie, who is a magistrate, does not count; None: it does."""
    signer = make_person("magistrate", user_id=MARIE, **fields)
    fault = fault_of(signed, key, signer, received_ms)
    return None if fault is None else fault.rule


@pytest.mark.parametrize("private", [CURVE, EDWARDS], ids=["P-256", "Ed25519"])
def test_a_magistrates_signature_over_the_text_counts(private: Private) -> None:
    """By both kinds of key; over one letter more or less, at another time, by another key, it does not."""
    key, signed = make_key(private), signed_by(private)
    assert None is rule_of(signed, key)
    other = make_key(EDWARDS if private is CURVE else CURVE)
    for changed in ({"text": TEXT + " "}, {"text": TEXT[:-1]}, {"signed_at_ms": NOON_MS - 1}):
        assert "signature" == rule_of(msgspec.structs.replace(signed, **changed), key)
    assert "key" == rule_of(signed, other)
    assert "signature" == rule_of(msgspec.structs.replace(signed, key_id=other.key_id), other)
    assert "signature" == rule_of(msgspec.structs.replace(signed, signature=enrolment_of(private).proof), key)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"registered_by": None, "approved_by": None}, "key"), ({"approved_by": None}, "key"),
        ({"valid_from_ms": NOON_MS + 1}, "key_time"), ({"valid_until_ms": NOON_MS}, "key_time"),
        ({"revoked_at_ms": NOON_MS}, "revoked"), ({"revoked_at_ms": NOON_MS - DAY_MS}, "revoked"),
        ({"revoked_at_ms": NOON_MS + 1}, None), ({"valid_until_ms": NOON_MS + 1}, None),
    ],
    ids=str,
)  # fmt: skip
def test_a_key_counts_from_its_registration_until_its_end(fields: dict[str, Any], rule: str | None) -> None:
    """Two others registered it, it holds, and it is not revoked: when the platform takes the signature."""
    assert rule == rule_of(signed_by(), make_key(**fields))
    assert "key" == rule_of(signed_by(), None)


@pytest.mark.parametrize(
    ("signed_at_ms", "rule"),
    [
        (NOON_MS + CLOCKS_MS, None), (NOON_MS + CLOCKS_MS + 1, "time"), (NOON_MS - LATEST_MS, None),
        (NOON_MS - LATEST_MS - 1, "time"),
    ],
)  # fmt: skip
def test_the_signers_clock_is_believed_within_bounds(signed_at_ms: int, rule: str | None) -> None:
    """A signature from a drawer, or from tomorrow, is made again."""
    key = make_key(valid_from_ms=NOON_MS - YEAR_MS)
    assert rule == rule_of(signed_by(key=key, at_ms=signed_at_ms), key)


def test_a_stolen_key_cannot_sign_into_the_time_before_it_was_revoked() -> None:
    """What the platform takes after the revocation does not count, whatever time it claims; what it took before counts."""
    key = make_key(revoked_at_ms=NOON_MS)
    early = signed_by(key=key, at_ms=NOON_MS - 1000)
    assert "revoked" == rule_of(early, key, NOON_MS + 5)
    assert None is rule_of(early, key, NOON_MS - 500)


def test_only_who_is_a_magistrate_then_signs() -> None:
    """Not another role, not after its end or the training's, not a disabled or unknown account, and not another person."""
    signed, key = signed_by(), make_key()
    for signer in (
        None, make_person("investigator", user_id=MARIE), make_person("magistrate"),
        make_person("magistrate", user_id=MARIE, valid_until_ms=NOON_MS),
        make_person("magistrate", user_id=MARIE, trained_until_ms=NOON_MS),
    ):  # fmt: skip
        fault = fault_of(signed, key, signer, NOON_MS)
        assert fault is not None
        assert ("role", True) == (fault.rule, "2016/680" in fault.article)


@given(st.binary(max_size=80))
def test_no_bytes_are_a_signature_but_hers(data: bytes) -> None:
    """Of whatever length: an answer, and not yes."""
    signature = text_of(data)
    if len(signature) != 86:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(msgspec.to_builtins(signed_by()) | {"signature": signature}, SignedText)
    assert "signature" == rule_of(msgspec.structs.replace(signed_by(), signature=signature), make_key())


def test_a_key_is_enrolled_by_who_holds_it() -> None:
    """Not with another's proof, not for another person, not of another kind."""
    honest = enrolment_of(CURVE)
    assert MARIE == enrolled(MARIE, honest, NOON_MS).user_id
    with pytest.raises(BadRecord, match="for this person"):
        enrolled("jan.claes", honest, NOON_MS)
    with pytest.raises(BadRecord, match="for this person"):
        enrolled(MARIE, msgspec.structs.replace(honest, proof=enrolment_of(EDWARDS).proof), NOON_MS)
    for public in (public_of(new_curve_key(SECP384R1())), "A" * 60):
        with pytest.raises(BadRecord):
            enrolled(MARIE, msgspec.structs.replace(honest, public_key=public), NOON_MS)


def test_a_registration_changes_nothing_that_was_enrolled() -> None:
    """Nor brings a revoked key back; nobody registers his own."""
    known = enrolled(MARIE, enrolment_of(CURVE), NOON_MS - DAY_MS)
    assert None is unlike(known, make_key())
    for fields in ({"user_id": "jan.claes"}, {"public_key": public_of(EDWARDS)}, {"revoked_at_ms": NOON_MS},
                   {"registered_by": None, "approved_by": None}, {"reason": " "}, {"valid_until_ms": None},
                   {"valid_from_ms": NOON_MS - 2 * DAY_MS}):  # fmt: skip
        assert None is not unlike(known, msgspec.structs.replace(make_key(), **fields))
    assert None is not unlike(None, make_key())
    assert None is not unlike(make_key(revoked_at_ms=NOON_MS), make_key())
    for fields in ({"registered_by": MARIE}, {"approved_by": MARIE}, {"approved_by": "first.admin"},
                   {"valid_until_ms": NOON_MS - DAY_MS}):  # fmt: skip
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(msgspec.to_builtins(make_key()) | fields, SigningKey)


def test_a_key_file_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    """What it signs counts; a short passphrase, a second key in one place and a file that others may read are refused."""
    file, passphrase = tmp_path / "marie.key", b"seven green herons"
    known = enrolled(MARIE, new_key(file, passphrase, MARIE), NOON_MS - DAY_MS)
    signed = open_key(file, passphrase).sign(TEXT, NOON_MS)
    fields = ("reason", "registered_by", "approved_by", "valid_from_ms", "valid_until_ms")
    key = msgspec.structs.replace(known, **{name: getattr(make_key(), name) for name in fields})
    assert None is rule_of(signed, key)
    assert 0o600 == file.stat().st_mode & 0o777
    for wrong in (b"eight green herons", b""):
        with pytest.raises(BadRecord, match="no key that this passphrase opens"):
            open_key(file, wrong)
    with pytest.raises(BadRecord, match="cannot be made"):
        new_key(file, passphrase, MARIE)
    with pytest.raises(BadRecord, match="at least 12 characters"):
        new_key(tmp_path / "other.key", b"short", MARIE)
    file.chmod(0o644)
    with pytest.raises(Misconfigured):
        open_key(file, passphrase)
