"""The name of each kind of reference data, and an example for its command `add`."""

from collections.abc import Mapping

ONE = {
    "cameras": "camera", "sections": "section", "zones": "zone", "hotlist": "hotlist entry", "lists": "list",
    "policies": "policy", "exclusions": "exclusion", "watches": "request to watch",
}  # fmt: skip
EXAMPLES: Mapping[str, str] = {
    "cameras": "camera_id=E40-01 name='E40 Bierges' network=federal lat=50.71 lon=4.58",
    "sections": "section_id=E40-S name=Bierges country=BE entries=E40-01 exits=E40-07 distances='E40-01>E40-07=5230.5' "
    "limit_kmh=120 certificate_number=C-1 certificate_valid_from=2026-01-01 certificate_valid_until=2026-12-31",
    "zones": "zone_id=EST name=Estaimpuis kind=border country=FR cameras='EST-01|EST-02'",
    "hotlist": "entry_id=T-1 plate=1-ABC-234 hotlist=stolen category=theft owner='police zone 5343' legal_basis='art. 44/1'",
    "lists": "list_id=STOLEN name='Stolen vehicles' hotlist=stolen owner='federal police' authority='public prosecutor' "
    "legal_basis='art. 44/1' refresh_every_ms=86400000",
    "policies": "policy_id=NL-1 country=NL lists=stolen legal_basis='Benelux treaty art. 13' purpose=theft contact=desk",
    "exclusions": "exclusion_id=X-1 plate=1-ADC-555 entry_id=T-1 reason='its owner was stopped twice' owner='police zone 5343' "
    "evidence='registration shown on 12 March' valid_until=2026-12-31",
    "watches": "watch_id=W-1 plate='1ADC*' zone=BRUSSELS reason='seen at the robbery' case_reference=2026/77 "
    "legal_basis='art. 44/1' service='police zone 5343' requested_by=an.peeters valid_from=2026-03-12 valid_until=2026-03-13",
}
"""What `add` may be given, per kind."""
