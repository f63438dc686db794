"""What the verifier is shown: a block of text upright with its surroundings, of one line or two, turned or leaning."""

import cv2
import numpy as np
import pytest

from pipeline.vision.credit import (
    as_cut_off,
    as_on_a_board,
    as_single,
    beside_a_band,
    checked,
    credit_of,
    is_burnt_in,
    is_light_on_hue,
    reach_the_edge,
)
from pipeline.vision.ctc import ALPHABET, spelt
from pipeline.vision.lines import PlateLine
from pipeline.vision.rows import Row
from pipeline.vision.verify import (
    AROUND,
    HIGH,
    WIDE,
    BlockVerdict,
    block_of,
    corners_of,
    ends_are_free,
    ends_in_a_dash,
    is_crossed,
)


def row(**changed: float) -> Row:
    """A level row of 200 x 40 pixels around (300, 200)."""
    parts = {"centre_x": 300.0, "centre_y": 200.0, "length": 200.0, "height": 40.0, "slope": 0.0, "score": 6.0}
    return Row(**{**parts, **changed}, characters=6)


def test_a_level_row_has_an_upright_block() -> None:
    """As long as the text and as much beside, above and below it as the network sees."""
    beside, above = AROUND[0] * 40, AROUND[1] * 40
    left, top, right, bottom = 200 - beside, 180 - above, 400 + beside, 220 + above
    expected = [(left, top), (right, top), (right, bottom), (left, bottom)]
    assert np.allclose(expected, corners_of([row()]))


def test_two_rows_have_one_block() -> None:
    """From above the first to below the second, as wide as the wider one."""
    corners = corners_of([row(length=80.0), row(centre_y=260.0)])
    assert np.allclose([200 - AROUND[0] * 40, 180 - AROUND[1] * 40], corners[0])
    assert np.allclose([400 + AROUND[0] * 40, 280 + AROUND[1] * 40], corners[2])


def test_a_sloping_row_keeps_its_upright_strokes() -> None:
    """Seen from the side: the block's ends stand upright; turned: they stand at right angles to the row."""
    seen = corners_of([row(slope=0.25, lean=0.0)])
    assert np.isclose(seen[0][0], seen[3][0])
    turned = corners_of([row(slope=0.25)])
    along, down = turned[1] - turned[0], turned[3] - turned[0]
    assert np.isclose(0.0, float(along @ down))


@pytest.mark.parametrize("size", [(60, 90), (1500, 2400)])
def test_blocks_of_any_picture_have_one_size(size: tuple[int, int]) -> None:
    """Small and large, also beyond the picture's edge."""
    picture = np.random.default_rng(3).integers(0, 256, size, np.uint8)
    assert (HIGH, WIDE) == block_of(picture, [row(height=size[0] / 3)]).shape


@pytest.mark.parametrize("height", [20.0, 60.0, 150.0])
def test_a_block_is_the_same_in_a_part_of_its_picture(height: float) -> None:
    """What lies far from a text does not count."""
    coarse = np.random.default_rng(4).integers(0, 256, (60, 100), np.uint8)
    picture = np.asarray(cv2.resize(coarse, (1600, 960), interpolation=cv2.INTER_CUBIC), np.uint8)
    text = Row(800.0, 480.0, 4 * height, height, 0.1, 6, 5.0)
    part = picture[480 - int(2.5 * height) : 480 + int(2.5 * height), 800 - int(4.5 * height) : 800 + int(4.5 * height)]
    moved = text.placed(1.0, -(800 - int(4.5 * height)), -(480 - int(2.5 * height)))
    differing = np.abs(block_of(picture, [text]).astype(int) - block_of(part, [moved]).astype(int))
    assert differing.mean() < 1.0


def on_a_plate(post: range = range(0), shade: int = 60) -> np.ndarray:
    """A block of seven strokes on a light ground with a rim, on grey bodywork; something of one shade stands before it in these
    columns."""
    block = np.full((HIGH, WIDE), 100, np.uint8)
    block[12:36, 8:120] = 20
    block[14:34, 10:118] = 220
    for left in range(30, 100, 10):
        block[17:31, left : left + 3] = 20
    block[:, post.start : post.stop] = shade
    return block


@pytest.mark.parametrize("shade", [30, 100])
def test_a_post_before_a_text_is_seen(shade: int) -> None:
    """Also one of the bodywork's own shade: it hides the ground."""
    assert is_crossed(on_a_plate(range(54, 60), shade), 5.0)


def test_strokes_gaps_and_what_stands_beside_a_text_are_no_post() -> None:
    """A stroke ends within the plate; a post beside the plate hides nothing of its text; on no plate there is nothing to hide."""
    assert not is_crossed(on_a_plate(), 5.0)
    assert not is_crossed(on_a_plate(range(0, 7)), 5.0)
    assert not is_crossed(np.full((HIGH, WIDE), 90, np.uint8), 5.0)


def test_a_gap_on_dark_ground_is_no_post() -> None:
    """A dark plate on a dark vehicle is of one shade wherever no light stroke is, and strokes may cover most of its line."""
    block = np.full((HIGH, WIDE), 30, np.uint8)
    block[17:31, 30:100] = 220
    block[:, 60:68] = 30
    assert not is_crossed(block, 5.0)


def test_a_text_behind_a_post_is_not_surely_whole() -> None:
    """It may lack a character."""
    clear = BlockVerdict(plate=8.0, whole=8.0, crossed=True)
    picture = np.random.default_rng(5).integers(60, 200, (400, 600), np.uint8)
    assert credit_of(checked(clear, picture, [row()]), "1ABC234") < 0.7


def test_even_grounds_do_not_outweigh_what_hides_a_character() -> None:
    """They set right a short text in the middle of a long plate, whose ends look like a part's; a post or a blot is seen more
    surely."""
    doubtful, hidden = (BlockVerdict(plate=8.0, whole=whole, free=True) for whole in (-1.5, -8.0))
    assert credit_of(as_single(doubtful), "1ABC234") > 0.95
    assert credit_of(as_single(hidden), "1ABC234") < 0.5


BLACK, WHITE, BLUE, GREEN, YELLOW = (20, 20, 20), (240, 240, 240), (150, 60, 10), (60, 110, 20), (20, 190, 240)


@pytest.mark.parametrize(
    ("ground", "ink", "expected"),
    [
        (BLUE, WHITE, True),
        (GREEN, WHITE, True),
        (WHITE, BLACK, False),
        (YELLOW, BLACK, False),
        (BLACK, WHITE, False),
        (WHITE, BLUE, False),
        (YELLOW, BLUE, False),
    ],
)
def test_a_road_signs_colours_are_told_from_a_plates(
    ground: tuple[int, int, int], ink: tuple[int, int, int], expected: bool
) -> None:
    """Light on blue or green; neither light on black nor dark on any ground."""
    crop = np.full((400, 600, 3), ground, np.uint8)
    for left in range(205, 395, 25):
        crop[182:218, left : left + 9] = ink
    assert expected == is_light_on_hue(crop, row())


def test_a_road_on_a_signs_colours_is_no_sure_read() -> None:
    """A series' text in these colours is read: some plates have them."""
    clear = as_on_a_board(BlockVerdict(plate=9.0, whole=5.0))
    assert 0.5 < credit_of(clear, "E411") < 0.9 < credit_of(clear, "AB123CD")


def test_a_part_of_a_line_lies_where_its_pixels_came_from() -> None:
    """The whole picture of a line is the row and half a character more; a part is found again in it."""
    line = PlateLine(np.zeros((48, 176, 3), np.uint8), row())
    whole = line.part(0, 176)
    assert (300.0, 220.0) == (pytest.approx(whole.centre_x), pytest.approx(whole.length))
    assert line.part(0, 88).ends[1] == pytest.approx(300.0)


def test_what_columns_spell_comes_with_its_place() -> None:
    """Repeats are one character, in the middle of its columns."""
    classes = [0, 2, 2, 2, 0, 11, 0, 11]
    scores = np.log(np.full((8, len(ALPHABET) + 1), 1e-6))
    scores[np.arange(8), classes] = 0.0
    assert [("1", 2.0), ("A", 5.0), ("A", 7.0)] == spelt(scores)


def test_a_text_is_credited_by_what_the_picture_shows() -> None:
    """Of one look, a word needs more than a series' text; doubt about either question lowers it."""
    clear = BlockVerdict(plate=8.0, whole=4.0)
    assert credit_of(clear, "1ABC234") > credit_of(clear, "XQ7B2J9") > credit_of(clear, "OLIFANT") > 0.9
    assert credit_of(clear, "OLIFANT") > credit_of(clear, "ELEPHANTS")
    assert (
        credit_of(BlockVerdict(plate=1.0, whole=4.0), "C0ACH")
        < 0.5
        < credit_of(BlockVerdict(plate=1.0, whole=4.0), "DB001AX")
    )
    assert credit_of(BlockVerdict(plate=0.0, whole=4.0), "1ABC234") > credit_of(
        BlockVerdict(plate=0.0, whole=4.0), "KM254"
    )
    assert credit_of(BlockVerdict(plate=-5.0, whole=4.0), "1ABC234") < 0.05
    assert credit_of(BlockVerdict(plate=4.0, whole=-5.0), "1ABC234") < 0.1


def test_a_text_at_the_edge_of_its_picture_is_not_surely_whole() -> None:
    """What may be cut off is never read with certainty, however even the ground looks that the picture does not show."""
    assert reach_the_edge([row(centre_x=104.0)], 600)
    assert reach_the_edge([row(centre_x=300.0), row(centre_x=496.0)], 600)
    assert reach_the_edge([row(centre_x=130.0)], 600)
    assert not reach_the_edge([row(centre_x=140.0)], 600)
    clear = BlockVerdict(plate=8.0, whole=8.0, free=True)
    assert 0.95 < credit_of(as_single(clear), "1ABC234")
    assert credit_of(as_single(as_cut_off(clear)), "1ABC234") < 0.7


@pytest.mark.parametrize(
    ("black", "white", "slope", "expected"), [(0, 255, 0.0, True), (30, 255, 0.0, False), (0, 255, 0.1, False)]
)
def test_what_is_burnt_in_is_level_and_of_pure_black_and_white(
    black: int, white: int, slope: float, expected: bool
) -> None:
    """A plate's black is never that of a camera's own writing beside pure white."""
    grey = np.full((400, 600), 120, np.uint8)
    grey[180:220, 200:400] = black
    grey[185:215, 210:390:3] = white
    assert expected == is_burnt_in(grey, row(slope=slope))
    verdict = checked(BlockVerdict(plate=5.0, whole=5.0), grey, [row(slope=slope)])
    assert expected == (credit_of(verdict, "CAM1234") < 0.05)


def test_even_ground_beside_a_line_is_told_from_another_character() -> None:
    """A stroke where the next character would stand is enough."""
    block = np.full((HIGH, WIDE), 220, np.uint8)
    assert ends_are_free(block, 5.0)
    step = WIDE / (5.0 + 2 * AROUND[0])
    column = round((AROUND[0] - 0.4) * step)
    block[20:30, column : column + 2] = 20
    assert not ends_are_free(block, 5.0)


@pytest.mark.parametrize("at", [slice(0, 22), slice(WIDE - 22, WIDE)])
def test_what_covers_an_end_of_a_plate_is_no_ground_of_it(at: slice) -> None:
    """However even it is."""
    block = np.full((HIGH, WIDE), 220, np.uint8)
    block[:, at] = 120
    assert not ends_are_free(block, 5.0)


@pytest.mark.parametrize(("skipped", "middle", "expected"), [(20, 310.0, True), (20, 340.0, False), (0, 310.0, False)])
def test_a_band_close_to_a_text_covers_no_character(skipped: int, middle: float, expected: bool) -> None:
    """It leaves no room for one between itself, up to x = 195, and the text; farther away it does, and what is not blue may be a
    post."""
    grey = np.full((400, 600), 220, np.uint8)
    grey[:, : int(middle) - 115] = 100
    found = PlateLine(np.zeros((48, 176 - skipped, 3), np.uint8), row(centre_x=290.0, length=220.0), skipped)
    assert expected == beside_a_band(BlockVerdict(6.0, -1.5), grey, row(centre_x=middle), found).free


@pytest.mark.parametrize(
    ("at", "wide", "high", "expected"),
    [(15, 6, 2, True), (108, 6, 2, True), (15, 3, 3, False), (60, 6, 2, False), (15, 3, 12, False)],
)
def test_a_dash_beside_a_text_tells_that_the_text_goes_on(at: int, wide: int, high: int, expected: bool) -> None:
    """A screw, a dash within the text and another stroke are none."""
    block = on_a_plate()
    block[24 - high // 2 : 24 - high // 2 + high, at : at + wide] = 20
    assert expected == ends_in_a_dash(block, 5.0)
