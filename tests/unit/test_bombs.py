"""What is small to send and was costly to read costs little. `python -m tests.bomb_costs` measures them all."""

from collections.abc import Iterator

import pytest

from tests.bomb_costs import EDGES, Cost, Meter

SOME = {
    "batch": ("zstd, 1000 MiB", "gzip, members", "snappy, blocks", "zstd, tables", "headers", "reads that are numbers",
              "a megabyte of numbers"),
    "answer": ("headers", "a megabyte of batches of zeros, zstd", "a megabyte of batches of empty records",
               "a megabyte of batches of what unpacks to too much", "a thousand headers in each of eight thousand records"),
    "picture": ("scans", "empty chunks", "fill bytes", "grey", "Photoshop's blocks", "strokes to search"),
    "video": ("an AVI that claims much", "a JPEG of scans", "H.264 in MP4, large"),
    "body": ("packed empty lists", "chunks", "entities"),
    "json": ("nested lists", "one number"),
    "file": ("one attribute", "one comment", "UTF-16", "entities"),
}  # fmt: skip
"""Of each edge some, because to make them all takes a minute."""


@pytest.fixture(scope="module")
def meter() -> Iterator[Meter]:
    """Measures what each costs."""
    made = Meter()
    yield made
    made.close()


@pytest.mark.parametrize(("edge", "bomb"), [(edge, bomb) for edge, bombs in SOME.items() for bomb in bombs])
def test_a_bomb_costs_its_reader_little(meter: Meter, edge: str, bomb: str) -> None:
    """Memory and processor time stay below what any bomb may take."""
    cost = meter.cost(edge, bomb, EDGES[edge][0][bomb]())
    assert cost.holds, cost


def test_what_costs_too_much_is_seen() -> None:
    """The test above can fail."""
    assert not Cost("batch", "large", 1, "", 0.1, 600).holds
    assert not Cost("batch", "long", 1, "", 3.0, 1).holds
    assert Cost("batch", "small", 1, "", 0.1, 1).is_good
