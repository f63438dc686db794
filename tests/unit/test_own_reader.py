"""The shipped network: it loads, it reads plates that were never drawn before, and it is small."""

import numpy as np
import pytest

from pipeline.errors import Misconfigured
from pipeline.vision.interpret import readings_of
from pipeline.vision.own import MODEL, ROWS, WIDTH, OwnReader, prepared
from pipeline.vision.reading import is_hopeless
from pipeline.vision.training.art import draw
from pipeline.vision.training.series import any_plate
from pipeline.vision.training.typefaces import own_typefaces

SEED = 20_251  # no seed of the training


@pytest.fixture(scope="module")
def reader() -> OwnReader:
    """One for all."""
    return OwnReader()


def drawn_lines(count: int) -> list[tuple[np.ndarray, str]]:
    """Lines cut straight out of drawn plates, as they would be from a clear picture, with their text."""
    rng, found = np.random.default_rng(SEED), []
    while len(found) < count:
        drawn = draw(any_plate(rng), own_typefaces()[int(rng.integers(len(own_typefaces())))], rng)
        for line in drawn.lines:
            rim = (line.bottom - line.top) / 4
            rows, columns = (line.top - rim, line.bottom + rim), (line.left - rim, line.right + rim)
            part = drawn.art[int(rows[0]) : int(rows[1]), int(columns[0]) : int(columns[1])]
            found.append((np.clip(part, 0, 255).astype(np.uint8), line.text))
    return found


def test_the_shipped_network_reads_drawn_lines(reader: OwnReader) -> None:
    """Nine of ten, every character right, of plates of all countries that were not trained on."""
    lines = drawn_lines(120)
    scores = reader.scores([line for line, _ in lines])
    right = sum(
        readings_of(seen)[:1] != [] and readings_of(seen)[0].text == text
        for seen, (_, text) in zip(scores, lines, strict=True)
    )
    assert right >= 0.9 * len(lines)


def test_scores_are_log_probabilities_of_each_column(reader: OwnReader) -> None:
    """Each column's shares add up to one, whatever the line's size; a longer line has more columns, up to a limit."""
    columns = []
    for size in ((20, 30), (48, 100, 3), (48, 200, 3), (9, 700, 3)):
        (scores,) = reader.scores([np.random.default_rng(1).integers(0, 255, size, np.uint8)])
        columns.append(len(scores))
        assert 37 == scores.shape[1]
        assert np.exp(scores).sum(axis=1) == pytest.approx(np.ones(len(scores)), abs=1e-3)
    assert columns == sorted(set(columns))
    assert WIDTH // 4 == columns[-1]


def test_an_empty_ground_says_nothing(reader: OwnReader) -> None:
    """Nothing that would be worth a second opinion where there is nothing to read."""
    assert is_hopeless(readings_of(reader.scores([np.full((48, 200, 3), 130, np.uint8)])[0]))


def test_lines_read_together_read_as_alone(reader: OwnReader) -> None:
    """What stands beside a line in the batch does not change it."""
    lines = [line for line, _ in drawn_lines(3)]
    for alone, together in zip(lines, reader.scores(lines), strict=True):
        assert np.allclose(reader.scores([alone])[0], together, atol=1e-3)


def test_preparing_leaves_the_line_as_it_was() -> None:
    """The network's input is a copy of its height."""
    line = np.random.default_rng(2).integers(0, 255, (48, 150, 3), np.uint8)
    before = line.copy()
    assert (ROWS, 120) == prepared(line).shape
    assert np.array_equal(before, line)


def test_the_weights_are_small() -> None:
    """At most two megabytes travel with the package."""
    assert MODEL.stat().st_size <= 2_000_000


def test_missing_weights_are_said_at_once() -> None:
    """With the file that was looked for."""
    with pytest.raises(Misconfigured, match=r"none\.onnx"):
        OwnReader(MODEL.with_name("none.onnx"))
