"""Says from which address a request comes, also where a proxy passes it on."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Network, ip_address

from aiohttp import web

from pipeline.desks.house import House
from pipeline.errors import Misconfigured

FORWARDED = "X-Forwarded-For"


def proxies_of(setting: str | None) -> frozenset[str]:
    """The proxies' addresses, apart by blanks in the setting. Raises Misconfigured for what is none."""
    try:
        return frozenset(str(ip_address(one)) for one in (setting or "").split())
    except ValueError:
        raise Misconfigured("VIGIE_DESKS_PROXIES", found=setting, allowed="addresses, apart by blanks") from None


def place_of(house: House, request: web.Request) -> str:
    """The browser's address: the connection's, or what a proxy of ours says of it. What others put into the header does not
    count: each proxy adds, at the header's end, the address that it saw."""
    place = request.remote or ""
    for said in _forwarded(request):
        if place not in house.proxies:
            break
        try:
            place = str(ip_address(said))
        except ValueError:
            break
    return place


def counted_place(house: House, request: web.Request) -> str:
    """The place under which requests of nobody known are counted: the browser's address, of IPv6 the /64 that one host has for
    itself.

    >>> _network("2001:db8:1:2:3:4:5:6"), _network("::ffff:10.0.0.7"), _network("10.0.0.7"), _network("")
    ('2001:db8:1:2::/64', '10.0.0.7', '10.0.0.7', '')
    """
    return _network(place_of(house, request))


def _network(place: str) -> str:
    try:
        address = ip_address(place)
    except ValueError:
        return place
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))


def _forwarded(request: web.Request) -> Iterator[str]:
    """What the headers say, the nearest first."""
    for line in reversed(request.headers.getall(FORWARDED, [])):
        yield from (one.strip() for one in reversed(line.split(",")))
