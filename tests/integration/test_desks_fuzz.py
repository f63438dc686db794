"""The API's own description, turned against it: what fits it, or just does not, is answered as it says, and never with a 500."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from redis.asyncio import Redis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

import pipeline
from pipeline.access.roles import ROLES
from pipeline.desks.app import DESCRIPTION
from pipeline.desks.limits import Limits
from pipeline.runtime.kafka_connection import KafkaConnection
from tests.fakes import MemoryRecorder
from tests.people import ZONE
from tests.people_desk import REASON, Desks, desks_of
from tests.record_logs import a_log

APART = {"get_stream", "get_stream_violations", "get_record_log_tile_tile"}
"""Operations with tests of their own: two are not over until the reader goes away, the other's name has slashes, which no generated
path has."""
EXAMPLES = int(os.environ.get("VIGIE_FUZZ_EXAMPLES", "2"))
"""Of each operation, that fit, and as many that do not. From THIRDS_FROM on they come in thirds, and the last third must bring
nothing new: no line that was not run before, and no refusal of an operation that was not seen before. 120 for the long run."""
THIRDS_FROM = 30
OF_EACH = settings(
    phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=False
)
WATCHED = tuple(str(Path(pipeline.__file__).parent / name) for name in ("desks", "access", "state"))
LONGEST_LINE = 8_000
PATIENCE_S = 300.0  # a machine may be busy
EVERYTHING: dict[str, Any] = {
    "everywhere": True, "zones": (ZONE,), "networks": ("federal", "local", "lez", "public_transport", "vehicle"),
    "lists": ("national_wanted", "stolen", "sis", "no_insurance", "no_inspection", "ad_hoc"),
}  # fmt: skip


@pytest_asyncio.fixture
async def desks(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[Desks]:
    """The process, with a person who may do everything that any role may: so requests get as far as they can."""
    made = desks_of(kafka, redis, namespace, tmp_path)
    await made.person("an.peeters", *ROLES, **EVERYTHING)
    a_log(made.settings.record, 300)
    async with made.running(MemoryRecorder(), limits=Limits(per_second=1e6, at_once=1e6)):
        yield made


class Coverage:
    """What the requests reached: lines of the watched folders, and outcomes of operations."""

    def __init__(self) -> None:
        self.lines: set[tuple[str, int]] = set()
        self.outcomes: set[tuple[str, int, str]] = set()

    def trace(self, frame: FrameType, event: str, _argument: object) -> "Callable[..., Any] | None":
        """Note a line; frames of other folders are left alone."""
        if not frame.f_code.co_filename.startswith(WATCHED):
            return None
        if event == "line":
            self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self.trace

    @property
    def seen(self) -> set[object]:
        """All lines and outcomes until now."""
        return {*self.lines, *self.outcomes}


async def test_nothing_that_can_be_sent_breaks_it(desks: Desks) -> None:
    """For each operation some requests that fit, and some that do not."""
    document = (await desks.browser().ask("GET", DESCRIPTION)).json
    schema = schemathesis.openapi.from_dict(document)
    loop = asyncio.get_running_loop()
    tried: set[str] = set()
    coverage = Coverage()

    def cookie() -> str:
        """Of a session of its own, because some requests end sessions."""
        browser = asyncio.run_coroutine_threadsafe(desks.logged_in("an.peeters"), loop).result()
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    def fuzz(number: int, examples: int) -> None:
        for result in schema.get_all_operations():
            operation = result.ok()
            name = operation.definition.raw["operationId"]
            if name in APART:
                continue
            tried.add(name)
            for mode in GenerationMode:
                check = checking(operation, mode, desks.url, cookie, coverage.outcomes)
                run(seed(number)(settings(OF_EACH, max_examples=examples)(check)))

    if EXAMPLES < THIRDS_FROM:
        await asyncio.to_thread(fuzz, 0, EXAMPLES)
    else:
        for number in range(3):
            before = coverage.seen
            sys.settrace(coverage.trace)
            await asyncio.to_thread(fuzz, number, EXAMPLES // 3)
            sys.settrace(None)
            print(f"after {number + 1} thirds: {len(coverage.lines)} lines, {len(coverage.outcomes)} outcomes")
        assert not sorted(map(str, coverage.seen - before))
    assert len(tried) > 80


def checking(
    operation: Any, mode: GenerationMode, url: str, cookie: Callable[[], str], outcomes: set[tuple[str, int, str]]
) -> Any:
    """A test of one operation: what it answers, and that it is as described."""

    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        headers = {"Cookie": cookie(), "Sec-Fetch-Site": "same-origin", "Vigie-Reason": REASON.replace(" ", "%20")}
        answer = case.call(base_url=url, headers=headers, timeout=PATIENCE_S)
        if len(answer.request.url or "") > LONGEST_LINE:
            assert answer.status_code == 400  # it is refused before it is a request: in the server's own words
            return
        checks = [not_a_server_error, response_schema_conformance, content_type_conformance]
        case.validate_response(answer, checks=checks)
        assert "Traceback" not in answer.text
        rule = answer.json().get("type", "") if answer.status_code >= 400 else ""
        outcomes.add((operation.definition.raw["operationId"], answer.status_code, rule))

    return check


def run(check: Any) -> None:
    """Run it; an operation that takes nothing cannot be given anything wrong."""
    try:
        check()
    except Unsatisfiable:
        return
    except schemathesis.errors.SchemathesisError as error:
        if "negat" not in str(error).lower() and "unsatisfiable" not in str(error).lower():
            raise
