"""Persons with their designations, and what else the desks follow of Redis, in memory."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pipeline.access.consumers import is_certified
from pipeline.access.rights import Matter, Person
from pipeline.hotlist.copies import sure_sight
from pipeline.hotlist.standing import standing
from pipeline.reads.admission import purposes_of_read
from pipeline.reads.geography import contains, in_zone
from pipeline.reads.versions import Changed, History
from pipeline.state.collections import CAMERAS, CONSUMERS, DESIGNATIONS, DESKS, LISTS, POLICIES, USERS, ZONES
from pipeline.state.mirror import Mirror
from schemas.incidents import IncidentSighting, IncidentState, SureSight
from schemas.judgements import Consumer
from schemas.outcomes import Alert, Violation
from schemas.people import Designation, Desk
from schemas.reads import PlateRead
from schemas.reference import Camera, HotlistEntry

T = TypeVar("T")
FOLLOWED = (USERS, DESIGNATIONS, DESKS, LISTS, CAMERAS, ZONES, POLICIES, CONSUMERS)
RIGHTS_GIVEN = (USERS, DESIGNATIONS, CONSUMERS)
"""Of these, what Redis has is all there is: a right that no command shows any more is none."""


class Directory(Mirror):
    """What the desks follow, in memory. revision: a number that grows with each change of persons, designations, desks or lists,
    so that what was computed from them is computed again; places: the same for cameras, zones and lists, on which matters depend.
    named: the designations that some list names, or once named, as those that alone see its hits."""

    def __init__(self) -> None:
        super().__init__(*FOLLOWED)
        self.revision = self.places = 0
        self.named: frozenset[str] = frozenset()
        self._of_user: dict[str, dict[str, Designation]] = {}

    def take(self, collection: str, changed: Sequence[Changed[Any]], reset: bool) -> None:
        """As Mirror.take. Also adds 1 to `revision` and `places`, each where the collection is one that it counts, and renews
        `named`."""
        super().take(collection, changed, reset)
        if collection == DESIGNATIONS.name:
            self._of_user = {}
            for key, one in self.of(DESIGNATIONS).current().items():
                self._of_user.setdefault(one.user_id, {})[key] = one
        if collection == LISTS.name:
            versions = (one.item for _, history in self.of(LISTS).histories() for one in history)
            self.named = frozenset(name for item in versions if item is not None for name in item.seen_by)
        if collection in (USERS.name, DESIGNATIONS.name, DESKS.name, LISTS.name):
            self.revision += 1
        if collection in (CAMERAS.name, ZONES.name, LISTS.name):
            self.places += 1

    def person(self, user_id: str, at_ms: int) -> Person | None:
        """The person with the designations that exist at at_ms (UTC), in force or not; None: there is none with this id."""
        user = counting(self.of(USERS).history(user_id), at_ms)
        if user is None:
            return None
        designations = self.of(DESIGNATIONS)
        held = (counting(designations.history(key), at_ms) for key in sorted(self._of_user.get(user_id, ())))
        return Person(user, tuple(one for one in held if one is not None))

    def is_designated(self, user_id: str) -> bool:
        """Whether the person with this id has any designation, whatever its time."""
        return user_id in self._of_user

    def desk(self, desk_id: str, at_ms: int) -> Desk | None:
        """The desk as it is at at_ms; None: there is none with this id."""
        return self.of(DESKS).at(desk_id, at_ms)

    def consumer(self, consumer_id: str, at_ms: int) -> Consumer | None:
        """The consumer of feeds as rights take it at at_ms, the present or later (see `counting`): what is changed or removed by
        now counts for an earlier at_ms, too, so this tells nothing of the past. None: there is none with this id."""
        return counting(self.of(CONSUMERS).history(consumer_id), at_ms)

    def certified_consumer(self, digest: str, at_ms: int) -> Consumer | None:
        """The consumer whose client certificate has this digest, at at_ms; None: there is none. Looks through
        all consumers: there are a few dozen."""
        every = (self.consumer(consumer_id, at_ms) for consumer_id in self.of(CONSUMERS).current())
        return next((one for one in every if is_certified(one, digest, at_ms)), None)

    def matter_of_camera(self, camera: Camera, at_ms: int) -> Matter:
        """The matter of an act on a camera: the zones with the camera, and its network."""
        zones = {
            zone_id
            for zone_id, zone in self.of(ZONES).as_of(at_ms).items()
            if camera.camera_id in zone.cameras
            or (camera.position is not None and zone.polygon and contains(zone.polygon, camera.position))
        }
        return Matter(zones=frozenset(zones), network=camera.network)

    def matter_of_alert(self, alert: Alert) -> Matter:
        """The matter of an act on an alert: where its read was taken, its list, who may see it, what the read may serve."""
        camera = self._camera(alert.read)
        purposes = alert.purposes or (purposes_of_read(alert.read, camera) if camera else ())
        return Matter(
            zones=self._zones(alert.read),
            network=alert.network or (camera.network if camera else None),
            hotlist=alert.hotlist,
            purposes=purposes,
            covert_owner=alert.owner if alert.covert else None,
            seen_by=self._seen_by(alert.list_id),
        )

    def matters_of_incident(self, state: IncidentState) -> tuple[Matter, ...]:
        """The matters of an act on an incident: one for each kind of place and list of its hits that stand; of all, when none
        stands. A right on one of them is enough."""
        seen = standing(state) or state.sightings
        return tuple(dict.fromkeys(self.matter_of_sighting(state, one) for one in seen)) or (Matter(),)

    def matter_of_sighting(self, state: IncidentState, sighting: IncidentSighting) -> Matter:
        """The matter of an act on one sighting of an incident. What it does not say, no right covers; one that names no list
        was sent before sightings named theirs, and is for whoever may see the rest."""
        return Matter(
            zones=frozenset(sighting.zones),
            network=sighting.network,
            hotlist=sighting.hotlist or state.hotlist,
            purposes=sighting.purposes,
            covert_owner=state.covert_owner,
            seen_by=self._seen_by(sighting.list_id),
        )

    def matter_of_violation(self, violation: Violation) -> Matter:
        """The matter of an act on a violation: the zones of both ends, and the exit's network and purposes."""
        camera = self._camera(violation.exit)
        return Matter(
            zones=self._zones(violation.entry) | self._zones(violation.exit),
            network=violation.exit.network or (camera.network if camera else None),
            purposes=purposes_of_read(violation.exit, camera) if camera else (),
        )

    def where(self, alert: Alert) -> tuple[tuple[str, ...], SureSight | None]:
        """The zones that the alert's read lies in, and where it surely was: what its incident keeps of the place."""
        return tuple(sorted(self._zones(alert.read))), sure_sight(alert, self._camera(alert.read))

    def place_of(self, read: PlateRead) -> str | None:
        """The name of the read's camera at capture; None: the camera is unknown."""
        camera = self._camera(read)
        return camera.name if camera else None

    def _seen_by(self, list_id: str | None) -> frozenset[str] | None:
        """The designations that a list names, as it says now; for a list that was removed, as it said last. None: it names none."""
        said = [one.item for one in self.of(LISTS).history(list_id or "") if one.item is not None]
        return frozenset(said[-1].seen_by) or None if said else None

    def _camera(self, read: PlateRead) -> Camera | None:
        return self.of(CAMERAS).at(read.camera_id, read.captured_at_ms)

    def _zones(self, read: PlateRead) -> frozenset[str]:
        cameras: Mapping[str, Camera] = self.of(CAMERAS).as_of(read.captured_at_ms)
        zones = self.of(ZONES).as_of(read.captured_at_ms)
        return frozenset(zone_id for zone_id, zone in zones.items() if in_zone(read, zone, cameras))


def counting(history: History[T], at_ms: int) -> T | None:
    """The item as rights take it at at_ms (UTC); None: there is none. Of the versions that have begun, the one that arrived last
    counts; one that names no later moment than its arrival has begun as soon as it is here, whatever the clock of its writer said.

    So what is taken away is away at once and stays so, also where a clock was ahead or an earlier version was to begin later.
    """
    begun = [one for one in history if one.begins_ms <= at_ms or one.holds_from_ms <= one.arrived_at_ms]
    return max(reversed(begun), key=lambda one: one.arrived_at_ms).item if begun else None


def matter_of_entry(entry: HotlistEntry) -> Matter:
    """The matter of an act on a hotlist entry: its list, and its owner if the entry is covert."""
    return Matter(hotlist=entry.hotlist, covert_owner=entry.owner if entry.covert else None)
