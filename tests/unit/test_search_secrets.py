"""The search for what nobody else may read finds what was planted."""

from pathlib import Path

from pipeline.neighbours.signatures import generate_private_pem
from pipeline.runtime.accounts import account_of, make_accounts
from pipeline.runtime.private import private_folder, write_private
from tests.search_secrets import logs_in, readable_by_others, secrets_in, told_in


def test_a_file_that_others_may_read_is_found_only_where_they_can_come_to_it(tmp_path: Path) -> None:
    """A loose file in a private folder is out of reach."""
    folder = tmp_path / "data"
    private_folder(folder)
    write_private(folder / "private", b"")
    (folder / "loose").write_text("")
    (folder / "loose").chmod(0o644)
    assert [] == readable_by_others(folder)
    folder.chmod(0o755)
    assert [folder, folder / "loose"] == readable_by_others(folder)


def test_a_password_a_key_and_a_plate_in_a_log_are_found(tmp_path: Path) -> None:
    """Each for itself; a text that only contains a plate is none."""
    make_accounts(tmp_path / "accounts", ("tail",))
    pem = generate_private_pem()
    write_private(tmp_path / "key.pem", pem)
    secrets = secrets_in(tmp_path)
    assert account_of(tmp_path / "accounts", "tail").kafka_password in secrets
    for line in (account_of(tmp_path / "accounts", "tail").redis_password, pem.decode(), "plate=1ABC234,"):
        (tmp_path / "logs.log.1").write_text(f"told: {line}")
        assert told_in(logs_in(tmp_path), {**secrets, "1ABC234": "a plate"})
    (tmp_path / "logs.log.1").write_text("id=F1ABC2345")
    assert not told_in(logs_in(tmp_path), {**secrets, "1ABC234": "a plate"})
