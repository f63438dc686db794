"""The road network to simulate: the platform's reference data, and the routes that vehicles take past its cameras."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from schemas.base import Position
from schemas.reference import Camera, HotlistEntry, Policy, Section, Zone


@dataclass(frozen=True, slots=True)
class Leg:
    """One camera on a route. metres: length of road from the camera before (0 for the first). limit_kmh: the speed driven
    there."""

    camera_id: str
    metres: float
    limit_kmh: int


@dataclass(frozen=True, slots=True, eq=False)
class RoadRoute:
    """Cameras in the order in which a vehicle passes them. weight: its share of the traffic, relative to the others."""

    name: str
    legs: tuple[Leg, ...]
    weight: float = 1.0

    @property
    def camera_ids(self) -> tuple[str, ...]:
        """The cameras, in the order of passing."""
        return tuple(leg.camera_id for leg in self.legs)


@dataclass(frozen=True, slots=True)
class Patrol:
    """The route of a moving camera: a closed loop of straight legs, each driven in the same time. zones: those in which the
    whole loop lies."""

    loop: tuple[Position, ...]
    lap_ms: int
    zones: tuple[str, ...] = ()

    def position_at(self, at_ms: int) -> Position:
        """The camera's position at a time (UTC ms)."""
        done = (at_ms % self.lap_ms) / self.lap_ms * len(self.loop)
        index = int(done)
        here, there = self.loop[index], self.loop[(index + 1) % len(self.loop)]
        share = done - index
        return Position(
            lat=round(here.lat + (there.lat - here.lat) * share, 6),
            lon=round(here.lon + (there.lon - here.lon) * share, 6),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadNetwork:
    """A simulated road network. Its five collections are loaded into the platform as reference data."""

    name: str
    cameras: tuple[Camera, ...]
    sections: tuple[Section, ...]
    zones: tuple[Zone, ...]
    hotlist: tuple[HotlistEntry, ...]
    policies: tuple[Policy, ...]
    routes: tuple[RoadRoute, ...]
    patrols: dict[str, Patrol] = field(default_factory=dict)  # camera_id of each moving camera
    by_id: dict[str, Camera] = field(init=False, repr=False)
    routes_past: dict[str, tuple[RoadRoute, ...]] = field(
        init=False, repr=False
    )  # camera_id -> the routes that pass it

    def __post_init__(self) -> None:
        past: dict[str, list[RoadRoute]] = {}
        for route in self.routes:
            for camera_id in dict.fromkeys(route.camera_ids):
                past.setdefault(camera_id, []).append(route)
        object.__setattr__(self, "by_id", {camera.camera_id: camera for camera in self.cameras})
        object.__setattr__(self, "routes_past", {camera_id: tuple(routes) for camera_id, routes in past.items()})

    def without(self, camera_ids: Iterable[str]) -> "RoadNetwork":
        """The same network without traffic past these cameras: their reads come from elsewhere."""
        closed = set(camera_ids)
        routes = (RoadRoute(route.name, tuple(_shortened(route.legs, closed)), route.weight) for route in self.routes)
        return replace(self, routes=tuple(route for route in routes if route.legs))

    def zones_of(self, camera_id: str) -> list[Zone]:
        """The zones that name this camera, or in which its whole loop lies. Polygons are not looked at."""
        inside = self.patrols[camera_id].zones if camera_id in self.patrols else ()
        return [zone for zone in self.zones if camera_id in zone.cameras or zone.zone_id in inside]


def _shortened(legs: Iterable[Leg], closed: set[str]) -> Iterator[Leg]:
    """The legs without the closed cameras. The metres of a leg that is left out are added to the next one."""
    passed, begun = 0.0, False
    for leg in legs:
        passed += leg.metres
        if leg.camera_id not in closed:
            yield Leg(leg.camera_id, passed if begun else 0.0, leg.limit_kmh)
            passed, begun = 0.0, True
