"""Settings: defaults, file, environment; a wrong value is answered with what is allowed."""

import os
from pathlib import Path

import pytest

from pipeline.errors import Misconfigured
from pipeline.runtime.settings import Settings, load_settings, settings_file


def settings(toml: str, tmp_path: Path, **environment: str) -> Settings:
    """What a file and an environment give together."""
    path = tmp_path / "vigie.toml"
    path.write_text(toml, "utf-8")
    return load_settings(environment, path)


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    """An empty file and an empty environment are a good start."""
    assert settings("", tmp_path) == settings("", tmp_path, PATH="/bin")
    assert settings("", tmp_path).namespace == "vigie"
    assert settings("", tmp_path).data_dir.is_absolute()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """What an operator says now counts more than what is written down."""
    found = settings('namespace = "file"\nretries = 7', tmp_path, VIGIE_NAMESPACE="environment")
    assert (found.namespace, found.retries) == ("environment", 7)


def test_sections_of_the_file_are_read(tmp_path: Path) -> None:
    """The neighbours' desks are named in the file."""
    toml = (
        '[liaison]\nsender = "BE"\n[liaison.desks.FR]\nurl = "https://desk"\nca_file = "ca.pem"\npublic_key_file = "k"'
    )
    assert settings(toml, tmp_path, VIGIE_LIAISON__TIMEOUT_S="3").liaison.desks["FR"].url == "https://desk"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("VIGIE_BROKERS", "2", "one of 1, 3"),
        ("VIGIE_RETRIES", "x", "a whole number at least 0 and at most 100"),
        ("VIGIE_RETRIES", "-1", "at least 0"),
        ("VIGIE_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("VIGIE_NAMESPACE", "No Good", "matching"),
        ("VIGIE_LIAISON__TIMEOUT_S", "999", "at most 60"),
        ("VIGIE_LIAISON__SENDER", "BEL", "matching"),
        ("VIGIE_TYPO", "1", "NAMESPACE"),
        ("VIGIE_METRICS_PORT", "70000", "at most 65535"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str, allowed: str, tmp_path: Path) -> None:
    """The message names the variable as it was set, what it was and what it may be."""
    with pytest.raises(Misconfigured) as wrong:
        settings("", tmp_path, **{name: value})
    assert name in str(wrong.value)
    assert ("***" if name == "VIGIE_TYPO" else repr(value)) in str(wrong.value)
    assert allowed in str(wrong.value)


@pytest.mark.parametrize("toml", ["namespace = ", "nothing_like_it = 1", "[liaison]\nsneder = 'BE'", "[x]\ny = 1"])
def test_a_wrong_file_is_refused(toml: str, tmp_path: Path) -> None:
    """No typo passes in silence."""
    with pytest.raises(Misconfigured, match=r"vigie\.toml"):
        settings(toml, tmp_path)


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """VIGIE_CONFIG must exist when it is set."""
    with pytest.raises(Misconfigured, match="VIGIE_CONFIG"):
        load_settings({"VIGIE_CONFIG": str(tmp_path / "none.toml")})


def test_the_data_folder_is_where_the_file_is_and_the_working_folder_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can put a vigie.toml where an operator stands decides nothing."""
    (tmp_path / "data").mkdir(mode=0o700)
    for folder, name in ((tmp_path, "stranger"), (tmp_path / "data", "ours")):
        (folder / "vigie.toml").write_text(f'namespace = "{name}"')
    monkeypatch.chdir(tmp_path)
    assert "vigie" == load_settings({"VIGIE_DATA_DIR": str(tmp_path / "none")}).namespace
    environment = {"VIGIE_DATA_DIR": str(tmp_path / "data")}
    assert "ours" == load_settings(environment).namespace
    assert tmp_path / "data" / "vigie.toml" == settings_file(environment)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o620, 0o700), (0o602, 0o700), (0o600, 0o770), (0o600, 0o707)])
def test_a_file_that_others_may_change_is_refused(file_mode: int, folder_mode: int, tmp_path: Path) -> None:
    """By its own mode, or by its folder's, in which it could be replaced."""
    path = tmp_path / "vigie.toml"
    path.write_text("")
    path.chmod(file_mode)
    tmp_path.chmod(folder_mode)
    with pytest.raises(Misconfigured, match=r"VIGIE_CONFIG.*others may change.*chmod go-w"):
        load_settings({"VIGIE_CONFIG": str(path)})
    path.chmod(0o644)
    tmp_path.chmod(0o755)
    assert "vigie" == load_settings({"VIGIE_CONFIG": str(path)}).namespace


def test_a_file_that_another_user_owns_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's counts as ours, a stranger's does not."""
    path = tmp_path / "vigie.toml"
    path.write_text("")
    if os.geteuid() == 0:
        os.chown(path, 4711, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(Misconfigured, match="another user owns"):
        load_settings({"VIGIE_CONFIG": str(path)})


def test_an_empty_variable_means_unset_where_that_is_possible(tmp_path: Path) -> None:
    """Compose files pass empty variables for what is not set."""
    assert settings("", tmp_path, VIGIE_EVIDENCE_URL="").evidence_url is None


def test_the_days_are_those_of_the_countrys_law_and_settings_may_only_shorten_them() -> None:
    """Thirty in Belgium, four weeks in the Netherlands; a country whose law is unknown, or more than the law allows, is refused."""
    assert (30, 30) == (load_settings({}).retention_days, load_settings({}).evidence_days)
    assert 28 == load_settings({"VIGIE_COUNTRY": "NL"}).retention_days
    assert 7 == load_settings({"VIGIE_RETENTION_DAYS": "7"}).retention_days
    with pytest.raises(Misconfigured, match="VIGIE_EVIDENCE_DAYS is 31, but must be at most 30"):
        load_settings({"VIGIE_EVIDENCE_DAYS": "31"})
    with pytest.raises(Misconfigured, match=r"VIGIE_COUNTRY is 'XX', but must be .*retention\.toml"):
        load_settings({"VIGIE_COUNTRY": "XX"})
