"""Synthetic plates: what they say, that a seed makes them, and that a line's text is what was drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.vision.ctc import ALPHABET
from pipeline.vision.own import ROWS, WIDTH
from pipeline.vision.training.art import draw
from pipeline.vision.training.blocks import block
from pipeline.vision.training.samples import sample
from pipeline.vision.training.series import ISSUES, Issue, plate_of
from pipeline.vision.training.strokes import STYLES, draw_strokes
from pipeline.vision.training.typefaces import HEIGHT, own_typefaces
from pipeline.vision.training.wear import cut_sign, shoot
from pipeline.vision.verify import HIGH, WIDE

NUMBERS = st.integers(0, 2**31)


@given(NUMBERS)
@settings(max_examples=25, deadline=None)
def test_a_sample_depends_on_its_seed_and_number_alone(number: int) -> None:
    """Drawn again, in whatever order, it is the same to the last pixel."""
    first, text = sample(3, number, own_typefaces())
    sample(3, number + 1, own_typefaces())
    again, text_again = sample(3, number, own_typefaces())
    assert text == text_again
    assert np.array_equal(first, again)


@given(NUMBERS)
@settings(max_examples=50, deadline=None)
def test_a_sample_is_a_line_of_the_readers_size_with_plate_characters(number: int) -> None:
    """Also the early and the late ones, the empty ones, and those of two lines."""
    line, text = sample(5, number, own_typefaces())
    assert ((ROWS, WIDTH), np.uint8) == (line.shape, line.dtype)
    assert set(text) <= set(ALPHABET)
    assert len(text) <= 13


@given(NUMBERS)
@settings(max_examples=40, deadline=None)
def test_a_block_depends_on_its_seed_and_number_alone(number: int) -> None:
    """Drawn again it is the same to the last pixel; what is on no plate is no whole of one."""
    first = block(3, number, own_typefaces())
    block(3, number + 1, own_typefaces())
    again = block(3, number, own_typefaces())
    assert ((HIGH, WIDE), np.uint8) == (first.picture.shape, first.picture.dtype)
    assert np.array_equal(first.picture, again.picture)
    assert (first.is_plate, first.is_whole) == (again.is_plate, again.is_whole)
    assert first.is_plate or not first.is_whole


def test_other_seeds_make_other_plates() -> None:
    """Twenty numbers under two seeds share no text."""
    one, other = ({sample(seed, n, own_typefaces())[1] for n in range(20)} - {""} for seed in (1, 2))
    assert not one & other


@pytest.mark.parametrize("issue", ISSUES, ids=[issue.country for issue in ISSUES])
def test_every_country_draws_one_line_and_two(issue: Issue) -> None:
    """What is drawn says what the plate says, line by line, inside the art."""
    rng = np.random.default_rng(4)
    for _ in range(12):
        plate = plate_of(issue, rng)
        drawn = draw(plate, own_typefaces()[0], rng)
        assert plate.text == "".join(line.text for line in drawn.lines)
        assert 1 <= len(drawn.lines) <= 2
        assert all(0 <= line.top < line.bottom <= drawn.art.shape[0] for line in drawn.lines)
        assert all(0 <= line.left < line.right <= drawn.art.shape[1] for line in drawn.lines)


def test_the_letters_on_a_band_are_cut_out_as_the_reader_of_looks_cuts_them() -> None:
    """They fill about half of the cut's height, and stand in its middle."""
    rng = np.random.default_rng(4)
    issue = next(issue for issue in ISSUES if issue.country == "NL")
    drawn = [draw(plate_of(issue, rng), own_typefaces()[0], rng) for _ in range(12)]
    signs = [(one, one.sign) for one in drawn if one.sign is not None]
    assert {"NL"} == {sign.text for _, sign in signs}
    for one, sign in signs:
        line = cut_sign(shoot(one, rng), sign, 1.2, rng, rows=ROWS, most=WIDTH)
        assert ROWS == line.shape[0]
        assert 8 <= line.shape[1] <= WIDTH // 2


def test_the_own_alphabets_draw_every_character_differently() -> None:
    """No two characters of a style share their strokes, and every glyph is as high as the others."""
    for style, face in zip(STYLES, own_typefaces(), strict=True):
        assert len(ALPHABET) == len({draw_strokes(character, style).tobytes() for character in ALPHABET})
        assert {HEIGHT} == {glyph.shape[0] for glyph in face.glyphs.values()}
