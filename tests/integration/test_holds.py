"""Holds in an evidence store: they keep pictures beyond their time, and no longer than they say."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadRecord
from pipeline.evidence.holds import LONGEST_MS, Hold, held_pictures, holds_in, put_hold, release
from pipeline.evidence.retention import delete_old
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from schemas.accesses import Access, Intent, Outcome
from tests.conftest import records_in
from tests.integration.vigie_commands import Vigie

DAY_MS = 86_400_000
MAY_1_MS = 1_777_593_600_000
JPEG = b"\xff\xd8\xff\xd9"


def hold_of(
    *pictures: str, hold_id: str = "case-7", until_ms: int = MAY_1_MS + 90 * DAY_MS, at_ms: int = MAY_1_MS
) -> Hold:
    """A hold from that time on."""
    return Hold(
        hold_id=hold_id, pictures=pictures, about="v-12ab", reason="court, 12 May", owner="zone 5341", from_ms=at_ms,
        until_ms=until_ms, changed_at_ms=at_ms, changed_by="an.peeters",
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    """An empty one."""
    return EvidenceStore.open(tmp_path / "evidence")


async def test_held_pictures_stay_until_the_hold_ends_and_then_go(store: EvidenceStore) -> None:
    """The others of the same day go in time."""
    held, other = await store.put(MAY_1_MS, JPEG), await store.put(MAY_1_MS, JPEG + b"2")
    await put_hold(store, hold_of(held))
    assert 1 == await delete_old(store, 30, MAY_1_MS + 40 * DAY_MS)
    assert [True, False] == [await store.exists(path) for path in (held, other)]
    assert 0 == await delete_old(store, 30, MAY_1_MS + 89 * DAY_MS)
    assert 1 == await delete_old(store, 30, MAY_1_MS + 91 * DAY_MS)
    assert not await store.exists(held)


async def test_a_released_hold_lets_its_pictures_go_unless_another_keeps_them(store: EvidenceStore) -> None:
    """And says who released it, and when."""
    one, both = await store.put(MAY_1_MS, JPEG), await store.put(MAY_1_MS, JPEG + b"2")
    await put_hold(store, hold_of(one, both))
    await put_hold(store, hold_of(both, hold_id="case-8"))
    await release(store, "case-7", by="jan.claes", at_ms=MAY_1_MS + DAY_MS)
    assert 1 == await delete_old(store, 30, MAY_1_MS + 40 * DAY_MS)
    assert [False, True] == [await store.exists(path) for path in (one, both)]
    released, _ = await holds_in(store)
    assert (True, "jan.claes", MAY_1_MS + DAY_MS) == (released.released, released.changed_by, released.changed_at_ms)
    assert 3 == len(await store.holds()), "every change is kept"
    with pytest.raises(BadRecord, match="unknown_hold"):
        await release(store, "case-7", by="jan.claes", at_ms=MAY_1_MS + 2 * DAY_MS)


@pytest.mark.parametrize("until_ms", [MAY_1_MS, MAY_1_MS - 1, MAY_1_MS + LONGEST_MS + 1])
async def test_a_hold_that_has_ended_or_has_no_end_in_sight_is_refused(store: EvidenceStore, until_ms: int) -> None:
    """What is still open in a year must be held anew."""
    with pytest.raises(BadRecord, match="bad_hold"):
        await put_hold(store, hold_of("2026-05-01/" + "a" * 64 + ".jpg", until_ms=until_ms))


async def test_while_a_hold_cannot_be_read_nothing_is_deleted(store: EvidenceStore) -> None:
    """Who knows what it holds."""
    path = await store.put(MAY_1_MS, JPEG)
    await store.put_hold("case-7", MAY_1_MS, b"{")
    with pytest.raises(BadRecord, match="unreadable_hold"):
        await delete_old(store, 30, MAY_1_MS + 40 * DAY_MS)
    assert await store.exists(path)


async def test_pictures_go_with_the_calendar_month_of_their_recording(store: EvidenceStore) -> None:
    """February's on the same day in March, though thirty days are not over."""
    february_15_ms = MAY_1_MS - 75 * DAY_MS
    path = await store.put(february_15_ms, JPEG)
    assert 0 == await delete_old(store, 30, february_15_ms + 28 * DAY_MS - DAY_MS // 2)
    assert 1 == await delete_old(store, 30, february_15_ms + 29 * DAY_MS)
    assert not await store.exists(path)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=8), st.integers(0, 10))
def test_a_picture_is_held_while_any_hold_keeps_it(spans: list[tuple[int, int, bool]], at_ms: int) -> None:
    """By begin, end and release."""
    path = "2026-05-01/" + "a" * 64 + ".jpg"
    holds = [
        msgspec.structs.replace(hold_of(path), from_ms=begins, until_ms=ends, released=released)
        for begins, ends, released in spans
    ]
    expected = any(begins <= at_ms < ends and not released for begins, ends, released in spans)
    assert expected == (path in held_pictures(holds, at_ms))


async def test_a_hold_that_was_released_before_it_began_is_released_once(store: EvidenceStore) -> None:
    """The second time nothing is written any more."""
    later = hold_of("2026-05-01/" + "a" * 64 + ".jpg")
    await put_hold(store, msgspec.structs.replace(later, from_ms=MAY_1_MS + 2 * DAY_MS))
    await release(store, "case-7", by="jan.claes", at_ms=MAY_1_MS)
    with pytest.raises(BadRecord, match="unknown_hold"):
        await release(store, "case-7", by="an.peeters", at_ms=MAY_1_MS + DAY_MS)
    assert 2 == len(await store.holds())


async def test_holds_are_added_listed_and_released_from_the_command_line_and_recorded(
    vigie: Vigie, kafka: KafkaConnection, namespace: str, tmp_path: Path
) -> None:
    """A picture that is not there cannot be held; a hold that is unknown cannot be released."""
    path = await EvidenceStore.open(tmp_path / "data" / "evidence").put(platform_now_ms(), JPEG)

    async def holds(*arguments: str) -> tuple[int, str]:
        told = await vigie("evidence", "holds", *arguments)
        return told.code, told.out

    until = platform_now_ms() + 30 * DAY_MS
    asked = ("--reason", "court", "--owner", "zone 5341", "--until", str(until), "--about", "v-12ab")
    assert 1 == (await holds("add", "case-7", "--picture", "2026-05-01/" + "a" * 64 + ".jpg", *asked))[0]
    assert 0 == (await holds("add", "case-7", "--picture", path, *asked))[0]
    code, listed = await holds("list", "--json")
    (hold,) = [msgspec.json.decode(line, type=Hold) for line in listed.splitlines()]
    assert (0, "case-7", (path,), "court", "zone 5341", until, "v-12ab") == (
        code, hold.hold_id, hold.pictures, hold.reason, hold.owner, hold.until_ms, hold.about,
    )  # fmt: skip
    assert [0, 1] == [(await holds("release", name))[0] for name in ("case-7", "case-8")]
    assert "No holds" in (await holds("list"))[1]
    entries = [
        msgspec.json.decode(one.value or b"", type=Access).entry
        for one in await records_in(kafka, f"{namespace}.accesses")
    ]
    intents = [(one.what.rpartition(" ")[2], one.on) for one in entries if isinstance(one, Intent)]
    case_7, case_8 = ("case-7",), ("case-8",)
    assert [
        ("add", case_7),
        ("add", case_7),
        ("list", ()),
        ("release", case_7),
        ("release", case_8),
        ("list", ()),
    ] == intents
    ends = [one.outcome for one in entries if isinstance(one, Outcome)]
    assert ["failed", "answered", "answered", "answered", "failed", "answered"] == ends
