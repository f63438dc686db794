"""Looks for known faults in what Vigie carries: a dated list for all parts, and PyPI's advisories where it can be asked.

    python -m pipeline.servers.audit_parts [--offline]

Exit code 0: none but those that are accepted, each with its reason; 1: there are; 3: the registry could not be asked, and the list
knows of none.
"""

import argparse
import json
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.servers.carried import Part, parts

LIST = Path(__file__).with_name("advisories.toml")
WAIT_S = 15.0
Ask = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Finding:
    """A known fault in a part. accepted: why it may stay; None: it may not."""

    part: str
    version: str
    what: str
    accepted: str | None = None


def listed(carried: Iterable[Part], advisories: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    """Yields a finding for each known fault that the dated list names for these parts and their versions."""
    known = list(advisories)
    for part in carried:
        for one in known:
            if part.name == one["part"] and _has(part.version, one):
                yield Finding(part.name, part.version, one["what"], one.get("accepted"))


def _has(version: str, advisory: dict[str, Any]) -> bool:
    """Whether this version has the fault: it is before the first without it, or at most the last with it."""
    if "fixed" in advisory:
        return _numbers(version) < _numbers(advisory["fixed"])
    return _numbers(version) <= _numbers(advisory["last"])


def told_by_pypi(part: Part, ask: Ask) -> Iterator[Finding]:
    """Yields a finding for each vulnerability that the registry of the lock, PyPI, names for this version of a package. Raises
    OSError where it cannot be asked, ValueError where its answer is no JSON."""
    answer = json.loads(ask(f"{part.registry.removesuffix('/simple')}/pypi/{part.name}/{part.version}/json"))
    for one in answer.get("vulnerabilities", ()):
        if not one.get("withdrawn"):
            yield Finding(part.name, part.version, f"{one.get('id')}: {(one.get('summary') or '')[:200]}")


def _numbers(version: str) -> tuple[int, ...]:
    """The version as numbers, up to the first part that is none."""
    found = []
    for word in version.split("."):
        if not word.isdecimal():
            break
        found.append(int(word))
    return tuple(found)


def _asked(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
        body: bytes = answer.read()
    return body


def audit(carried: list[Part], known: dict[str, Any], ask: Ask | None) -> tuple[list[Finding], str | None]:
    """Compare the parts with the list of known vulnerabilities and, for Python's packages, ask PyPI. Returns what was found,
    and why PyPI was not asked about every package (None: it was).

    known: the list, as read from its file. ask: fetches a URL; None: ask nobody. It stops asking at the first error.
    """
    findings = list(listed(carried, known["advisory"]))
    if ask is None:
        return findings, "not asked (--offline)"
    for part in carried:
        if part.purl.startswith("pkg:pypi/"):
            try:
                findings += told_by_pypi(part, ask)
            except (OSError, ValueError) as error:
                return findings, f"{part.name} {part.version}: {error}"
    return findings, None


def main(words: list[str] | None = None) -> int:
    """Print what is found. Returns the exit code that the module's text explains."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--offline", action="store_true", help="compare with the dated list alone")
    offline = options.parse_args(words).offline
    known = tomllib.loads(LIST.read_text("utf-8"))
    carried = list(parts())
    findings, unasked = audit(carried, known, None if offline else _asked)
    for one in findings:
        state = f"accepted: {one.accepted}" if one.accepted else "NOT ACCEPTED"
        sys.stdout.write(f"{one.part} {one.version}: {one.what}\n  {state}\n")
    sys.stdout.write(f"{len(carried)} parts, compared with the list of {known['read']}\n")
    if unasked:
        sys.stdout.write(f"PyPI's advisories: {unasked}\n")
    if any(one.accepted is None for one in findings):
        return 1
    return 3 if unasked and not offline else 0


if __name__ == "__main__":
    sys.exit(main())
