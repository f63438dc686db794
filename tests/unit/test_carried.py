"""The bill of materials names everything that is locked, and the audit finds what is known of it."""

import json
import tomllib
from pathlib import Path

import pytest

from pipeline.servers.audit_parts import LIST, Finding, audit, listed, main, told_by_pypi
from pipeline.servers.bill_of_materials import bill
from pipeline.servers.carried import INSIDE, JARS, ROOT, Part, parts

OLD = Part("some-library", "1.2.3", "pkg:pypi/some-library@1.2.3")
KNOWN = {"part": "some-library", "fixed": "1.2.10", "what": "reads anybody's files"}


def test_the_bill_names_every_locked_package_and_jar_once_with_digests() -> None:
    """And the programs inside wheels; what only builds and checks is told apart."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    jars = tomllib.loads(JARS.read_text("utf-8"))["dependencies"]
    components = bill()["components"]
    assert len(locked) - 1 + len(jars) + len(INSIDE) == len(components) == len({one["purl"] for one in components})
    scopes = {one["name"]: one["scope"] for one in components}
    assert ("required", "required", "excluded") == (scopes["aiokafka"], scopes["valkey"], scopes["pytest"])
    bare = [one["name"] for one in components if not (one.get("hashes") or one.get("properties"))]
    assert sorted(name for name, _ in INSIDE.values()) == sorted(bare)


def test_the_same_locks_give_the_same_bill() -> None:
    """Nothing in it depends on when or where it is made."""
    assert json.dumps(bill()) == json.dumps(bill())


@pytest.mark.parametrize(("version", "found"), [("1.2.3", True), ("1.2.9", True), ("1.2.10", False), ("1.3", False)])
def test_a_version_before_the_mended_one_is_found(version: str, found: bool) -> None:
    """Versions are compared as numbers; a list may also name the last one that has the fault."""
    part = Part("some-library", version, "pkg:pypi/some-library")
    assert found is bool(list(listed([part], [KNOWN])))
    assert found is bool(list(listed([part], [{"part": "some-library", "last": "1.2.9", "what": "as above"}])))


def test_what_pypi_tells_is_found_and_what_it_took_back_is_not() -> None:
    """As its answers look."""
    told = {"vulnerabilities": [{"id": "X-1", "summary": "bad"}, {"id": "X-2", "withdrawn": "2026-01-01T00:00:00Z"}]}
    assert [Finding("some-library", "1.2.3", "X-1: bad")] == list(
        told_by_pypi(OLD, lambda _: json.dumps(told).encode())
    )


def test_a_registry_that_cannot_be_asked_hides_nothing() -> None:
    """The list is compared all the same, and it is said that nobody was asked."""

    def away(_url: str) -> bytes:
        raise OSError("no route")

    findings, unasked = audit([OLD], {"advisory": [KNOWN]}, away)
    assert ["some-library"] == [one.part for one in findings]
    assert unasked is not None
    assert "no route" in unasked


def test_nothing_that_is_locked_has_a_known_fault_but_what_is_accepted_with_its_reason() -> None:
    """A new line in the list fails this until the part is raised, or the reason is written."""
    known = tomllib.loads(LIST.read_text("utf-8"))
    assert [] == [one for one in listed(parts(), known["advisory"]) if not one.accepted]
    assert 0 == main(["--offline"])


def test_uv_itself_is_installed_by_the_digests_of_the_lock() -> None:
    """Make it anew: make lock."""
    lock = {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]}["uv"]
    text = (ROOT / ".uv.txt").read_text("utf-8")
    hashes = {file["hash"] for file in (lock["sdist"], *lock["wheels"])}
    assert f"uv=={lock['version']} " in text
    assert hashes == {word.removeprefix("--hash=") for word in text.split() if word.startswith("--hash=")}
    for name in ("Makefile", "docker-compose.yml"):
        assert "--require-hashes" in Path(ROOT / name).read_text("utf-8"), name
