"""The search for what nobody else may read finds what was planted."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pipeline.neighbours.signatures import generate_private_pem
from pipeline.runtime.accounts import account_of, make_accounts
from pipeline.runtime.private import private_folder, write_private
from pipeline.stream.metrics_port import serve_metrics
from tests.search_secrets import logs_in, readable_by_others, secrets_in, told_in
from tests.stranger import target_of, tried_by_a_stranger


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


def test_another_user_finds_what_is_open_to_him_and_nothing_else() -> None:
    """An open folder and file, and a process of his own; of a private folder and a process of ours nothing. Without root
    nobody can become another user, and that is said."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        private_folder(folder / "private")
        write_private(folder / "private" / "secret", b"x")
        (folder / "loose").write_text("x")
        for path, mode in ((folder, 0o755), (folder / "loose", 0o646)):
            path.chmod(mode)
        port = serve_metrics(CollectorRegistry(), 0, "127.0.0.1", "a token")
        target = target_of(folder, (os.getpid(),), (port,))
        if os.geteuid() != 0:
            with pytest.raises(PermissionError):
                tried_by_a_stranger(target)
            return
        tried = tried_by_a_stranger(target)
        assert {f"looked into {folder}", f"read {folder}/loose", f"may write {folder}/loose"} == set(tried.done)
        answers = dict(tried.answers)
        assert answers[f"{port} GET /metrics"].startswith(b"HTTP/1.0 401")
        his = subprocess.Popen(["/bin/sleep", "60"], user=65_534, group=65_534)
        with his:
            assert f"sent a signal to process {his.pid}" in tried_by_a_stranger(target_of(folder, (his.pid,))).done
            his.kill()
