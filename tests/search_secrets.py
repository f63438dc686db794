"""Searches a data folder, and what runs on it, for what nobody else may read: plates, passwords, keys, covert alerts.

python -m tests.search_secrets FOLDER
"""

import asyncio
import json
import os
import re
import stat
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pipeline.hotlist.pattern_index import is_pattern
from pipeline.runtime.covert import PRIVATE, covert_folder, private_key
from pipeline.runtime.principals import BY_NAME
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.endpoints import servers_of
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_small import small_network
from pipeline.stream.covert_alerts import decode_opened
from schemas.outcomes import Alert
from schemas.topics import ALERTS_COVERT
from tests.stranger import Tried, target_of, tried_by_a_stranger

Words = Mapping[str, str]
"""What is searched for, and what each is: a plate, a password of ocr, ..."""
_PEM = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END")


def readable_by_others(folder: Path) -> list[Path]:
    """The files and folders in it that another user of the machine may read, change or connect to, by their modes and those of
    the folders above them, up to and with this one."""
    if not _open_to_others(folder):
        return []
    found = [folder]
    for path in folder.iterdir():
        if path.is_symlink():
            continue
        found += readable_by_others(path) if path.is_dir() else [path] * _open_to_others(path)
    return found


def _open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def secrets_in(folder: Path) -> dict[str, str]:
    """Each password, token and private key that files in the folder hold."""
    found: dict[str, str] = {}
    for file in folder.rglob("accounts/*.json"):
        for field, password in json.loads(file.read_text()).items():
            found[password] = f"{field} of {file.stem}"
    for file in folder.rglob("metrics-token"):
        found[file.read_text().strip()] = "the metrics token"
    for file in folder.rglob("*.pem"):
        for body in _PEM.findall(file.read_bytes()):
            found[body.split()[-1].decode()] = f"the end of the private key {file.name}"
            found[body.split()[0].decode()[-40:]] = f"the beginning of the private key {file.name}"
    return found


def told_in(texts: Iterable[tuple[str, bytes]], words: Words) -> list[str]:
    """Where a text, given with its name, holds one of the words. A word stands alone: 1ABC234 is not in A1ABC2345."""
    every = re.compile(
        rb"(?<![A-Za-z0-9])(" + b"|".join(re.escape(one.encode()) for one in words) + rb")(?![A-Za-z0-9])"
    )
    return sorted(
        {
            f"{name}: {words[hit.decode()]} ({hit.decode()[:8]}...)"
            for name, text in texts
            for hit in every.findall(text)
        }
    )


def logs_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every log of every process, also the turned ones, but not the broker's data, whose files are named so, too."""
    for file in folder.rglob("*.log*"):
        if file.is_file() and "kafka" not in file.relative_to(folder).parts[:-1]:
            yield str(file.relative_to(folder)), file.read_bytes()


def processes_on(folder: Path) -> list[psutil.Process]:
    """The processes whose arguments or environment name the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                str(folder) in " ".join((*process.cmdline(), *process.environ().values()))
                and process.pid != os.getpid()
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def arguments_of(processes: Iterable[psutil.Process]) -> Iterator[tuple[str, bytes]]:
    """What every user of the machine sees of the processes: their arguments."""
    for process in processes:
        yield f"arguments of {process.name()}", " ".join(process.cmdline()).encode()


def served_by(processes: Iterable[psutil.Process]) -> Iterator[tuple[str, bytes]]:
    """What each port that a process listens on answers to somebody without a token, and the answer's headers."""
    ports = {
        one.laddr.port for process in processes for one in process.net_connections("tcp") if one.status == "LISTEN"
    }
    for port in sorted(ports):
        for path in ("/metrics", "/"):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=3.0) as answer:
                    yield f"port {port}{path}", answer.read() + str(answer.headers).encode()
            except urllib.error.HTTPError as refused:
                yield f"port {port}{path}", refused.read() + str(refused.headers).encode()
            except OSError:
                continue  # a broker's port: it speaks no HTTP


def tried_on(folder: Path, processes: Iterable[psutil.Process]) -> Tried:
    """What another user of this machine can do to the platform and sees of it. Without root nobody can become one: nothing is
    tried then, and the modes of the files alone are judged (`readable_by_others`)."""
    if os.geteuid() != 0:
        return Tried()
    processes = list(processes)
    ports = {
        one.laddr.port for process in processes for one in process.net_connections("tcp") if one.status == "LISTEN"
    }
    return tried_by_a_stranger(target_of(folder, (process.pid for process in processes), ports))


def metrics_of(folder: Path, processes: Iterable[psutil.Process]) -> Iterator[tuple[str, bytes]]:
    """The metrics that each worker gives to whoever has the token."""
    token = next(iter(folder.rglob("metrics-token"))).read_text().strip()
    ports = {
        one.laddr.port for process in processes for one in process.net_connections("tcp") if one.status == "LISTEN"
    }
    for port in sorted(ports):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=3.0) as answer:
                yield f"metrics of port {port}", answer.read()
        except (OSError, ValueError):
            continue


async def records_for(settings: Settings, principal: str) -> list[ConsumerRecord]:
    """Every record that the principal may read, from the first to the last of now."""
    servers = servers_of(settings, principal)
    names = [f"{settings.namespace}.{topic.name}" for topic in BY_NAME[principal].reads]
    found: list[ConsumerRecord] = []
    async with AIOKafkaConsumer(*names, auto_offset_reset="earliest", **servers.kafka.client_kwargs()) as consumer:
        partitions = [TopicPartition(name, one) for name in names for one in consumer.partitions_for_topic(name) or ()]
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                found += records
    return found


def texts_of(records: Iterable[ConsumerRecord]) -> Iterator[tuple[str, bytes]]:
    """Key, value and headers of each."""
    for one in records:
        parts = (one.key, one.value, *(value for _, value in one.headers))
        yield f"a record of {one.topic}", b" ".join(part for part in parts if part)


async def covert_words(settings: Settings, key: X25519PrivateKey) -> dict[str, str]:
    """What tells of a covert alert: its ids, entry and case. Read as its owner reads them, who has the key."""
    found: dict[str, str] = {}
    for record in await records_for(settings, "covert"):
        message = decode_opened(ALERTS_COVERT, record.value, key)
        if isinstance(message, Alert):
            ids = {
                "id": message.alert_id,
                "incident": message.incident_id,
                "entry": message.entry_id,
                "case": message.case_reference,
            }
            found |= {word: f"the {what} of a covert alert" for what, word in ids.items() if word}
    return found


def plates_of(network: RoadNetwork) -> set[str]:
    """The wanted plates of a network, without its patterns."""
    return {entry.plate for entry in network.hotlist if not is_pattern(entry.plate)}


async def leaks_of(folder: Path, plates: Iterable[str]) -> list[str]:
    """Everything wrong with a running platform on this data folder. plates: what was driven past its cameras.

    Raises AssertionError where there was no covert alert to search for.
    """
    settings = load_settings({"VIGIE_DATA_DIR": str(folder)})
    covert = await covert_words(settings, private_key("key", covert_folder(settings) / PRIVATE))
    assert covert, "there was no covert alert"
    found = [f"{path} is open to others" for path in readable_by_others(folder)[:1]]
    return found + await leaks_on(folder, settings, plates, covert)


async def leaks_on(folder: Path, settings: Settings, plates: Iterable[str], covert: Words) -> list[str]:
    """Everything wrong with a running platform, of which all files lie in this folder, which others may enter. covert:
    what tells of covert alerts."""
    processes = processes_on(folder)
    secrets = secrets_in(folder)
    never = {**dict.fromkeys(plates, "a plate"), **secrets, **covert}
    open_files = [f"{path} is open to others" for path in readable_by_others(folder)[1:]]
    stranger = tried_on(folder, processes)
    seen = [*logs_in(folder), *arguments_of(processes), *served_by(processes), *metrics_of(folder, processes)]
    seen += stranger.answers
    assert any(name.startswith("metrics of") for name, _ in seen)
    others = [one for principal in ("tail", "auditor") for one in texts_of(await records_for(settings, principal))]
    return [*open_files, *stranger.done, *told_in(seen, never), *told_in(others, {**secrets, **covert})]


def main() -> int:
    """Search the folder of the arguments; print what was found. Returns 1 if anything was."""
    found = asyncio.run(leaks_of(Path(sys.argv[1]).resolve(), plates_of(small_network())))
    print("\n".join(found) or "nothing")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
