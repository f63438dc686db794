"""The jars' cache: filled once, whole and verified, by whoever comes first; afterwards no network is needed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from pipeline.servers.kafka_jars import cache_folder, class_path, pinned_jars

CLASS_PATH = "from pipeline.servers.kafka_jars import class_path; print(*class_path(), sep='\\n')"


@pytest_asyncio.fixture(scope="module")
async def maven_folder() -> AsyncIterator[Path]:
    """A Maven folder that holds every jar: this user's own cache has the same layout."""
    await asyncio.to_thread(class_path)
    yield cache_folder()


async def class_path_of(cache: Path, maven: Path) -> tuple[int | None, str]:
    """Exit code and output of a process without a network, which has this cache root and this Maven folder."""
    cut_off = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:1")
    env = {**os.environ, **cut_off, "NO_PROXY": "", "no_proxy": "", "XDG_CACHE_HOME": str(cache), "M2_REPO": str(maven)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLASS_PATH, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_two_processes_may_fill_one_cache_at_once(maven_folder: Path, tmp_path: Path) -> None:
    """Both get the whole class path; one of them fills, the other waits; nothing is left half done."""
    answers = await asyncio.gather(*(class_path_of(tmp_path, maven_folder) for _ in range(2)))
    (_, listed), _ = answers
    assert [code for code, _ in answers] == [0, 0]
    assert answers[0] == answers[1]
    assert [Path(line).name for line in listed.splitlines()] == [jar.path.name for jar in pinned_jars()]
    assert all(Path(line).is_relative_to(tmp_path) for line in listed.splitlines())
    assert [path.suffix for path in (tmp_path / "vigie").iterdir() if path.is_dir()] == [""]


async def test_once_filled_no_network_and_no_maven_folder_is_needed(maven_folder: Path, tmp_path: Path) -> None:
    """The cache stands on its own."""
    await class_path_of(tmp_path, maven_folder)
    code, _ = await class_path_of(tmp_path, tmp_path / "nothing")
    assert code == 0


async def test_without_a_network_the_error_names_cause_and_cure(tmp_path: Path) -> None:
    """What is missing, why it could not be fetched, and what to do."""
    code, output = await class_path_of(tmp_path, tmp_path / "nothing")
    assert code != 0
    assert "JarsUnavailable: Kafka's jars are not in" in output
    assert "ProxyError" in output
    assert "Connect this machine to a Maven repository once" in output


async def test_a_jar_with_other_content_is_never_used(maven_folder: Path, tmp_path: Path) -> None:
    """A jar that does not have the pinned SHA-256 is refused, however it came."""
    jar = pinned_jars()[1]
    forged = tmp_path / "maven" / jar.path
    await asyncio.to_thread(forge, maven_folder, tmp_path / "maven", forged)
    code, output = await class_path_of(tmp_path / "cache", tmp_path / "maven")
    assert code != 0
    assert f"{jar.artifact} {jar.version}" in output
    assert not any(path.is_dir() and not path.suffix for path in (tmp_path / "cache" / "vigie").iterdir())


async def test_a_jar_that_was_changed_in_the_cache_is_not_run(maven_folder: Path, tmp_path: Path) -> None:
    """Each start looks at what it starts, and at who may change it."""
    await class_path_of(tmp_path, maven_folder)
    (cache,) = (path for path in (tmp_path / "vigie").iterdir() if path.is_dir())
    cache.chmod(0o777)
    code, output = await class_path_of(tmp_path, maven_folder)
    assert (1, True) == (code, "chmod go-w" in output)
    cache.chmod(0o700)
    jar = cache / pinned_jars()[1].path
    await asyncio.to_thread(jar.write_bytes, b"not what was pinned")
    code, output = await class_path_of(tmp_path, maven_folder)
    assert (1, True) == (code, f"{jar.name} is not the pinned one; delete the folder" in output)


def forge(source: Path, target: Path, victim: Path) -> None:
    """Link every pinned jar from source into target, but put something else in the victim's place."""
    for jar in pinned_jars():
        (target / jar.path).parent.mkdir(parents=True, exist_ok=True)
        (target / jar.path).symlink_to(source / jar.path)
    victim.unlink()
    victim.write_bytes(b"not what was pinned")
