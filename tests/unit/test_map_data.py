"""The map's data: what is cut off where the map ends, and that what lies in the repository is a map of Belgium."""

import json

import pytest

from pipeline.desks.map_data import BOX, LANGUAGES, OUT, area, clipped

WEST, SOUTH, EAST, NORTH = BOX


def test_a_ring_is_cut_where_the_map_ends() -> None:
    """Half of a square that crosses the western edge is left, closed; one that lies outside leaves nothing."""
    square = [(WEST - 1, 50.0), (WEST + 1, 50.0), (WEST + 1, 52.0), (WEST - 1, 52.0), (WEST - 1, 50.0)]
    left = clipped(square)
    assert left[0] == left[-1]
    assert {(WEST, 50.0), (WEST + 1, 50.0), (WEST + 1, 52.0), (WEST, 52.0)} == set(left)
    assert area(left) == pytest.approx(2.0)
    assert [] == clipped([(x + 40, y) for x, y in square])


def test_the_map_is_of_belgium_and_names_its_provinces_in_four_languages() -> None:
    """Eleven provinces with Brussels, six countries, and every corner within the map's edges, rings closed."""
    made = json.loads(OUT.read_text("utf-8"))
    assert "public domain" in made["source"]
    assert {"BE", "NL", "FR", "DE", "LU", "GB"} == {one["properties"]["country"] for one in made["land"]["features"]}
    names = [one["properties"] for one in made["labels"]["features"]]
    assert 11 == len(names) == len(made["provinces"]["features"])
    assert all(set(LANGUAGES) == set(one) for one in names)
    assert {"Liège", "Luik", "Lüttich"} <= {text for one in names for text in one.values()}
    for one in (*made["land"]["features"], *made["provinces"]["features"]):
        for ring in (ring for polygon in one["geometry"]["coordinates"] for ring in polygon):
            assert ring[0] == ring[-1]
            assert all(WEST <= x <= EAST and SOUTH <= y <= NORTH for x, y in ring)
