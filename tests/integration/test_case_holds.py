"""Open incidents and violations hold their pictures by themselves; when they have ended, the holds end, too."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evidence.case_holds import (
    AFTER_ACCEPTED_MS,
    AFTER_CLOSED_MS,
    AFTER_ENDED_MS,
    CaseEvent,
    case_holds_in,
    take_note,
)
from pipeline.evidence.holds import LONGEST_MS, Hold
from pipeline.evidence.retention import delete_old
from pipeline.evidence.store import EvidenceStore, day_of
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.topics import create_topics
from pipeline.sections.history import violations_of
from pipeline.sections.lines import Sighting
from pipeline.sections.rules import Rules
from pipeline.stream import codec
from schemas import ids
from schemas.judgements import Judgement, Verdict
from schemas.outcomes import Alert, RecordPlace, Violation, Withdrawal
from schemas.topics import ALERTS, INCIDENTS, TOPICS, VIOLATIONS, Topic
from tests.builders import NOON_MS, make_ends, make_section, reference_of
from tests.incidents import after, begun, first_alert, later_alert
from tests.integration.vigie_commands import Vigie

DAY_MS = 86_400_000
JPEG = b"\xff\xd8\xff\xd9"


def picture(name: str, at_ms: int = NOON_MS) -> str:
    """The path of a picture of that day."""
    return f"{day_of(at_ms)}/{name * 64}.jpg"


def alert_with(alert: Alert, crop: str) -> Alert:
    """The alert, its read with this picture."""
    return msgspec.structs.replace(alert, read=msgspec.structs.replace(alert.read, crop=crop))


def violation_with(crops: Sequence[str]) -> Violation:
    """A violation; its two reads have these pictures."""
    entry, exit_ = make_ends(50_000, entry={"crop": crops[0]}, exit_={"crop": crops[1]})
    sightings = (Sighting("S1", "entry", entry), Sighting("S1", "exit", exit_))
    rules = Rules(reference_of(make_section(metres=2_500.0)))
    (found,) = violations_of([(exit_.captured_at_ms, sightings)], rules).values()
    return found


def withdrawal_of(violation: Violation, at_ms: int) -> Withdrawal:
    """Its withdrawal at that time."""
    return Withdrawal(kind="violation", id=violation.violation_id, reason="late", by="section_control", at_ms=at_ms)


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    """An empty one."""
    return EvidenceStore.open(tmp_path / "evidence")


async def holds_after(store: EvidenceStore, *events: CaseEvent) -> list[Hold]:
    """The holds after these messages."""
    for event in events:
        await take_note(store, event)
    return await case_holds_in(store)


async def test_a_violations_pictures_stay_beyond_their_time_and_go_after_its_withdrawal(store: EvidenceStore) -> None:
    """Other pictures of the day go in time; a week after the withdrawal nothing of it is left, not even notes."""
    crops = [await store.put(NOON_MS, JPEG + bytes([number])) for number in range(3)]
    violation = violation_with(crops)
    (hold,) = await holds_after(store, violation)
    assert (violation.violation_id, set(crops[:2]), NOON_MS + LONGEST_MS) == (
        hold.about, set(hold.pictures), hold.until_ms - (hold.from_ms - NOON_MS),
    )  # fmt: skip
    assert 1 == await delete_old(store, 30, NOON_MS + 40 * DAY_MS)
    assert [True, True, False] == [await store.exists(path) for path in crops]
    await take_note(store, withdrawal_of(violation, NOON_MS + 41 * DAY_MS))
    assert 0 == await delete_old(store, 30, NOON_MS + 41 * DAY_MS + AFTER_ENDED_MS - 1)
    assert 2 == await delete_old(store, 30, NOON_MS + 41 * DAY_MS + AFTER_ENDED_MS)
    assert ([], []) == (await store.days(), await store.note_days())


def judged(violation: Violation, verdict: Verdict, revision: int, at_ms: int) -> Judgement:
    """An officer's judgement, who saw as many before."""
    return Judgement(
        judgement_id=ids.action_id("an.peeters", f"{verdict} {revision}"), violation_id=violation.violation_id,
        violation_at=RecordPlace(partition=0, offset=0), revision=revision, verdict=verdict,
        who="an.peeters", role="authority_officer",
        rejection="plate_misread" if verdict == "rejected" else None, note="which lane?" if verdict == "asked" else None,
        at_ms=at_ms,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "after_ms"),
    [
        ((("accepted", 0),), AFTER_ACCEPTED_MS),
        ((("rejected", 0),), AFTER_ENDED_MS),
        ((("rejected", 0), ("accepted", 0)), AFTER_ACCEPTED_MS),
        ((("rejected", 0), ("asked", 1)), LONGEST_MS),
        ((("asked", 0), ("rejected", 1)), AFTER_ENDED_MS),
        ((("accepted", 0), ("noted", 1)), AFTER_ACCEPTED_MS),
    ],
)
async def test_what_an_officer_decides_of_a_violation_ends_its_hold(
    store: EvidenceStore, verdicts: Sequence[tuple[Verdict, int]], after_ms: int
) -> None:
    """The last verdict counts; of two at the same time the one that holds it longer."""
    violation = violation_with([picture("a"), picture("b")])
    events = [judged(violation, verdict, revision, NOON_MS + DAY_MS) for verdict, revision in verdicts]
    assert [NOON_MS + DAY_MS + after_ms] == [hold.until_ms for hold in await holds_after(store, violation, *events)]


async def test_a_violation_around_midnight_is_held_and_let_go_on_both_days(store: EvidenceStore) -> None:
    """The withdrawal does not say of which days the pictures are."""
    violation = violation_with([picture("a"), picture("b", NOON_MS + DAY_MS)])
    other = msgspec.structs.replace(violation, violation_id="v-1", entry=violation.exit, exit=violation.exit)
    holds = await holds_after(store, violation, other, withdrawal_of(violation, NOON_MS))
    ends = {hold.hold_id: hold.until_ms for hold in holds}
    own = violation.violation_id
    assert {f"{own}:2026-01-01", f"{own}:2026-01-02", "v-1:2026-01-02"} == set(ends)
    assert [NOON_MS + AFTER_ENDED_MS] * 2 == [ends[f"{own}:2026-01-01"], ends[f"{own}:2026-01-02"]]
    assert ends["v-1:2026-01-02"] > NOON_MS + LONGEST_MS - DAY_MS


async def test_an_incident_holds_its_pictures_until_a_month_after_it_was_closed(store: EvidenceStore) -> None:
    """Of all its days; undone, it holds them again."""
    first = alert_with(first_alert(), picture("a"))
    second = alert_with(later_alert(3 * DAY_MS, first), picture("b", NOON_MS + 3 * DAY_MS))
    state = begun(first, second)
    open_ = await holds_after(store, first, second, state)
    assert [first.incident_id] * 2 == [hold.about for hold in open_]
    assert all(hold.until_ms > NOON_MS + 300 * DAY_MS for hold in open_)
    closed = after(state, ("take",), ("close",))
    assert [closed.changed_at_ms + AFTER_CLOSED_MS] * 2 == [one.until_ms for one in await holds_after(store, closed)]
    again = after(closed, ("undo",))
    assert all(hold.until_ms > NOON_MS + 300 * DAY_MS for hold in await holds_after(store, again))
    assert [again.changed_at_ms + LONGEST_MS] * 2 == [one.until_ms for one in await holds_after(store, closed)]


async def test_an_alert_that_nobody_looks_at_holds_nothing(store: EvidenceStore) -> None:
    """It is silent by its list, and makes no case."""
    assert [] == await holds_after(store, alert_with(first_alert(silent=True), picture("a")))


FIRST = alert_with(first_alert(), picture("a"))
LATER = alert_with(later_alert(60_000, FIRST), picture("b"))
TAKEN = after(begun(FIRST, LATER), ("take",))
CLOSED = after(TAKEN, ("close",))
VIOLATION = violation_with([picture("c"), picture("d")])
HISTORY: tuple[CaseEvent, ...] = (FIRST, LATER, TAKEN, CLOSED, after(CLOSED, ("undo",)))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(HISTORY), max_size=6), st.permutations(HISTORY), st.booleans())
def test_neither_order_nor_repeats_change_what_is_held(
    before: list[CaseEvent], history: list[CaseEvent], withdrawn: bool
) -> None:
    """Messages of different topics come in any order, and again after a crash; those of one violation in theirs."""

    async def held(events: Sequence[CaseEvent]) -> list[Hold]:
        with TemporaryDirectory() as folder:
            return await holds_after(EvidenceStore.open(folder), *events)

    own = (VIOLATION, withdrawal_of(VIOLATION, NOON_MS + DAY_MS)) if withdrawn else (VIOLATION,)
    expected = asyncio.run(held((*HISTORY, *own)))
    assert expected == asyncio.run(held((*before, *own, *history, *own)))


async def test_what_the_topics_say_is_held_before_anything_is_deleted(
    kafka: KafkaConnection, namespace: str, vigie: Vigie, tmp_path: Path
) -> None:
    """`vigie retention` holds what is open, and lists it; what nothing holds goes."""
    await create_topics(kafka, namespace, partitions={topic.name: 1 for topic in TOPICS})
    store = EvidenceStore.open(tmp_path / "data" / "evidence")
    crops = [await store.put(NOON_MS, JPEG + bytes([number])) for number in range(4)]
    alert, violation = alert_with(first_alert(), crops[0]), violation_with(crops[1:3])
    sender = Sender(kafka.client_kwargs())

    async def send(topic: Topic[CaseEvent], message: CaseEvent) -> None:
        await sender.send_all([Outgoing(f"{namespace}.{topic.name}", codec.encode(topic, message), b"key", 0)])

    await send(ALERTS, alert)
    await send(INCIDENTS, begun(alert))
    await send(VIOLATIONS, violation)
    assert '{"deleted":1}' == (await vigie("retention", "--once")).out.strip()
    assert [True, True, True, False] == [await store.exists(path) for path in crops]
    listed = [
        msgspec.json.decode(line)
        for line in (await vigie("evidence", "holds", "list", "--json", "--all")).out.splitlines()
    ]
    assert {alert.incident_id, violation.violation_id} == {one["about"] for one in listed}
    await send(VIOLATIONS, withdrawal_of(violation, NOON_MS + DAY_MS))
    await sender.stop()
    assert '{"deleted":2}' == (await vigie("retention", "--once")).out.strip()
    about = (await vigie("evidence", "holds", "list", "--json", "--about", violation.violation_id)).out
    assert "" == about.strip()
