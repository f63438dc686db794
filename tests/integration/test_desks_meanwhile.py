"""What somebody changed between another's read and the write that follows it stays changed."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from redis.asyncio import Redis

from pipeline.access.approvals import digest_of
from pipeline.access.login import Bounds, Shift
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.approval_store import ApprovalStore, Waiting
from pipeline.state.credential_store import CredentialStore, Passkey
from pipeline.state.session_store import TOUCHED_MS, SessionStore
from tests.builders import NOON_MS

AN = "an.peeters"
SHIFT = Shift(desk_id="DESK", reason="night shift at the desk", access_id="e-0", began_ms=NOON_MS)
WAITING = Waiting(
    approval_id="P-1", act="policies.change", key="NL-1", content="", digest=digest_of("policies.change", "NL-1", b""),
    asked_by=AN, reason="treaty of May", ends_ms=NOON_MS + 1000,
)  # fmt: skip


class Interrupted(Redis):
    """A client that does something else after it has read a key and before it goes on."""

    meanwhile: Callable[[], Awaitable[Any]] | None = None

    async def get(self, name: Any) -> Any:
        """The value; then what happens meanwhile."""
        found = await super().get(name)
        if self.meanwhile is not None:
            await self.meanwhile()
        return found


async def test_a_shift_that_begins_while_a_request_is_noted_goes_on(
    pair: EmbeddedPair, redis: Redis, namespace: str
) -> None:
    """The request writes its time into the session that it read, and no other."""
    store = SessionStore(redis, namespace, Bounds())
    token, session = await store.open(AN, "passkey", NOON_MS)
    at_ms, working = NOON_MS + TOUCHED_MS, msgspec.structs.replace(session, shift=SHIFT)
    async with Interrupted.from_url(pair.redis_url) as client:
        assert isinstance(client, Interrupted)
        client.meanwhile = lambda: store.keep(token, working, at_ms)
        assert await SessionStore(client, namespace, Bounds()).find(token, at_ms) is not None
    assert working == await store.peek(token)
    found = await store.find(token, at_ms)
    assert found == await store.peek(token) == msgspec.structs.replace(working, seen_ms=at_ms)


async def test_an_approval_that_was_used_while_another_approved_it_is_used(redis: Redis, namespace: str) -> None:
    """Nor does the second of two who approve at once take the place of the first."""
    store = ApprovalStore(redis, namespace)
    await store.put(WAITING)
    assert await store.approve(WAITING, "second.admin", NOON_MS) is not None
    assert None is await store.approve(WAITING, "third.admin", NOON_MS)
    found = await store.find("P-1", NOON_MS)
    assert found is not None
    assert "second.admin" == found.approved_by
    assert await store.use("P-1")
    assert None is await store.approve(WAITING, "third.admin", NOON_MS)
    assert None is await store.find("P-1", NOON_MS)


async def test_nobody_approves_what_has_expired(redis: Redis, namespace: str) -> None:
    """Also where it was found a moment before."""
    store = ApprovalStore(redis, namespace)
    await store.put(WAITING)
    assert None is await store.approve(WAITING, "second.admin", WAITING.ends_ms)
    found = await store.find("P-1", WAITING.ends_ms - 1)
    assert found is not None
    assert found.approved_by is None


async def test_a_passkey_that_was_removed_while_it_logged_in_is_removed(redis: Redis, namespace: str) -> None:
    """Its counter is written only where it still is."""
    store = CredentialStore(redis, namespace)
    passkey = Passkey(credential_id=b"1", public_key=b"2", name="key", added_ms=NOON_MS)
    await store.put_passkey(AN, passkey)
    assert await store.used_passkey(AN, msgspec.structs.replace(passkey, uses=1))
    assert [1] == [one.uses for one in (await store.of(AN)).passkeys]
    await store.remove_passkey(AN, passkey.passkey_id)
    assert not await store.used_passkey(AN, passkey)
    assert () == (await store.of(AN)).passkeys
