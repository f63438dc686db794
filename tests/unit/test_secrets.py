"""Secrets are never echoed: not by an error, not by a setting, not by a traceback."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import HIDDEN, BadRecord, Misconfigured, Unavailable, redacted
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.endpoints import refuse_plaintext
from pipeline.state.redis_port import open_redis

PASSWORDS = st.text(alphabet=st.characters(codec="ascii", exclude_characters="\n\r", min_codepoint=33), min_size=8)


@given(PASSWORDS)
def test_a_password_in_a_url_is_in_no_error(password: str) -> None:
    """Whatever characters it holds: a / in it printed the whole URL."""
    url = f"rediss://app:{password}@store.example.org:6379/0"
    for error in (
        Misconfigured("VIGIE_REDIS_URL", found=url, allowed="a URL"), Unavailable(url), BadRecord("x", f"at {url}: refused"),
    ):  # fmt: skip
        assert password not in str(error).replace("store.example.org:6379/0", "")
        assert "store.example.org" in str(error)


@pytest.mark.parametrize("scheme", ["rediss://", "redis:/", "redis//", "kafka+ssl://", "kafka:/", "http://", "s3:", ""])
@pytest.mark.parametrize(
    "word", ["hunter2/x", "hunter2#x", "hunter2[", "hunter2\u2100", "hunter2\nx", "hunter2", "hunter2?x"]
)
@pytest.mark.parametrize("host", ["@store", "@store:6379/0", "@store:9x", ""])
def test_no_part_of_a_wrong_servers_url_tells_its_password(scheme: str, word: str, host: str) -> None:
    """However it is miswritten: it is refused as a setting, or taken, and never with the text of a library."""
    url = f"{scheme}app:{word}{host}"
    for opened in (
        open_redis, KafkaConnection.from_url, lambda one: EvidenceStore.open(one) if "://" in one else None,
        lambda one: refuse_plaintext(Settings(redis_url=one, kafka_url="kafka://localhost:1")),
        lambda one: refuse_plaintext(Settings(redis_url="rediss://x", kafka_url=one)),
    ):  # fmt: skip
        try:
            opened(url)
        except Misconfigured as error:
            assert "hunter2" not in str(error)
            assert error.__cause__ is None


@pytest.mark.parametrize("name", ["VIGIE_REDIS_PASS", "VIGIE_REDIS_AUTH", "VIGIE_MISSPELT"])
def test_no_unknown_setting_is_told_with_its_value(name: str) -> None:
    """Nobody knows what it holds."""
    with pytest.raises(Misconfigured, match=name) as wrong:
        load_settings({name: "hunter2"})
    assert "hunter2" not in str(wrong.value)


@pytest.mark.parametrize(
    "name", ["VIGIE_REDIS_PASSWORD", "VIGIE_S3_SECRET", "VIGIE_API_TOKEN", "VIGIE_LIAISON__SIGNING_KEY"]
)
def test_an_unknown_setting_with_a_secrets_name_is_told_without_its_value(name: str) -> None:
    """A misspelt variable is named; what it held is not."""
    with pytest.raises(Misconfigured) as wrong:
        load_settings({name: "hunter2hunter2"})
    assert name in str(wrong.value)
    assert HIDDEN in str(wrong.value)
    assert "hunter2" not in str(wrong.value)


def test_a_wrong_setting_that_is_no_secret_is_told_with_its_value() -> None:
    """Else nobody could mend it."""
    with pytest.raises(Misconfigured, match="loud"):
        load_settings({"VIGIE_LOG_LEVEL": "loud"})


@pytest.mark.parametrize(
    "text", ["https://host/path@v2", "mail desk@example.org", "keys: 7", "at vigie.reads:3:42", ""]
)
def test_what_is_no_secret_stays(text: str) -> None:
    """But for what stands before an @ in a URL, whatever it is."""
    assert redacted(text) in (text, "https://***@v2")


def test_a_crash_of_the_command_line_tells_neither_secrets_nor_variables() -> None:
    """Its traceback names the places alone."""
    code = (
        "import pipeline.cli as cli\n"
        "def app():\n    password = 'hunter2hunter2'\n    raise RuntimeError('redis://:' + password + '@store')\n"
        "cli.app = app\ncli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert 1 == done.returncode
    assert "RuntimeError: redis://***@store" in done.stderr
    assert "hunter2hunter2" not in done.stderr.replace("password = 'hunter2hunter2'", "")


@pytest.mark.parametrize(
    "token", ["a.", "a://", "://", "token", "token ", "token=", ":", "@", "a:@", "x" * 55, "\n://"]
)
def test_what_is_hidden_is_found_in_one_pass(token: str) -> None:
    """Of a text four times as long it takes less than ten times as long: log lines hold what others sent."""

    def cost_s(size: int) -> float:
        text = token * (size // len(token)) + "://x@y:token"
        begun = time.thread_time()
        redacted(text)
        Misconfigured("VIGIE_X", found=text, allowed="less")
        return time.thread_time() - begun

    small, large = (min(cost_s(size) for _ in range(3)) for size in (20_000, 80_000))
    assert large < 10 * max(small, 0.002)
