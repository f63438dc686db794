"""What the measurement of readers counts."""

from pathlib import Path

from benchmarks.reading_peers import Said
from benchmarks.reading_tally import Result
from benchmarks.reading_truth import Case


def crop(plate: str, country: str) -> Case:
    """A plate cut out, with its truth."""
    return Case(Path(f"{plate}.png"), plate, is_crop=True, country=country)


def counted(*readings: tuple[Case, list[Said]]) -> Result:
    """What comes of these cases and of what was said of each."""
    result = Result()
    for case, said in readings:
        result.add(case, said, ms=1.0)
    return result


def test_a_country_is_said_right_or_wrong_or_not_at_all() -> None:
    """However the text was read; only of plates whose labels name a country, and of the best read alone."""
    result = counted(
        (crop("1ABC234", "BE"), [Said("1ABC234", 0.99, "BE"), Said("X1", 0.2, "LU")]),
        (crop("1ABC235", "BE"), [Said("1A8C235", 0.7, "BE")]),
        (crop("1ABC236", "BE"), [Said("1ABC236", 0.9, "NL")]),
        (crop("1ABC237", "BE"), [Said("1ABC237", 0.9)]),
        (crop("AB123CD", "FR"), []),
        (crop("12345", "?"), [Said("12345", 0.9, "LU")]),
        (Case(Path("scene.jpg"), "1ABC234", height_px=20), [Said("1ABC234", 0.99, "BE")]),
    )
    belgian = {"with_truth": 4, "said": 3, "right": 2, "wrong": 1}
    french = {"with_truth": 1, "said": 0, "right": 0, "wrong": 0}
    total = belgian | {"with_truth": 5}
    assert {"all": total, "with a module": total, "BE": belgian, "FR": french} == result.country_figures(each=True)


def test_countries_that_nobody_wrote_down_yet_are_counted_apart() -> None:
    """Theirs cannot be said right, so all that is said of them is wrong."""
    result = counted(
        (crop("ABC123", "FO"), [Said("ABC123", 0.9, "NL")]),
        (crop("AB123CD", "FR"), [Said("AB123CD", 0.9, "FR")]),
    )
    assert {
        "all": {"with_truth": 2, "said": 2, "right": 1, "wrong": 1},
        "with a module": {"with_truth": 1, "said": 1, "right": 1, "wrong": 0},
        "without a module": {"with_truth": 1, "said": 1, "right": 0, "wrong": 1},
    } == result.country_figures(each=False)


def test_of_a_picture_with_several_plates_any_may_be_the_best_read_and_all_are_to_be_found() -> None:
    """Recall counts plates, right and wrong best reads count pictures, false reads count reads."""
    two = Case(Path("two.jpg"), "1ABC234", height_px=20, others=("AB123CD",), kinds=("night",))
    none = Case(Path("none.jpg"), None)
    figures = (
        counted(
            (two, [Said("AB123CD", 0.99), Said("XY1", 0.6)]),
            (two, [Said("1A8C234", 0.7), Said("1ABC234", 0.6)]),
            (none, [Said("BUS4", 0.9)]),
        )
        .groups["all"]
        .figures()
    )
    assert (33.3, 50.0, 66.7, 3) == tuple(
        figures[name] for name in ("folded_percent", "recall_percent", "wrong_best_percent", "false_reads")
    )
