"""Makes the clients of the neighbours' desks from the settings of liaison."""

from functools import partial
from pathlib import Path

from joserfc.jwk import OKPKey

from pipeline.errors import Misconfigured
from pipeline.neighbours.signatures import KeyRing
from pipeline.receiver.client import Desk, DeskClient
from pipeline.receiver.files import client_context, key_ring, signing_key
from pipeline.runtime.settings import DeskSettings, LiaisonSettings
from pipeline.state.outbox import Outbox, PulledDesk


def desk_of(settings: LiaisonSettings, country: str, desk: DeskSettings, outbox: Outbox) -> Desk:
    """The neighbour's desk: a server that is delivered to, or, without a url, the messages that it pulls. Raises Misconfigured."""
    if desk.url is not None:
        return desk_client(settings, country, desk)
    return PulledDesk(outbox, country, ring_of(country, desk))


def desk_client(settings: LiaisonSettings, country: str, desk: DeskSettings) -> DeskClient:
    """The client of this country's desk, which has a url. Raises Misconfigured, also for a file that is missing or wrong."""
    where, ring = f"liaison.desks.{country}", ring_of(country, desk)
    if desk.ca_file is None:
        raise Misconfigured(f"{where}.ca_file", found=None, allowed="a PEM file, as url is set")
    tls = partial(
        client_context,
        ca=(f"{where}.ca_file", desk.ca_file),
        cert=("liaison.client_cert_file", _file(settings, "client_cert_file")),
        key=("liaison.client_key_file", _file(settings, "client_key_file")),
    )
    tls()  # a file that is missing or wrong stops the start, not the first delivery
    return DeskClient(desk.url or "", tls=tls, ring=ring, timeout_s=settings.timeout_s)


def ring_of(country: str, desk: DeskSettings) -> KeyRing:
    """The public keys by which this country's word is known. Raises Misconfigured."""
    where = f"liaison.desks.{country}"
    if len(country) != 2 or not (country.isascii() and country.isalpha() and country.isupper()):
        raise Misconfigured(where, found=country, allowed="an ISO 3166-1 alpha-2 code, such as NL")
    return key_ring(f"{where}.public_key_file", {country: desk.public_key_file})


def cure_of(country: str) -> str:
    """What helps where there is no desk of this country."""
    return (
        f"no desk of {country} in the settings; add [liaison.desks.{country}] with url, ca_file and public_key_file (of one that"
        " pulls the last alone), restart liaison and send this record again"
    )


def signing_key_of(settings: LiaisonSettings) -> OKPKey:
    """The key that forwards are signed with. Raises Misconfigured."""
    return signing_key("liaison.signing_key_file", _file(settings, "signing_key_file"))


def _file(settings: LiaisonSettings, name: str) -> Path:
    file: Path | None = getattr(settings, name)
    if file is None:
        raise Misconfigured(f"liaison.{name}", found=None, allowed="a PEM file, as liaison.desks are set")
    return file
