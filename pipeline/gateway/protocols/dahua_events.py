"""Dahua's event of a vehicle, in the form that RPC and the streams of snapManager and eventManager have in common.

`UTC` is the wall clock as an epoch unless the camera is set otherwise; `RealUTC` is right. Confidence is on an unknown scale.
"""

from collections.abc import Mapping

from pipeline.gateway import countries
from pipeline.gateway.drafts import Draft, finished, place
from pipeline.gateway.items import Ignored, Item, Picture
from pipeline.gateway.node import Node
from pipeline.gateway.request import Circumstances
from pipeline.gateway.times import Moment, epoch, local_epoch, moment_of
from pipeline.gateway.words import class_of, colour_of, direction_of, lane_of, make_of, said, speed_of

_TRAFFIC = frozenset({
    "trafficjunction", "trafficsnapshot", "trafficcarmeasurement", "trafficparkingspaceparking", "trafficmanualsnap",
    "trafficgate", "trafficoverspeed", "trafficretrograde", "trafficvehicleposition", "trafficvehicleinroute", "anpr",
})  # fmt: skip


def traffic(code: str, data: Node, pictures: tuple[Picture, ...], around: Circumstances) -> Item:
    """The item of an event in the form of RPC and of both streams."""
    car, seen, vehicle = data.at("TrafficCar"), data.at("Object"), data.at("Vehicle")
    if code.lower() not in _TRAFFIC and not (code.lower().startswith("traffic") and car.at("PlateNumber")):
        return Ignored(reason="other_event", camera=_machine(data, car))
    is_plate = seen.at("ObjectType").word.lower() in ("plate", "")
    text = next(
        (
            one.text
            for one in (
                car.at("PlateNumber"),
                seen.at("Text") if is_plate else Node(None),
                data.at("Plate", "Text"),
                data.first("PlateNumber", "PlateText"),
            )
            if one
        ),
        "",
    )
    draft = Draft(
        plate=text,
        moment=_event_time(data, car, around),
        camera=_machine(data, car),
        confidence=None,
        country=countries.of_any(car.at("Country").text) or countries.of_any(data.at("CommInfo", "Country").text),
        lane=lane_of(next((n for one in (data, car) if (n := one.at("Lane").integer) is not None), None)),
        direction=_heading(data, car),
        speed_kmh=speed_of(car.at("Speed").number) or speed_of(data.at("Speed").number),
        vehicle_class=class_of(vehicle.at("Category").text)
        if vehicle.at("Category")
        else class_of(car.at("VehicleType").text),
        colour=colour_of(car.at("VehicleColor").text) or (colour_of(vehicle.at("MainColor").text)),
        make=make_of(car.first("VehicleSign", "Brand").text) or make_of(vehicle.first("Brand", "Text").text),
        position=place(*(data.at("CommInfo", "GPSInfo", name).number for name in ("Latitude", "Longitude"))),
        event_key=_key(data),
        pictures=pictures,
    )
    return finished(draft, around)


def _machine(data: Node, car: Node) -> Mapping[str, str]:
    device = data.first("DeviceID", "MachineName").word or car.at("MachineName").word
    return {"device": device} if device else {}


def _heading(data: Node, car: Node) -> str:
    """The first word that says which way the vehicle goes, else the first that says anything. A number is the lane's direction."""
    names = ("JunctionDirection", "Direction", "VehicleDirection")
    driving = next(iter(car.at("DrivingDirection")), Node(None)).word
    words = [driving, *(one.at(name).word for one in (data, car) for name in names)]
    said_words = (word for word in words if said(word) and not word.isdigit())
    return next((word for word in words if direction_of(word)), "") or next(said_words, "")


def _key(data: Node) -> str:
    group = data.at("GroupID").word
    if group:
        return f"{group}/{data.at('IndexInGroup').word}".rstrip("/")
    return data.first("EventID", "EventSeq").word if data.at("EventID").integer else ""


def _event_time(data: Node, car: Node, around: Circumstances) -> Moment | None:
    """The event's time: RealUTC; else UTC, interpreted as the camera is set; else the local time. None: there is none."""
    ms = data.at("UTCMS").integer or 0
    ms = ms if 0 <= ms < 1000 else 0
    if real := data.at("RealUTC").integer:
        return epoch(real * 1000 + ms, 1000, "RealUTC, milliseconds from UTCMS")
    utc = data.at("UTC").integer or car.at("UTC").integer
    if utc and around.camera_settings.utc_is_local:
        return local_epoch(utc, ms, "UTC", around)
    if utc:
        return epoch(utc * 1000 + ms, 1000, "UTC as sent, milliseconds from UTCMS")
    return moment_of(data.at("LocaleTime").text, "LocaleTime", around)
