"""The makers that are spoken, in the order in which they are asked whether a message is theirs."""

from pipeline.gateway.protocols import Maker, axis, dahua, hikvision
from pipeline.gateway.request import Request

MAKERS: tuple[Maker, ...] = (hikvision, dahua, axis)
BY_NAME = {maker.NAME: maker for maker in MAKERS}


def maker_of(request: Request) -> Maker | None:
    """Whose message this is; None where nobody knows it."""
    return next((maker for maker in MAKERS if maker.recognises(request)), None)
