"""Checkpoints of the record: whoever holds the public key knows what the log vouched for, and nobody else can say it."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from pipeline.access.checkpoint import (
    Checkpoint,
    NotProven,
    Signer,
    opened,
    signed,
    verifier_of,
    witnessed,
)  # fmt: skip

LOG, STRANGER = Signer.generate("vigie.example/record"), Signer.generate("vigie.example/record")
WITNESS = Signer.generate("oversight.example", "witness")
CHECKPOINT = Checkpoint(LOG.name, 42, bytes(range(32)))


def test_a_published_key_and_signature_of_the_format_are_understood() -> None:
    """The example that the implementations of signed-note share: its key's id is computed, and its signature verifies."""
    key = verifier_of("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    signature = base64.b64decode(
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    )
    assert key.key_id == signature[:4]
    Ed25519PublicKey.from_public_bytes(key.public).verify(signature[4:], b"This is an example message.\n")
    assert LOG.verifier == verifier_of(LOG.verifier.text())


def test_what_the_log_signed_is_opened() -> None:
    """With who signed, and when the witness did."""
    note = witnessed(signed(CHECKPOINT, LOG), WITNESS, 1_780_000_000)
    proven = opened(note, [LOG.verifier], [WITNESS.verifier])
    assert CHECKPOINT == proven.checkpoint
    assert ((LOG.name,), ((WITNESS.name, 1_780_000_000),)) == (proven.signed_by, proven.witnessed_at_s)


def test_a_stranger_under_the_same_name_signs_for_nobody() -> None:
    """His key has another id, so his line is passed over and nothing is left."""
    with pytest.raises(NotProven, match="no known key"):
        opened(signed(CHECKPOINT, STRANGER), [LOG.verifier])


def test_a_witness_alone_is_not_enough() -> None:
    """The log itself must have signed."""
    note = witnessed(signed(CHECKPOINT, STRANGER), WITNESS, 1)
    with pytest.raises(NotProven, match="no known key"):
        opened(note, [LOG.verifier], [WITNESS.verifier])


@given(st.data())
def test_no_changed_character_is_believed(data: st.DataObject) -> None:
    """Neither in the text nor in a signature: the same checkpoint comes out, or none."""
    note = witnessed(signed(CHECKPOINT, LOG), WITNESS, 7)
    index = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != note[index]))
    changed = note[:index] + other + note[index + 1 :]
    try:
        proven = opened(changed, [LOG.verifier], [WITNESS.verifier])
    except NotProven:
        return
    assert CHECKPOINT == proven.checkpoint
    assert ((WITNESS.name, 7),) == proven.witnessed_at_s or not proven.witnessed_at_s


@given(st.text(max_size=200))
def test_any_text_is_a_note_or_refused(text: str) -> None:
    """Nothing but NotProven is ever raised."""
    with pytest.raises(NotProven):
        opened(text, [LOG.verifier])


@pytest.mark.parametrize(
    "text", ["", "a+b", "x+00000000+AAAA", pytest.param(LOG.verifier.text()[:-4], id="cut"), "a b+1+2"]
)
def test_a_line_that_is_no_key_is_refused(text: str) -> None:
    """A cut key is not taken for a shorter one."""
    with pytest.raises(NotProven):
        verifier_of(text)
