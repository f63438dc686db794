"""What each maker's cameras send becomes what it means."""

from collections.abc import Mapping

import pytest

from pipeline.gateway.makers import MAKERS
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.reading import received
from pipeline.gateway.told import told
from tests.unit.gateway.payloads import around, got
from tests.unit.gateway.samples import ALL, SAMPLES, Sample


def comparable(value: object) -> object:
    """Pictures as kind and size."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [(one["kind"], one["bytes"]) for one in value]
    return value


def agree(expected: str | Mapping[str, object], item: Mapping[str, Mapping[str, object]]) -> None:
    """The item is what was expected, in the fields that the sample names."""
    if isinstance(expected, str):
        assert expected == (item.get("ignored") or item.get("rejected")), item
        return
    read = item["read"]
    found = {name: comparable(read.get(name)) for name in expected}
    found |= {name: bool(read.get(name)) for name in ("event_key", "clock_suspect") if expected.get(name) is True}
    assert dict(expected) == found


@pytest.mark.parametrize("name", SAMPLES)
def test_a_message_becomes_what_it_means(name: str) -> None:
    """Recognised without being told whose it is; each item as expected, in its order."""
    sample: Sample = SAMPLES[name]
    reading = received(
        sample.body,
        around(**sample.given),
        PassageMemory(),
        method=sample.method,
        target=sample.target,
        headers=sample.headers,
    )
    assert sample.maker.NAME == reading.maker
    items = told(reading, with_answer=False)["items"]
    assert isinstance(items, list)
    assert len(sample.expected) == len(items), items
    for expected, item in zip(sample.expected, items, strict=True):
        agree(expected, item)  # type: ignore[arg-type]  # JSON's values


def test_a_heartbeat_in_single_quotes_says_whose_it_is() -> None:
    """As Axis documents it, with an apostrophe in a name and the camera's own name for itself."""
    body = b"{'identify': {'platform': \"N4 'west'\", 'macAddress': 'AA', 'ipAddress': '192.0.2.7'}, 'ALPV': {'device_ID': 'n4'}}"
    assert [{"ignored": "heartbeat", "camera": {"mac": "AA", "ip": "192.0.2.7", "provider": "n4"}}] == told(
        got(body), with_answer=False
    )["items"]


def test_every_maker_has_a_sample_and_every_name_stands_once() -> None:
    """A new maker comes with what it sends."""
    assert {maker.NAME for maker in MAKERS} == {sample.maker.NAME for sample in ALL}
    assert len(ALL) == len(SAMPLES)
