"""Secrets are never echoed: not by an error, not by a setting, not by a traceback."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import HIDDEN, BadRecord, Misconfigured, Unavailable, redacted
from pipeline.runtime.settings import load_settings

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
