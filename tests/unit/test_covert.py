"""Covert alerts: sealed for their owner, and nothing of them anywhere else."""

import stat
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline.errors import BadRecord, Misconfigured
from pipeline.runtime.covert import (
    PRIVATE,
    PUBLIC,
    CovertKeys,
    OwnersKey,
    covert_keys,
    make_covert_key,
    opened,
    private_key,
    sealed,
)
from pipeline.runtime.settings import load_settings
from pipeline.stream import codec
from pipeline.stream.covert_alerts import AlertSender, decode_opened
from pipeline.stream.outputs import Outputs
from schemas.covert import SealedAlert
from schemas.outcomes import Withdrawal
from schemas.topics import ALERTS, ALERTS_COVERT
from tests.builders import NOON_MS, make_alert, make_entry

OWNERS, OTHERS, DEFAULT = (X25519PrivateKey.generate() for _ in range(3))
KEYS = CovertKeys({"SIRENE": OwnersKey.of(OWNERS.public_key())}, OwnersKey.of(DEFAULT.public_key()))
COVERT = make_alert(make_entry("1VFX739", covert=True, owner="SIRENE", case_reference="SB-1190"))


def sent(*messages: object, keys: CovertKeys | None = KEYS) -> list[tuple[str, object, str | None]]:
    """Topic, message and key of what is sent of the covert alert."""
    outputs = Outputs()
    for message in messages:
        AlertSender(keys).send(outputs, message, COVERT)  # type: ignore[arg-type]  # alerts and withdrawals
    return [(topic.name, one, key) for topic, one, key, _ in outputs.sends]


def test_a_covert_alert_and_its_withdrawal_go_sealed_to_their_owner_alone() -> None:
    """Both under the same key, so that their order holds; nothing goes where others look."""
    gone = Withdrawal(kind="alert", id=COVERT.alert_id, reason="entry_removed", by="hotlist", at_ms=NOON_MS)
    ((first, alert, one), (second, withdrawal, other)) = sent(COVERT, gone)
    assert ("alerts_covert", "alerts_covert") == (first, second)
    assert one == other == OwnersKey.of(OWNERS.public_key()).name
    for message, wanted in ((alert, COVERT), (withdrawal, gone)):
        wire = codec.encode(ALERTS_COVERT, message)
        assert wanted == decode_opened(ALERTS_COVERT, wire, OWNERS)


def test_nothing_of_it_can_be_read_on_the_topic_nor_told_by_its_length() -> None:
    """Not the plate, the case, the id, nor whether much or little is said."""
    wires = []
    for notes in ((), ("seen with a trailer",)):
        ((_, message, _),) = sent(msgspec.structs.replace(COVERT, notes=notes))
        wires.append(codec.encode(ALERTS_COVERT, message))
    words = ("1VFX739", "SB-1190", "SIRENE", COVERT.alert_id, COVERT.entry_id, COVERT.read.camera_id, "trailer")
    assert [] == [word for word in words for wire in wires if word.encode() in wire]
    assert len(wires[0]) == len(wires[1])
    assert wires[0] != codec.encode(ALERTS_COVERT, sent(COVERT)[0][1])


def test_an_owner_without_a_key_of_his_own_has_the_default_one() -> None:
    """And an open alert goes where it always went."""
    outputs = Outputs()
    for alert in (make_alert(make_entry(covert=True, owner="nobody")), make_alert()):
        AlertSender(KEYS).send(outputs, alert, alert)
    assert ["alerts_covert", "alerts"] == [topic.name for topic, _, _, _ in outputs.sends]
    wire = codec.encode(ALERTS_COVERT, outputs.sends[0][1])
    assert decode_opened(ALERTS_COVERT, wire, OWNERS) is None
    assert decode_opened(ALERTS_COVERT, wire, DEFAULT) is not None


def test_no_other_key_opens_it_whatever_it_claims() -> None:
    """Another owner's key finds nothing; a record that says it is for that key and is not is refused, as is a changed one."""
    ((_, message, _),) = sent(COVERT)
    assert isinstance(message, SealedAlert)
    assert opened(message, OTHERS) is None
    redirected = msgspec.structs.replace(message, for_key=OwnersKey.of(OTHERS.public_key()).name)
    flipped = bytes([message.sealed[0] ^ 1]) + message.sealed[1:]
    for wrong, key in (
        (redirected, OTHERS), (msgspec.structs.replace(message, sealed=flipped), OWNERS),
        (msgspec.structs.replace(message, sealed=b""), OWNERS),
        (msgspec.structs.replace(message, sealed=message.sealed[:-1]), OWNERS),
    ):  # fmt: skip
        with pytest.raises(BadRecord):
            opened(wrong, key)


def test_what_is_inside_is_checked_like_any_alert() -> None:
    """Whoever has the public key may seal anything: it is a record like others."""
    wire = codec.encode(ALERTS_COVERT, sealed(b'{"alert_id":"a-1"}', KEYS.default))
    with pytest.raises(BadRecord, match="invalid"):
        decode_opened(ALERTS_COVERT, wire, DEFAULT)
    forged = msgspec.structs.replace(COVERT, alert_id="a-1")
    wire = codec.encode(ALERTS_COVERT, sealed(codec.encode(ALERTS, forged), KEYS.default))
    with pytest.raises(BadRecord, match="Expected id"):
        decode_opened(ALERTS_COVERT, wire, DEFAULT)


def test_without_a_setting_a_pair_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """The next worker has the same."""
    settings = load_settings({"VIGIE_DATA_DIR": str(tmp_path / "data")})
    keys = [covert_keys(settings) for _ in range(2)]
    assert keys[0].default.name == keys[1].default.name
    folder = tmp_path / "data" / "covert"
    assert keys[0].default.name == OwnersKey.of(private_key("key", folder / PRIVATE).public_key()).name
    assert (0o700, 0o600) == (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE((folder / PRIVATE).stat().st_mode))
    (folder / PRIVATE).chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod go-rwx"):
        private_key("key", folder / PRIVATE)


def test_settings_name_keys_by_owner_and_a_wrong_file_stops_the_start(tmp_path: Path) -> None:
    """A missing file, another kind of key, a private one where a public one belongs."""
    tmp_path.chmod(0o700)
    public, other = make_covert_key(tmp_path / "made"), tmp_path / "other.pem"
    other.write_bytes(
        Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    config = tmp_path / "vigie.toml"
    config.write_text(f'covert_key_file = "{public}"\n[covert_keys]\n"SIRENE Belgium" = "{public}"\n')
    config.chmod(0o600)
    keys = covert_keys(load_settings({}, config))
    assert keys.of("SIRENE Belgium").name == keys.of("anybody").name == keys.default.name
    for wrong in (tmp_path / "nowhere.pem", other, tmp_path / "made" / PRIVATE):
        with pytest.raises(Misconfigured, match="X25519 public key"):
            covert_keys(load_settings({"VIGIE_COVERT_KEY_FILE": str(wrong)}))
    assert PUBLIC == public.name
