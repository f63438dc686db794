"""Counts what may not come in: faces, persons, owners, phone numbers, addresses. Parsers never take them in."""

import re
from collections import Counter
from collections.abc import Mapping

_WORDS: Mapping[str, tuple[bytes, ...]] = {
    "face": (b"facepic", b"faceinfolist", b"humanface", b"face_image", b'"face"', b"picture.jpg"),
    "person": (b"personinfolist", b"drivername", b"username", b"sub_label", b"humanbody"),
    "owner": (b"lpr_user", b"owner", b"masterofcar", b"username"),
    "phone": (b"phone",),
    "address": (b"address",),
}
"""One of these words is in each message that holds this kind, in lower case: most messages hold none, and are done with then."""
_ALL_WORDS = tuple(dict.fromkeys(word for words in _WORDS.values() for word in words))
_NAMES = frozenset(
    b"facepic faceinfolist humanface face_image face personinfolist drivername username sub_label lpr_user owner ownername"
    b" masterofcar lpr_phone phone phonenumber ownerphone lpr_address owneraddress".split()
)
"""What stands between quotation marks in each JSON that holds any kind: to look for one of many takes less time."""
_KINDS: Mapping[str, re.Pattern[bytes]] = {
    "face": re.compile(
        rb"\"(?:facepic|faceinfolist|humanface|face_image)\"\s*:\s*[\[{]\s*[^\]}\s]|<(?:\w+:)?humanface\b|\"type\"\s*:\s*\"face\"|"
        rb"(?:pilot|face)picture\.jpg\"\s*\r?\n"
    ),
    "person": re.compile(
        rb"\"(?:personinfolist|drivername|username|sub_label)\"\s*:\s*(?:\[\s*[^\]\s]|\"[^\"]+\")|<(?:\w+:)?humanbody\b"
    ),
    "owner": re.compile(rb"\"(?:lpr_user|owner|ownername|masterofcar)\"\s*:\s*\"[^\"]+\"|<username>[^<]+<"),
    "phone": re.compile(rb"\"(?:lpr_phone|phone|phonenumber|ownerphone)\"\s*:\s*\"[^\"]+\""),
    "address": re.compile(rb"\"(?:lpr_address|owneraddress)\"\s*:\s*\"[^\"]+\""),
}


def count_personal(body: bytes) -> Mapping[str, int]:
    """How often each kind of personal data occurs in the whole message; kinds that do not occur are left out.

    >>> count_personal(b'{"LPR": "1ABC234", "LPR_USER": "somebody", "LPR_PHONE": ""}')
    {'owner': 1}
    """
    plain = body.lower()
    if plain[:1] == b"{" or plain[:1] == b"[":
        if _NAMES.isdisjoint(plain.split(b'"')):
            return {}
    elif not any(word in plain for word in _ALL_WORDS):
        return {}
    found = Counter(
        {
            kind: len(_KINDS[kind].findall(plain))
            for kind, words in _WORDS.items()
            if any(word in plain for word in words)
        }
    )
    return {kind: count for kind, count in found.items() if count}
