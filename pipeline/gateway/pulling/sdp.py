"""Reads what a camera says that it streams. Source: RFC 8866 (SDP), RFC 2326 appendix C (a=control)."""

from collections.abc import Mapping

import msgspec

MOST_LINES = 400


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """One stream. encoding: in capitals, as H264. control: the address by which it is asked for, maybe relative. parameters: of
    its form, names in lower case."""

    encoding: str
    control: str
    parameters: Mapping[str, str]


def media_of(text: str) -> list[Media]:
    """The streams that the description names, in its order.

    >>> media_of("m=video 0 RTP/AVP 96\\r\\na=rtpmap:96 H264/90000\\r\\na=fmtp:96 packetization-mode=1;x=y=\\r\\na=control:track1")
    [Media(encoding='H264', control='track1', parameters={'packetization-mode': '1', 'x': 'y='})]
    """
    blocks = list[list[str]]()
    for line in text.splitlines()[:MOST_LINES]:
        if line.startswith("m="):
            blocks.append([])
        elif blocks:
            blocks[-1].append(line.strip())
    return [_media(lines) for lines in blocks]


def _media(lines: list[str]) -> Media:
    encoding, control, parameters = "", "", dict[str, str]()
    for line in lines:
        name, _, value = line.partition(":")
        if name == "a=rtpmap":
            encoding = encoding or value.partition(" ")[2].partition("/")[0].strip().upper()
        elif name == "a=control":
            control = value.strip()
        elif name == "a=fmtp":
            pairs = (one.partition("=") for one in value.partition(" ")[2].split(";"))
            parameters |= {key.strip().lower(): found.strip() for key, _, found in pairs if key.strip()}
    return Media(encoding=encoding, control=control, parameters=parameters)
