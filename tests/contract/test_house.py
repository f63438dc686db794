"""Every agent and topic is known everywhere that it must be."""

import inspect
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import msgspec
import pytest
import yaml

from agents import AGENTS, agent_named
from pipeline.runtime.settings import load_settings
from schemas.base import Message
from schemas.topics import TOPICS, Topic

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")


def test_every_module_in_agents_is_an_agent_that_is_started() -> None:
    """A file that nobody starts, or a name without a file, is a mistake."""
    assert sorted(AGENTS) == sorted(path.stem for path in (ROOT / "agents").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", AGENTS)
def test_every_agent_keeps_the_contract(name: str) -> None:
    """Its name, where it reads, where it writes, and a start that opens what it needs."""
    agent = agent_named(name)
    assert name == agent.name
    assert set(agent.sources) <= set(TOPICS)
    assert set(agent.outputs) <= set(TOPICS)
    assert inspect.iscoroutinefunction(agent.start)
    assert list(inspect.signature(agent.start).parameters) == ["context"]
    assert inspect.getmodule(agent.start).__doc__


def test_exactly_one_agent_of_each_topic_reports_what_all_of_them_refuse() -> None:
    """A refused read is in the dead letters once, whoever reads its topic."""
    agents = [agent_named(name) for name in AGENTS]
    reporting = [topic.name for agent in agents for topic in agent.sources if topic not in agent.elsewhere]
    assert sorted({topic.name for agent in agents for topic in agent.sources}) == sorted(reporting)


@pytest.mark.parametrize("name", AGENTS)
def test_every_agent_has_a_compose_service_and_a_row_in_the_architecture(name: str) -> None:
    """What is deployed and what is described is what there is."""
    assert COMPOSE["services"][name]["command"] == ["worker", name]
    assert re.search(rf"^\| `{name}` \|", ARCHITECTURE, re.MULTILINE)


def test_topics_and_messages_belong_together() -> None:
    """Every topic has one message of its own, and who writes or reads it is an agent or the outside."""
    assert len({topic.name for topic in TOPICS}) == len({topic.message for topic in TOPICS}) == len(TOPICS)
    written = {topic for name in AGENTS for topic in agent_named(name).outputs}
    read = {topic for name in AGENTS for topic in agent_named(name).sources}
    outside = {
        "frames",
        "actions",
        "judgements",
        "dead_letters",
        "accesses",
    }  # by cameras, desks, the stage itself, desks and commands
    assert {topic.name for topic in TOPICS} - {topic.name for topic in written} == outside
    assert {topic.name for topic in read} == {
        "frames",
        "tracks",
        "reads",
        "alerts",
        "forwards",
        "receipts",
        "actions",
        "accesses",
    }


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: str(topic.name))
def test_messages_are_frozen_and_say_which_topic_carries_them(topic: Topic[Message]) -> None:
    """An immutable struct whose docstring names its topic."""
    message = topic.message
    assert issubclass(message, Message)
    assert message.__struct_config__.frozen
    assert f"vigie.{topic.name}" in (message.__doc__ or "")
    assert msgspec.json.schema(message)


def test_a_camera_keeps_its_partition_along_the_road() -> None:
    """Frames, tracks and reads have the same partition count."""
    counts = {topic.name: topic.partitions for topic in TOPICS}
    assert counts["frames"] == counts["tracks"] == counts["reads"]


def test_retention_bounds_the_disk() -> None:
    """Everything ends: by time, and where pictures are carried also by bytes."""
    for topic in TOPICS:
        longest_days = 3_653 if topic.of_record else 7
        assert topic.retention_ms is None or 0 < topic.retention_ms <= longest_days * 24 * 3_600_000
        if topic.encoding == "msgpack":
            assert topic.retention_bytes


def test_the_cluster_has_no_default_password_and_checks_its_health() -> None:
    """Secrets are files, each service's its own, and their lack stops the start; every lasting service has a health check."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert "VIGIE_UID:?" in text
    assert not re.findall(r"requirepass|REDISCLI_AUTH|PLAINTEXT://", text)
    assert not re.findall(r"(?i)password\s*[:=]\s*[\"']?[a-z0-9]+[\"']?\s*$", text, re.MULTILINE)
    for name, service in COMPOSE["services"].items():
        assert "healthcheck" in service, name
        assert service["restart"] in ("unless-stopped", "no")
    assert [name for name in COMPOSE["services"] if name.startswith("kafka-")] == ["kafka-1", "kafka-2", "kafka-3"]


@pytest.mark.parametrize("name", AGENTS)
def test_an_agents_container_has_its_own_account_and_little_else(name: str) -> None:
    """No capability, no writable root, bounded memory and processes; pictures only where they are kept."""
    service = COMPOSE["services"][name]
    own = {"audit": ["record.key"], "hotlist": ["covert-public.pem"], "copied_plates": ["platform.key"]}
    keys = own.get(name, [])
    assert [f"{name}.json", "metrics-token", *keys] == service["secrets"]
    assert service["read_only"]
    assert ["ALL"] == service["cap_drop"]
    assert {"mem_limit", "pids_limit"} <= set(service)
    assert ("evidence:/data/evidence" in service.get("volumes", [])) is (name == "ocr")


def test_every_container_gives_up_what_it_does_not_need() -> None:
    """No capability, no new privileges, bounds, no secret in arguments or environment; only Kafka, whose image writes its
    settings into itself at each start, has a root that it may write."""
    for name, service in COMPOSE["services"].items():
        assert ["ALL"] == service["cap_drop"], name
        assert ["no-new-privileges:true"] == service["security_opt"], name
        assert {"mem_limit", "pids_limit", "user"} <= set(service), name
        assert service.get("read_only", False) is not name.startswith("kafka-"), name
        said = " ".join(map(str, (service.get("command", ()), service.get("environment", {}), service["healthcheck"])))
        assert not re.search(
            r"(?i)(password|requirepass|secret|token)\s*[=:]\s*['\"]?[^/\s'\"]", said.replace("/run/secrets/", "/")
        ), name
        assert "privileged" not in service, name
        assert "network_mode" not in service, name


def test_what_the_build_brings_is_pinned() -> None:
    """Its own backend by version, uv by its digests, all else by uv.lock."""
    assert all(
        "==" in one for one in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    )
    assert "--hash=sha256:" in (ROOT / ".uv.txt").read_text("utf-8")
    recipe = COMPOSE["services"]["decode"]["build"]["dockerfile_inline"]
    assert re.findall(r"pip install .*", recipe) == ["pip install --no-cache-dir --require-hashes -r .uv.txt"]
    assert all("--frozen" in line for line in re.findall(r"uv sync .*", recipe))


def test_the_desks_of_the_cluster_are_reached_from_this_host_alone_and_change_no_picture_and_no_record() -> None:
    """Without TLS nobody else may come; pictures and the record are mounted for reading; Kafka knows their account."""
    service = COMPOSE["services"]["desks"]
    assert ["desks"] == service["command"]
    assert ["127.0.0.1:8450:8450"] == service["ports"]
    assert all(volume.endswith(":ro") for volume in service["volumes"])
    assert ["desks.json", "metrics-token", "covert-public.pem", "platform.key"] == service["secrets"]
    assert "desks.json" in COMPOSE["services"]["topics"]["secrets"]
    assert {"desks", "gateway"} == {name for name, one in COMPOSE["services"].items() if "ports" in one}


def test_the_gateway_of_the_cluster_takes_cameras_from_this_host_alone() -> None:
    """Until it is given a certificate; it keeps pictures, and Kafka knows its account."""
    service = COMPOSE["services"]["gateway"]
    assert ["gateway", "serve"] == service["command"]
    assert ["127.0.0.1:8460:8460"] == service["ports"]
    kept = [
        "evidence-gateway:/data/evidence-gateway",
        "spool:/data/spool",
        "drops:/data/drops",
        "mappings:/data/mappings:ro",
    ]
    assert kept == service["volumes"]
    assert ["gateway.json", "metrics-token", "platform.key"] == service["secrets"]
    assert "gateway.json" in COMPOSE["services"]["topics"]["secrets"]


def test_no_two_containers_write_pictures_into_one_place() -> None:
    """Who is taken over by a picture changes none that another stored: a volume has one writer; `retention`, which takes no
    picture, deletes. Who reads pictures is told of every place."""
    writers: dict[str, set[str]] = {}
    for name, service in COMPOSE["services"].items():
        mounted = [volume.split(":") for volume in service.get("volumes", [])]
        for volume, *rest in mounted:
            if volume in COMPOSE["volumes"] and rest[-1] != "ro" and name != "retention":
                writers.setdefault(volume, set()).add(name)
        if name in ("desks", "retention"):
            places = [place for volume, place, *_ in mounted if volume.startswith("evidence")]
            assert " ".join(f"file://{place}" for place in places) in service["environment"]["VIGIE_EVIDENCE_URL"]
            assert {volume for volume in COMPOSE["volumes"] if volume.startswith("evidence")} <= {
                one[0] for one in mounted
            }
    assert ({"ocr"}, {"gateway"}) == (writers["evidence"], writers["evidence-gateway"])
    assert all(len(names) == 1 for names in writers.values())


def test_a_containers_data_folder_is_its_users_alone() -> None:
    """Else it is refused at the start; and a new volume takes owner and mode of the folder that the image has there."""
    recipe = COMPOSE["services"]["decode"]["build"]["dockerfile_inline"]
    redis = COMPOSE["services"]["redis"]
    assert ["redis:/state"] == redis["volumes"]
    assert "-o $$VIGIE_UID /state" in redis["build"]["dockerfile_inline"]
    assert {"--dir", "/state"} <= set(redis["command"])
    for name, service in COMPOSE["services"].items():
        for place in service.get("tmpfs", []):
            path, _, modes = place.partition(":")
            assert path == "/tmp" or modes.startswith("mode=0700,uid=${VIGIE_UID:?"), name
        for volume in service.get("volumes", []):
            place = volume.split(":")[1]
            assert not place.startswith("/data/") or place.removeprefix("/") in recipe, name


def test_the_cluster_mounts_only_volumes_that_exist() -> None:
    """Named volumes are declared; data of Kafka, Redis and the evidence outlives a container."""
    declared = set(COMPOSE["volumes"])
    mounted = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith(("$", ".", "/"))
    }
    assert mounted == declared


def test_the_cluster_file_is_valid() -> None:
    """`docker compose config` accepts it where there is such a client; elsewhere its own words are checked."""
    secrets = {"VIGIE_UID": "1000", "KAFKA_CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw"}
    if docker := compose_client():
        checked = subprocess.run([*docker, "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"], check=False,
                                 env={**os.environ, **secrets}, capture_output=True, text=True, timeout=60)  # fmt: skip
        assert checked.returncode == 0, checked.stderr
    words = {"image", "build", "environment", "volumes", "depends_on", "healthcheck", "restart", "stop_grace_period",
             "init", "command", "user", "secrets", "read_only", "tmpfs", "cap_drop", "security_opt", "mem_limit",
             "pids_limit", "ports"}  # fmt: skip
    assert {word for word in COMPOSE if not word.startswith("x-")} == {"name", "services", "volumes", "secrets"}
    for name, service in COMPOSE["services"].items():
        assert set(service) <= words, name
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"]), name
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"]), name
        for needed in service.get("depends_on", {}).values():
            assert needed["condition"] in ("service_healthy", "service_completed_successfully", "service_started")


def compose_client() -> list[str] | None:
    """The command that speaks compose on this machine, or None."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(command[0])
            and not subprocess.run([*command, "version"], capture_output=True, check=False).returncode
        ):
            return command
    return None


def test_the_settings_of_the_cluster_are_settings() -> None:
    """Every VIGIE_ variable that a service is given is one that load_settings knows."""
    for service in COMPOSE["services"].values():
        ours = {name: "" for name in service.get("environment", {}) if name.startswith("VIGIE_")}
        said = {
            "VIGIE_METRICS_PORT": "9100", "VIGIE_METRICS_HOST": "0.0.0.0", "VIGIE_LOG_LEVEL": "info",
            "VIGIE_ALLOW_PLAINTEXT": "true", "VIGIE_DESKS_PORT": "8450", "VIGIE_GATEWAY_PORT": "8460",
        }  # fmt: skip
        ours |= said if ours else {}
        load_settings(ours)


def test_compose_and_the_embedded_broker_run_the_same_kafka() -> None:
    """Laptop, test and cluster run one engine in one version."""
    jars = tomllib.loads((ROOT / "pipeline/servers/jgo.lock.toml").read_text("utf-8"))["dependencies"]
    version = next(jar["version"] for jar in jars if jar["artifactId"].startswith("kafka_2"))
    assert COMPOSE["services"]["kafka-1"]["image"] == f"apache/kafka:{version}"


def test_the_readme_has_its_first_command_by_line_eight() -> None:
    """Whoever opens it can start at once."""
    assert "make demo" in "\n".join(README.splitlines()[:8])


def test_the_repository_speaks_of_vigie_alone() -> None:
    """No path of a machine and no registry host in what is shipped."""
    wrong = re.compile(r"(^|[^A-Za-z0-9_./])/(work|root|home)/\w|repo1?\.maven\.org|files\.pythonhosted")
    for folder in ("schemas", "pipeline", "agents", "benchmarks", "tests"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".toml", ".md", ".json") and path.name != Path(__file__).name:
                assert not wrong.search(path.read_text("utf-8")), path


_CODE_FOLDERS = ("agents", "benchmarks", "pipeline", "schemas", "tests")
_NO_REASON = re.compile(r"# *(type: ignore(\[[^]]*\])?|noqa(: *[A-Z0-9, ]+)?)[ #-]*(# fmt: \w+)?$", re.MULTILINE)


def test_what_a_checker_is_told_to_let_pass_has_its_reason_beside_it() -> None:
    """After each `type: ignore` and `noqa` of the code stands why, in words."""
    for bare in ("ignore", "ignore[misc]", "ignore[misc, arg-type]  #", "ignore[misc]  # fmt: skip"):
        assert _NO_REASON.search(f"x = y  # type: {bare}\nz = 1"), bare
    for bare in ("noqa", "noqa: E501", "noqa: E501, B010 - "):
        assert _NO_REASON.search(f"x = y  # {bare}"), bare
    for told in ("type: ignore[misc]  # a library without types", "noqa: E501 - a table", "noqa: E501  # a table"):
        assert not _NO_REASON.search(f"x = y  # {told}"), told
    files = [path for folder in _CODE_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert files
    found = ((path, _NO_REASON.search(path.read_text("utf-8"))) for path in files)
    assert [] == [f"{path.relative_to(ROOT)}: {bare[0]}" for path, bare in found if bare]
