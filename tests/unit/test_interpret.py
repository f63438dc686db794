"""From probabilities per column to plate texts: CTC, repairs, the vote."""

import math
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.vision.ctc import ALPHABET, Folding, Scores, best_texts, log_probability
from pipeline.vision.interpret import Reading, posterior, readings_of, texts_of_lines
from pipeline.vision.reading import mixed
from pipeline.vision.vote import vote


def seen(*columns: dict[str, float]) -> Scores:
    """Scores of a line whose columns have these probabilities; what is left of each is "no character"."""
    scores = np.full((len(columns), 37), 1e-9)
    for row, column in zip(scores, columns, strict=True):
        for character, probability in column.items():
            row[ALPHABET.index(character) + 1] = probability
        row[0] = max(1e-9, 1.0 - sum(column.values()))
    return np.asarray(np.log(scores / scores.sum(axis=1, keepdims=True)))


def clearly(text: str, **doubtful: float) -> Scores:
    """A line that clearly says the text, but for the named characters, which have the given probability."""
    columns: list[dict[str, float]] = []
    for character in text:
        columns += [{character: doubtful.get(f"_{character}", 0.999)}, {}]
    return seen(*columns)


def collapsed(path: tuple[int, ...]) -> str:
    """What a CTC path says."""
    return "".join(ALPHABET[index - 1] for index, _ in groupby(path) if index)


@given(st.lists(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_probabilities_are_those_of_all_paths_together(weights: list[list[float]]) -> None:
    """Forward pass and beam search agree with adding up every path, on an alphabet of two characters."""
    columns = np.array(weights) / np.array(weights).sum(axis=1, keepdims=True)
    scores = np.full((len(columns), 37), -60.0)
    scores[:, :3] = np.log(columns)
    summed: dict[str, float] = {}
    for path in product(range(3), repeat=len(columns)):
        text = collapsed(path)
        summed[text] = summed.get(text, 0.0) + math.prod(columns[i, k] for i, k in enumerate(path))
    for text, probability in best_texts(scores, width=100, reach=math.inf):  # nothing is cut off
        assert probability == pytest.approx(math.log(summed[text]), abs=1e-6)
        assert log_probability(scores, text) == pytest.approx(math.log(summed[text]), abs=1e-6)


def test_other_alphabets_fold_to_plate_letters() -> None:
    """Lower case, marks and the Greek and Cyrillic twins count for their capital; all else for no character."""
    others = ["a", "Ä", "\u0391", "\u0410", "京", "-"]
    folding = Folding([*ALPHABET, *others])
    probabilities = np.zeros((1, 1 + len(ALPHABET) + len(others)), np.float32)
    probabilities[0, 1 + ALPHABET.index("A")] = 0.2
    probabilities[0, -len(others) :] = 0.1
    probabilities[0, 0] = 0.2
    scores = folding.scores(probabilities)
    assert scores[0, 1 + ALPHABET.index("A")] == pytest.approx(math.log(0.6), abs=1e-5)
    assert scores[0, 0] == pytest.approx(math.log(0.4), abs=1e-5)


def test_a_crest_read_as_a_digit_is_left_out_when_the_picture_allows() -> None:
    """RK 828 AG with a crest that is an 8 or nothing: the shape that millions of plates have decides."""
    assert "RK828AG" == readings_of(clearly("RK0828AG", _0=0.55))[0].text


def test_a_clearly_seen_text_is_kept_though_no_country_writes_so() -> None:
    """Nothing is forced into a format: a personalised plate is read as it stands."""
    assert "BOBBY2X7" == readings_of(clearly("BOBBY2X7"))[0].text


def test_the_shape_tells_the_letter_from_the_digit() -> None:
    """One glyph, two characters: the picture cannot tell O from 0, the shape of the plate can."""
    assert "RK101AO" == readings_of(clearly("RK101A0"))[0].text


def test_an_empty_line_has_no_reading() -> None:
    """Nothing but background."""
    assert [] == readings_of(seen({}, {}, {}))


@given(st.dictionaries(st.text("ABC01", min_size=1, max_size=8), st.floats(-30, -0.1), min_size=1, max_size=8))
def test_probabilities_never_exceed_one_together(given_texts: dict[str, float]) -> None:
    """Best first, each within 0..1, together at most 1."""
    readings = posterior(given_texts)
    probabilities = [reading.probability for reading in readings]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1.0 + 1e-9


def test_sights_vote_on_whole_texts() -> None:
    """Two sights that agree outvote one that is surer; its text stays as an alternative."""
    verdict = vote([[Reading("1ABC234", 0.7)], [Reading("1ABC234", 0.8)], [Reading("1ABC284", 0.95)]])
    assert verdict is not None
    assert ("1ABC234", ["1ABC284"]) == (verdict.plate, [other.text for other in verdict.alternatives])
    assert verdict.confidence == pytest.approx(0.5)


def test_a_sight_that_shows_nothing_does_not_vote() -> None:
    """A glare in one picture does not lower what the others show."""
    verdict = vote([[], [Reading("1ABC234", 0.9)]])
    assert verdict is not None
    assert verdict.confidence == pytest.approx(0.9)


@pytest.mark.parametrize("text", ["A1", "12345678901"])
def test_what_is_too_short_or_too_long_is_no_plate(text: str) -> None:
    """No country's plate has so few or so many characters."""
    assert vote([[Reading(text, 0.99)]]) is None


@pytest.mark.parametrize("text", ["STOP", "SNA1L", "OLIFANT"])
def test_no_text_is_rejected_for_being_a_word(text: str) -> None:
    """Personalised plates are words, too: whether it stands on a plate is seen in the picture, not in the text."""
    verdict = vote([[Reading(text, 0.99)]])
    assert verdict is not None
    assert text == verdict.plate


def test_what_was_cut_out_as_a_plate_may_say_anything() -> None:
    """A personalised plate of letters alone."""
    verdict = vote([[Reading("BOBBY", 0.99)]], surely_a_plate=True)
    assert verdict is not None
    assert "BOBBY" == verdict.plate


def test_two_lines_win_over_one_of_them() -> None:
    """The lower line alone is surer, but it is only half of the plate."""
    both, lower = [Reading("59AAS35", 0.8)], [Reading("AAS35", 0.99)]
    assert "59AAS35" == mixed([lower, both])[0].text


def test_ways_to_cut_a_plate_that_agree_leave_it_as_sure_as_it_was() -> None:
    """Nothing is gained by cutting the same twice."""
    (reading,) = mixed([[Reading("1ABC234", 0.9)], [Reading("1ABC234", 0.9)]])
    assert ("1ABC234", 0.9) == (reading.text, round(reading.probability, 6))


def test_ways_to_cut_a_plate_that_disagree_make_each_other_less_sure() -> None:
    """Either may have lost a character at the end of its line."""
    readings = mixed([[Reading("DT7804", 0.99)], [Reading("DT71804", 0.99)]])
    assert {"DT7804", "DT71804"} == {reading.text for reading in readings}
    assert readings[0].probability < 0.9


def test_a_doubt_that_one_way_raises_fades_and_one_that_both_raise_stays() -> None:
    """An O that the one cut takes for a D is no D; an 8 that both take for a B may be one."""
    alone = mixed(
        [[Reading("RK101AO", 0.8), Reading("RK101AD", 0.2)], [Reading("RK101AO", 0.8), Reading("RK10TAO", 0.2)]]
    )
    assert "RK101AO" == alone[0].text
    assert alone[0].probability > 0.95
    both = mixed([[Reading("RK101A8", 0.8), Reading("RK101AB", 0.2)]] * 2)
    assert [("RK101A8", pytest.approx(0.8, abs=0.01)), ("RK101AB", pytest.approx(0.2, abs=0.01))] == [
        (reading.text, reading.probability) for reading in both
    ]


def test_a_way_in_which_nothing_is_seen_says_nothing() -> None:
    """And where none sees anything, there is no reading."""
    (reading,) = mixed([[], [Reading("1ABC234", 0.9)]])
    assert ("1ABC234", 0.9) == (reading.text, pytest.approx(reading.probability))
    assert [] == mixed([[], []])


def test_the_text_that_the_picture_alone_says_travels_beside_the_one_that_plates_have() -> None:
    """A crest that looks like an 8 is deleted where no country has such a plate; the raw text stays among the alternatives."""
    verdict = vote([readings_of(clearly("RK8828AG", _8=0.75))], surely_a_plate=True)
    assert verdict is not None
    assert ("RK828AG", "RK8828AG") == (verdict.plate, verdict.raw)
    assert "RK8828AG" in [reading.text for reading in verdict.alternatives]


def test_raw_and_read_are_one_where_the_picture_is_clear() -> None:
    """Also for a text of no common shape."""
    verdict = vote([readings_of(clearly("RKA2828G"))])
    assert verdict is not None
    assert ("RKA2828G", "RKA2828G") == (verdict.plate, verdict.raw)


def test_a_text_that_two_lines_can_be_parted_into_in_two_ways_has_the_probability_of_both() -> None:
    """The unlikelier way does not take the likelier one's place."""
    upper, lower = {"K": math.log(0.9), "KA": math.log(0.1)}, {"AX59": math.log(0.8), "X59": math.log(0.2)}
    joined = texts_of_lines([upper, lower])
    assert {"KAX59", "KX59", "KAAX59"} == set(joined)
    assert abs(0.9 * 0.8 + 0.1 * 0.2 - math.exp(joined["KAX59"])) < 1e-9
