"""Provides Kafka's jars: fetched once a user as jgo.lock.toml pins them, verified, and later used without a network.

``python -m pipeline.servers.kafka_jars`` resolves jgo.toml anew and writes the lock file.
"""

import fcntl
import hashlib
import os
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Unavailable
from pipeline.runtime.private import check_folder, open_private, private_folder, write_private

HERE = Path(__file__).parent
SPEC = HERE / "jgo.toml"
LOCK = HERE / "jgo.lock.toml"
PARALLEL_DOWNLOADS = 8
TRIES = 3


class JarsUnavailable(Unavailable):
    """Raised when Kafka's jars are not in the cache and cannot be fetched. The message names cause and cure."""

    def __init__(self, cause: str, cache: Path) -> None:
        super().__init__("Kafka's jars", retry_after_s=10.0)
        self.args = (
            f"Kafka's jars are not in {cache} and could not be fetched ({cause}). Connect this machine to a Maven "
            f"repository once (HTTPS_PROXY and ~/.config/jgo.conf are honoured), or copy that folder from a machine "
            "that has it.",
        )


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar. sha256: of the file, hexadecimal."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where a Maven repository keeps it, relative to its root."""
        return Path(*self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar")


def pinned_jars() -> tuple[Jar, ...]:
    """The jars of the lock file, in class path order."""
    locked = tomllib.loads(LOCK.read_text())["dependencies"]
    return tuple(Jar(jar["groupId"], jar["artifactId"], jar["version"], jar["sha256"]) for jar in locked)


def cache_folder() -> Path:
    """This user's folder for this lock file's jars: in XDG_CACHE_HOME, else ~/.cache. It may not exist yet."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "vigie" / f"kafka-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"


def class_path() -> list[Path]:
    """The paths of the jars, each verified; jars that this user does not have yet are fetched first. Blocks; safe for several
    processes at once.

    Raises JarsUnavailable when they are not cached and cannot be fetched, or when one in the cache is missing or not what the lock
    file pins; Misconfigured where others may change the cache.
    """
    cache = cache_folder()
    if not cache.is_dir():
        _fill(cache)
    _check_cache(cache)
    jars = pinned_jars()
    for jar in jars:
        if not _is_pinned(jar, cache):
            raise JarsUnavailable(f"{jar.path.name} is not the pinned one; delete the folder to fetch it again", cache)
    return [cache / jar.path for jar in jars]


def _check_cache(cache: Path) -> None:
    """Raise Misconfigured where others own the folders of the cache, or may put files into them: a broker runs what is there."""
    for folder in (cache.parent, cache):
        check_folder("the cache of Kafka's jars (XDG_CACHE_HOME)", folder)


def _is_pinned(jar: Jar, cache: Path) -> bool:
    """Whether the jar is in the cache as it is pinned."""
    try:
        return hashlib.sha256((cache / jar.path).read_bytes()).hexdigest() == jar.sha256
    except OSError:
        return False


def _fill(cache: Path) -> None:
    """Fetch the jars into a folder beside the cache, and rename it to the cache's name when all are there and verified.
    Raises JarsUnavailable."""
    partial = cache.with_name(f"{cache.name}.partial")
    try:
        private_folder(cache.parent)
        lock = open_private(cache.with_name(f"{cache.name}.lock"), "truncate")
    except OSError as error:
        raise JarsUnavailable(f"{cache.parent} cannot be written: {error.strerror}", cache) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # dropped when this process ends, however it ends
        if cache.is_dir():
            return
        private_folder(partial)
        pool = ThreadPoolExecutor(PARALLEL_DOWNLOADS)
        try:
            list(pool.map(lambda jar: _fetch(jar, partial, cache), pinned_jars()))
        finally:
            pool.shutdown(cancel_futures=True)
        partial.rename(cache)


def _fetch(jar: Jar, repository: Path, cache: Path) -> None:
    """Bring one jar into the repository folder and verify it. It is taken from an earlier try, from the user's Maven folder,
    or from the network. Raises JarsUnavailable."""
    cause = ""
    target = repository / jar.path
    for attempt in range(TRIES):
        try:
            found = _resolve(jar, repository, use_maven_folder=attempt == 0)
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo raises RuntimeError for not found
            cause = f"{jar.artifact} {jar.version}: {type(error).__name__}"
            target.unlink(missing_ok=True)
            continue
        content = found.read_bytes()
        if hashlib.sha256(content).hexdigest() == jar.sha256:
            if found != target:
                private_folder(target.parent)
                write_private(target, content)
            return
        cause = f"{jar.artifact} {jar.version} does not have the pinned SHA-256"
        target.unlink(missing_ok=True)
    raise JarsUnavailable(cause, cache)


def _resolve(jar: Jar, repository: Path, *, use_maven_folder: bool) -> Path:
    """The path at which jgo has the jar; jgo downloads it into the repository folder if it has none."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    settings = GlobalSettings.load()
    context = MavenContext(
        repo_cache=repository,
        local_repos=[settings.repo_cache] if use_maven_folder else [],
        remote_repos={**settings.repositories, "central": MAVEN_CENTRAL_URL},
        timeout=30,
    )
    return Path(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())


def write_lock() -> None:
    """Resolve jgo.toml with all it depends on and pin versions and SHA-256 in jgo.lock.toml. Needs a network."""
    from jgo.env import EnvironmentBuilder, EnvironmentSpec, LockFile, compute_spec_hash
    from jgo.maven import MavenContext

    spec = EnvironmentSpec.load(SPEC)
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch))
        wanted = EnvironmentBuilder(context, cache_dir=Path(scratch)).spec_to_dependencies(spec)
        asked, brought = context.resolver.resolve(wanted)
        lock = LockFile.from_resolved_dependencies(
            [*asked, *(jar for jar in brought if jar.scope in ("compile", "runtime"))],
            environment_name=spec.name,
            spec_hash=compute_spec_hash(SPEC),
            entrypoints=spec.entrypoints,
            default_entrypoint=spec.default_entrypoint,
        )
    lock.save(LOCK)


if __name__ == "__main__":
    write_lock()
