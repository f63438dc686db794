"""What the record says of who did what, and what it must not say."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.access import record
from pipeline.access.record import MonthKey, NotRecorded, Operation, ReasonNeeded, Recorder, Result
from pipeline.errors import BadRecord
from schemas.accesses import Access, Intent, Outcome
from schemas.topics import ACCESSES
from tests.fakes import KEY, MemoryRecorder


def operation(**fields: Any) -> Operation:
    """A query with a reason, and whatever else the test is about."""
    given: dict[str, Any] = {
        "who": "u-17",
        "origin": "10.0.0.7",
        "act": "query",
        "what": "GET /api/v1/reads",
        "reason": "van stolen at the depot last night",
    }
    return Operation(**(given | fields))


def entry_of(done: Operation, key: MonthKey = KEY) -> Access:
    """The entry of an intent."""
    return record.intent(done, access_id="e-1", salt="0" * 32, at_ms=1, key=key)


@given(st.from_regex(r"\A[A-Z]{2}[0-9]{3}[A-Z]{2}\Z"))
def test_no_plate_and_no_id_made_of_one_stands_in_an_entry(plate: str) -> None:
    """Not even as a digest that anybody could compute; under one key it is the same name each time, under the next another."""
    first = entry_of(operation(plates=(plate,), ids=(f"r-{plate}",)))
    again = entry_of(operation(plates=(plate,)))
    later = entry_of(operation(plates=(plate,)), MonthKey("2026-04", bytes(32)))
    assert isinstance(first.entry, Intent)
    assert isinstance(again.entry, Intent)
    assert isinstance(later.entry, Intent)
    assert first.entry.subjects[0] == again.entry.subjects[0] != later.entry.subjects[0]
    assert plate.encode() not in msgspec.json.encode(first)


def test_an_answer_is_kept_as_a_keyed_digest_alone() -> None:
    """Whoever has the answer and the key can show which one it was."""
    done = record.outcome("e-1", Result(outcome="answered", count=1, body=b"1ABC234"), salt="0" * 32, at_ms=1, key=KEY)
    assert isinstance(done.entry, Outcome)
    assert (KEY.digest(b"1ABC234"), 1) == (done.entry.digest, done.entry.count)
    assert KEY.digest(b"1ABC234") != KEY.pseudonym("1ABC234")


@pytest.mark.parametrize("reason", [None, "", "   ", "Investigation", "POLITIE.", "x", "12345678", "a b"])
@pytest.mark.parametrize("act", sorted(record.SHOWS_PLATES))
def test_nobody_sees_plates_without_a_reason_that_says_something(act: Any, reason: str | None) -> None:
    """A word that fits everything is no reason."""
    with pytest.raises(ReasonNeeded):
        entry_of(operation(act=act, reason=reason))


def test_what_shows_no_plate_needs_no_reason() -> None:
    """A login is recorded as it is."""
    assert isinstance(entry_of(operation(act="login", reason=None)).entry, Intent)


def test_what_names_too_much_at_once_is_refused() -> None:
    """Rather than recorded in part."""
    with pytest.raises(BadRecord, match="too_many_subjects"):
        entry_of(operation(plates=tuple(f"P{number}" for number in range(257))))


def test_an_entry_never_grows_beyond_what_the_log_takes() -> None:
    """Not with every field at its longest, in characters that JSON writes with six; names that would are refused."""
    dear = "\x01" * 1000
    most = operation(
        who=dear, origin=dear, what=dear, reason=dear + "a reason", case_reference=dear, approver="\x01" * 200,
        plates=[f"P{number}" for number in range(256)], on=["\x01" * 60] * 64,
    )  # fmt: skip
    assert len(msgspec.json.encode(entry_of(most))) <= ACCESSES.max_message_bytes
    with pytest.raises(BadRecord, match="too_many_subjects"):
        entry_of(operation(on=["\x01" * 199] * 64))


@given(st.text(st.characters(exclude_categories=()), max_size=3000), st.text(max_size=300))
def test_every_entry_is_a_message_of_its_topic(reason: str, origin: str) -> None:
    """Whatever people write, half characters among it: it is cut to its bound, and read again as it was written."""
    done = entry_of(operation(act="login", reason=reason, origin=origin))
    assert done == msgspec.json.decode(msgspec.json.encode(done), type=Access)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001 - hypothesis wants bare moments; UTC is meant
def test_a_key_ends_twelve_months_after_its_month(moment: datetime) -> None:
    """Counted by the calendar: the first moment of the thirteenth month after."""
    at = moment.replace(tzinfo=UTC)
    ends = datetime.fromtimestamp(record.key_ends_ms(record.month_of(int(at.timestamp() * 1000))) / 1000, UTC)
    assert (1, 0, 0) == (ends.day, ends.hour, ends.minute)
    assert 13 == (ends.year - at.year) * 12 + ends.month - at.month


def test_an_intent_and_its_outcome_belong_together() -> None:
    """And when the record is away neither is taken."""

    async def work() -> None:
        kept = MemoryRecorder()
        recorder: Recorder = kept
        access_id = await recorder.intent(operation())
        await recorder.outcome(access_id, Result(outcome="refused", refusal="article 25: no case"))
        first, second = kept.entries
        assert isinstance(second.entry, Outcome)
        assert first.access_id == second.entry.intent_id == access_id
        kept.away = True
        with pytest.raises(NotRecorded, match="could not be recorded"):
            await recorder.intent(operation())
        with pytest.raises(NotRecorded, match="could not be recorded"):
            await recorder.outcome(access_id, Result(outcome="answered"))

    asyncio.run(work())
