"""How the desks listen: over TLS with a certificate of their own, and behind a proxy."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from redis.asyncio import Redis

from pipeline.access.consumers import certificate_digest
from pipeline.desks.cookies import SESSION
from pipeline.desks.limits import Limits
from pipeline.desks.route import PREFIX
from pipeline.errors import Misconfigured
from pipeline.neighbours.published import key_set_of
from pipeline.receiver.credentials import create_credentials
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import LiaisonSettings
from pipeline.servers.broker_identity import new_identity
from pipeline.state.collections import CONSUMERS
from schemas.judgements import ConsumerCertificate
from tests.fakes import MemoryRecorder
from tests.people import make_consumer
from tests.people_desk import Desks, desks_of

AN, PASSWORD = "an.peeters", "seven green herons"
LOGIN = {"user_id": AN, "password": PASSWORD}


def configured(kafka: KafkaConnection, redis: Redis, namespace: str, folder: Path, **settings: Any) -> Desks:
    """The desks with these settings, not yet running."""
    desks = desks_of(kafka, redis, namespace, folder)
    desks.settings = msgspec.structs.replace(desks.settings, **settings)
    return desks


async def test_with_a_certificate_browsers_come_over_tls_alone(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """The page, a login, and that browsers are told to come so from now on; whoever speaks plainly is not answered."""
    identity = new_identity(tmp_path, ["localhost"])
    desks = configured(
        kafka, redis, namespace, tmp_path, desks_cert_file=identity.cert_file, desks_key_file=identity.key_file
    )
    await desks.person(AN, "dispatcher")
    async with desks.running(MemoryRecorder()):
        assert desks.url.startswith("https://localhost:")
        trusted = ssl.create_default_context(cafile=identity.cert_file)
        token = (await desks.logged_in(AN)).cookies[SESSION]
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            async with http.get(f"{desks.url}/", ssl=trusted) as page:
                assert 200 == page.status
                assert "max-age=31536000" == page.headers["Strict-Transport-Security"]
            headers = {"Cookie": f"{SESSION}={token}"}
            async with http.get(f"{desks.url}{PREFIX}/session", ssl=trusted, headers=headers) as answer:
                assert (200, AN) == (answer.status, (await answer.json())["user_id"])
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await http.get(f"{desks.url}/")
            with pytest.raises(aiohttp.ClientError):
                await http.get(desks.url.replace("https", "http"))


async def test_a_consumer_proves_itself_by_its_client_certificate_and_the_keys_that_sign_are_there_for_all(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """Another certificate of the same authority proves nothing, a wrong token beside a right certificate neither; one of another
    authority is not let in; browsers need none."""
    identity = new_identity(tmp_path, ["localhost"])
    ours, others = (create_credentials(tmp_path / name) for name in ("ours", "others"))
    liaison = LiaisonSettings(published_keys_file=ours.sender_sign_public)
    desks = configured(
        kafka, redis, namespace, tmp_path, desks_cert_file=identity.cert_file, desks_key_file=identity.key_file,
        desks_client_ca_file=ours.ca, liaison=liaison,
    )  # fmt: skip
    first = tmp_path / "first.pem"
    first.write_bytes(ours.sender_cert.read_bytes())
    der = load_pem_x509_certificate(ours.sender_cert.read_bytes()).public_bytes(Encoding.DER)
    pin = ConsumerCertificate(sha256=certificate_digest(der), added_at_ms=0, until_ms=4_000_000_000_000)
    consumer, _ = make_consumer(
        "police-lu", neighbour="LU", networks=(), everywhere=False, secrets=(), certificates=(pin,)
    )
    await desks.writer.put(CONSUMERS, [consumer])
    create_credentials(tmp_path / "ours", renew=True)

    def client(pair: tuple[Path, Path] | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=identity.cert_file)
        if pair is not None:
            context.load_cert_chain(*pair)
        return context

    async with desks.running(MemoryRecorder()), aiohttp.ClientSession() as http:
        feed, mine = f"{desks.url}{PREFIX}/feeds/forwards", (first, ours.sender_key)
        for pair, token, status in (
            (mine, None, 200), (mine, "Bearer police-lu:guessed", 401), (None, None, 401),
            ((ours.sender_cert, ours.sender_key), None, 401),
        ):  # fmt: skip
            headers = {} if token is None else {"Authorization": token}
            async with http.get(feed, headers=headers, ssl=client(pair)) as one:
                assert status == one.status
        stranger = client((others.sender_cert, others.sender_key))
        with pytest.raises(aiohttp.ClientError):
            await http.get(feed, ssl=stranger)
        async with http.get(f"{desks.url}{PREFIX}/keys", ssl=client(None)) as one:
            shown = await one.json()
    assert ("BE", key_set_of("BE", ours.sender_sign_public.read_bytes()).keys[0].kid) == (
        shown["issuer"], shown["keys"][0]["kid"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"desks_client_ca_file": Path("ca.pem")},
        {"desks_host": "0.0.0.0"}, {"desks_origin": "http://desks.example.org"}, {"desks_origin": "http://localhost.example.org"},
        {"desks_origin": "https://"}, {"desks_origin": "https://desks.example.org/vigie"}, {"desks_proxies": "10.0.0.7, proxy"},
        {"desks_cert_file": Path("cert.pem")}, {"oidc_issuer": "http://login.example.org"},
        {"oidc_issuer": "https://login.example.org"},
        {"oidc_issuer": "https://login.example.org", "oidc_client_id": "vigie", "oidc_client_secret_file": Path("none")},
        {"oidc_issuer": "https://login.example.org", "oidc_client_id": "vigie", "oidc_ca_file": Path("none")},
    ],
    ids=str,
)  # fmt: skip
async def test_what_would_not_be_safe_does_not_start(
    settings: dict[str, Any], kafka: KafkaConnection, redis: Redis, tmp_path: Path
) -> None:
    """Each setting names what it may be."""
    desks = configured(kafka, redis, "t0", tmp_path, **settings)
    with pytest.raises(Misconfigured, match="VIGIE_"):
        async with desks.running(MemoryRecorder()):
            pass


async def test_a_proxy_of_ours_says_where_a_request_comes_from_and_nobody_else(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """The record has the browser's address, and guesses are counted by it; what the browser itself wrote does not count."""
    behind = configured(kafka, redis, namespace, tmp_path, desks_proxies="127.0.0.1 10.0.0.7")
    cases = {
        None: "127.0.0.1", "192.0.2.1": "192.0.2.1", "198.51.100.9, 192.0.2.1": "192.0.2.1",
        "198.51.100.9, 192.0.2.1, 10.0.0.7": "192.0.2.1", "192.0.2.1, nonsense": "127.0.0.1", "2001:DB8::1": "2001:db8::1",
    }  # fmt: skip
    for desks, counts in ((behind, True), (configured(kafka, redis, namespace, tmp_path), False)):
        recorder = MemoryRecorder()
        async with desks.running(recorder, limits=Limits(per_second=1e6, at_once=1e6)):
            for header, place in cases.items():
                await desks.browser().ask("POST", f"{PREFIX}/session", LOGIN, headers={"X-Forwarded-For": header})
                entry: Any = recorder.entries[-2].entry
                assert (place if counts else "127.0.0.1") == entry.origin, header


async def test_who_hangs_up_in_the_middle_of_what_he_sends_is_no_failure(
    kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """No error in the log and no server error in the counts: strangers can do it all day."""
    desks = desks_of(kafka, redis, namespace, tmp_path)
    async with desks.running(MemoryRecorder(), limits=Limits(per_second=1e6, at_once=1e6)):
        with structlog.testing.capture_logs() as told:
            for _ in range(3):
                _, writer = await asyncio.open_connection("localhost", int(desks.url.rpartition(":")[2]))
                head = f"POST {PREFIX}/session HTTP/1.1\r\nHost: {desks.url.removeprefix('http://')}\r\nContent-Length: 99\r\n"
                writer.write(f"{head}Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n\r\n{{".encode())
                await writer.drain()
                assert 401 == (await desks.browser().ask("GET", f"{PREFIX}/session")).status
                writer.transport.abort()
                assert 401 == (await desks.browser().ask("GET", f"{PREFIX}/session")).status
            await asyncio.sleep(0.1)
    assert not [one for one in told if one["event"] == "desks.failed"]
