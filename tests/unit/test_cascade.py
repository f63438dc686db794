"""When PaddleOCR is asked, and what its word does."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.ctc import ALPHABET, Scores
from pipeline.vision.interpret import Reading, certainty
from pipeline.vision.pictures import encode_jpeg
from pipeline.vision.reading import PlateReader, is_hopeless, is_settled
from pipeline.vision.rows import Row
from pipeline.vision.sights import read_passage
from pipeline.vision.verify import BlockVerdict

CROP = np.full((60, 240, 3), 200, np.uint8)
cv2.putText(
    CROP, "1ABC234", (12, 46), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 20), 4
)  # a row; what it says is for the readers
INNER = (0, 0, 240, 60)


@dataclass
class Saying:
    """A reader of lines that sees the same text in every line. doubts: a character's place -> what it may be as well.

    faint: how likely the first character is nothing at all.
    """

    text: str
    doubts: dict[int, str] = field(default_factory=dict)
    faint: float = 0.0
    asked: int = 0
    widths: list[int] = field(default_factory=list)

    def scores(self, lines: Sequence[NDArray[np.uint8]]) -> list[Scores]:
        """As a network gives them."""
        self.asked += len(lines)
        self.widths += [line.shape[1] for line in lines]
        columns = np.full((2 * len(self.text) + 1, 37), 1e-6)
        columns[::2, 0] = 1.0
        for place, character in enumerate(self.text):
            sees = [character, *self.doubts.get(place, "")]
            for one in sees:
                columns[2 * place + 1, 1 + ALPHABET.index(one)] = 1.0 / len(sees)
        columns[1] *= 1.0 - self.faint
        columns[1, 0] += self.faint
        columns = np.vstack(
            [*[columns[:1]] * 3, columns]
        )  # room before the first character: the line's end touches none
        return [np.log(columns / columns.sum(axis=1, keepdims=True)) for _ in lines]


def reader_of(own: Saying, other: Saying) -> PlateReader:
    """Both in a cascade."""
    return PlateReader(own, other, "test")


def test_a_sure_reading_of_a_common_shape_needs_no_second_opinion() -> None:
    """PaddleOCR is not even loaded for it."""
    other = Saying("2XYZ999")
    readings = reader_of(Saying("1ABC234"), other).read(CROP, INNER, surely_a_plate=True)
    assert ("1ABC234", 0) == (readings[0].text, other.asked)


def test_a_doubt_is_put_to_the_second_reader() -> None:
    """What the first cannot tell apart, the second decides."""
    readings = reader_of(Saying("1ABC234", {6: "9"}), Saying("1ABC239")).read(CROP, INNER)
    assert "1ABC239" == readings[0].text


def test_a_nearly_sure_reading_of_an_odd_shape_is_put_to_the_second_reader() -> None:
    """Grammar and read disagree: where the second sees the same, it stands."""
    other = Saying("XQ7B2J9")
    readings = reader_of(Saying("XQ7B2J9", faint=0.05), other).read(CROP, INNER)
    assert other.asked > 0
    assert "XQ7B2J9" == readings[0].text
    assert readings[0].probability > 0.9


def test_readers_that_contradict_each_other_leave_little_confidence() -> None:
    """Neither is believed; both texts stay among the alternatives."""
    readings = reader_of(Saying("XQ7B2J9", faint=0.05), Saying("KR7W2J4")).read(CROP, INNER)
    assert readings[0].probability < 0.6


def test_where_nothing_is_seen_no_second_opinion_is_asked_for_unless_a_plate_is_known_to_be_there() -> None:
    """A grille costs no PaddleOCR; a crop that somebody cut out does."""
    other = Saying("1ABC234")
    reader = reader_of(Saying("A"), other)
    reader.read(CROP, INNER)
    assert 0 == other.asked
    reader.read(CROP, INNER, surely_a_plate=True)
    assert other.asked > 0


def test_the_second_reader_is_asked_about_one_way_to_cut_the_plate() -> None:
    """The shortest of those that say the same, and made narrower: its time grows with the width."""
    own, other = Saying("1ABC234", {6: "9"}), Saying("1ABC239")
    wide = cv2.copyMakeBorder(CROP, 0, 0, 60, 60, cv2.BORDER_REPLICATE)
    reader_of(own, other).read(wide, (0, 0, 360, 60))
    assert (2, 1) == (own.asked, other.asked)
    assert 160 <= other.widths[0] < min(own.widths)


def test_where_no_row_of_characters_is_seen_nothing_is_read_unless_a_plate_is_known_to_be_there() -> None:
    """A wall costs no reader at all."""
    own = Saying("1ABC234")
    wall = np.full((60, 240, 3), 200, np.uint8)
    assert [] == reader_of(own, own).read(wall, INNER)
    assert 0 == own.asked
    assert "1ABC234" == reader_of(own, own).read(wall, INNER, surely_a_plate=True)[0].text


def test_sights_that_agree_ask_for_no_second_opinion() -> None:
    """Two quick readings of one passage are enough."""
    own, other = Saying("1ABC234"), Saying("2XYZ999")
    sight = encode_jpeg(cv2.resize(CROP, (280, 100)))
    verdict = read_passage([(sight, (20, 20, 240, 60))] * 4, reader_of(own, other))
    assert verdict is not None
    assert ("1ABC234", 0) == (verdict.plate, other.asked)


def test_a_doubtful_passage_has_its_best_sights_read_by_both() -> None:
    """Two of five: more would cost time and change little."""
    own, other = Saying("1ABC234", {6: "9"}), Saying("1ABC239")
    sight = encode_jpeg(cv2.resize(CROP, (280, 100)))
    verdict = read_passage([(sight, (20, 20, 240, 60))] * 5, reader_of(own, other))
    assert verdict is not None
    assert "1ABC239" == verdict.plate
    assert 2 == other.asked


def test_what_no_picture_tells_apart_is_not_put_to_the_second_reader() -> None:
    """O or 0, in one typeface the same glyph: PaddleOCR would only guess. Both texts stay, and the certainty is of both."""
    own, other = Saying("LM010BE", {3: "I", 4: "O"}), Saying("LM010BE")
    readings = reader_of(own, other).read(CROP, INNER)
    assert 0 == other.asked
    assert {"LM010BE", "LM01OBE"} <= {reading.text for reading in readings}
    assert certainty(readings) > 0.97 > readings[0].probability


def test_where_the_picture_says_otherwise_than_the_shape_of_plates_the_second_reader_is_asked() -> None:
    """Grammar alone must not decide."""
    against = [Reading("RK828AG", 0.99, by_picture=0.4), Reading("RK8828AG", 0.01, by_picture=0.6)]
    assert not is_settled(against)


def test_settled_and_hopeless_are_about_the_likeliest_texts() -> None:
    """The edges of both."""
    assert is_settled([Reading("1ABC234", 0.98)])
    assert not is_settled([Reading("1ABC234", 0.89)])
    assert is_settled([Reading("XQ7B2J9", 0.995)])
    assert not is_settled([Reading("XQ7B2J9", 0.96)])
    assert not is_settled([])
    assert is_hopeless([])
    assert is_hopeless([Reading("ABC", 0.9)])
    assert not is_hopeless([Reading("1ABC234", 0.2)])


class Convinced:
    """A judge to whom every block is a whole plate's."""

    def look(self, grey: NDArray[np.uint8], rows: Sequence[Row]) -> BlockVerdict:
        """See Judge."""
        return BlockVerdict(plate=9.0, whole=5.0)


def test_a_road_in_white_on_blue_is_no_sure_read() -> None:
    """The same text in black on white is: what its picture shows decides."""
    reader = PlateReader(Saying("E411"), Saying("E411"), "test", Convinced())
    sign = np.full((160, 400, 3), (150, 60, 10), np.uint8)
    cv2.putText(sign, "E411", (110, 100), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (245, 245, 245), 7)
    white, blue = (
        certainty(reader.read(crop, (80, 40, 240, 80))) for crop in (255 - sign[:, :, :1].repeat(3, 2), sign)
    )
    assert blue < 0.9 < white
