"""The demo's network of 40 Belgian cameras: a city's low-emission zone, three controlled sections, three borders, a police
car.

The places are real and the coordinates near them; distances, certificates, plates and owners' requests are made up.
"""

from pipeline.simulation.network import Leg, Patrol, RoadNetwork, RoadRoute
from pipeline.simulation.network_hotlist import HOTLIST, POLICIES
from schemas.base import Position
from schemas.reads import Network, Purpose
from schemas.reference import Camera, Certificate, Distance, Line, Section, Zone

POLICE_CAR = "PZ-NORTH-CAR-7"
_ALL: tuple[Purpose, ...] = ("hotlist", "section_control", "investigation", "cross_border")
_CITY: tuple[Purpose, ...] = ("lez", "hotlist", "investigation")
_LEZ_ONLY: tuple[Purpose, ...] = ("lez",)
_BUS: tuple[Purpose, ...] = ("investigation",)

# camera_id, name, network, latitude, longitude, heading of the traffic it sees, purposes
_CAMERAS: tuple[tuple[str, str, Network, float, float, float, tuple[Purpose, ...]], ...] = (
    ("LEZ-01", "Brussels, Avenue Louise at Bois de la Cambre", "lez", 50.8165, 4.3720, 330, _CITY),
    ("LEZ-02", "Brussels, Place Sainctelette", "lez", 50.8600, 4.3480, 120, _CITY),
    ("LEZ-03", "Anderlecht, Chaussée de Mons", "lez", 50.8325, 4.3130, 60, _CITY),
    ("LEZ-04", "Anderlecht, Boulevard Industriel", "lez", 50.8180, 4.3120, 40, _CITY),
    ("LEZ-05", "Ganshoren, Avenue Charles-Quint", "lez", 50.8655, 4.3110, 100, _CITY),
    ("LEZ-06", "Brussels, Chaussée d'Anvers at Gare du Nord", "lez", 50.8610, 4.3570, 190, _CITY),
    ("LEZ-07", "Schaerbeek, Pont Van Praet", "lez", 50.8800, 4.3640, 200, _CITY),
    ("LEZ-08", "Schaerbeek, Place Meiser", "lez", 50.8560, 4.3960, 250, _CITY),
    ("LEZ-09", "Etterbeek, Square Montgomery", "lez", 50.8385, 4.4075, 270, _CITY),
    ("LEZ-10", "Auderghem, Beaulieu", "lez", 50.8130, 4.4140, 310, _LEZ_ONLY),
    ("LEZ-11", "Uccle, Fort-Jaco", "lez", 50.7950, 4.3730, 350, _CITY),
    ("LEZ-12", "Forest, Rue de Stalle", "lez", 50.7990, 4.3210, 30, _LEZ_ONLY),
    ("E40-TER", "E40 Ternat, towards Ghent", "federal", 50.8870, 4.1760, 285, _ALL),
    ("E40-ERP-IN", "E40 Erpe-Mere, section entry", "federal", 50.9330, 3.9860, 295, _ALL),
    ("E40-ERP-SLIP", "E40 Erpe-Mere, slip road", "federal", 50.9352, 3.9780, 295, _ALL),
    ("E40-ERP-OUT", "E40 Erpe-Mere, section exit", "federal", 50.9413, 3.9575, 295, _ALL),
    ("E40-MER", "E40 Merelbeke, towards Ghent", "federal", 50.9960, 3.7460, 280, _ALL),
    ("E17-GEN-IN", "E17 Gentbrugge viaduct, roadworks entry", "federal", 51.0360, 3.7780, 215, _ALL),
    ("E17-GEN-OUT", "E17 Gentbrugge viaduct, roadworks exit", "federal", 51.0270, 3.7670, 215, _ALL),
    ("E17-KOR", "E17 Kortrijk-East, towards Lille", "federal", 50.8090, 3.3170, 220, _ALL),
    ("E17-REK", "E17 Rekkem, towards Lille", "federal", 50.7680, 3.1720, 230, _ALL),
    ("A12-BOO-IN", "A12 Boom, section entry", "federal", 51.0980, 4.3700, 180, _ALL),
    ("A12-BOO-OUT", "A12 Boom, section exit", "federal", 51.0790, 4.3680, 180, _ALL),
    ("EST-01", "Estaimpuis, Rue de Leers towards Leers", "local", 50.7060, 3.2600, 250, _ALL),
    ("EST-02", "Estaimpuis, Néchin towards Toufflers", "local", 50.6650, 3.2540, 240, _ALL),
    ("EST-03", "Estaimpuis, Leers-Nord towards Wattrelos", "local", 50.6900, 3.2480, 265, _ALL),
    ("EST-04", "Estaimpuis, Rue de Leers from Leers", "local", 50.7062, 3.2604, 70, _ALL),
    ("HAZ-01", "E19 Meer-Hazeldonk, towards Breda", "federal", 51.4880, 4.7420, 20, _ALL),
    ("HAZ-02", "N14 Meerle, towards Breda", "local", 51.4760, 4.8010, 10, _ALL),
    ("HAZ-03", "E19 Meer-Hazeldonk, from Breda", "federal", 51.4882, 4.7428, 200, _ALL),
    ("STE-01", "E411 Sterpenich, towards Luxembourg", "federal", 49.6480, 5.9050, 120, _ALL),
    ("STE-02", "E411 Sterpenich, from Luxembourg", "federal", 49.6483, 5.9046, 300, _ALL),
    ("BUS-01", "Brussels, bus lane Rue de la Loi", "public_transport", 50.8460, 4.3750, 280, _BUS),
    ("BUS-02", "Liège, bus lane Boulevard d'Avroy", "public_transport", 50.6370, 5.5680, 200, _BUS),
    ("ANT-01", "Antwerp, Kennedy tunnel, towards Ghent", "federal", 51.2070, 4.3720, 260, _ALL),
    ("TOU-01", "E42 Tournai, towards Lille", "federal", 50.6130, 3.3420, 280, _ALL),
    ("NAM-01", "E411 Namur-North, towards Arlon", "federal", 50.4960, 4.8450, 150, _ALL),
    ("CHA-01", "Charleroi, R9", "local", 50.4100, 4.4400, 90, _ALL),
    ("LIE-01", "Liège, E25 Cointe tunnel", "federal", 50.6180, 5.5700, 180, _ALL),
)

_LEZ_CORNERS = ((50.905, 4.280), (50.915, 4.380), (50.880, 4.440), (50.830, 4.460), (50.780, 4.420), (50.770, 4.340),
                (50.800, 4.270), (50.860, 4.260))  # fmt: skip
_PATROL = (
    (50.8600, 4.3480),
    (50.8550, 4.3700),
    (50.8420, 4.3700),
    (50.8330, 4.3560),
    (50.8360, 4.3400),
    (50.8500, 4.3380),
)
_2023, _2025, _2030 = 1_672_531_200_000, 1_735_689_600_000, 1_893_456_000_000


def _section(
    section_id: str, name: str, limit_kmh: int, entries: dict[str, float], exit_id: str, lorries_kmh: int | None = None,
    valid_until_ms: int = _2030,
) -> Section:  # fmt: skip
    return Section(
        section_id=section_id,
        name=name,
        country="BE",
        entries=tuple(Line(camera_id=entry) for entry in entries),
        exits=(Line(camera_id=exit_id),),
        distances=tuple(Distance(entry_camera_id=e, exit_camera_id=exit_id, metres=m) for e, m in entries.items()),
        limit_kmh=limit_kmh,
        class_limits_kmh={"lorry": lorries_kmh} if lorries_kmh else {},
        certificate=Certificate(number=f"SMD-{section_id}", valid_from_ms=_2023, valid_until_ms=valid_until_ms),
    )


def _sections() -> tuple[Section, ...]:
    return (
        _section("E40-ERPE", "E40 Erpe-Mere", 120, {"E40-ERP-IN": 2240.0, "E40-ERP-SLIP": 1610.0}, "E40-ERP-OUT", 90),
        _section("E17-GENTBRUGGE", "E17 Gentbrugge, roadworks", 70, {"E17-GEN-IN": 1240.0}, "E17-GEN-OUT"),
        _section("A12-BOOM", "A12 Boom, certificate lapsed", 100, {"A12-BOO-IN": 2110.0}, "A12-BOO-OUT",
                 valid_until_ms=_2025),
    )  # fmt: skip


def _positions(corners: tuple[tuple[float, float], ...]) -> tuple[Position, ...]:
    return tuple(Position(lat=lat, lon=lon) for lat, lon in corners)


def _zones() -> tuple[Zone, ...]:
    lez = tuple(row[0] for row in _CAMERAS if row[0].startswith("LEZ-"))
    return (
        Zone(zone_id="lez-brussels", name="Brussels low-emission zone", kind="lez", cameras=lez,
             polygon=_positions(_LEZ_CORNERS)),
        Zone(zone_id="border-fr", name="Border at Estaimpuis", kind="border", country="FR", outbound_heading_deg=250,
             cameras=("EST-01", "EST-02", "EST-03", "EST-04")),
        Zone(zone_id="border-nl", name="Border at Hazeldonk", kind="border", country="NL", outbound_heading_deg=15,
             cameras=("HAZ-01", "HAZ-02", "HAZ-03")),
        Zone(zone_id="border-lu", name="Border at Sterpenich", kind="border", country="LU", outbound_heading_deg=120,
             cameras=("STE-01", "STE-02")),
    )  # fmt: skip


# name, weight, then camera, metres from the camera before, speed driven
_ROUTES: tuple[tuple[str, float, tuple[tuple[str, float, int], ...]], ...] = (
    ("E40 to Ghent", 6, (("E40-TER", 0, 120), ("E40-ERP-IN", 14_700, 120), ("E40-ERP-OUT", 2240, 120), ("E40-MER", 16_400, 120))),
    ("E40 joining at Erpe", 2, (("E40-ERP-SLIP", 0, 110), ("E40-ERP-OUT", 1610, 120), ("E40-MER", 16_400, 120))),
    ("E17 to Lille", 5, (("ANT-01", 0, 90), ("E17-GEN-IN", 49_000, 70), ("E17-GEN-OUT", 1240, 70), ("E17-KOR", 41_000, 120),
                         ("E17-REK", 11_500, 110))),
    ("E17 roadworks", 2, (("E17-GEN-IN", 0, 70), ("E17-GEN-OUT", 1240, 70))),
    ("A12 to Brussels", 3, (("A12-BOO-IN", 0, 100), ("A12-BOO-OUT", 2110, 100), ("LEZ-07", 24_500, 70))),
    ("Estaimpuis out", 2, (("TOU-01", 0, 100), ("EST-02", 12_500, 60), ("EST-01", 6200, 50))),
    ("Estaimpuis out by Leers", 1, (("EST-01", 0, 50), ("EST-03", 2300, 50))),
    ("Estaimpuis in", 1, (("EST-04", 0, 50), ("TOU-01", 14_000, 90))),
    ("Hazeldonk out", 3, (("ANT-01", 0, 90), ("HAZ-01", 42_000, 120))),
    ("Meerle out", 1, (("HAZ-02", 0, 70),)),
    ("Hazeldonk in", 3, (("HAZ-03", 0, 120), ("ANT-01", 42_000, 100))),
    ("E411 out", 2, (("NAM-01", 0, 120), ("STE-01", 126_000, 120))),
    ("E411 in", 2, (("STE-02", 0, 120), ("NAM-01", 126_000, 120))),
    ("City south", 5, (("LEZ-11", 0, 50), ("LEZ-01", 2600, 50), ("BUS-01", 3900, 40), ("LEZ-06", 2400, 40))),
    ("City east", 5, (("LEZ-08", 0, 50), ("LEZ-09", 2300, 50), ("LEZ-10", 3100, 60))),
    ("City west", 5, (("LEZ-05", 0, 50), ("LEZ-02", 2900, 50), ("LEZ-06", 800, 40))),
    ("City canal", 4, (("LEZ-12", 0, 50), ("LEZ-04", 2300, 50), ("LEZ-03", 1650, 50), ("LEZ-02", 4100, 50))),
    ("City north", 4, (("LEZ-07", 0, 50), ("LEZ-06", 2250, 40))),
    ("Past the police car", 2, ((POLICE_CAR, 0, 40),)),
    ("Wallonia", 3, (("CHA-01", 0, 70), ("NAM-01", 36_000, 110))),
    ("Liège", 3, (("LIE-01", 0, 80), ("BUS-02", 2500, 40))),
)  # fmt: skip


def small_network() -> RoadNetwork:
    """The demo's network: 40 cameras, 3 sections, 4 zones, a hotlist with one of each kind, policies for FR, NL and LU."""
    cameras = [
        Camera(camera_id=i, name=n, network=w, position=Position(lat=lat, lon=lon), heading_deg=h, purposes=p)
        for i, n, w, lat, lon, h, p in _CAMERAS
    ]
    cameras.append(
        Camera(camera_id=POLICE_CAR, name="Police zone Brussels North, car 7", network="vehicle", purposes=_ALL)
    )
    return RoadNetwork(
        name="small",
        cameras=tuple(cameras),
        sections=_sections(),
        zones=_zones(),
        hotlist=HOTLIST,
        policies=POLICIES,
        routes=tuple(RoadRoute(name, tuple(Leg(*leg) for leg in legs), weight) for name, weight, legs in _ROUTES),
        patrols={POLICE_CAR: Patrol(_positions(_PATROL), lap_ms=900_000, zones=("lez-brussels",))},
    )
