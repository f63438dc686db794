"""The makers whose messages are understood, in the order in which they are tried."""

from pipeline.gateway.protocols import (
    Maker,
    axis,
    axxon,
    dahua,
    files,
    frigate,
    genetec,
    hikvision,
    lectorvision,
    lilin,
    milesight,
    ngsi,
    onvif,
    platerecognizer,
    rekor,
    survision,
    tattile,
    uniview,
    verkada,
    vigie,
)
from pipeline.gateway.request import Request

MAKERS: tuple[Maker, ...] = (
    vigie, hikvision, dahua, axis, frigate, genetec, rekor, platerecognizer, ngsi, uniview, survision, verkada, lectorvision,
    tattile, axxon, lilin, onvif, milesight, files,
)  # fmt: skip
BY_NAME = {maker.NAME: maker for maker in MAKERS}


def maker_of(request: Request) -> Maker | None:
    """The maker that recognises this message as its own; None: none does."""
    for maker in MAKERS:
        if maker.recognises(request):
            return maker
    return None
