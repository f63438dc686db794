"""Makes forwards as the platform does, with the alert, the entry, the camera and the policy that they depend on."""

from dataclasses import dataclass, field

import msgspec

from pipeline.hotlist.matching import Hotlist, alert_of, match_read
from pipeline.neighbours.policy import forwards_of
from schemas.base import Position
from schemas.outcomes import Alert, Forward, RecordPlace
from schemas.reference import Camera, HotlistEntry, Policy
from tests.builders import make_camera, make_entry, make_policy, make_read

ENTRY = make_entry(entry_id="ST-1", share_with=("LU", "NL"), case_reference="2026/77")
CAMERA = make_camera("E19-1", position=Position(lat=51.45, lon=4.74))
POLICIES = tuple(make_policy(country) for country in ("LU", "NL"))


@dataclass(slots=True)
class Scene:
    """A camera near the border, a stolen car, and neighbours that it is shared with. Alerts are put on a topic in their
    order."""

    entry: HotlistEntry = ENTRY
    camera: Camera = CAMERA
    policies: tuple[Policy, ...] = POLICIES
    alerts: list[Alert] = field(default_factory=list)
    partition: int = 0

    def alert(self, captured_at_ms: int) -> Alert:
        """The alert of a read at this time, as the hotlist agent makes it. It is not put on the topic."""
        read = make_read(self.entry.plate, self.camera.camera_id, captured_at_ms)
        cameras = {self.camera.camera_id: self.camera}
        (hit,) = match_read(read, Hotlist((self.entry,)), cameras, {})
        return alert_of(hit, read, self.camera, decided_at_ms=captured_at_ms + 300)

    def forward(self, captured_at_ms: int, country: str = "NL") -> Forward:
        """A forward to the country, of a new alert that is put on the topic."""
        alert = self.alert(captured_at_ms)
        cameras = {self.camera.camera_id: self.camera}
        made = forwards_of(alert, self.policies, cameras, {}, captured_at_ms + 500)
        (forward,) = (one for one in made if one.to_country == country)
        self.alerts.append(alert)
        return msgspec.structs.replace(
            forward, alert_at=RecordPlace(partition=self.partition, offset=len(self.alerts) - 1)
        )
