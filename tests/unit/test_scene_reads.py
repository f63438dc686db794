"""Of several reads of one place in a picture, which are told."""

import pytest

from pipeline.vision.boxes import Box
from pipeline.vision.scene import is_enough
from pipeline.vision.scene_read import SceneRead, one_of_a_place, one_of_a_vehicle


def said(plate: str, confidence: float, box: Box) -> SceneRead:
    """A read of a picture."""
    return SceneRead(plate, confidence, plate, None, 0.0, (), box)


WHOLE, PART, ELSEWHERE = (100, 100, 200, 40), (100, 98, 120, 44), (400, 100, 200, 40)


def test_a_part_of_a_plate_gives_way_to_the_whole() -> None:
    """However sure it is: the picture shows more of that plate."""
    part, whole = said("EH003H", 0.99, PART), said("EH003HT", 0.88, WHOLE)
    assert [whole] == one_of_a_place([part, whole])
    assert [whole] == one_of_a_place([whole, part])


def test_a_doubtful_longer_text_is_rather_too_long() -> None:
    """A crest or a band's letter may have been read as a character."""
    whole, more = said("EH003HT", 0.99, WHOLE), said("FEH003HT", 0.6, WHOLE)
    assert [whole] == one_of_a_place([whole, more])


def test_of_different_texts_of_one_place_the_best_is_told() -> None:
    """One place shows one plate."""
    best, other = said("AB123CD", 0.9, WHOLE), said("A8123C", 0.6, PART)
    assert [best] == one_of_a_place([best, other])


def test_plates_of_different_places_are_all_told() -> None:
    """Also those that say the same in part."""
    reads = [said("EH003HT", 0.9, WHOLE), said("EH003H", 0.8, ELSEWHERE)]
    assert reads == one_of_a_place(reads)


def test_a_picture_is_searched_on_until_a_read_is_confident() -> None:
    """Doubtful ones are not enough."""
    assert not is_enough([said("AB123CD", 0.89, WHOLE)])
    assert is_enough([said("AB123CD", 0.4, WHOLE), said("XY456ZZ", 0.93, ELSEWHERE)])


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((310, 100, 80, 30), 0.9),  # a taxi's roof
        ((300, 440, 100, 30), 0.9),  # its bonnet
        ((330, 100, 40, 12), 0.99),  # a vehicle farther away
        ((600, 100, 80, 30), 0.99),  # another lane's
    ],
)
def test_a_text_above_a_plate_is_sure_only_if_it_may_be_farther_away(box: Box, expected: float) -> None:
    """One vehicle has one plate on a side, and what is farther away is smaller."""
    plate = said("1ABC234", 0.99, (300, 500, 100, 30))
    told = one_of_a_vehicle([plate, said("TAXI236", 0.99, box)])
    assert {"1ABC234": 0.99, "TAXI236": expected} == {read.plate: read.confidence for read in told}


def test_a_text_above_a_doubtful_one_stays_sure() -> None:
    """What stands below may be the bumper's."""
    reads = [said("1ABC234", 0.99, (300, 300, 100, 30)), said("AUT0123", 0.8, (300, 500, 100, 30))]
    assert reads == one_of_a_vehicle(reads)
