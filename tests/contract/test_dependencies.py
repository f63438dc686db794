"""What is stated about Pythons and machines is held by the lock file, and every dependency is pinned."""

import platform
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKED = {p["name"]: p for p in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]}
PYTHONS = ((3, 11), (3, 12), (3, 13))
MACHINES = {
    "Linux x86_64": [*(f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)), "manylinux2014_x86_64",
                     "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"],
    "Darwin arm64": list(mac_platforms((14, 0), "arm64")),
}  # fmt: skip


def environment(python: tuple[int, int], machine: str) -> dict[str, str]:
    """What markers are asked about."""
    system, architecture = machine.split()
    version = f"{python[0]}.{python[1]}"
    return {
        "python_version": version, "python_full_version": f"{version}.9", "platform_machine": architecture,
        "platform_system": system, "sys_platform": system.lower(), "os_name": "posix", "extra": "",
        "implementation_name": "cpython", "platform_python_implementation": "CPython",
    }  # fmt: skip


def needed(python: tuple[int, int], machine: str) -> Iterator[dict[str, Any]]:
    """Every package that an installation without development has, there."""
    place, seen, open_ = environment(python, machine), set[str](), ["vigie"]
    while open_:
        package = LOCKED[open_.pop()]
        extras = [one for name in package.get("optional-dependencies", {}).values() for one in name]
        for one in [*package.get("dependencies", []), *extras]:
            if one["name"] not in seen and Marker(one.get("marker", "python_version > '3'")).evaluate(place):
                seen.add(one["name"])
                open_.append(one["name"])
                yield LOCKED[one["name"]]


@cache
def taken(python: tuple[int, int], machine: str) -> frozenset[Tag]:
    """The kinds of wheel that this Python takes on this machine."""
    platforms = MACHINES[machine]
    interpreter = f"cp{python[0]}{python[1]}"
    return frozenset((*cpython_tags(python, platforms=platforms), *compatible_tags(python, interpreter, platforms)))


def has_wheel(package: dict[str, Any], kinds: frozenset[Tag]) -> bool:
    """Whether the lock file names a wheel that can be taken."""
    names = [wheel["url"].rsplit("/", 1)[-1] for wheel in package.get("wheels", ())]
    return any(parse_wheel_filename(name)[3] & kinds for name in names)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: f"3.{python[1]}")
def test_every_dependency_has_a_wheel_for_what_is_stated(python: tuple[int, int], machine: str) -> None:
    """Nothing must be compiled where the README says that Vigie runs."""
    packages = list(needed(python, machine))
    assert len(packages) > 50
    assert [] == [package["name"] for package in packages if not has_wheel(package, taken(python, machine))]


def test_pythons_and_machines_are_stated_alike_everywhere() -> None:
    """The package, make and the README."""
    makefile, readme = ((ROOT / name).read_text("utf-8") for name in ("Makefile", "README.md"))
    assert ">=3.11,<3.14" == PROJECT["project"]["requires-python"]
    assert "(3, 11) <= sys.version_info < (3, 14)" in makefile
    assert f"MACHINES := {','.join(MACHINES)}\n" in makefile
    assert "Python 3.11, 3.12 or 3.13" in readme
    assert "Linux on x86-64" in readme
    assert "macOS on Arm" in readme
    assert platform.python_version_tuple()[:2] in {(str(major), str(minor)) for major, minor in PYTHONS}


def test_every_dependency_is_pinned_to_what_is_locked() -> None:
    """By ==, in every group; two machines that follow pyproject.toml have the same versions."""
    asked = [
        *PROJECT["project"]["dependencies"],
        *(one for group in PROJECT["dependency-groups"].values() for one in group),
    ]
    for text in asked:
        pinned = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^;\s]+)(?:;.*)?", text)
        assert pinned, text
        assert LOCKED[pinned[1].lower().replace("_", "-")]["version"] == pinned[2], text
