"""Counts what may not come in: faces, persons, owners, phone numbers, addresses. Parsers never take them in."""

import re
from collections import Counter
from collections.abc import Mapping

_KINDS: Mapping[str, re.Pattern[bytes]] = {
    "face": re.compile(
        rb"\"(?:FacePic|FaceInfoList|HumanFace|face_image)\"\s*:\s*[\[{]\s*[^\]}\s]|<(?:\w+:)?HumanFace\b|\"type\"\s*:\s*\"face\"|"
        rb"(?:pilot|face)Picture\.jpg\"\s*\r?\n",
        re.IGNORECASE,
    ),
    "person": re.compile(
        rb"\"(?:PersonInfoList|DriverName|UserName|sub_label)\"\s*:\s*(?:\[\s*[^\]\s]|\"[^\"]+\")|<(?:\w+:)?HumanBody\b",
        re.IGNORECASE,
    ),
    "owner": re.compile(
        rb"\"(?:LPR_USER|owner|OwnerName|MasterOfCar)\"\s*:\s*\"[^\"]+\"|<UserName>[^<]+<", re.IGNORECASE
    ),
    "phone": re.compile(rb"\"(?:LPR_PHONE|phone|PhoneNumber|OwnerPhone)\"\s*:\s*\"[^\"]+\"", re.IGNORECASE),
    "address": re.compile(rb"\"(?:LPR_ADDRESS|OwnerAddress)\"\s*:\s*\"[^\"]+\"", re.IGNORECASE),
}


def count_personal(body: bytes) -> Mapping[str, int]:
    """How often each kind of personal data occurs in the first 2 MB of a message; kinds that do not occur are left out.

    >>> count_personal(b'{"LPR": "1ABC234", "LPR_USER": "somebody", "LPR_PHONE": ""}')
    {'owner': 1}
    """
    head = body[:2_000_000]
    found = Counter({kind: len(pattern.findall(head)) for kind, pattern in _KINDS.items()})
    return {kind: count for kind, count in found.items() if count}
