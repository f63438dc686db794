"""The API's own description, turned against it: what fits it, or just does not, is answered as it says, and never with a 500."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from redis.asyncio import Redis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from pipeline.access.roles import ROLES
from pipeline.desks.app import DESCRIPTION
from pipeline.desks.limits import Limits
from pipeline.runtime.kafka_connection import KafkaConnection
from tests.fakes import MemoryRecorder
from tests.people import ZONE
from tests.people_desk import REASON, Desks, desks_of
from tests.record_logs import a_log

APART = {"get_stream", "get_record_log_tile_tile"}
"""Operations with tests of their own: one is not over until the reader goes away, the other's name has slashes, which no generated
path has."""
EXAMPLES = 3
LONGEST_LINE = 8_000
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


async def test_nothing_that_can_be_sent_breaks_it(desks: Desks) -> None:
    """For each operation some requests that fit, and some that do not."""
    document = (await desks.browser().ask("GET", DESCRIPTION)).json
    schema = schemathesis.openapi.from_dict(document)
    loop = asyncio.get_running_loop()
    tried: list[str] = []

    def cookie() -> str:
        """Of a session of its own, because some requests end sessions."""
        browser = asyncio.run_coroutine_threadsafe(desks.logged_in("an.peeters"), loop).result()
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    def fuzz() -> None:
        for result in schema.get_all_operations():
            operation = result.ok()
            name = operation.definition.raw["operationId"]
            if name in APART:
                continue
            tried.append(name)
            for mode in GenerationMode:
                _fuzz(operation, mode, desks.url, cookie)

    await asyncio.to_thread(fuzz)
    assert len(tried) > 60


def _fuzz(operation: Any, mode: GenerationMode, url: str, cookie: Any) -> None:
    @settings(max_examples=EXAMPLES, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck),
              derandomize=True, database=None)  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        headers = {"Cookie": cookie(), "Sec-Fetch-Site": "same-origin", "Vigie-Reason": REASON.replace(" ", "%20")}
        answer = case.call(base_url=url, headers=headers)
        if len(answer.request.url or "") > LONGEST_LINE:
            assert answer.status_code == 400  # it is refused before it is a request: in the server's own words
            return
        checks = [not_a_server_error, response_schema_conformance, content_type_conformance]
        case.validate_response(answer, checks=checks)
        assert "Traceback" not in answer.text

    try:
        check()
    except schemathesis.errors.SchemathesisError as error:
        if "negat" not in str(error).lower() and "unsatisfiable" not in str(error).lower():
            raise  # an operation that takes nothing cannot be given anything wrong
