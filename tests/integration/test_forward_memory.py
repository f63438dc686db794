"""What neighbours were told, on a real Valkey and in one process."""

import secrets

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from pipeline.neighbours.policy import AllowedForward, told_abroad
from pipeline.neighbours.recalls import Sent, sent_of
from pipeline.state.delivery_marks import DeliveryMarks
from pipeline.state.forward_memory import ForwardMemory, RedisForwardMemory
from pipeline.state.local_forward_memory import LocalForwardMemory
from schemas.outcomes import RecordPlace
from schemas.reference import Policy
from schemas.topics import FORWARDS_KEPT_MS
from tests.builders import NOON_MS, cameras_of, make_alert, make_camera, make_entry, make_policy, make_read
from tests.conftest import OpenAs


@pytest_asyncio.fixture(params=["redis", "local"])
async def memory(request: pytest.FixtureRequest, redis_as: OpenAs) -> ForwardMemory:
    """Each memory there is; in Redis with the rights of the agent."""
    if request.param == "local":
        return LocalForwardMemory()
    namespace = f"t{secrets.token_hex(6)}"
    return RedisForwardMemory(await redis_as("cross_border", namespace), namespace)


def sent(
    after_ms: int = 0, policy: Policy | None = None, camera_id: str = "E40-1", case: str = "C-1", read_id: str = ""
) -> Sent:
    """The forward of a hit so long after noon."""
    policy = policy or make_policy()
    read = make_read(camera_id=camera_id, captured_at_ms=NOON_MS + after_ms, read_id=read_id)
    alert = make_alert(make_entry(share_with=("NL",), case_reference=case), read)
    (allowed,) = told_abroad(alert, [policy], cameras_of(make_camera(camera_id)), {}, NOON_MS + after_ms)
    assert isinstance(allowed, AllowedForward)
    return sent_of(alert, allowed, {policy.policy_id: policy})


def standing_at(one: Sent, offset: int) -> Sent:
    """The same, of an alert that stands on its topic."""
    place = RecordPlace(partition=3, offset=offset)
    return msgspec.structs.replace(one, forward=msgspec.structs.replace(one.forward, alert_at=place))


async def admitted(memory: ForwardMemory, *offered: Sent) -> list[Sent]:
    """Each from a record of its own."""
    return await memory.admitted(offered, [f"0/{one.forward.forward_id}" for one in offered])


async def test_one_passage_sent_three_times_under_new_ids_is_told_once(memory: ForwardMemory) -> None:
    """Also when it is a millisecond off; the next camera and the next passage are told again."""
    copies = [sent(0, read_id="r-1"), sent(0, read_id="r-2"), sent(1, read_id="r-3")]
    assert [copies[0]] == await admitted(memory, *copies)
    assert [copies[0]] == await admitted(memory, copies[0])  # the same record, after a crash
    later = [sent(2_500), sent(1, camera_id="E40-2")]
    assert later == await admitted(memory, *later)


async def test_one_message_a_case_is_updated(memory: ForwardMemory) -> None:
    """The first tells of the case; later ones refer to it; another case is another message."""
    policy = make_policy(per_case=True)
    first, later, other = standing_at(sent(0, policy), 7), sent(60_000, policy), sent(120_000, policy, case="C-2")
    found = [one.forward for one in await admitted(memory, first, later, other)]
    assert ["hit", "correction", "hit"] == [one.kind for one in found]
    assert [None, first.forward.forward_id, None] == [one.refers_to for one in found]
    assert later.forward.forward_id == found[1].forward_id
    assert [None, RecordPlace(partition=3, offset=7), None] == [one.first_at for one in found]


async def test_what_was_told_is_found_by_its_alert_and_its_policy_until_it_is_recalled(memory: ForwardMemory) -> None:
    """And a case whose first message was recalled begins anew."""
    policy = make_policy(per_case=True)
    (told,) = await admitted(memory, standing_at(sent(0, policy), 7))
    assert [told] == await memory.of_alerts([told.alert.alert_id]) == await memory.of_policy("NL-1")
    assert {"NL-1"} == await memory.policies()
    await memory.marked([told])
    await memory.recalled([told])
    assert [] == await memory.of_alerts([told.alert.alert_id]) == await memory.of_policy("NL-1")
    assert ["hit"] == [one.forward.kind for one in await admitted(memory, sent(60_000, policy))]


async def test_whoever_delivers_sees_what_was_recalled_and_attempted(redis_as: OpenAs) -> None:
    """Before each attempt, with the rights of the agent: it may read what was recalled, not write it."""
    name = f"t{secrets.token_hex(6)}"
    memory = RedisForwardMemory(await redis_as("cross_border", name), name)
    marks, told = DeliveryMarks(await redis_as("liaison", name), name), sent()
    forward_id = told.forward.forward_id
    assert not await marks.is_recalled(forward_id)
    assert not await marks.was_attempted(forward_id)
    assert not await marks.was_dropped(forward_id)
    await marks.attempting(forward_id)
    await memory.marked([told])
    assert await marks.is_recalled(forward_id)
    assert await marks.was_attempted(forward_id)


async def test_that_nothing_is_missing_stays_known_as_long_as_somebody_looks(redis_as: OpenAs, redis: Redis) -> None:
    """It is not forgotten a week after it was noted: what was told would be looked for and told as if Redis had lost it."""
    name = f"t{secrets.token_hex(6)}"
    memory = RedisForwardMemory(await redis_as("cross_border", name), name)
    assert not await memory.is_whole()
    await memory.note_whole()
    (key,) = [one async for one in redis.scan_iter(f"*{name}*whole*")]
    await redis.pexpire(key, 60_000)
    assert await memory.is_whole()
    assert 60_000 < await redis.pttl(key) <= FORWARDS_KEPT_MS


def test_what_is_remembered_survives_its_encoding() -> None:
    """Of the alert and the forward."""
    one = sent()
    assert one == msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Sent)


async def test_another_read_of_a_passage_is_told_once_what_was_told_of_it_is_recalled(memory: ForwardMemory) -> None:
    """The neighbour knows of the passage as long as any read of it stands; the same answer after a crash."""
    first, other, later = sent(0, read_id="r-1"), sent(1_000, read_id="r-2"), sent(30_000, read_id="r-3")
    assert [first, later] == await admitted(memory, first, other, later)
    await memory.marked([first])
    for _ in range(2):
        left = await memory.freed([first])
        assert [(other, f"0/{other.forward.forward_id}")] == left
        assert [other] == await memory.admitted([one for one, _ in left], [claim for _, claim in left])
    again = sent(500, read_id="r-4")
    assert [] == await admitted(memory, again)
