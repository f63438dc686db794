"""Makes a country's network for load tests: thousands of cameras over Belgium, with the proportions and densities of a
national platform."""

from itertools import pairwise
from math import cos, radians, sin
from random import Random

import msgspec

from pipeline.reads.geography import beeline_m
from pipeline.simulation.network import Leg, Patrol, RoadNetwork, RoadRoute
from pipeline.simulation.network_big_hotlist import hotlist_of
from pipeline.simulation.network_hotlist import POLICIES
from schemas.base import Country, Position
from schemas.reads import Network, Purpose
from schemas.reference import Camera, Certificate, Distance, Line, Section, Zone

METRES_A_DEGREE = 111_195.0  # of latitude
# Place, latitude, longitude, inhabitants in thousands: the weight of its traffic.
_PLACES = (
    ("Antwerp", 51.219, 4.402, 530), ("Ghent", 51.054, 3.725, 265), ("Charleroi", 50.411, 4.445, 202),
    ("Liège", 50.633, 5.568, 197), ("Brussels", 50.847, 4.353, 1220), ("Bruges", 51.209, 3.225, 119),
    ("Namur", 50.467, 4.867, 112), ("Leuven", 50.880, 4.701, 102), ("Mons", 50.454, 3.952, 96),
    ("Mechelen", 51.026, 4.478, 87), ("Aalst", 50.938, 4.039, 88), ("La Louvière", 50.479, 4.187, 81),
    ("Hasselt", 50.931, 5.338, 79), ("Sint-Niklaas", 51.165, 4.143, 79), ("Kortrijk", 50.828, 3.265, 78),
    ("Ostend", 51.230, 2.920, 72), ("Tournai", 50.606, 3.388, 69), ("Genk", 50.965, 5.500, 67),
    ("Seraing", 50.584, 5.500, 64), ("Roeselare", 50.946, 3.123, 64), ("Mouscron", 50.744, 3.206, 58),
    ("Verviers", 50.589, 5.862, 55), ("Turnhout", 51.323, 4.945, 46), ("Arlon", 49.683, 5.817, 30),
    ("Bastogne", 50.001, 5.715, 16), ("Marche-en-Famenne", 50.227, 5.344, 17), ("Eupen", 50.627, 6.036, 20),
    ("Ypres", 50.851, 2.885, 35), ("Wavre", 50.717, 4.601, 35), ("Dinant", 50.261, 4.912, 14),
)  # fmt: skip
_NETWORKS: tuple[tuple[Network, float, tuple[Purpose, ...]], ...] = (
    ("local", 52, ("hotlist", "section_control", "investigation", "cross_border")),
    ("federal", 28, ("hotlist", "section_control", "investigation", "cross_border")),
    ("lez", 10, ("lez", "hotlist", "investigation")),
    ("public_transport", 6, ("investigation",)),
    ("vehicle", 4, ("hotlist", "investigation")),
)
_LIMITS = (50, 70, 90, 120)
_2023, _2030 = 1_672_531_200_000, 1_893_456_000_000


def big_network(cameras: int = 10_000, seed: int = 1, *, hotlist: int = 5_000) -> RoadNetwork:
    """Make a network of `cameras` cameras, with one controlled section for every 80 and the same borders as the small
    network.

    The same numbers and seed give the same network. Raises ValueError for fewer than 40 cameras.
    """
    if cameras < 40:
        raise ValueError("a big network has at least 40 cameras")
    random = Random(f"{seed}/network")
    listed = [_camera(random, number) for number in range(cameras)]
    fixed = [camera for camera in listed if camera.position is not None]
    sections, placed = _sections(random, fixed, max(1, cameras // 80))
    listed = [placed.get(camera.camera_id, camera) for camera in listed]
    fixed = [camera for camera in listed if camera.position is not None]
    routes = [_section_route(section) for section in sections] + list(_routes(random, fixed, set(placed)))
    cars = [camera for camera in listed if camera.position is None]
    routes += [RoadRoute(f"past {car.camera_id}", (Leg(car.camera_id, 0, 50),), 0.5) for car in cars]
    return RoadNetwork(
        name=f"big-{cameras}",
        cameras=tuple(listed),
        sections=tuple(sections),
        zones=_zones(fixed),
        hotlist=tuple(hotlist_of(random, hotlist)),
        policies=POLICIES,
        routes=tuple(routes),
        patrols={car.camera_id: _patrol(random) for car in cars},
    )


def _place(random: Random) -> tuple[str, float, float]:
    name, lat, lon, _ = random.choices(_PLACES, [place[3] + 60 for place in _PLACES])[0]
    return name, round(lat + random.gauss(0, 0.04), 5), round(lon + random.gauss(0, 0.06), 5)


def _camera(random: Random, number: int) -> Camera:
    network, _, purposes = random.choices(_NETWORKS, [share for _, share, _ in _NETWORKS])[0]
    name, lat, lon = _place(random)
    moves = network == "vehicle"
    return Camera(
        camera_id=f"BE-{number:05d}",
        name=f"{name}, {'vehicle' if moves else 'camera'} {number}",
        network=network,
        position=None if moves else Position(lat=lat, lon=lon),
        heading_deg=None if moves else float(random.randrange(0, 360, 5)),
        purposes=purposes,
    )


def _sections(random: Random, cameras: list[Camera], count: int) -> tuple[list[Section], dict[str, Camera]]:
    """Make `count` sections with their cameras: the exit's camera is some way ahead of the entry's and looks the same way."""
    able = [camera for camera in cameras if "section_control" in (camera.purposes or ())]
    drawn = random.sample(able, 2 * min(count, len(able) // 2))
    sections: list[Section] = []
    placed: dict[str, Camera] = {}
    for entry, exit_ in zip(drawn[::2], drawn[1::2], strict=True):
        apart_m = random.uniform(1_200, 5_000)
        ahead = msgspec.structs.replace(exit_, position=_ahead(entry, apart_m), heading_deg=entry.heading_deg)
        placed |= {entry.camera_id: entry, exit_.camera_id: ahead}
        metres = float(round(apart_m * random.uniform(1.02, 1.3)))
        sections.append(_section(random, len(sections), entry.camera_id, exit_.camera_id, metres))
    return sections, placed


def _ahead(camera: Camera, metres: float) -> Position:
    """The position this many metres ahead of a fixed camera, in its traffic's direction."""
    assert camera.position is not None  # it is fixed
    lat, heading = camera.position.lat, radians(camera.heading_deg or 0.0)
    return Position(
        lat=lat + metres * cos(heading) / METRES_A_DEGREE,
        lon=camera.position.lon + metres * sin(heading) / METRES_A_DEGREE / cos(radians(lat)),
    )


def _section(random: Random, number: int, entry_id: str, exit_id: str, metres: float) -> Section:
    return Section(
        section_id=f"SEC-{number:04d}",
        name=f"Section {number}",
        country="BE",
        entries=(Line(camera_id=entry_id),),
        exits=(Line(camera_id=exit_id),),
        distances=(Distance(entry_camera_id=entry_id, exit_camera_id=exit_id, metres=metres),),
        limit_kmh=random.choice(_LIMITS),
        certificate=Certificate(number=f"SMD-{number:04d}", valid_from_ms=_2023, valid_until_ms=_2030),
    )


def _section_route(section: Section) -> RoadRoute:
    distance = section.distances[0]
    first = Leg(distance.entry_camera_id, 0, section.limit_kmh)
    last = Leg(distance.exit_camera_id, distance.metres, section.limit_kmh)
    return RoadRoute(section.name, (first, last), 4.0)


def _routes(random: Random, cameras: list[Camera], controlled: set[str]) -> list[RoadRoute]:
    """Routes of a few neighbouring cameras each; each camera outside of sections is on one. Main roads carry ten times a
    side road's traffic."""
    free = sorted((camera for camera in cameras if camera.camera_id not in controlled), key=_west_to_east)
    routes: list[RoadRoute] = []
    while free:
        stretch = [free.pop(0) for _ in range(min(len(free), random.randint(2, 6)))]
        limit = random.choice(_LIMITS)
        gaps = [max(random.uniform(900, 6000), 1.2 * _beeline_m(*pair)) for pair in pairwise(stretch)]
        legs = [Leg(c.camera_id, metres, limit) for c, metres in zip(stretch, [0.0, *gaps], strict=True)]
        routes.append(RoadRoute(f"road {len(routes)}", tuple(legs), random.paretovariate(1.6)))
    return routes


def _beeline_m(one: Camera, other: Camera) -> float:
    """The straight distance between two cameras in metres; no road is shorter."""
    return beeline_m(one.position, other.position) if one.position and other.position else 0.0


def _west_to_east(camera: Camera) -> tuple[str, float]:
    return camera.name.partition(",")[0], camera.position.lon if camera.position else 0.0


def _zones(cameras: list[Camera]) -> tuple[Zone, ...]:
    """One zone for each border: the cameras near it that look outwards."""
    borders: tuple[tuple[str, Country, float, tuple[str, ...]], ...] = (
        ("border-fr", "FR", 240, ("Tournai", "Mouscron", "Mons")), ("border-nl", "NL", 20, ("Turnhout", "Antwerp")),
        ("border-lu", "LU", 130, ("Arlon", "Bastogne")),
    )  # fmt: skip
    return tuple(
        Zone(
            zone_id=zone_id, name=f"Border to {country}", kind="border", country=country, outbound_heading_deg=heading,
            cameras=tuple(c.camera_id for c in cameras if c.name.partition(",")[0] in places and _clear(c, heading)),
        )
        for zone_id, country, heading, places in borders
    )  # fmt: skip


def _clear(camera: Camera, heading_deg: float) -> bool:
    turn = abs((camera.heading_deg or 0.0) - heading_deg) % 360
    return min(turn, 360 - turn) < 60 and "cross_border" in (camera.purposes or ())


def _patrol(random: Random) -> Patrol:
    _, lat, lon = _place(random)
    corners = ((0.0, 0.0), (0.02, 0.01), (0.02, 0.04), (0.0, 0.03))
    loop = tuple(Position(lat=lat + down, lon=lon + right) for down, right in corners)
    return Patrol(loop, lap_ms=1_200_000)
