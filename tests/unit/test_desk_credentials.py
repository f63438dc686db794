"""Keys and certificates are made once, kept, renewed over the same keys, and private keys are their owner's alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from pipeline.errors import Misconfigured
from pipeline.receiver.credentials import SIDES, DeskCredentials, create_credentials, settings_toml, validity
from pipeline.receiver.files import signing_key
from pipeline.runtime.settings import load_settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PRIVATE = {"ca-key.pem", "desk-key.pem", "desk-sign-key.pem", "sender-key.pem", "sender-sign-key.pem"}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {file.name: file.read_bytes() for file in folder.rglob("*.pem")}


def changed(before: dict[str, bytes], folder: Path) -> set[str]:
    """Names of the files that are not as before."""
    return {name for name, data in contents(folder).items() if before.get(name) != data}


def test_private_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    """0600 for each private key, 0700 for the folder that was made for them."""
    create_credentials(tmp_path / "keys", now=NOW)
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "keys").rglob("*.pem")}
    assert {name for name, mode in modes.items() if mode == 0o600} == PRIVATE
    for folder in (tmp_path / "keys", *(tmp_path / "keys" / side for side in SIDES)):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_neither_side_holds_what_only_the_other_may(tmp_path: Path) -> None:
    """The desk cannot sign forwards, the sender cannot acknowledge them, and neither can make certificates."""
    create_credentials(tmp_path, now=NOW)
    held = {side: {file.name for file in (tmp_path / side).iterdir()} for side in SIDES}
    assert {"ca.pem", "ca-key.pem"} == held["ca"]
    assert {"desk-key.pem", "desk-sign-key.pem"} == held["desk"] & PRIVATE
    assert {"sender-key.pem", "sender-sign-key.pem"} == held["sender"] & PRIVATE
    assert {"ca.pem", "sender-sign-public.pem"} <= held["desk"]
    assert {"ca.pem", "desk-sign-public.pem"} <= held["sender"]


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    """Whoever can put a file there could speak for either side."""
    (tmp_path / "keys" / "desk").mkdir(parents=True)
    (tmp_path / "keys" / "desk").chmod(0o777)
    with pytest.raises(Misconfigured, match="chmod go-w"):
        create_credentials(tmp_path / "keys", now=NOW)


def test_a_private_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """By whoever would sign or connect with it."""
    made = create_credentials(tmp_path, now=NOW)
    made.sender_sign_key.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod go-rwx"):
        signing_key("key", made.sender_sign_key)


def test_a_folder_that_holds_the_keys_of_both_sides_is_refused(tmp_path: Path) -> None:
    """As they once lay; the cure is said."""
    (tmp_path / "ca-key.pem").touch()
    with pytest.raises(Misconfigured, match=r"both sides.*vigie desk credentials"):
        DeskCredentials.in_folder(tmp_path)


def test_what_exists_is_kept_and_what_is_missing_is_made(tmp_path: Path) -> None:
    """A second call changes nothing; a lost certificate or public key is made again from its key."""
    made = create_credentials(tmp_path, now=NOW)
    before = contents(tmp_path)
    create_credentials(tmp_path, now=NOW + timedelta(days=1))
    assert set() == changed(before, tmp_path)
    made.desk_cert.unlink()
    made.sender_sign_public.unlink()
    create_credentials(tmp_path, now=NOW)
    assert {"desk-cert.pem"} == changed(before, tmp_path)


def test_renewing_keeps_the_keys_and_forcing_replaces_them(tmp_path: Path) -> None:
    """Renewed certificates need no exchange of keys; force makes everything anew."""
    create_credentials(tmp_path, now=NOW)
    before = contents(tmp_path)
    create_credentials(tmp_path, now=NOW + timedelta(days=300), renew=True)
    assert {"desk-cert.pem", "sender-cert.pem"} == changed(before, tmp_path)
    create_credentials(tmp_path, now=NOW, force=True)
    assert set(before) == changed(before, tmp_path)


def test_the_ends_of_the_certificates_are_told(tmp_path: Path) -> None:
    """A CA of ten years, certificates of one, counted in whole days."""
    made = create_credentials(tmp_path, now=NOW)
    days = [end.days_left for end in validity(made, NOW + timedelta(days=400))]
    assert days == [3250, -35, -35]


def test_a_certificate_whose_key_is_gone_stops_everything(tmp_path: Path) -> None:
    """No key is made silently under a certificate that somebody trusts already."""
    made = create_credentials(tmp_path, now=NOW)
    made.desk_key.unlink()
    with pytest.raises(Misconfigured, match=r"desk-cert\.pem is"):
        create_credentials(tmp_path, now=NOW)


def test_certificates_say_what_they_are_for(tmp_path: Path) -> None:
    """The desk's names its hosts and serves only servers; the sender's serves only clients; neither signs others."""
    made = create_credentials(tmp_path, hosts=["desk.example.org", "192.0.2.7"], now=NOW)
    desk, sender, ca = (
        x509.load_pem_x509_certificate(file.read_bytes()) for file in (made.desk_cert, made.sender_cert, made.ca)
    )
    names = desk.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["desk.example.org", "192.0.2.7"]
    for certificate, usage in ((desk, "serverAuth"), (sender, "clientAuth")):
        certificate.verify_directly_issued_by(ca)
        used = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert [usage] == [each._name for each in used]
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_names_of_the_files_follow_their_fields(tmp_path: Path) -> None:
    """desk_sign_key lies in desk/desk-sign-key.pem."""
    assert DeskCredentials.in_folder(tmp_path).desk_sign_key == tmp_path / "desk" / "desk-sign-key.pem"


def test_the_settings_of_the_sender_can_be_loaded(tmp_path: Path) -> None:
    """What is printed to be pasted names existing files, also in a folder with quotes and blanks."""
    made = create_credentials(tmp_path / 'a "b" é', now=NOW)
    file = tmp_path / "vigie.toml"
    file.write_text(settings_toml(made, {"NL": "https://localhost:8443"}), "utf-8")
    settings = load_settings({}, file).liaison
    assert (made.sender_sign_key, made.sender_ca) == (settings.signing_key_file, settings.desks["NL"].ca_file)
