"""Invented messages of each maker's cameras, with the names in its documents, and what must become of them.

The expectation names the fields that matter to a sample; a value None is expected as None.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from pipeline.gateway.makers import BY_NAME
from pipeline.gateway.protocols import Maker
from tests.unit.gateway.payloads import PLATE, SCENE, form

PLATE64, SCENE64 = base64.b64encode(PLATE).decode(), base64.b64encode(SCENE).decode()


class Sample(NamedTuple):
    """One message, and what must become of each of its items: a reason, or fields of a read. name: the maker's, a colon, what
    it is about. given: what the gateway knows besides the bytes."""

    name: str
    body: bytes
    expected: tuple[str | Mapping[str, object], ...]
    headers: Mapping[str, str] = {}
    given: Mapping[str, object] = {}
    target: str = "/"
    method: str = "POST"

    @property
    def maker(self) -> Maker:
        """The maker of the message."""
        return BY_NAME[self.name.split(":")[0]]

    @property
    def words(self) -> set[str]:
        """The names in quotation marks in the body (2 to 30 letters, _, @, #), and "x"."""
        return set(re.findall(r'"([@#A-Za-z_]{2,30})"', self.body.decode("latin-1"))) | {"x"}


def hikvision(**fields: str) -> bytes:
    """An ANPR event: fields of the event by name, those of ANPR with a_ before, further XML at its end as `more`."""
    event = {"ipAddress": "192.0.2.9", "macAddress": "00:00:5e:00:53:09", "channelID": "2", "channelName": "N4 west",
             "dateTime": "2026-05-04T12:00:00+02:00", "eventType": "ANPR", "eventState": "active", "UUID": "u-9",
             "countryAbbreviation": "NLD"}  # fmt: skip
    anpr = {
        "licensePlate": "VG-123-A",
        "line": "3",
        "direction": "forward",
        "confidenceLevel": "88",
        "vehicleType": "largeBus",
    }
    more = fields.pop("more", "")
    for name, value in fields.items():
        (anpr if name.startswith("a_") else event)[name.removeprefix("a_")] = value
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in anpr.items())
    outer = "".join(f"<{name}>{value}</{name}>" for name, value in event.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?><EventNotificationAlert xmlns="http://www.isapi.org/ver20/XMLSchema">'
        f"{outer}<ANPR>{inner}{more}</ANPR></EventNotificationAlert>"
    ).encode()


def j(value: object) -> bytes:
    """The value as JSON."""
    return json.dumps(value).encode()


_HIK = {"plate": "VG123A", "captured_at": "2026-05-04T10:00:00.000Z", "confidence": 0.88, "country": "NL", "lane": 3,
        "direction": "approaching", "vehicle_class": "bus", "event_key": "u-9"}  # fmt: skip
_XML_PART = 'Content-Disposition: form-data; name="anpr.xml"\r\nContent-Type: text/xml'
_HIK_FORM = form(
    (_XML_PART, hikvision()),
    ('Content-Disposition: form-data; name="licensePlatePicture.jpg"\r\nContent-Type: image/pjpeg', PLATE),
    ('Content-Disposition: form-data; name="pilotPicture.jpg"\r\nContent-Type: image/jpeg', SCENE),
    ('Content-Disposition: form-data; name="vehiclePicture.jpg"\r\nContent-Type: image/jpeg\r\nContent-Length: 0', b""),
)
_PICTURE_FIRST = form(
    ('Content-Disposition: form-data; name="licensePlatePicture.jpg"\r\nContent-Type: image/jpeg', PLATE),
    (_XML_PART, hikvision()),
)
_HIK_PICTURE_FIRST = (_PICTURE_FIRST[0], ({**_HIK, "pictures": [("plate", len(PLATE))]},), _PICTURE_FIRST[1])
_HIK_JSON = {"ipAddress": "192.0.2.9", "channelID": 2, "dateTime": "2026-05-04T12:00:00+02:00", "eventType": "ANPR", "UUID": "u-9",
             "countryAbbreviation": "NLD", "ANPR": {"licensePlate": "VG-123-A", "line": 3, "direction": "forward",
             "confidenceLevel": 88, "vehicleType": "largeBus"}}  # fmt: skip
_HIK_JSON_FORM = form(
    (
        'Content-Disposition: form-data; name="ANPR"\r\nContent-Type: application/json',
        j({"EventNotificationAlert": _HIK_JSON}),
    ),
    ('Content-Disposition: form-data; name="licensePlatePicture.jpg"\r\nContent-Type: image/jpeg', PLATE),
)
_ABS = "<pictureInfoList><pictureInfo><absTime>20260504120000{}</absTime></pictureInfo></pictureInfoList>"
_TRAFFIC = {"Code": "TrafficJunction", "Data": {"UTC": 1777895999, "UTCMS": 7, "GroupID": 5, "IndexInGroup": 1, "Lane": 1,
            "Object": {"ObjectType": "Plate", "Text": "2VIG007"}, "TrafficCar": {"PlateNumber": "2VIG007", "Speed": 63,
            "VehicleSign": "Unknown", "MachineName": "DH9"}, "Vehicle": {"Category": "Motorcycle"},
            "JunctionDirection": "Reverse"}}  # fmt: skip
_LINES = "\r\n".join(f"Events[0].{line}" for line in (
    "EventBaseInfo.Code=TrafficJunction", "UTC=1777888799", "UTCMS=40", "TrafficCar.PlateNumber=2-VIG-008",
    "TrafficCar.DrivingDirection[0]=Leave", "TrafficCar.DrivingDirection[1]=x", "TrafficCar.VehicleColor=Gray",
    "Vehicle.Category=LargeTruck", "GroupID=8", "IndexInGroup=2", "RealUTC=1777888799")).encode()  # fmt: skip
_STREAM = {"content-type": "multipart/x-mixed-replace; boundary=x7"}
_AXIS = {"capture_timestamp": "1777888800250", "plateUTF8": "2VIG010", "plateCountry": "FRA", "plateConfidence": "0.5",
         "carState": "lost", "carID": "7", "carMoveDirection": "in", "sensorProviderID": "s7",
         "vehicle_info": {"type": "TRUCK", "color": "GRAY", "make": "Iveco"}}  # fmt: skip
_REKOR = {"data_type": "alpr_group", "agent_uid": "AG1", "camera_id": 4, "epoch_start": 1777888800111, "uuids": ["AG1-4-1"],
          "best_plate_number": "2VIG020", "best_confidence": 80, "best_region": "us-ca", "gps_latitude": 50.1,
          "gps_longitude": 4.2, "vehicle": {"color": [{"name": "white", "confidence": 2}, {"name": "red", "confidence": 9}],
          "body_type": [{"name": "suv-crossover", "confidence": 1}]}}  # fmt: skip
_SHARP = {"Id": "g-1", "LprCameraName": "Lpr 3", "SourceUrl": "SHARP3", "PlateRead": "2VIG030", "Timestamp": "2026-05-04T10:00:00.4567890",
          "PlateAnalytics": [{"Key": "State Name", "Score": -1.0, "Value": "D"}, {"Key": "Confidence Score", "Score": 1, "Value": "91"},
          {"Key": "Relative Motion", "Score": 1, "Value": "Getting closer"}], "PlateImage": PLATE64}  # fmt: skip
_PR2 = {"hook": {"event": "recognition"}, "data": {"camera_id": "c1", "timestamp": "2026-05-04 10:00:00.5", "results": [
    {"plate": {"type": "Plate", "score": 0.9, "props": {"plate": [{"value": "2vig040", "score": 0.77}, {"value": "2vlg040", "score": 0.1}],
     "region": [{"value": "de", "score": 0.6}]}}, "vehicle": {"type": "Pickup Truck", "props": {
     "orientation": [{"value": "Rear", "score": 1}], "make_model": [{"make": "Ford", "model": "x"}]}}}]}}  # fmt: skip
_LD = {"id": "urn:x", "type": "AnprFlowObserved", "dateObserved": {"type": "Property", "value": "2026-05-04T10:00:00Z"},
       "observedBy": {"type": "Relationship", "object": "urn:ngsi-ld:Device:7"}, "laneId": {"type": "Property", "value": "2"},
       "observedVehicle": {"type": "Property", "value": {"licensePlate": {"identifier": "2VIG050", "confidence": 0.4},
       "direction": "away", "speed": 0}}}  # fmt: skip
_TATTILE = (b"<root><PLATE_STRING>2VIG060</PLATE_STRING><DATE>2026-05-04</DATE><TIME>12-00-00-500</TIME><DEVICE_SN>T1</DEVICE_SN>"
            b"<OCRSCORE>087</OCRSCORE><DIRECTION>APPROACH</DIRECTION><LANE_ID>2</LANE_ID><PLATE_COUNTRY_CODE>724</PLATE_COUNTRY_CODE></root>")  # fmt: skip
_ONVIF_EVENT = (
    b'<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"><tt:Event><w:NotificationMessage xmlns:w="x"><w:Topic>'
    b'tns1:RuleEngine/Recognition/LicensePlate</w:Topic><w:Message><tt:Message UtcTime="2026-05-04T10:00:00" PropertyOperation="%s">'
    b'<tt:Source><tt:SimpleItem Name="VideoSource" Value="vs2"/></tt:Source><tt:Data><tt:ElementItem Name="LicensePlateInfo">'
    b'<tt:LicensePlateInfo><tt:PlateNumber Likelihood="0.8">2VIG070</tt:PlateNumber><tt:CountryCode Likelihood="0.5">Unknown'
    b"</tt:CountryCode></tt:LicensePlateInfo></tt:ElementItem></tt:Data></tt:Message></w:Message></w:NotificationMessage></tt:Event>"
    b"</tt:MetadataStream>"
)
_ONVIF_FRAME = (
    b'<?xml version="1.0"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"><tt:VideoAnalytics><tt:Frame UtcTime='
    b'"2026-05-04T10:00:00Z"><tt:Object ObjectId="%s"><tt:Appearance><tt:VehicleInfo><tt:Color><tt:ColorCluster><tt:ColorString>White'
    b"</tt:ColorString></tt:ColorCluster></tt:Color></tt:VehicleInfo><tt:LicensePlateInfo><tt:PlateNumber>%s</tt:PlateNumber>"
    b"<tt:Likelihood>0.7</tt:Likelihood></tt:LicensePlateInfo></tt:Appearance></tt:Object></tt:Frame></tt:VideoAnalytics>"
    b"</tt:MetadataStream>"
)
_EJ = {"UtcTime": "2026-05-04T10:00:00Z", "Source": {"VideoSource": "vs3", "Rule": "lpr"}}
_PREFIXED = re.sub(rb"<(/?)", rb"<\1t:", _TATTILE).replace(b"<t:root>", b'<t:root xmlns:t="urn:t">', 1)
_MILESIGHT = {"device": "M1", "time": "2026-05-04 12:00:00", "plate": "2VIG092", "vehicle_type": "Car", "vehicle_brand": "", "speed": "0",
              "direction": "Approach", "region": "BEL", "roi_id": "1"}  # fmt: skip
_MILESIGHT_READ = {"plate": "2VIG092", "captured_at": "2026-05-04T10:00:00.000Z", "camera": {"name": "M1"}, "direction": "approaching",
                   "country": "BE"}  # fmt: skip
_FRIGATE = {"type": "lpr", "id": "17.5-ab", "name": "somebody's", "plate": "2VIG080", "score": 0.7, "camera": "gate",
            "timestamp": 1777888800.4}  # fmt: skip

_AXIS_EVENT = (
    b'<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"><tt:Event><w:NotificationMessage xmlns:w="x"><w:Topic>'
    b"tnsaxis:CameraApplicationPlatform/ALPV.AllPlates</w:Topic><w:Message><tt:Message UtcTime='2026-05-04T10:00:00Z'"
    b' PropertyOperation="%s"><tt:Data><tt:SimpleItem Name="text" Value="2VIG012"/><tt:SimpleItem Name="carState" Value="new"/>'
    b"</tt:Data></tt:Message></w:Message></w:NotificationMessage></tt:Event></tt:MetadataStream>"
)


def marked(body: bytes, expected: Mapping[str, object]) -> tuple[bytes, tuple[Mapping[str, object]], Mapping[str, str]]:
    """A form whose only part begins with a byte order mark, what becomes of it, and its headers."""
    data, headers = form(('Content-Disposition: form-data; name="json"', b"\xef\xbb\xbf" + body))
    return data, (expected,), headers


def milesight(*fields: tuple[str, bytes]) -> tuple[bytes, tuple[Mapping[str, object]], Mapping[str, str]]:
    """A form of these fields and two pictures, what becomes of it, and its headers."""
    pictures = [("plate_image", PLATE), ("full_image", SCENE)]
    parts = [(f'Content-Disposition: form-data; name="{name}"', data) for name, data in (*fields, *pictures)]
    data, headers = form(*parts)
    return data, ({**_MILESIGHT_READ, "pictures": [("plate", len(PLATE)), ("overview", len(SCENE))]},), headers


_MILESIGHT_FORM = milesight(*((name, value.encode()) for name, value in _MILESIGHT.items()))
_MILESIGHT_JSON_FORM = milesight(("event", j(_MILESIGHT)))
_OWN_READ = {"camera_id": "E40-1", "plate": "2VIG095", "captured_at_ms": 1777888800001}
_PARTS = form(('Content-Disposition: form-data; name="about"', j({**_OWN_READ, "plate": "2VIG000"})),
              ('Content-Disposition: form-data; name="reads"', j(_OWN_READ)))  # fmt: skip
_TWO_PARTS = (_PARTS[0], ({"plate": "2VIG095"},), _PARTS[1])
_MARKED_AXIS = marked(j(_AXIS), {"plate": "2VIG010"})
_MARKED_PR = marked(j(_PR2).replace(b'"Ford"', b'"generic"'), {"plate": "2VIG040", "make": None})

_HIK_CAMERA = {"ip": "192.0.2.9", "mac": "00:00:5e:00:53:09", "channel": "2"}
_GENETEC = {"plate": "2VIG034", "captured_at": "2026-05-24T10:00:00.000Z", "country": "BE", "confidence": 0.87, "camera": {"name": "s"},
            "direction": "approaching", "speed_kmh": 16.1, "pictures": [("plate", len(PLATE))]}  # fmt: skip
_LECTOR = {"plate": "2VIG057", "captured_at": "2026-05-04T10:00:00.030Z", "camera": {"serial": "LV"}, "confidence": 0.87, "lane": 2,
           "pictures": [("plate", len(PLATE))]}  # fmt: skip

ALL = [
    Sample("hikvision:alone", hikvision(), (_HIK,)),
    Sample("hikvision:form", _HIK_FORM[0], ({**_HIK, "pictures": [("plate", len(PLATE))]},), _HIK_FORM[1]),
    Sample("hikvision:as JSON", j(_HIK_JSON), (_HIK,)),
    Sample("hikvision:as JSON, with a picture", _HIK_JSON_FORM[0], ({**_HIK, "pictures": [("plate", len(PLATE))]},), _HIK_JSON_FORM[1]),
    Sample("hikvision:milliseconds of the same second", hikvision(more=_ABS.format("625")),
           ({"captured_at": "2026-05-04T10:00:00.625Z"},)),
    Sample("hikvision:milliseconds of another second", hikvision(dateTime="2026-05-04T12:00:07+02:00", more=_ABS.format("625")),
           ({"captured_at": "2026-05-04T10:00:07.000Z"},)),
    Sample("hikvision:a name for the country, a motorcycle", hikvision(countryAbbreviation="NON", a_country="Poland",
           a_twoWheelVehicle="yes"), ({"country": "PL", "vehicle_class": "motorcycle"},)),
    Sample("hikvision:numbers of countries prove nothing", hikvision(countryAbbreviation="NON", a_country="13"), ({"country": None},)),
    Sample("hikvision:a clock that was never set", hikvision(dateTime="2000-01-01T00:00:09+08:00"),
           ({"captured_at": "2026-05-04T10:00:01.000Z", "clock": {"synced": False}},)),
    Sample("hikvision:in UTC, its pictures local", hikvision(dateTime="2026-05-04T10:00:00Z", more=_ABS.format("625")),
           ({"captured_at": "2026-05-04T10:00:00.625Z"},)),
    Sample("hikvision:in UTF-16", hikvision(channelName="Li\u00e8ge").decode().replace("UTF-8", "UTF-16").encode("utf-16"), (
           {"plate": "VG123A", "camera": {"ip": "192.0.2.9", "mac": "00:00:5e:00:53:09", "channel": "2", "name": "Li\u00e8ge"}},)),
    Sample("hikvision:no time that can be read, from its buffer", hikvision(dateTime="yesterday", isDataRetransmission="true"),
           ("clock_not_set",)),
    Sample("hikvision:and from its buffer", hikvision(dateTime="2000-01-01T00:00:09+08:00", isDataRetransmission="true"),
           ("clock_not_set",)),
    Sample("hikvision:another alphabet", hikvision(a_licensePlate="\u4eacA12345"), ("not_a_plate",)),
    Sample("hikvision:no plate in Chinese, as GBK", hikvision(a_licensePlate="\u65e0\u8f66\u724c").decode().replace("UTF-8", "GBK")
           .encode("gbk"), ("no_plate",)),
    Sample("hikvision:cut off, without a length", hikvision()[:-40], ("incomplete_body",)),
    Sample("hikvision:in Latin-1, as it says", hikvision(channelName="Li\u00e8ge").decode().replace("UTF-8", "ISO-8859-1").encode("latin-1"),
           ({"plate": "VG123A", "camera": {"ip": "192.0.2.9", "mac": "00:00:5e:00:53:09", "channel": "2", "name": "Li\u00e8ge"}},)),
    Sample("hikvision:a name with an ampersand, text after the XML", hikvision(channelName="N4&E40; A&amp;B") + b"\r\n--boundary--", ({"plate": "VG123A",
           "camera": {"ip": "192.0.2.9", "mac": "00:00:5e:00:53:09", "channel": "2", "name": "N4&E40; A&B"}},)),
    Sample("hikvision:the picture first", *_HIK_PICTURE_FIRST),
    Sample("hikvision:motion", hikvision(eventType="VMD"), ("other_event",)),
    Sample("hikvision:heartbeat", hikvision(eventType="videoloss", eventState="inactive"), ("heartbeat",)),
    Sample("hikvision:text before the XML", b"\xef\xbb\xbf\r\n " + hikvision(), (_HIK,)),
    Sample("hikvision:query", b"", ({"plate": "VG123B", "captured_at": "2026-05-04T10:00:00.000Z", "lane": 1, "country": None, "vehicle_class": "lorry"},),
           target="/hik?vehicleType=truck&eventType=ANPR&licensePlate=VG-123-B&dateTime=2026-05-04T12:00:00+02:00&lane=1&country=3&macAddress=aa"),
    Sample("dahua:rpc, the wall clock as an epoch", j({"method": "client.notifyEventStream", "params": {"eventList": [_TRAFFIC]}}),
           ({"plate": "2VIG007", "captured_at": "2026-05-04T09:59:59.007Z", "direction": "receding", "speed_kmh": 63.0,
             "vehicle_class": "motorcycle", "confidence": None, "make": None, "event_key": "5/1"},), given={"utc_is_local": True}),
    Sample("dahua:the same unset is told of", j({"method": "client.notifyEventStream", "params": {"eventList": [_TRAFFIC]}}),
           ({"captured_at": "2026-05-04T11:59:59.007Z", "clock_suspect": True},)),
    Sample("dahua:snapManager", b"--x7\r\nContent-Type: text/plain\r\n\r\n" + _LINES + b"\r\n--x7\r\nContent-Type: image/jpeg\r\n\r\n"
           + SCENE + b"\r\n--x7\r\nContent-Type: text/plain\r\n\r\nHeartbeat\r\n--x7--", (
               {"plate": "2VIG008", "direction": "receding", "colour": "grey", "vehicle_class": "lorry", "event_key": "8/2",
                "captured_at": "2026-05-04T09:59:59.040Z", "pictures": [("overview", len(SCENE))]}, "heartbeat"), _STREAM),
    Sample("dahua:eventManager, = and ; in the data", b'Code=TrafficJunction;action=Pulse;index=0;data={"RealUTC": 1777888799, '
           b'"Name": "a;b=c", "TrafficCar": {"PlateNumber": "\xce\x91\xce\x92\xce\x95 1234"}}', ({"plate": "ABE1234"},)),
    Sample("dahua:eventManager, cut", b'Code=TrafficJunction;action=Pulse;index=0;data={"TrafficCar": {"PlateNum', ("incomplete_body",)),
    Sample("dahua:another event", b"Code=VideoMotion;action=Start;index=0", ("other_event",)),
    Sample("dahua:unlicensed", j({"Picture": {"Plate": {"PlateNumber": "unlicensed"}, "SnapInfo": {"DeviceID": "D1"}}}), ("no_plate",)),
    Sample("axis:json alone", j(_AXIS), ({"plate": "2VIG010", "captured_at": "2026-05-04T10:00:00.250Z", "country": "FR",
           "vehicle_class": "lorry", "colour": "grey", "make": "Iveco", "direction": "approaching", "event_key": "s7:7"},)),
    Sample("axis:heartbeat", b"{'system': {'timestamp': 'x'}, 'identify': {'macAddress': 'AA'}, 'ALPV': {'numFrames': '2'}}", ("heartbeat",)),
    Sample("genetec:SharpV", j(_SHARP), ({"plate": "2VIG030", "captured_at": "2026-05-04T10:00:00.457Z", "country": "DE",
           "confidence": 0.91, "direction": "approaching", "pictures": [("plate", len(PLATE))]},)),
    Sample("genetec:SharpV's file", b"<AutoVu><Plate>2-VIG-031</Plate><State>France</State><UTCDate>2026:05:04</UTCDate><UTCTime>10:00:00.125"
           b"</UTCTime><CameraName>C1</CameraName><LongitudeX>4.1</LongitudeX><LatitudeY>50.2</LatitudeY><Guid>g</Guid></AutoVu>",
           ({"plate": "2VIG031", "country": "FR", "captured_at": "2026-05-04T10:00:00.125Z", "position": {"lat": 50.2, "lon": 4.1}},)),
    Sample("genetec:local time alone", j({"Plate": "2VIG032", "DateLocal": "24/05/2026", "TimeLocal": "12:00:00"}),
           ({"captured_at": "2026-05-24T10:00:00.000Z"},), given={"received_at": "2026-05-24T10:00:01+00:00"}),
    Sample("genetec:a date that is two", j({"Plate": "2VIG032", "DateUtc": "05/04/2026", "TimeUtc": "10:00:00"}), ("ambiguous_date",)),
    Sample("genetec:the same, set", j({"Plate": "2VIG032", "DateUtc": "05/04/2026", "TimeUtc": "10:00:00 AM"}),
           ({"captured_at": "2026-05-04T10:00:00.000Z"},), given={"date_order": "month_first"}),
    Sample("rekor:group", j(_REKOR), ({"plate": "2VIG020", "country": "US", "confidence": 0.8, "colour": "red", "vehicle_class": "car",
           "position": {"lat": 50.1, "lon": 4.2}},)),
    Sample("rekor:cut off, without a length", j(_REKOR)[:-40], ("incomplete_body",)),
    Sample("rekor:two groups in one post", j([_REKOR, {**_REKOR, "uuids": ["AG1-4-2"], "best_plate_number": "2VIG021"}]),
           ({"plate": "2VIG020"}, {"plate": "2VIG021"})),
    Sample("rekor:single looks are not passages", j({"data_type": "alpr_results", "agent_uid": "AG1", "results": [{"plate": "2VIG021"}]}),
           ("other_event",)),
    Sample("platerecognizer:newer form", j(_PR2), ({"plate": "2VIG040", "captured_at": "2026-05-04T10:00:00.500Z", "confidence": 0.77,
           "country": "DE", "direction": "receding", "make": "Ford", "vehicle_class": "van", "alternatives": ["2VLG040"]},)),
    Sample("ngsi:LD alone", j(_LD), ({"plate": "2VIG050", "lane": 2, "direction": "receding", "speed_kmh": None},)),
    Sample("ngsi:not read", j({"type": "AnprFlowObserved", "observedBy": "x", "vehiclePlateNotRead": True}), ("no_plate",)),
    Sample("uniview:none", j({"StructureInfo": {"ObjInfo": {"VehicleInfoList": None}}}), ("other_event",)),
    Sample("survision:codes before signs", j({"anpr": {"@date": "2026-05-04T10:00:00Z", "@id": "3", "@session": "2", "decision": {
           "@plate": "2VIG055", "@reliability": "95", "@direction": "front", "@context": "B", "@context_isoAlpha2": "LU",
           "jpeg": {"#text": PLATE64}}, "speed": {"@instantSpeed_km_h": "51"}}}), ({"plate": "2VIG055", "country": "LU",
           "direction": "approaching", "speed_kmh": 51.0, "confidence": 0.95, "event_key": "S1:2:3",
           "pictures": [("plate", len(PLATE))]},), {"survision-serial-number": "S1"}),
    Sample("verkada:older form", j({"webhook_type": "LPR", "webhook_id": "w", "data": {"camera_id": "c", "created": 1777888800,
           "license_plate_number": "2VIG057", "confidence": 0.85}}), ({"captured_at": "2026-05-04T10:00:00.000Z", "country": None},)),
    Sample("lectorvision:numbers", j({"Plate": "2VIG058", "TimeStamp": "2026/05/04 12:00:00.030", "SerialNumber": "LV", "Fiability": 87,
           "LaneNumber": 2, "Direction": "IN", "Country": 724, "ImageCtx": SCENE64}), ({"captured_at": "2026-05-04T10:00:00.030Z",
           "country": "ES", "confidence": 0.87, "lane": 2, "direction": "approaching", "pictures": [("overview", len(SCENE))]},)),
    Sample("tattile:one and a broken one", _TATTILE + _TATTILE[:60], ({"plate": "2VIG060", "captured_at": "2026-05-04T10:00:00.500Z",
           "country": "ES", "confidence": 0.87, "lane": 2}, "incomplete_body")),
    Sample("tattile:a date without dashes", _TATTILE.replace(b"2026-05-04", b"20260504"), ({"captured_at": "2026-05-04T10:00:00.500Z"},)),
    Sample("tattile:in lower case", _TATTILE.lower().replace(b"2vig060", b"2VIG060").replace(b"<device_sn>t1", b"<device_sn>T1"), (
           {"plate": "2VIG060", "captured_at": "2026-05-04T10:00:00.500Z", "country": "ES", "confidence": 0.87, "lane": 2,
            "camera": {"serial": "T1"}, "direction": "approaching"},)),
    Sample("axxon:xml", b'<?xml version="1.0"?><CAR_PLATE direction="in" cam-id="c1" time="2026-05-04T12:00:00" plate="2VIG065" '
           b'plate_mask="BEL"><!-- ' + PLATE64.encode() + b" --></CAR_PLATE>", ({"plate": "2VIG065", "country": "BE",
           "direction": "approaching", "pictures": [("plate", len(PLATE))]},)),
    Sample("axxon:closed at once, and with content", b'<CAR_PLATE direction="out" cam-id="c1" time="2026-05-04T12:00:00" plate="2VIG066"/>\n'
           b'<CAR_PLATE direction = "left" cam-id = "4" time = "2026-05-04T12:00:00.250" plate = "2VIG067" confidence = "93" plateImage = "'
           + PLATE64.encode() + b'">' + SCENE64.encode() + b"</CAR_PLATE><CAR_PLATE plate=", ({"plate": "2VIG066", "direction": "receding"},
           {"plate": "2VIG067", "confidence": 0.93, "direction": None, "captured_at": "2026-05-04T10:00:00.250Z",
            "pictures": [("plate", len(PLATE)), ("vehicle", len(SCENE))]}, "incomplete_body")),
    Sample("lilin:list", j({"LPR_COUNT": 1, "INFORMATION": [{"TS": "1777888800250000", "CAR_ID": "4", "LPR": "2VIG066", "THRESHOLD":
           "0.75", "COUNTRY": "LUX", "LPR_USER": "somebody", "LPR_PHONE": "0", "LP_BMP": "images/a.png"}]}),
           ({"captured_at": "2026-05-04T10:00:00.250Z", "confidence": 0.75, "country": "LU", "picture_files": ["images/a.png"]},)),
    Sample("lilin:stream", b"Day=0\r\nLPR0=2VIG067,ACT_PARAM0=Visitor,LP_H0=144,LPR_TIME0=2026-05-04 10:00:00 GMT,LP_BMP0=a/b.png\r\n"
           b"LPR1=,ACT_PARAM1=,LP_H1=,LPR_TIME1=,LP_BMP1=", ({"plate": "2VIG067", "captured_at": "2026-05-04T10:00:00.000Z"},)),
    Sample("onvif:event", _ONVIF_EVENT % b"Changed", ({"plate": "2VIG070", "captured_at": "2026-05-04T10:00:00.000Z", "country": None,
           "camera": {"source": "vs2"}, "confidence": 0.8},)),
    Sample("onvif:what was before", _ONVIF_EVENT % b"Initialized", ("other_event",)),
    Sample("onvif:json", j({"UtcTime": "2026-05-04T10:00:00Z", "Source": {"VideoSource": "vs3"}, "Data": {"LicensePlateInfo": {
           "PlateNumber": {"value": "2VIG071", "Likelihood": 0.6}, "CountryCode": "BE"}}}), ({"plate": "2VIG071", "country": "BE",
           "confidence": 0.6},), given={"topic": "onvif-ej/RuleEngine/Recognition/LicensePlate"}),
    Sample("frigate:plate", j(_FRIGATE), ({"plate": "2VIG080", "captured_at": "2026-05-04T10:00:00.400Z", "relation": "first"},),
           given={"topic": "frigate/tracked_object_update"}),
    Sample("frigate:a face", j({"type": "face", "id": "1", "name": "somebody", "score": 1}), ("other_event",),
           given={"topic": "frigate/tracked_object_update"}),
    Sample("milesight:a lorry", j({"device": "M1", "time": "2026-05-04 12:00:00", "plate": "2VIG090", "plate_color": "White",
           "vehicle_type": "Truck", "vehicle_brand": "TRA_BRAND_VOLKSWAGEN", "confidence": "", "direction": "Away", "speed": "81",
           "region": "", "plate_image": PLATE64}), ({"plate": "2VIG090", "vehicle_class": "lorry", "make": "Volkswagen",
           "confidence": None, "direction": "receding", "speed_kmh": 81.0, "country": None},)),
    Sample("vigie:from a buffer, without a time", j({"camera_id": "E40-1", "plate": "2VIG096", "captured_at": "", "buffered": True}),
           ("clock_not_set",)),
    Sample("vigie:one after the other", b"".join(j({"camera_id": "E40-1", "plate": plate, "captured_at_ms": 1777888800001}) + b"\n" for plate in
           ("2VIG095", "2VIG096")), ({"plate": "2VIG095"}, {"plate": "2VIG096"})),
    Sample("rekor:one after the other", j(_REKOR) + j({**_REKOR, "uuids": ["AG1-4-2"], "best_plate_number": "2VIG021"}),
           ({"plate": "2VIG020"}, {"plate": "2VIG021"})),
    Sample("vigie:list", j({"reads": [{"camera_id": "E40-1", "plate": "2-VIG-095", "captured_at_ms": 1777888800001},
           {"camera_id": "E40-1", "plate": "2VIG096", "captured_at": "2026-05-04T12:00:00.002+02:00", "confidence": 0.5}]}),
           ({"plate": "2VIG095", "confidence": None}, {"plate": "2VIG096", "captured_at": "2026-05-04T10:00:00.002Z"})),
    Sample("files:picture", SCENE, ({"plate": "2VIG099", "captured_at": "2026-05-04T10:00:00.123Z", "camera": {"folder": "cam9"}},),
           given={"file_name": "20260504120000123_2VIG099_VEHICLE_DETECTION.jpg", "folder": "cam9"}, method=""),
    Sample("files:date and time apart", SCENE, ({"plate": "2VIG099", "captured_at": "2026-05-04T10:00:00.000Z"},),
           given={"file_name": "2026-05-04_12-00-00_2VIG099.jpg"}, method=""),
    Sample("files:an address is no plate", SCENE, ("no_plate",), given={"file_name": "192.0.2.1_01_20260504120000123_VEHICLE_DETECTION.jpg"},
           method=""),
    Sample("files:directions in words", b"Kenteken;Tijdstip;Richting\n2VIG097;04/05/2026 12:00:00;naderend\n2VIG098;04/05/2026 12:00:00;"
           b"wegrijdend\n", ({"plate": "2VIG097", "direction": "approaching"}, {"plate": "2VIG098", "direction": "receding"}),
           given={"file_name": "x.csv"}, method=""),
    Sample("files:without its end", SCENE[:-2], ("incomplete_file",), given={"file_name": "a.jpg", "file_age_s": 90.0}, method=""),
    Sample("files:table", b"Date,Heure,Plaque,Pays,Confiance\n04/05/2026,12:00:00,2-VIG-098,F,\"0,8\"\n",
           ({"plate": "2VIG098", "country": "FR", "confidence": 0.8, "captured_at": "2026-05-04T10:00:00.000Z"},),
           given={"file_name": "x.csv", "folder": "f"}, method=""),
    Sample("dahua:what ends was told when it began", b'Code=TrafficJunction;action=Stop;index=0;data={"UTC": 1777888799, "TrafficCar": '
           b'{"PlateNumber": "2VIG005"}}', ("other_event",)),
    Sample("dahua:the same in lines", _LINES + b"\r\nEvents[0].EventBaseInfo.Action=Stop", ("other_event",)),
    Sample("dahua:the same in an RPC", j({"method": "client.notifyEventStream", "params": {"eventList": [{**_TRAFFIC, "Action": "Stop"},
           {**_TRAFFIC, "Action": "Pulse"}]}}), ("other_event", {"plate": "2VIG007"}), given={"utc_is_local": True}),
    Sample("axis:packets in a list", j([_AXIS, {**_AXIS, "plateUTF8": "2VIG011", "carID": "8"}]), ({"plate": "2VIG010"},
           {"plate": "2VIG011"})),
    Sample("axis:a byte order mark in the form", *_MARKED_AXIS),
    Sample("axis:some characters were not read", j({**_AXIS, "plateUTF8": "2VI?010"}), ("not_a_plate",)),
    Sample("axis:what was before a subscription", _AXIS_EVENT % b"Initialized", ("other_event",)),
    Sample("axis:an event", _AXIS_EVENT % b"Changed", ({"plate": "2VIG012"},)),
    Sample("genetec:XML with a namespace", b'<a:PlateRead xmlns:a="urn:x"><a:Plate>2VIG033</a:Plate><a:DateUtc>24/05/2026</a:DateUtc>'
           b"<a:TimeUtc>10:00:00</a:TimeUtc><a:RelativeMotion>Getting away</a:RelativeMotion></a:PlateRead>", ({"plate": "2VIG033",
           "captured_at": "2026-05-24T10:00:00.000Z", "direction": "receding"},), given={"received_at": "2026-05-24T10:00:01+00:00"}),
    Sample("rekor:single looks of the older agent", j({"uuid": "u", "camera_id": 1, "epoch_time": 1777888800111, "results": [
           {"plate": "2VIG021", "matches_template": 0}]}), ({"plate": "2VIG021"},), given={"take": "alpr_results"}),
    Sample("platerecognizer:a byte order mark in the form, an unknown make", *_MARKED_PR),
    Sample("platerecognizer:a table with the region's code alone", b"timestamp,plate,score,region\n2026-05-04 10:00:00+00:00,2vig042,0.8,be\n",
           ({"plate": "2VIG042", "country": "BE"},), given={"file_name": "a.csv"}, method=""),
    Sample("ngsi:its type in full, a country's name, pictures as texts", j({**_LD, "type": "https://uri.fiware.org/ns/data-models#"
           "AnprFlowObserved", "refImages": ["https://x/1.jpg"], "observedVehicle": {"licensePlate": "2VIG051", "country":
           {"name": "Belgium"}}}), ({"plate": "2VIG051", "country": "BE", "picture_urls": ["https://x/1.jpg"]},)),
    Sample("survision:as XML", b'<?xml version="1.0"?><anpr date="1777888800098" id="47" session="3"><decision plate="2VIG056" reliability'
           b'="95" context="B" direction="back"><jpeg>' + PLATE64.encode() + b"</jpeg></decision></anpr>", ({"plate": "2VIG056", "country":
           "BE", "direction": "receding", "captured_at": "2026-05-04T10:00:00.098Z", "pictures": [("plate", len(PLATE))]},)),
    Sample("lectorvision:another spelling, a dash before the hour", j({"Plate": "2VIG059", "TimeStamp": "2026/05/04-12:00:00.030",
           "IdDevice": 7, "Image_Ocr": PLATE64}), ({"captured_at": "2026-05-04T10:00:00.030Z", "pictures": [("plate", len(PLATE))]},)),
    Sample("tattile:a country's number without its zero", _TATTILE.replace(b">724<", b">56<"), ({"country": "BE"},)),
    Sample("tattile:nothing read", _TATTILE.replace(b">2VIG060<", b">NO_READ<"), ("no_plate",)),
    Sample("frigate:a camera for plates alone", j({"type": "update", "before": {}, "after": {"id": "1", "camera": "gate", "label":
           "license_plate", "frame_time": 1777888800.4, "recognized_license_plate": "2VIG081"}}), ({"plate": "2VIG081",
           "vehicle_class": "unknown"},), given={"topic": "frigate/events"}),
    Sample("milesight:a speed with its unit, a make in words, an offset after GMT", j({"device": "M1", "time":
           "2026-05-04 12:00:00 GMT+02:00", "plate": "2VIG091", "plate_color": "White", "vehicle_brand": "Mercedes-Benz", "speed":
           "54 mph"}), ({"plate": "2VIG091", "make": "Mercedes-Benz", "speed_kmh": 86.9, "captured_at": "2026-05-04T10:00:00.000Z"},)),
    Sample("onvif:JSON with an element's name twice, as the standard converts it", j({**_EJ, "Data": {"Likelihood": "0.6", "LicensePlateInfo":
           {"LicensePlateInfo": {"PlateNumber": {"#text": "2VIG072"}, "CountryCode": {"#text": "NL"}}}, "VehicleInfo": {"VehicleInfo":
           {"Type": {"@Likelihood": 1, "#text": "Bus"}}}}}), ({"plate": "2VIG072", "confidence": 0.6, "country": "NL", "vehicle_class":
           "bus", "camera": {"source": "vs3"}},), given={"topic": "cam/onvif-ej/RuleEngine/Recognition/LicensePlate"}),
    Sample("onvif:JSON that lists items as XML does", j({"UtcTime": _EJ["UtcTime"], "Source": {"SimpleItem": [{"Name": "VideoSource", "Value":
           "vs4"}]}, "Data": {"SimpleItem": {"@Name": "PlateNumber", "@Value": "2VIG073"}}}), ({"plate": "2VIG073", "camera":
           {"source": "vs4"}},)),
    Sample("onvif:metadata as JSON", j({"Frame": [{"@UtcTime": "2026-05-04T10:00:00", "Object": [{"@ObjectId": "15", "Appearance": {
           "LicensePlateInfo": {"PlateNumber": {"@Likelihood": "0.9", "#text": "2VIG074"}}}, "Behaviour": {"Speed": "13.9"}}]}]}),
           ({"plate": "2VIG074", "captured_at": "2026-05-04T10:00:00.000Z", "confidence": 0.9, "speed_kmh": 50.0, "event_key": "15"},)),
    Sample("onvif:metadata as JSON without a plate", j({"Frame": {"@UtcTime": "2026-05-04T10:00:00", "Object": {"@ObjectId": "1"}}}),
           ("other_event",), given={"topic": "cam/onvif-mj/VideoAnalytics/1/People"}),
    Sample("onvif:documents after each other", _ONVIF_FRAME % (b"1", b"2VIG075") + b"\n" + _ONVIF_FRAME % (b"2", b"2VIG076"), (
           {"plate": "2VIG075", "confidence": 0.7, "colour": "white"}, {"plate": "2VIG076", "event_key": "2"})),
    Sample("onvif:the second document is cut", _ONVIF_FRAME % (b"1", b"2VIG075") * 2 + (_ONVIF_FRAME % (b"2", b"2VIG076"))[:-9],
           ("incomplete_body",)),
    Sample("platerecognizer:a camera's heartbeat", j({"hook": {"event": "heartbeat", "id": "c1"}, "data": {"camera_id": "c1"}}),
           ("heartbeat",)),
    Sample("platerecognizer:another event", j({"hook": {"event": "dwell_time", "id": "c1"}, "data": {"plate": "2vig043"}}), ("other_event",)),
    Sample("rekor:the whole picture", j({**_REKOR, "overview_jpeg": SCENE64}), ({"pictures": [("overview", len(SCENE))]},)),
    Sample("rekor:cut within a word", j({**_REKOR, "is_preview": False})[:-3], ("incomplete_body",)),
    Sample("survision:codes of two and three letters where the oval sign stands", j([{"anpr": {"@date": "1777888800098", "decision": {"@plate":
           "2VIG057", "@context": code}}} for code in ("BE", "NLD", "F", "OTHERS")]), tuple({"country": country} for country in
           ("BE", "NL", "FR", None))),
    Sample("tattile:names with a prefix", _PREFIXED, ({"plate": "2VIG060", "camera": {"serial": "T1"}, "lane": 2},)),
    Sample("tattile:Nedap's names", _TATTILE.replace(b"DEVICE_SN", b"SN").replace(b"</root>", b"<NETBIOSNAME>N1</NETBIOSNAME><IMAGE_BW>"
           + SCENE64.encode() + b"</IMAGE_BW></root>"), ({"camera": {"serial": "T1", "name": "N1"}, "pictures": [("overview", len(SCENE))]},)),
    Sample("tattile:a document type is refused with what follows it", b'<!DOCTYPE root [<!ENTITY a "b">]>' + _TATTILE, ("xml_with_doctype",)),
    Sample("verkada:as many digits as a double has, as text", j({"webhook_type": "lpr", "webhook_id": "w", "data": {"license_plate_number":
           "2VIG077", "confidence": "0.9630414285714286", "detected": 1777888800100}}), ({"confidence": 0.9630414285714286},)),
    Sample("milesight:the fields of a form", *_MILESIGHT_FORM),
    Sample("milesight:JSON in a form", *_MILESIGHT_JSON_FORM),
    Sample("milesight:fields in the body", urlencode(_MILESIGHT | {"plate_image": PLATE64}).encode(), ({**_MILESIGHT_READ, "pictures":
           [("plate", len(PLATE))]},), {"content-type": "application/x-www-form-urlencoded"}),
    Sample("hikvision:in Latin-1, though it says UTF-8", hikvision(channelName="Li\u00e8ge").decode().encode("latin-1"), (
           {"plate": "VG123A", "camera": {**_HIK_CAMERA, "name": "Li\u00e8ge"}},)),
    Sample("hikvision:in GB 2312, though it says UTF-8", hikvision(channelName="\u5317\u95e8").decode().encode("gb2312"), (
           {"plate": "VG123A", "camera": {**_HIK_CAMERA, "name": "\u5317\u95e8"}},)),
    Sample("hikvision:in GBK, though it says GB 2312", hikvision(channelName="\u5317\u5586").decode().replace("UTF-8", "GB2312").encode("gbk"),
           ({"plate": "VG123A", "camera": {**_HIK_CAMERA, "name": "\u5317\u5586"}},)),
    Sample("dahua:what a text of an event says is no event", b'Code=TrafficJunction;action=Pulse;index=0;data={"RealUTC": 1777888799, "Name": '
           b'"\\nEvents[0].Code=TrafficJunction Code=TrafficJunction;action=Pulse;index=0;data={}", "TrafficCar": {"PlateNumber": "2VIG009"}}'
           b"\r\nCode=VideoMotion;action=Stop;index=0;data={}", ({"plate": "2VIG009"}, "other_event")),
    Sample("dahua:a broken event, and one after it", b'Code=TrafficJunction;action=Pulse;index=0;data={"a": ]\r\nCode=TrafficJunction;'
           b'action=Pulse;index=0;data={"RealUTC": 1777888799, "Plate": {"Text": "2VIG004"}}\r\nCode=TrafficJunction;action=Pulse;index=0;'
           b'data={"RealUTC": 1777888799, "PlateText": "2VIG003"}', ("incomplete_body", {"plate": "2VIG004"}, {"plate": "2VIG003"})),
    Sample("dahua:a number is no direction, and the vehicle's end is one", b'Code=TrafficJunction;action=Pulse;index=0;data={"RealUTC": 1777888799, '
           b'"Direction": 0, "TrafficCar": {"PlateNumber": "2VIG002", "Direction": 4, "DrivingDirection": ["", ""], "VehicleDirection": "Tail"}}',
           ({"plate": "2VIG002", "direction": "receding", "direction_as_sent": "Tail"},)),
    Sample("dahua:two events in one push", j({"Picture": [{"Plate": {"PlateNumber": plate}, "SnapInfo": {"DeviceID": "D1", "SnapTime":
           "2026-05-04 12:00:00"}, "NormalPic": {"PicName": plate, "Content": SCENE64}} for plate in ("2VIG001", "2VIG000")]}), tuple(
           {"plate": plate, "camera": {"device": "D1"}, "pictures": [("overview", len(SCENE))]} for plate in ("2VIG001", "2VIG000"))),
    Sample("files:microseconds and what is shown before the plate", PLATE, ({"plate": "2VIG099", "captured_at": "2026-05-04T10:00:00.955Z",
           "pictures": [("plate", len(PLATE))]},), given={"file_name": "20260504120000_954662lp_2VIG099_2117394.jpg"}, method=""),
    Sample("axxon:plates in Windows' encodings", b"".join(b"\x022026050412000014" + plate + b"\x03" for plate in ("\u0410123\u0412\u042177".encode(
           "cp1251"), "M\u00dc AB 12".encode("cp1252"), "K\u00d6 AB 12".encode())), ({"plate": "A123BC77"}, {"plate": "MUAB12"}, {"plate":
           "KOAB12"})),
    Sample("genetec:names with a small letter", j({"plate": "2-VIG-034", "state": "B", "confidenceScore": "87", "dateUtc": "24/05/2026", "timeUtc":
           "10:00:00", "cameraName": "s", "attributes": {"Relative Motion": "Closer", "Speed": "10 mph"}, "plateImage": PLATE64}), (_GENETEC,),
           given={"received_at": "2026-05-24T10:00:01+00:00"}),
    Sample("genetec:ingestion, small throughout, two of them", j([{"referencereadid": str(at), "referencecameraid": "c", "plate": f"2VIG03{at}",
           "confidence": 0.5, "readtimeutc": "2026-05-04T10:00:00Z"} for at in (5, 6)]), tuple({"plate": f"2VIG03{at}", "confidence": 0.5,
           "camera": {"reference": "c"}, "captured_at": "2026-05-04T10:00:00.000Z", "event_key": str(at)} for at in (5, 6))),
    Sample("lectorvision:names with a small letter", j({"plate": "2VIG057", "timeStamp": "2026/05/04 12:00:00.030", "serialNumber": "LV", "fiability":
           87, "imageOcr": PLATE64, "laneNumber": 2}), (_LECTOR,)),
    Sample("lectorvision:small throughout", j({"plate": "2VIG057", "timestamp": "2026/05/04 12:00:00.030", "serialnumber": "LV", "fiability": 87,
           "imageocr": PLATE64, "lanenumber": 2}), (_LECTOR,)),
    Sample("lectorvision:the second cut off", (j({"Plate": "2VIG057", "TimeStamp": "2026/05/04 12:00:00.030", "SerialNumber": "LV"}) * 2)[:-9],
           ("incomplete_body",)),
    Sample("frigate:two in one message, after a byte order mark", b"\xef\xbb\xbf" + j(_FRIGATE) + b"\n" + j({**_FRIGATE, "id": "2", "plate": "2VIG082"}), ({"plate": "2VIG080"},
           {"plate": "2VIG082"}), given={"topic": "frigate/tracked_object_update"}),
    Sample("frigate:the end of a passage says nothing new", j([{"type": kind, "before": {}, "after": {"id": "1", "camera": "gate", "label": "car",
           "frame_time": 1777888800.4, "recognized_license_plate": "2VIG081"}} for kind in ("update", "end")]), ({"plate": "2VIG081"},
           "repeat_of_passage"), given={"topic": "frigate/events"}),
    Sample("lilin:two lists, commas after the last entry", b"".join(b'{"LPR_COUNT":1,"INFORMATION":[{"TS":"1777888800250000","CAR_ID":"%d",'
           b'"LPR":"2VIG06%d","LP_BMP":"a,]\\",}.png",},]}\n' % (at, at) for at in (8, 9)), tuple({"plate": f"2VIG06{at}", "picture_files":
           ['a,]",}.png']} for at in (8, 9))),
    Sample("files:none in words", b"Kenteken;Tijdstip\nOnbekend;04/05/2026 12:00:00\n2VIG097;04/05/2026 12:00:00\nunbekannt;04/05/2026 12:00:00\n",
           ("no_plate", {"plate": "2VIG097"}, "no_plate"), given={"file_name": "x.csv"}, method=""),
    Sample("onvif:a frame as in the standard's examples, with a link", (_ONVIF_FRAME % (b"3", b"2VIG078")).partition(b'schema">')[2].replace(
           b"</tt:MetadataStream>", b"").replace(b"</tt:Appearance>", b"<tt:ImageRef>http://h/1.jpg</tt:ImageRef></tt:Appearance>"),
           ({"plate": "2VIG078", "picture_urls": ["http://h/1.jpg"]},)),
    Sample("onvif:pictures in an event", (_ONVIF_EVENT % b"Changed").replace(b"</tt:Data>", b'<tt:SimpleItem Name="ImageUri" Value="http://h/2'
           b'.jpg"/><tt:ElementItem Name="Image"><xs:base64Binary xmlns:xs="x">' + PLATE64.encode() + b"</xs:base64Binary></tt:ElementItem>"
           b'<tt:ElementItem Name="SceneImage">' + SCENE64.encode() + b"</tt:ElementItem></tt:Data>"), ({"plate": "2VIG070", "pictures":
           [("plate", len(PLATE)), ("overview", len(SCENE))], "picture_urls": ["http://h/2.jpg"]},)),
    Sample("tattile:a prefix that nobody declares", _PREFIXED.replace(b' xmlns:t="urn:t"', b""), ({"plate": "2VIG060", "camera":
           {"serial": "T1"}},)),
    Sample("vigie:of two parts the one that is called so", *_TWO_PARTS),
]  # fmt: skip
SAMPLES = {sample.name: sample for sample in ALL}
