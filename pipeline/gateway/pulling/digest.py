"""Proves who asks where the HTTP client cannot: Digest and Basic for other protocols than HTTP, such as RTSP.

Sources: RFC 7616 (Digest), RFC 7617 (Basic), RFC 2326 (RTSP takes both from HTTP).
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence

_FIELD = re.compile(r'(?<!\w)(\w++)\s*+=\s*+(?:"([^"]*)"|([^\s,]++))')
"""Looks at each character once: a head may be of 64 kB, and is read where all connections wait."""
_HASHES: Mapping[str, Callable[[bytes], "hashlib._Hash"]] = {"md5": hashlib.md5, "sha-256": hashlib.sha256}
"""By the name that the server gives, the last one first: who offers both is answered with the stronger."""


def proof_of(challenges: Sequence[str], user: str, password: str, method: str, target: str, number: int) -> str | None:
    """The Authorization header that answers one of these challenges; None: none is understood. By Basic, which shows the password,
    only where no Digest is offered. number: of the request, greater each time."""
    offered = {scheme.lower() for scheme in (one.split(None, 1)[0] for one in challenges if one.strip())}
    if "digest" in offered:
        fields = [fields_of(one) for one in challenges if one.lower().startswith("digest")]
        known = [one for one in fields if one.get("algorithm", "md5").lower() in _HASHES]
        known.sort(key=lambda one: list(_HASHES).index(one.get("algorithm", "md5").lower()))
        return _digest(known[-1], user, password, method, target, number) if known else None
    if "basic" in offered:
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    return None


def fields_of(header: str) -> dict[str, str]:
    """The fields of one WWW-Authenticate or Authorization header, names in lower case, of a repeated name the last value."""
    return {name.lower(): quoted or bare for name, quoted, bare in _FIELD.findall(header)}


def _digest(asked: Mapping[str, str], user: str, password: str, method: str, target: str, number: int) -> str:
    hashed = _HASHES[asked.get("algorithm", "md5").lower()]

    def digest(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    who, what = digest(user, realm, password), digest(method, target)
    found = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    if "auth" in re.split(r"[\s,]+", asked.get("qop", "")):
        own, count = secrets.token_hex(8), f"{number:08x}"
        found |= {"cnonce": own, "response": digest(who, nonce, count, own, "auth", what)}
        bare = f", qop=auth, nc={count}"
    else:
        found["response"], bare = digest(who, nonce, what), ""
    if "opaque" in asked:
        found["opaque"] = asked["opaque"]
    if "algorithm" in asked:
        bare += f", algorithm={asked['algorithm']}"
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in found.items()) + bare
