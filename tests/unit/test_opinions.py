"""What two readers of a plate's lines see together."""

import numpy as np

from pipeline.vision.ctc import ALPHABET, Scores
from pipeline.vision.opinions import read_by_both


def line(text: str, last: float = 1.0) -> Scores:
    """A line that clearly says the text, but for its last character, which has the given probability; else it is nothing."""
    columns = np.full((2 * len(text), 37), 1e-6)
    columns[:, 0] = 1.0
    for place, character in enumerate(text):
        sure = last if place == len(text) - 1 else 1.0
        columns[2 * place, 0] = 1.0 - sure + 1e-6
        columns[2 * place, 1 + ALPHABET.index(character)] = sure
    return np.asarray(np.log(columns / columns.sum(axis=1, keepdims=True)))


def test_a_seal_of_an_upper_line_is_not_read_as_its_last_character_on_one_readers_word() -> None:
    """PaddleOCR knows no seals, which stand at the end of upper lines: there a round one is an O to it."""
    upper, lower = line("HHO", 0.2), line("NR367")
    together = read_by_both([upper, lower], [line("HHO"), lower])
    assert "HHNR367" == together[0].text


def test_what_both_readers_see_at_the_end_of_an_upper_line_stands() -> None:
    """Most of them end in a letter."""
    upper, lower = line("BOR", 0.9), line("HD115")
    assert "BORHD115" == read_by_both([upper, lower], [line("BOR"), lower])[0].text


def test_in_a_single_line_either_reader_may_add_the_last_character() -> None:
    """No seal stands there."""
    assert "1ABC234" == read_by_both([line("1ABC234", 0.3)], [line("1ABC234")])[0].text
