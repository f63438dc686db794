"""Dead letters: which are meant, and what goes back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadRecord
from pipeline.stream import codec
from pipeline.stream.dead_letters import Choice, sent_back
from pipeline.stream.letters import KEPT, kept_of
from schemas import ids
from schemas.outcomes import DeadLetter
from schemas.topics import DAY_MS, READS
from tests.builders import NOON_MS, make_read


def letter_of(payload: bytes = b"?", *, index: int | None = None, topic: str = "vigie.reads", offset: int = 7,
              reason: str = "undecodable", stage: str = "hotlist", refused_at_ms: int = NOON_MS) -> DeadLetter:  # fmt: skip
    """A letter about partition 3."""
    return DeadLetter(
        dead_letter_id=ids.dead_letter_id(stage, topic, 3, offset, index), stage=stage, reason=reason, detail="why",
        topic=topic, partition=3, offset=offset, index=index, recorded_at_ms=NOON_MS, refused_at_ms=refused_at_ms,
        payload=payload,
    )  # fmt: skip


def test_a_refused_read_goes_back_alone_with_its_id() -> None:
    """Its ninety-nine companions were processed; it comes as a batch of one, to the partition of its camera."""
    read = make_read()
    record = sent_back(letter_of(msgspec.json.encode(read), index=4), "vigie")
    assert (read,) == codec.decode(READS, record.value).reads
    assert ("vigie.reads", 3) == (record.topic, record.partition)


def test_a_whole_record_goes_back_as_it_was() -> None:
    """Byte by byte."""
    assert b"\xff?" == sent_back(letter_of(b"\xff?", topic="vigie.frames", stage="decode"), "vigie").value


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"offset": -1}, "not_an_input"),
        ({"topic": "other.reads"}, "other_namespace"),
        ({"topic": "vigie.violations"}, "not_an_input"),
        ({"topic": "vigie.reads", "stage": "liaison"}, "not_an_input"),
        ({"topic": "vigie.forwards", "stage": "nobody"}, "not_an_input"),
        ({"topic": "vigie.alerts", "stage": "cross_border"}, "by_id"),
    ],
)
def test_what_cannot_go_back_is_said(fields: dict[str, object], reason: str) -> None:
    """An output that was too large was cut off; another namespace has its own operators; no letter says that an agent read what it
    does not read, and what acts on its own goes back one by one."""
    with pytest.raises(BadRecord) as refused:
        sent_back(letter_of(**fields), "vigie")  # type: ignore[arg-type]  # fields are those of letter_of
    assert reason == refused.value.reason


@given(st.sets(st.sampled_from(["ids", "reason", "agent", "since_ms", "until_ms"])))
def test_a_letter_is_meant_when_all_that_is_given_fits(given_names: set[str]) -> None:
    """And any one that does not fit is enough against it."""
    letter = letter_of()
    fitting = {"ids": frozenset((letter.dead_letter_id,)), "reason": "undecodable", "agent": "hotlist",
               "since_ms": NOON_MS, "until_ms": NOON_MS}  # fmt: skip
    other = {"ids": frozenset(("d-other",)), "reason": "empty", "agent": "ocr", "since_ms": NOON_MS + 1,
             "until_ms": NOON_MS - 1}  # fmt: skip
    wanted = {name: fitting[name] for name in given_names}
    assert Choice(**wanted).takes(letter)  # type: ignore[arg-type]  # each name with its own type
    assert Choice(**wanted).is_everything == (not given_names)
    for name in given_names:
        assert not Choice(**{**wanted, name: other[name]}).takes(letter)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("reason", sorted(KEPT))
@pytest.mark.parametrize(
    "form", ['{"captured_at_ms": %d, "plate": "1ABC234"', '{"reads":[{"plate":"1ABC234","captured_at_ms":%d}]}']
)
def test_a_read_of_long_ago_is_kept_for_no_reason(reason: str, form: str) -> None:
    """Invalid, broken or in a batch: its letter would outlive what a read may."""
    assert b"" == kept_of(reason, (form % (NOON_MS - 400 * DAY_MS)).encode(), NOON_MS)


def test_a_read_from_the_future_is_not_young() -> None:
    """Else a camera's wrong clock would keep plates for ever; a second is no future."""
    for at_ms, kept in ((NOON_MS + 1_000, True), (4_070_908_800_000, False)):
        payload = b'{"captured_at_ms": %d}' % at_ms
        assert kept == bool(kept_of("unknown_camera", payload, NOON_MS))


def test_an_alert_goes_back_to_its_reader_by_its_id() -> None:
    """Somebody has looked at this very one."""
    letter = letter_of(topic="vigie.alerts", stage="cross_border")
    assert letter.topic == sent_back(letter, "vigie", by_id=True).topic
