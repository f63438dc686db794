"""The examples in the docstrings of the pure modules are true."""

import doctest
import importlib
import pkgutil

import pytest

import pipeline.plates

PURE = (
    "pipeline.neighbours.partitions",
    "pipeline.neighbours.retry_after",
    "pipeline.hotlist.edits",
    "pipeline.sections.certainty",
    "pipeline.sections.pairing",
    "pipeline.sections.speed",
    "pipeline.law.book",
    "pipeline.reads.geography",
    "pipeline.gateway.countries",
    "pipeline.gateway.mapped_values",
    "pipeline.gateway.personal",
    "pipeline.gateway.samples",
    "pipeline.gateway.times",
    "pipeline.gateway.words",
)
PLATES = [f"pipeline.plates.{found.name}" for found in pkgutil.iter_modules(pipeline.plates.__path__)]


@pytest.mark.parametrize("name", [*PURE, *PLATES, "pipeline.plates", "schemas.ids"])
def test_the_examples_of_a_module_hold(name: str) -> None:
    """Good and bad values, as the reader sees them."""
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert 0 == result.failed
