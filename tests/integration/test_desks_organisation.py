"""Logins by an organisation's identity provider: with a real one, and with one that lies."""

import asyncio
import contextlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from redis.asyncio import Redis

from pipeline.access.organisation import Binding, challenge_of
from pipeline.desks.cookies import FLOW, SESSION
from pipeline.desks.limits import Limits
from pipeline.desks.route import PREFIX
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.passwords import hashed
from pipeline.runtime.ports import free_ports
from pipeline.runtime.topics import create_topics
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import USERS
from pipeline.state.credential_store import CredentialStore
from schemas.topics import TOPICS
from tests.authenticator import text_of
from tests.fakes import MemoryRecorder
from tests.identity_provider import CLIENT, SECRET, LyingProvider, logged_in_there, running_provider
from tests.people import make_user
from tests.people_desk import Browser, Desks, Reply, desks_of

AN, HER_SUBJECT, HIS_SUBJECT = "an.peeters", "s-4711", "s-4712"
SESSION_PATH, WAY, PROOF, BINDING = (
    f"{PREFIX}/{path}" for path in ("session", "session/organisation", "session/proof/organisation", "binding")
)


class House:
    """The running process with its record, and the credentials in it."""

    def __init__(self, desks: Desks, recorder: MemoryRecorder, credentials: CredentialStore) -> None:
        self.desks, self.recorder, self.credentials = desks, recorder, credentials

    def entries(self) -> list[tuple[str, str, str]]:
        """Who, kind of act and rule of refusal of everything in the record, oldest first."""
        told: list[tuple[str, str, str]] = []
        for one in self.recorder.entries:
            entry: Any = one.entry
            if hasattr(entry, "who"):
                told.append((entry.who, entry.act, ""))
            else:
                told[-1] = (*told[-1][:2], entry.refusal or entry.outcome)
        return told


@pytest_asyncio.fixture(scope="module")
async def name(pair: EmbeddedPair) -> str:
    """A namespace of this module's own, whose topics stay empty."""
    made = f"t{secrets.token_hex(4)}"
    await create_topics(pair.kafka, made, partitions={topic.name: 1 for topic in TOPICS})
    return made


@contextlib.asynccontextmanager
async def house_of(
    kafka: KafkaConnection, redis: Redis, name: str, folder: Path, issuer: str, port: int = 0, **settings: Any
) -> AsyncIterator[House]:
    """The process with this provider, and one dispatcher with a password."""
    async for key in redis.scan_iter(match=f"*{name}:*"):
        await redis.delete(key)
    desks, credentials = desks_of(kafka, redis, name, folder), CredentialStore(redis, name)
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    desks.settings = msgspec.structs.replace(
        desks.settings, desks_port=port, oidc_issuer=issuer, oidc_client_id=CLIENT,
        oidc_client_secret_file=folder / "secret", **settings,
    )  # fmt: skip
    await desks.person(AN, "dispatcher")
    await desks.person("jan.claes", "dispatcher")
    await credentials.set_password(AN, hashed("an-initial-password"), initial=True)
    recorder = MemoryRecorder()
    async with desks.running(recorder, limits=Limits(per_second=1e6, at_once=1e6)):
        yield House(desks, recorder, credentials)


async def departed(browser: Browser, path: str = WAY) -> str:
    """The address at the provider to which the browser is sent."""
    answer = await browser.ask("POST", f"{path}/options")
    assert 200 == answer.status, answer.body
    return str(answer.json["url"])


async def test_a_person_binds_the_account_once_and_then_logs_in_at_the_organisation(
    kafka: KafkaConnection, redis: Redis, name: str, tmp_path: Path
) -> None:
    """With a real provider: bound after the first login with a printed password, which is gone then; logged in, proven again,
    logged out there and here. A subject that is bound to no account, or a code that was used, opens nothing."""
    (port,) = free_ports((), 1)
    redirect_uri = f"http://localhost:{port}/"
    async with (
        running_provider(tmp_path, redirect_uri, HER_SUBJECT, HIS_SUBJECT) as issuer,
        house_of(kafka, redis, name, tmp_path, issuer, port) as house,
    ):
        browser = house.desks.browser()
        ways = await browser.ask("GET", f"{SESSION_PATH}/ways")
        assert {"organisation": "localhost"} == ways.json
        arrival = await logged_in_there(await departed(browser), HER_SUBJECT)
        assert "unbound" == (await browser.ask("POST", WAY, arrival)).rule
        await browser.ask("POST", SESSION_PATH, {"user_id": AN, "password": "an-initial-password"})
        arrival = await logged_in_there(await departed(browser, BINDING), HER_SUBJECT)
        bound = await browser.ask("POST", BINDING, arrival)
        assert (200, "organisation") == (bound.status, bound.json["how"]), bound.body
        assert HER_SUBJECT == (await browser.ask("GET", BINDING)).json["subject"]
        assert None is (await house.credentials.of(AN)).password_hash
        again = house.desks.browser()
        arrival = await logged_in_there(await departed(again), HER_SUBJECT)
        answer = await again.ask("POST", WAY, arrival)
        assert (200, AN, "organisation") == (answer.status, answer.json["user_id"], answer.json["how"])
        assert FLOW not in again.cookies
        assert "flow" == (await again.ask("POST", WAY, arrival)).rule
        token = again.cookies[SESSION]
        arrival = await logged_in_there(await departed(again, PROOF), HIS_SUBJECT)
        assert "proof" == (await again.ask("POST", PROOF, arrival)).rule
        arrival = await logged_in_there(await departed(again, PROOF), HER_SUBJECT)
        assert 200 == (await again.ask("POST", PROOF, arrival)).status
        assert token != again.cookies[SESSION]
        out = await again.ask("DELETE", SESSION_PATH)
        assert out.json["provider"].startswith(f"{issuer}/")
        assert 401 == (await again.ask("GET", SESSION_PATH)).status
        assert 204 == (await browser.ask("DELETE", BINDING)).status
        arrival = await logged_in_there(await departed(again), HER_SUBJECT)
        assert "unbound" == (await again.ask("POST", WAY, arrival)).rule
        assert [
            ("nobody", "login", "unbound"), (AN, "login", "answered"), (AN, "rights", "answered"),
            (AN, "login", "answered"), ("nobody", "login", "flow"), (AN, "login", "proof"), (AN, "login", "answered"),
            (AN, "logout", "answered"), (AN, "rights", "answered"), ("nobody", "login", "unbound"),
        ] == house.entries()  # fmt: skip


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[LyingProvider]:
    """A provider that lies when it is told to."""
    made = LyingProvider()
    async with made.running():
        yield made


@pytest_asyncio.fixture
async def house(
    kafka: KafkaConnection, redis: Redis, name: str, tmp_path: Path, provider: LyingProvider
) -> AsyncIterator[House]:
    """The process with that provider, which must say that somebody logged in by two factors; AN is bound."""
    async with house_of(kafka, redis, name, tmp_path, provider.issuer, oidc_acr="two-factors three-factors") as one:
        await one.credentials.bind(AN, Binding(issuer=provider.issuer, subject=HER_SUBJECT, added_ms=0))
        yield one


async def came_back(
    house: House, provider: LyingProvider, path: str = WAY, browser: Browser | None = None, **changed: Any
) -> Reply:
    """The answer to whoever went to the provider and came back with a token of these claims; None leaves one out."""
    browser = browser or house.desks.browser()
    query = {key: value[0] for key, value in parse_qs(urlsplit(await departed(browser, path)).query).items()}
    now_s = platform_now_ms() // 1000
    honest = {
        "iss": provider.issuer, "aud": CLIENT, "sub": HER_SUBJECT, "exp": now_s + 300, "iat": now_s, "auth_time": now_s,
        "nonce": query["nonce"], "acr": "two-factors",
    }  # fmt: skip
    provider.claims = {key: value for key, value in (honest | changed).items() if value is not None}
    arrival = {"code": "c-1", "state": query["state"], "iss": provider.issuer}
    answer = await browser.ask("POST", path, arrival)
    if answer.status == 200:
        assert query["code_challenge"] == challenge_of(provider.exchanged[-1]["code_verifier"])
    return answer


async def test_a_token_that_is_not_for_this_login_opens_nothing(house: House, provider: LyingProvider) -> None:
    """Each claim that the standard names, wrong in each way; all of it honestly signed. Each refusal is in the record."""
    now_s = platform_now_ms() // 1000
    wrong: list[dict[str, Any]] = [
        {"iss": "https://login.attacker.example"}, {"iss": None}, {"aud": "another"}, {"aud": None}, {"aud": []},
        {"aud": [CLIENT, "another"]}, {"azp": "another"}, {"exp": now_s - 61}, {"exp": None}, {"exp": "never"},
        {"exp": True}, {"iat": now_s - 601}, {"iat": now_s + 120}, {"iat": None}, {"nbf": now_s + 120}, {"nbf": "now"},
        {"nonce": "n-1"}, {"nonce": None}, {"nonce": 7}, {"acr": "one-factor"}, {"acr": None}, {"acr": ["two-factors"]},
        {"acr": "two-factors three-factors"}, {"sub": None}, {"sub": ""}, {"sub": 4711}, {"sub": "x" * 256},
    ]  # fmt: skip
    for claims in wrong:
        answer = await came_back(house, provider, **claims)
        assert (403, "provider") == (answer.status, answer.rule), claims
    assert [("nobody", "login", "provider")] * len(wrong) == house.entries()
    assert 200 == (await came_back(house, provider)).status
    assert 200 == (await came_back(house, provider, aud=[CLIENT], azp=CLIENT, acr="three-factors")).status


async def test_a_token_that_the_provider_did_not_sign_opens_nothing(house: House, provider: LyingProvider) -> None:
    """Without a signature, by another key, by the public key as a secret, by a key that the token brings along, or by one that is
    a secret among the published ones; a new key of the provider is taken."""
    stranger = ECKey.generate_key("P-256", {"kid": "k-1"})
    public = provider.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    shared = OctKey.import_key(b"published by mistake, as it happens", {"kid": "k-2"})

    def unsigned(_self: LyingProvider, claims: dict[str, Any]) -> str:
        parts = ({"alg": "none", "kid": "k-1"}, claims)
        return ".".join(text_of(json.dumps(one).encode()) for one in parts) + "."

    def confused(_self: LyingProvider, claims: dict[str, Any]) -> str:
        parts = ({"alg": "HS256", "kid": "k-1"}, claims)
        content = ".".join(text_of(json.dumps(one).encode()) for one in parts)
        return f"{content}.{text_of(hmac.digest(public, content.encode(), 'sha256'))}"

    lies: dict[str, Any] = {
        "none": unsigned,
        "stranger": lambda _self, claims: jwt.encode({"alg": "ES256", "kid": "k-1"}, claims, stranger),
        "brought along": lambda _self, claims: jwt.encode(
            {"alg": "ES256", "kid": "k-1", "jwk": stranger.as_dict(private=False)}, claims, stranger
        ),
        "confused": confused,
        "secret": lambda _self, claims: jwt.encode({"alg": "HS256", "kid": "k-2"}, claims, shared, ["HS256"]),
        "unknown": lambda self, claims: self.token(claims, kid="k-9"),
        "cut": lambda self, claims: self.token(claims)[:-4],
        "no token": lambda _self, _claims: "never mind",
    }
    provider.published = [provider.key.as_dict(private=False), shared.as_dict(private=True)]
    for lie, sign in lies.items():
        provider.sign = sign
        assert (403, "provider") == ((answer := await came_back(house, provider)).status, answer.rule), lie


async def test_only_the_browser_that_left_comes_back(house: House, provider: LyingProvider) -> None:
    """Nobody is logged in by another's code, and none of the three ways serves for another."""
    her, his = house.desks.browser(), house.desks.browser()
    url = await departed(her)
    state = parse_qs(urlsplit(url).query)["state"][0]
    arrival = {"code": "c-1", "state": state, "iss": provider.issuer}
    assert "flow" == (await his.ask("POST", WAY, arrival)).rule
    assert "flow" == (await her.ask("POST", WAY, arrival)).rule, "it serves once, also in vain"
    for iss in (None, "https://login.attacker.example"):
        state = parse_qs(urlsplit(await departed(her)).query)["state"][0]
        answer = await her.ask("POST", WAY, {"code": "c-1", "state": state} | ({"iss": iss} if iss else {}))
        assert "flow" == answer.rule
    logged_in = await house.desks.logged_in(AN)
    state = parse_qs(urlsplit(await departed(logged_in, PROOF)).query)["state"][0]
    arrival = {"code": "c-1", "state": state, "iss": provider.issuer}
    assert "flow" == (await logged_in.ask("POST", BINDING, arrival)).rule
    assert [] == provider.exchanged


async def test_a_proof_asks_for_a_new_login_there(house: House, provider: LyingProvider) -> None:
    """The session there is not enough: neither a login of an hour ago, nor one of somebody else."""
    browser = await house.desks.logged_in(AN)
    url = parse_qs(urlsplit(await departed(browser, PROOF)).query)
    assert (["login"], ["0"], ["two-factors three-factors"]) == (url["prompt"], url["max_age"], url["acr_values"])
    now_s = platform_now_ms() // 1000
    for auth_time in (now_s - 3600, now_s + 3600, None, "now"):
        assert "provider" == (await came_back(house, provider, PROOF, browser, auth_time=auth_time)).rule
    assert "proof" == (await came_back(house, provider, PROOF, browser, sub=HIS_SUBJECT)).rule
    assert 200 == (await came_back(house, provider, PROOF, browser)).status


async def test_a_subject_opens_one_account_and_none_that_is_disabled(house: House, provider: LyingProvider) -> None:
    """Bound by another already; disabled since; its credentials replaced by an administrator."""
    other = await house.desks.logged_in("jan.claes")
    assert "bound" == (await came_back(house, provider, BINDING, other)).rule
    await house.desks.writer.put(USERS, [make_user(AN, disabled=True)])
    while (answer := await came_back(house, provider)).status == 200:  # noqa: ASYNC110 - the desks hear of it by themselves
        await asyncio.sleep(0.3)  # until the desks know it, and within what an address may try
    assert "login" == answer.rule
    assert (AN, "login", "login") == house.entries()[-1]
    await house.credentials.remove(AN)
    assert "unbound" == (await came_back(house, provider)).rule
    assert 200 == (await came_back(house, provider, BINDING, other)).status


async def test_a_provider_that_is_away_or_refuses_is_told(house: House, provider: LyingProvider) -> None:
    """Away: try again. Refusing: the code was none. Nobody is logged in, and the record has it."""
    provider.status = 503
    answer = await came_back(house, provider)
    assert (503, "unavailable") == (answer.status, answer.rule)
    provider.status = 400
    assert "provider" == (await came_back(house, provider)).rule
    assert [("nobody", "login", "unavailable"), ("nobody", "login", "provider")] == house.entries()


async def test_a_provider_that_names_another_place_without_tls_is_not_used(
    kafka: KafkaConnection, redis: Redis, name: str, tmp_path: Path, provider: LyingProvider
) -> None:
    """Codes and keys go over TLS alone, and an issuer speaks for itself alone."""
    for document in ({"token_endpoint": "http://login.example.org/token"}, {"issuer": "https://login.example.org"}):
        provider.document = document
        async with house_of(kafka, redis, name, tmp_path, provider.issuer) as house:
            answer = await house.desks.browser().ask("POST", f"{WAY}/options")
            assert (422, "provider") == (answer.status, answer.rule)


async def test_without_a_provider_there_is_no_such_way(
    kafka: KafkaConnection, redis: Redis, name: str, tmp_path: Path
) -> None:
    """The page learns it, and its routes are none."""
    desks = desks_of(kafka, redis, name, tmp_path)
    async with desks.running(MemoryRecorder()):
        browser = desks.browser()
        assert {} == (await browser.ask("GET", f"{SESSION_PATH}/ways")).json
        assert 404 == (await browser.ask("POST", f"{WAY}/options")).status
