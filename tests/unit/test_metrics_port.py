"""Metrics are told to whoever brings the token, and on a port that others reach to nobody else."""

import contextlib
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pipeline.errors import Misconfigured
from pipeline.runtime.settings import Settings
from pipeline.stream import metrics_port
from pipeline.stream.metrics import StageMetrics


def asked(port: int, **headers: str) -> tuple[int, str]:
    """Status and text of the answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10.0) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_only_the_token_opens_the_metrics(tmp_path: Path) -> None:
    """Without it, with another, or with half of it, nothing is told."""
    file = tmp_path / "token"
    file.write_text("right\n")
    file.chmod(0o600)
    port = StageMetrics("tried").serve(Settings(metrics_token_file=file))
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer righ"},
        {"Authorization": "right"},
    ):
        assert (401, "") == asked(port, **headers)
    status, text = asked(port, Authorization="Bearer right")
    assert 200 == status
    assert "vigie_ready" in text


def test_without_a_token_metrics_stay_on_this_machine() -> None:
    """A port that others reach needs one."""
    with pytest.raises(Misconfigured, match="VIGIE_METRICS_TOKEN_FILE"):
        StageMetrics("tried").serve(Settings(metrics_host="0.0.0.0"))


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), ("right", 0o640)])
def test_a_token_that_is_none_or_that_others_may_read_is_refused(text: str, mode: int, tmp_path: Path) -> None:
    """The message names the setting."""
    file = tmp_path / "token"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(Misconfigured, match="VIGIE_METRICS_TOKEN_FILE"):
        Settings(metrics_token_file=file).metrics_token()


def test_whoever_holds_all_connections_keeps_no_scraper_out() -> None:
    """The oldest gives way; and there are never more threads than places."""
    port = StageMetrics("tried").serve(Settings())
    held = [socket.create_connection(("127.0.0.1", port), 30.0) for _ in range(3 * metrics_port.MOST_AT_ONCE)]
    assert 200 == asked(port)[0]
    for one in held[: 2 * metrics_port.MOST_AT_ONCE]:
        assert b"" == one.recv(1)
    for one in held:
        one.close()


def test_whoever_goes_on_and_on_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head of which each letter comes soon, and which never ends."""
    monkeypatch.setattr(metrics_port, "SLOW_S", 0.3)
    port = StageMetrics("tried").serve(Settings())
    with socket.create_connection(("127.0.0.1", port), 0.02) as endless, contextlib.suppress(ConnectionError):
        ended = False
        while not ended:
            endless.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                ended = endless.recv(1) == b""
