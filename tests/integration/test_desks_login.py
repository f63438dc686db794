"""Logins, sessions and what attackers try with them, on the real process."""

import asyncio
import dataclasses
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.access.login import GUESSES, known_browser
from pipeline.access.roles import ACTS, Act
from pipeline.desks.app import HEADERS
from pipeline.desks.cookies import BROWSER, SESSION
from pipeline.desks.guard import RECORD
from pipeline.desks.limits import Limits
from pipeline.desks.route import PREFIX
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.passwords import hashed
from pipeline.runtime.topics import create_topics
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import CAMERAS, DESIGNATIONS, DESKS, HOTLIST, POLICIES, USERS
from pipeline.state.credential_store import CredentialStore
from schemas.accesses import Intent, Outcome
from schemas.people import Desk
from schemas.topics import TOPICS
from tests.authenticator import Authenticator, text_of
from tests.builders import make_camera, make_entry, make_policy
from tests.fakes import KEY, MemoryRecorder
from tests.people import ZONE, make_designation, make_user
from tests.people_desk import REASON, Browser, Desks, desks_of

PASSWORD, AN = "seven green herons", "an.peeters"
SESSION_PATH = f"{PREFIX}/session"


class House:
    """The running process, with the record that it writes."""

    def __init__(self, desks: Desks, recorder: MemoryRecorder, credentials: CredentialStore) -> None:
        self.desks, self.recorder, self.credentials = desks, recorder, credentials

    async def log_in(
        self, user_id: str = AN, password: str = PASSWORD, browser: Browser | None = None
    ) -> tuple[Any, Browser]:
        """The answer to a login, and its browser."""
        browser = browser or self.desks.browser()
        return await browser.ask("POST", SESSION_PATH, {"user_id": user_id, "password": password}), browser


@pytest_asyncio.fixture(scope="module")
async def name(pair: EmbeddedPair) -> str:
    """A namespace of this module's own, whose topics stay empty."""
    made = f"t{secrets.token_hex(4)}"
    await create_topics(pair.kafka, made, partitions={topic.name: 1 for topic in TOPICS})
    return made


@pytest_asyncio.fixture
async def namespace(redis: Redis, name: str) -> str:
    """The namespace, with nothing in the store."""
    async for key in redis.scan_iter(match=f"*{name}:*"):
        await redis.delete(key)
    return name


@pytest_asyncio.fixture
async def house(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> AsyncIterator[House]:
    """A dispatcher who manages lists, with a password, and two administrators."""
    desks, credentials = desks_of(kafka, redis, namespace, tmp_path), CredentialStore(redis, namespace)
    await desks.person(AN, "dispatcher", "list_manager")
    await desks.person("first.admin", "administrator")
    await desks.person("second.admin", "administrator")
    await credentials.set_password(AN, hashed(PASSWORD), initial=False)
    await desks.writer.put(USERS, [make_user("jan.claes")])
    await desks.writer.put(DESKS, [Desk(desk_id="DESK", name="dispatch", zones=(ZONE,), lists=("stolen",))])
    await desks.writer.put(CAMERAS, [make_camera("CAM-1")])
    recorder = MemoryRecorder()
    async with desks.running(recorder, limits=Limits(per_second=1e6, at_once=1e6)):
        yield House(desks, recorder, credentials)


async def test_a_login_opens_a_session_that_a_logout_ends(house: House) -> None:
    """Its cookie is bound to this host, and no page can read it; the record has both."""
    answer, browser = await house.log_in()
    assert (200, AN) == (answer.status, answer.json["user_id"])
    assert {SESSION, BROWSER} == set(browser.cookies)
    assert 200 == (await browser.ask("GET", SESSION_PATH)).status
    kept = dict(browser.cookies)
    assert 200 == (await browser.ask("DELETE", SESSION_PATH)).status
    assert SESSION not in browser.cookies
    browser.cookies = kept
    assert 401 == (await browser.ask("GET", SESSION_PATH)).status
    acts = [entry.entry.act for entry in house.recorder.entries if hasattr(entry.entry, "act")]
    assert ["login", "logout"] == acts


async def test_a_cookie_is_strict_and_for_this_host_alone(house: House) -> None:
    """As the browser is told."""
    answer, _ = await house.log_in()
    assert "__Host-" in answer.headers["Set-Cookie"]
    for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in answer.headers["Set-Cookie"]
    assert "Domain" not in answer.headers["Set-Cookie"]


async def test_a_session_that_ended_while_its_owner_was_proving_stays_ended(house: House) -> None:
    """The proof takes a while: who logs out meanwhile is out, and of two proofs at once one moves the session."""
    sessions, now_ms = house.desks.sessions, platform_now_ms()
    token, session = await sessions.open(AN, "password", now_ms)
    moved = [one for one in await asyncio.gather(*(sessions.rotate(token, session, now_ms) for _ in range(2))) if one]
    assert 1 == len(moved)
    assert await sessions.find(moved[0], now_ms)
    await sessions.end(moved[0])
    assert await sessions.rotate(moved[0], session, now_ms) is None
    browser = await house.desks.logged_in(AN)
    proof = {"password": PASSWORD}
    tried = await asyncio.gather(*(browser.ask("POST", f"{SESSION_PATH}/proof", proof) for _ in range(4)))
    assert {200: 1, 401: 3} == Counter(one.status for one in tried)


async def test_a_token_that_somebody_planted_is_never_taken_over(house: House) -> None:
    """A login gives a new token whatever the browser had, and so does each proof; the one before opens nothing."""
    browser = house.desks.browser(cookies={SESSION: "planted-by-somebody-else"})
    _, browser = await house.log_in(browser=browser)
    first = browser.cookies[SESSION]
    assert "planted-by-somebody-else" != first
    assert 200 == (await browser.ask("POST", f"{SESSION_PATH}/proof", {"password": PASSWORD})).status
    assert first != browser.cookies[SESSION]
    assert 401 == (await house.desks.browser(cookies={SESSION: first}).ask("GET", SESSION_PATH)).status


async def test_one_command_ends_all_sessions_and_a_disabled_account_has_none(house: House) -> None:
    """Of one person, of everybody, and by disabling."""
    an, admin = await house.desks.logged_in(AN), await house.desks.logged_in("first.admin")
    await house.desks.sessions.end_all(AN)
    assert (401, 200) == ((await an.ask("GET", SESSION_PATH)).status, (await admin.ask("GET", SESSION_PATH)).status)
    await house.desks.sessions.end_all()
    assert 401 == (await admin.ask("GET", SESSION_PATH)).status
    an = await house.desks.logged_in(AN)
    await house.desks.writer.put(USERS, [make_user(AN, disabled=True)])
    while (await an.ask("GET", SESSION_PATH)).status != 401:  # noqa: ASYNC110 - the desks hear of it by themselves
        await asyncio.sleep(0.1)  # who asks more often is told to wait
    answer, _ = await house.log_in()
    assert (401, "login") == (answer.status, answer.rule)


@pytest.mark.parametrize(("user_id", "password"), [(AN, "another password"), ("nobody.here", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_account_are_answered_alike(
    house: House, user_id: str, password: str
) -> None:
    """It is not said which of the two it was; the record has it as refused."""
    answer, browser = await house.log_in(user_id, password)
    assert (401, "login", "This is no account with this password.") == (
        answer.status,
        answer.rule,
        answer.json["title"],
    )
    assert {} == browser.cookies
    assert "refused" == house.recorder.entries[-1].entry.outcome  # type: ignore[union-attr]  # it is an outcome


async def test_guessing_ends_and_locks_nobody_else_out(house: House) -> None:
    """After some guesses even the right password waits; a browser that is known, and another account, do not."""
    known = house.desks.browser(cookies={BROWSER: known_browser(await platform_key(house), AN, "n1")})
    for _ in range(GUESSES):
        answer, _ = await house.log_in(password="a guess of somebody")
        assert 401 == answer.status
    answer, _ = await house.log_in()
    assert (429, "guesses") == (answer.status, answer.rule)
    assert int(answer.headers["Retry-After"]) > 0
    answer, _ = await house.log_in(browser=known)
    assert 200 == answer.status
    answer, _ = await house.log_in("jan.claes", "whatever it is")
    assert 401 == answer.status


async def test_what_nobody_known_sends_does_not_fill_the_record_and_holds_nobody_up(house: House) -> None:
    """It is recorded without free text and only so often; a browser in which somebody logged in is counted apart."""
    marks = known_browser(await platform_key(house), "jan.claes", "n1")
    stranger, known = house.desks.browser(reason="x" * 900), house.desks.browser(cookies={BROWSER: marks})
    path, body = f"{SESSION_PATH}/passkey", {"ceremony": "x", "id": "x", "response": {}}
    body["response"] = {"client_data_json": "x", "authenticator_data": "x", "signature": "x"}

    async def tried(browser: Browser) -> str | None:
        return (await browser.ask("POST", path, body)).rule

    assert "rate" != await tried(stranger)
    for _ in range(10_000):
        if await tried(stranger) == "rate":
            break
    recorded = len(house.recorder.entries)
    assert "rate" == await tried(stranger)
    assert recorded == len(house.recorder.entries)
    assert "rate" != await tried(known)
    assert {None} == {one.entry.reason for one in house.recorder.entries if isinstance(one.entry, Intent)}


async def test_a_browser_keeps_the_marks_of_all_who_log_in_there(house: House) -> None:
    """At a shared desk each is known; the attempts of strangers elsewhere hold none of them up."""
    await house.credentials.set_password("first.admin", hashed(PASSWORD), initial=False)
    _, shared = await house.log_in()
    await house.log_in("first.admin", browser=shared)
    for _ in range(GUESSES + 1):
        answer, _ = await house.log_in(password="a guess of somebody")
    assert (429, "guesses") == (answer.status, answer.rule)
    answer, _ = await house.log_in(browser=shared)
    assert 200 == answer.status


async def platform_key(house: House) -> bytes:
    """The key of this platform, as its processes share it."""
    return (house.desks.settings.data_dir / "platform.key").read_bytes().strip()


async def test_a_password_that_another_one_chose_serves_to_choose_ones_own(house: House) -> None:
    """And nothing else; the new one must be one."""
    await house.credentials.set_password(AN, hashed("initial-password"), initial=True)
    _, browser = await house.log_in(password="initial-password")
    assert "first_login" == (await browser.ask("GET", f"{PREFIX}/cameras")).rule
    proof = await browser.ask("POST", f"{SESSION_PATH}/proof", {"password": "initial-password"})
    assert (200, "initial") == (proof.status, proof.json["how"]), "who took long to choose proves it again"
    for weak in ("short", "initial-password", f"{AN}-2026", "aaaaaaaaaaaaaa"):
        assert "weak_password" == (await browser.ask("PUT", f"{PREFIX}/password", {"password": weak})).rule
    assert 200 == (await browser.ask("PUT", f"{PREFIX}/password", {"password": "nine blue kingfishers"})).status
    assert 200 == (await browser.ask("GET", f"{PREFIX}/cameras")).status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": None}, 403),
        ({"Host": "vigie.attacker.example"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": None}, 415),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
async def test_another_site_can_make_nobody_do_anything(house: House, headers: dict[str, Any], status: int) -> None:
    """A write from elsewhere, under another name, or in a form's encoding is refused with the session's cookie, too."""
    manager = await house.desks.logged_in(AN)
    body = msgspec.json.encode(make_entry(entry_id="E-1"))
    answer = await manager.ask("PUT", f"{PREFIX}/hotlist/E-1", data=body, headers=headers)
    assert status == answer.status
    assert None is await house.desks.writer.get(HOTLIST, "E-1")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/cameras/..%2f..%2fusers", "/api/v1/cameras/%00", "/api/v1/cameras/a%0d%0ab", "//api/v1/users",
     "/api/v1/cameras/" + "x" * 65, "/api/v1/cameras/%e2%80%ae", "/api/v1/alerts/a-0/pictures/..%2fcrop", "/etc/passwd",
     "/api/v1/alerts/a-zz", "/api/v1/cameras?cursor=x&cursor=y", "/api/v1/cameras?cursor=AAAA", "/api/v1/cameras?every=1"],
)  # fmt: skip
async def test_no_path_leads_out(house: House, path: str) -> None:
    """What is no name is the name of nothing; nothing of what is inside is told."""
    browser = await house.desks.logged_in(AN)
    answer = await browser.ask("GET", path)
    assert answer.status in (400, 404), answer.body
    assert "application/problem+json" == answer.headers["Content-Type"].partition(";")[0]
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b'{"a":' * 50_000, b"{" * 3, b"", b"null", b"[]", b'"text"', b"\xff\xfe{}", b'{"user_id":"a","user_id":"b"}',
     b'{"user_id": ' + b"9" * 5000 + b"}", b'{"user_id":"\\ud800","password":"x"}', b"{}" + b" " * 300_000, b'{"x":1e999}'],
    ids=range(13),
)  # fmt: skip
async def test_a_body_of_whatever_kind_is_one_problem(house: House, data: bytes) -> None:
    """Deep, long, broken or odd: a refusal of the four hundreds, and the next request is answered."""
    browser = house.desks.browser()
    answer = await browser.ask("POST", SESSION_PATH, data=data)
    assert 400 <= answer.status < 500
    assert answer.rule in ("bad_request", "unknown_field", "too_large")
    assert 200 == (await house.log_in())[0].status


async def test_a_field_that_is_not_known_is_refused(house: House) -> None:
    """A misspelled end of validity would give an entry that never ends."""
    manager = await house.desks.logged_in(AN)
    body = msgspec.to_builtins(make_entry(entry_id="E-1")) | {"valid_untill_ms": 1}
    answer = await manager.ask("PUT", f"{PREFIX}/hotlist/E-1", body)
    assert (400, "unknown_field") == (answer.status, answer.rule)


@pytest.mark.parametrize(
    ("entry_id", "rule"), [("copied_plates:20787", "bad_request"), ("watch:W-1", "against_a_rule")]
)
async def test_an_id_of_the_platforms_own_entries_is_refused(house: House, entry_id: str, rule: str) -> None:
    """Its hits would be taken for those of a copied plate, or of a request to watch."""
    manager = await house.desks.logged_in(AN)
    body = msgspec.to_builtins(make_entry(entry_id="E-1")) | {"entry_id": entry_id}
    answer = await manager.ask("PUT", f"{PREFIX}/hotlist/{entry_id}", body)
    assert (400, rule) == (answer.status, answer.rule)
    assert entry_id in answer.json["detail"]
    assert "choose" in answer.json["detail"]
    assert None is await house.desks.writer.get(HOTLIST, entry_id)


async def test_every_answer_keeps_the_browser_strict(house: House) -> None:
    """Good or bad, and the description."""
    browser = await house.desks.logged_in(AN)
    for path in (SESSION_PATH, f"{PREFIX}/nothing", f"{PREFIX}/openapi.json", f"{PREFIX}/users"):
        headers = (await browser.ask("GET", path)).headers
        assert HEADERS == {name: headers.get(name) for name in HEADERS}, path
        assert "Server" not in headers


async def test_nothing_is_answered_that_cannot_be_recorded(house: House) -> None:
    """Neither a query, nor a login, nor a change; and nothing is changed."""
    manager = await house.desks.logged_in(AN)
    house.recorder.away = True
    assert 503 == (await manager.ask("GET", f"{PREFIX}/hotlist")).status
    assert 503 == (await manager.ask("PUT", f"{PREFIX}/hotlist/E-1", make_entry(entry_id="E-1"))).status
    assert 503 == (await house.log_in())[0].status
    assert None is await house.desks.writer.get(HOTLIST, "E-1")


async def test_plates_are_shown_for_a_reason_that_says_something(house: House) -> None:
    """From the header or the shift; a refusal is recorded with its rule."""
    browser = await house.desks.logged_in(AN)
    for reason in (None, "check", "investigation"):
        browser.reason = reason
        assert (422, "reason_needed") == ((answer := await browser.ask("GET", f"{PREFIX}/hotlist")).status, answer.rule)
    browser.reason = None
    taken_up = await browser.ask("POST", f"{PREFIX}/shift", {"desk_id": "DESK", "reason": REASON})
    assert "DESK" == taken_up.json["shift"]["desk_id"]
    answer = await browser.ask("GET", f"{PREFIX}/hotlist")
    assert 200 == answer.status
    assert RECORD in answer.headers


async def test_a_write_that_is_repeated_is_done_once(house: House) -> None:
    """The same key and request get the first answer; the same key for something else is refused."""
    admin = await house.desks.logged_in("first.admin")
    key = {"Idempotency-Key": "once-and-no-more"}
    body = {"act": "designations.grant", "key": "D-1", "reason": "a new dispatcher", "content": ""}
    first, again = [await admin.ask("POST", f"{PREFIX}/approvals", body, headers=key) for _ in range(2)]
    assert (201, first.body, "true") == (again.status, again.body, again.headers["Idempotency-Replayed"])
    assert 1 == len((await admin.ask("GET", f"{PREFIX}/approvals")).json["items"])
    other = await admin.ask("POST", f"{PREFIX}/approvals", body | {"key": "D-2"}, headers=key)
    assert (422, "repeated_otherwise") == (other.status, other.rule)


async def test_two_persons_grant_what_one_cannot(house: House) -> None:
    """Asked by one, approved by another as it stands, used once; not for oneself, and for nothing else."""
    admin, other = await house.desks.logged_in("first.admin"), await house.desks.logged_in("second.admin")
    now_ms = platform_now_ms()
    item = make_designation("dispatcher", "jan.claes", designation_id="D-1", granted_by="first.admin", approved_by=None,
                            valid_until_ms=now_ms + 1000, trained_until_ms=now_ms + 1000)  # fmt: skip
    content = msgspec.json.encode(item).decode()
    wanted = {"act": "designations.grant", "key": "D-1", "reason": "a new dispatcher", "content": content}
    waiting = (await admin.ask("POST", f"{PREFIX}/approvals", wanted)).json
    approval = {"Vigie-Approval": waiting["approval_id"]}
    path = f"{PREFIX}/designations/D-1"
    assert "second_person" == (await admin.ask("PUT", path, item, headers=approval)).rule
    assert "self" == (await admin.ask("POST", f"{PREFIX}/approvals/{waiting['approval_id']}")).rule
    assert 200 == (await other.ask("POST", f"{PREFIX}/approvals/{waiting['approval_id']}")).status
    changed = msgspec.structs.replace(item, everywhere=True)
    assert "second_person" == (await admin.ask("PUT", path, changed, headers=approval)).rule
    answers = await asyncio.gather(*(admin.ask("PUT", path, item, headers=approval) for _ in range(5)))
    assert [204, 403, 403, 403, 403] == sorted(answer.status for answer in answers)
    granted = await house.desks.writer.get(DESIGNATIONS, "D-1")
    assert granted is not None
    assert ("first.admin", "second.admin") == (granted.granted_by, granted.approved_by)
    own = msgspec.structs.replace(item, user_id="first.admin", granted_by="second.admin")
    assert "bad_request" == (await admin.ask("PUT", path, own, headers=approval)).rule
    entries = [one.entry for one in house.recorder.entries if isinstance(one.entry, Intent)]
    asked, approved = (next(one for one in entries if one.what == f"POST /approvals{path}") for path in ("", "/{key}"))
    written = [one for one in entries if one.what == "PUT /designations/{key}" and one.approver]
    assert ("designations.grant", "D-1", waiting["digest"]) == asked.on
    assert (waiting["approval_id"], *asked.on) == approved.on
    assert ("second.admin", ("D-1", waiting["digest"], waiting["approval_id"])) in [
        (one.approver, one.on) for one in written
    ]


async def test_the_record_says_what_was_shown_and_by_which_designation(house: House) -> None:
    """The plate as a pseudonym, so that it is found by it; of what was written a digest, of plates a keyed one."""
    entry = make_entry(entry_id="E-1")
    await house.desks.writer.put(HOTLIST, [entry])
    manager = await house.desks.logged_in(AN)
    assert 200 == (await manager.ask("GET", f"{PREFIX}/hotlist/E-1")).status
    shown = house.recorder.entries[-1].entry
    assert isinstance(shown, Outcome)
    assert ((KEY.pseudonym(entry.plate),), "list_manager") == (shown.subjects, shown.role)
    assert f"{AN}-list_manager" == shown.designation
    assert 204 == (await manager.ask("PUT", f"{PREFIX}/hotlist/E-1", entry)).status
    written = house.recorder.entries[-2].entry
    assert isinstance(written, Intent)
    assert KEY.pseudonym("E-1") in written.subjects
    assert ((), 3) == (written.on, len(written.subjects))


async def test_a_list_is_read_so_far_in_one_request(house: House) -> None:
    """Whoever may see one entry of very many is told to ask on, until it is found."""
    others = [make_entry(entry_id=f"E-{number}", hotlist="sis") for number in range(12_000)]
    await house.desks.writer.put(HOTLIST, [*others, make_entry(entry_id="E-own")])
    manager, found, pages, after = await house.desks.logged_in(AN), list[str](), 0, ""
    while after is not None:
        page = (await manager.ask("GET", f"{PREFIX}/hotlist{after and '?cursor='}{after}")).json
        found, pages, after = [*found, *(one["entry_id"] for one in page["items"])], pages + 1, page.get("next")
    assert ["E-own"] == found
    assert 1 < pages < 10


async def test_what_is_tried_on_a_login_alone_is_recorded_and_ends_no_other_session(house: House) -> None:
    """A thief of a session lacks the fresh proof; his wrong proofs end his own session, not the owner's."""
    thief, owner = await house.desks.logged_in(AN), await house.desks.logged_in(AN)
    token, session = thief.cookies[SESSION], await house.desks.sessions.peek(thief.cookies[SESSION])
    assert session is not None
    for proven_ms in (session.proven_ms - 3_600_000, session.proven_ms + 3_600_000):
        await house.desks.sessions.keep(token, msgspec.structs.replace(session, proven_ms=proven_ms), session.seen_ms)
        assert "fresh" == (await thief.ask("PUT", f"{PREFIX}/password", {"password": "a thief's choice"})).rule
    refused = house.recorder.entries[-1].entry
    assert isinstance(refused, Outcome)
    assert "fresh" == refused.refusal
    for _ in range(GUESSES + 1):
        answer = await thief.ask("POST", f"{SESSION_PATH}/proof", {"password": "a guess of somebody"})
    assert (429, 401) == (answer.status, (await thief.ask("GET", SESSION_PATH)).status)
    assert 200 == (await owner.ask("POST", f"{SESSION_PATH}/proof", {"password": PASSWORD})).status


async def test_whoever_is_removed_leaves_no_login_behind(house: House) -> None:
    """Nor for whoever is added under the same name later; a name that nobody bears has no sessions to end."""
    admin = await house.desks.logged_in("first.admin")
    assert 204 == (await admin.ask("DELETE", f"{PREFIX}/users/{AN}")).status
    assert None is (await house.credentials.of(AN)).password_hash
    ended = await admin.ask("POST", f"{PREFIX}/sessions/end", {"user_id": "an.peters"})
    assert 404 == ended.status


async def test_versions_are_shown_as_they_arrived(house: House) -> None:
    """Each with the moment from which it held."""
    await house.desks.writer.put(CAMERAS, [make_camera("CAM-1", contact="depot")])
    browser = await house.desks.logged_in(AN)
    versions = (await browser.ask("GET", f"{PREFIX}/cameras/CAM-1/versions")).json["versions"]
    assert [None, "depot"] == [one["item"].get("contact") for one in versions]
    assert 404 == (await browser.ask("GET", f"{PREFIX}/cameras/CAM-9/versions")).status


async def test_a_covert_entry_is_not_there_for_others(house: House) -> None:
    """Not in a list, not by its name, not to be overwritten or removed; each answer is that of a name of nothing."""
    secret = make_entry(entry_id="E-secret", covert=True, owner="federal judicial police")
    await house.desks.writer.put(HOTLIST, [secret])
    manager = await house.desks.logged_in(AN)
    assert [] == (await manager.ask("GET", f"{PREFIX}/hotlist")).json["items"]
    for method, path in (("GET", ""), ("GET", "/versions"), ("DELETE", "")):
        there = await manager.ask(method, f"{PREFIX}/hotlist/E-secret{path}")
        nothing = await manager.ask(method, f"{PREFIX}/hotlist/E-nothing{path}")
        assert (404, nothing.body) == (there.status, there.body)
    assert 404 == (await manager.ask("PUT", f"{PREFIX}/hotlist/E-secret", make_entry(entry_id="E-secret"))).status
    assert secret == await house.desks.writer.get(HOTLIST, "E-secret")


async def test_who_asks_too_often_waits(kafka: KafkaConnection, redis: Redis, namespace: str, tmp_path: Path) -> None:
    """Another person does not."""
    desks = desks_of(kafka, redis, namespace, tmp_path)
    await desks.person(AN, "dispatcher")
    await desks.person("jan.claes", "dispatcher")
    async with desks.running(MemoryRecorder(), limits=Limits(per_second=0.001, at_once=2)):
        an, jan = await desks.logged_in(AN), await desks.logged_in("jan.claes")
        answers = [await an.ask("GET", SESSION_PATH) for _ in range(3)]
        assert [200, 200, 429] == [answer.status for answer in answers]
        assert 200 == (await jan.ask("GET", SESSION_PATH)).status


def test_every_act_is_asked_for_by_a_route() -> None:
    """A right that nothing asks for is a mistake."""
    from pipeline.desks.app import ROUTES

    inside: set[Act] = {"users.move", "watches.long"}  # PUT /users/{key}, where the service changes; /watches/{key}
    assert inside == set(ACTS) - {route.act for route in ROUTES}


async def test_policies_change_by_two_persons(house: House) -> None:
    """A single liaison officer changes none."""
    await house.desks.person("liesbeth", "liaison_officer")
    while (await (await house.desks.logged_in("liesbeth")).ask("GET", SESSION_PATH)).status != 200:  # noqa: ASYNC110 - the desks hear of it by themselves
        await asyncio.sleep(0.1)  # who asks more often is told to wait
    officer = await house.desks.logged_in("liesbeth")
    answer = await officer.ask("PUT", f"{PREFIX}/policies/NL-1", make_policy(policy_id="NL-1"))
    assert (403, "second_person") == (answer.status, answer.rule)
    assert None is await house.desks.writer.get(POLICIES, "NL-1")


async def enrolled(house: House, **fields: Any) -> tuple[Authenticator, Browser]:
    """A passkey of AN, and the browser in which it was enrolled."""
    _, browser = await house.log_in()
    passkey = Authenticator(house.desks.url, **fields)
    ceremony = (await browser.ask("POST", f"{PREFIX}/passkeys/options")).json
    answer = await browser.ask("POST", f"{PREFIX}/passkeys", passkey.enrol(ceremony))
    assert 204 == answer.status, answer.body
    return passkey, browser


async def asserted(browser: Browser, passkey: Authenticator) -> Any:
    """The answer to a login with a passkey."""
    ceremony = (await browser.ask("POST", f"{SESSION_PATH}/passkey/options")).json
    return await browser.ask("POST", f"{SESSION_PATH}/passkey", passkey.sign(ceremony))


async def test_a_passkey_logs_in_and_proves_whatever_passwords_are_guessed(house: House) -> None:
    """It names its person itself; guesses of passwords do not hinder it."""
    passkey, _ = await enrolled(house)
    for _ in range(GUESSES + 1):
        await house.log_in(password="a guess of somebody")
    browser = house.desks.browser()
    answer = await asserted(browser, passkey)
    assert (200, AN, "passkey") == (answer.status, answer.json["user_id"], answer.json["how"])
    ceremony = (await browser.ask("POST", f"{SESSION_PATH}/proof/passkey/options")).json
    assert 200 == (await browser.ask("POST", f"{SESSION_PATH}/proof/passkey", passkey.sign(ceremony))).status


async def test_a_signature_serves_once_and_here_alone(house: House) -> None:
    """Not again, nor for another site, of another key, without the user's finger, or of a copied key that is behind."""
    passkey, _ = await enrolled(house)
    browser = house.desks.browser()
    ceremony = (await browser.ask("POST", f"{SESSION_PATH}/passkey/options")).json
    signed = passkey.sign(ceremony)
    assert 200 == (await browser.ask("POST", f"{SESSION_PATH}/passkey", signed)).status
    assert "ceremony" == (await browser.ask("POST", f"{SESSION_PATH}/passkey", signed)).rule
    for wrong in (
        {"origin": "https://vigie.attacker.example"}, {"rp_id": "attacker.example"}, {"verifies": False}, {"uses": 0},
        {"key": Authenticator("x").key}, {"credential_id": b"another"}, {"user_handle": b"first.admin"}, {"user_handle": b"nobody"},
    ):  # fmt: skip
        answer = await asserted(house.desks.browser(), dataclasses.replace(passkey, **wrong))
        assert (401, "login") == (answer.status, answer.rule), wrong


async def test_nobody_learns_which_accounts_have_a_passkey(house: House) -> None:
    """What is no passkey at all is answered alike for accounts with one, without one, and for nobody."""
    passkey, _ = await enrolled(house)
    deep = text_of(b"[" * 6000)
    for broken in ({"id": "A"}, {"response": {"client_data_json": deep}}, {"response": {"authenticator_data": "A"}}):
        answers = set()
        for handle in (passkey.user_handle, b"first.admin", b"nobody"):
            browser = house.desks.browser()
            ceremony = (await browser.ask("POST", f"{SESSION_PATH}/passkey/options")).json
            signed = dataclasses.replace(passkey, user_handle=handle).sign(ceremony)
            wrong = signed | broken | {"response": signed["response"] | broken.get("response", {})}
            answer = await browser.ask("POST", f"{SESSION_PATH}/passkey", wrong)
            answers.add((answer.status, answer.body))
        assert [401] == [status for status, _ in answers], answers


async def test_a_passkey_that_its_owner_removed_opens_nothing(house: House) -> None:
    """Each sees and removes his own alone."""
    passkey, browser = await enrolled(house)
    other = await house.desks.logged_in("first.admin")
    assert {"items": []} == (await other.ask("GET", f"{PREFIX}/passkeys")).json
    (shown,) = (await browser.ask("GET", f"{PREFIX}/passkeys")).json["items"]
    assert "key ring" == shown["name"]
    path = f"{PREFIX}/passkeys/{shown['passkey_id']}"
    assert 404 == (await other.ask("DELETE", path)).status
    assert 200 == (await asserted(house.desks.browser(), passkey)).status
    assert 204 == (await browser.ask("DELETE", path)).status
    assert 401 == (await asserted(house.desks.browser(), passkey)).status


async def test_a_login_ends_the_session_that_the_browser_had(house: House) -> None:
    """Nobody's session lies about in a browser that another one uses."""
    _, browser = await house.log_in()
    first = browser.cookies[SESSION]
    await house.log_in(browser=browser)
    assert 401 == (await house.desks.browser(cookies={SESSION: first}).ask("GET", SESSION_PATH)).status


async def test_what_somebody_may_do_is_told_as_the_rights_say(house: House) -> None:
    """The acts of all his designations, and none of another role."""
    answer, _ = await house.log_in()
    assert {"alerts.see", "hotlist.change"} <= set(answer.json["may"])
    assert not {"users.see", "record.see"} & set(answer.json["may"])


async def test_a_passkey_that_asks_its_user_for_nothing_is_not_enrolled(house: House) -> None:
    """User verification is required, not preferred; so is a proof of a few minutes ago."""
    _, browser = await house.log_in()
    ceremony = (await browser.ask("POST", f"{PREFIX}/passkeys/options")).json
    careless = Authenticator(house.desks.url, verifies=False)
    assert "passkey" == (await browser.ask("POST", f"{PREFIX}/passkeys", careless.enrol(ceremony))).rule
    token = browser.cookies[SESSION]
    session = await house.desks.sessions.peek(token)
    assert session is not None
    await house.desks.sessions.keep(token, msgspec.structs.replace(session, proven_ms=0), platform_now_ms())
    assert "fresh" == (await browser.ask("POST", f"{PREFIX}/passkeys/options")).rule
