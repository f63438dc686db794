"""What a desk took is on disk before it says so, is known again after a crash, and goes when its days are over."""

import json
from pathlib import Path

import pytest

from pipeline.errors import Misconfigured
from pipeline.receiver.inbox import DAY_MS, Inbox, InboxEntry, read_inbox
from tests.desks import NOW_MS, make_forward


def entry(forward_id: str, at_ms: int = NOW_MS, *, sender: str = "BE") -> InboxEntry:
    """One line of an inbox."""
    return InboxEntry(received_at_ms=at_ms, sender=sender, forward=make_forward(forward_id), signed="a.b.c")


def opened(folder: Path, *, now_ms: int = NOW_MS, keep_days: int = 30) -> Inbox:
    """An inbox in a folder."""
    return Inbox(folder, keep_days=keep_days, now_ms=now_ms)


def test_what_was_taken_is_known_after_a_restart(tmp_path: Path) -> None:
    """Ids and times of receipt come back, and a day has one file."""
    inbox = opened(tmp_path)
    inbox.append(entry("f-1"))
    inbox.append(entry("f-2", NOW_MS + 5))
    inbox.close()
    again = opened(tmp_path)
    assert (
        len(again),
        again.received_at_ms("BE", "f-1"),
        again.last_at_ms,
        again.received_at_ms("BE", "f-3"),
    ) == (2, NOW_MS, NOW_MS + 5, None)
    assert [file.name for file in tmp_path.glob("*.jsonl")] == ["2026-01-01.jsonl"]
    assert [entry("f-1"), entry("f-2", NOW_MS + 5)] == read_inbox(tmp_path)


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_line_that_a_crash_cut_short_is_dropped(tmp_path: Path, cut: int) -> None:
    """The cut line was never acknowledged; the next one starts on a line of its own."""
    inbox = opened(tmp_path)
    inbox.append(entry("f-1"))
    inbox.append(entry("f-2"))
    inbox.close()
    [file] = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-cut])
    again = opened(tmp_path)
    assert (again.received_at_ms("BE", "f-1"), again.received_at_ms("BE", "f-2")) == (NOW_MS, None)
    again.append(entry("f-2"))
    assert [entry("f-1"), entry("f-2")] == read_inbox(tmp_path)


def test_a_line_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    """Rubbish in the middle is left where it is and passed over."""
    inbox = opened(tmp_path)
    inbox.append(entry("f-1"))
    inbox.close()
    [file] = tmp_path.glob("*.jsonl")
    file.write_bytes(b"\xff rubbish\n" + file.read_bytes())
    assert opened(tmp_path).received_at_ms("BE", "f-1") == NOW_MS


def test_days_beyond_the_limit_go_at_start_and_at_midnight(tmp_path: Path) -> None:
    """With two days kept, the third day's first entry removes the first day's file and ids."""
    inbox = opened(tmp_path, keep_days=2)
    for day in range(3):
        inbox.append(entry(f"f-{day}", NOW_MS + day * DAY_MS))
    assert [inbox.received_at_ms("BE", "f-0"), inbox.received_at_ms("BE", "f-1")] == [None, NOW_MS + DAY_MS]
    assert sorted(file.name for file in tmp_path.glob("*.jsonl")) == ["2026-01-02.jsonl", "2026-01-03.jsonl"]
    inbox.close()
    assert len(opened(tmp_path, keep_days=2, now_ms=NOW_MS + 9 * DAY_MS)) == 0
    assert not list(tmp_path.glob("*.jsonl"))


def test_an_id_that_has_not_expired_is_known_after_its_day_is_gone(tmp_path: Path) -> None:
    """What was taken cannot be played again once the inbox's days are over; of what it said nothing is kept."""
    forward = make_forward("f-long", expires_after_ms=5 * DAY_MS)
    inbox = opened(tmp_path, keep_days=1)
    inbox.append(InboxEntry(received_at_ms=NOW_MS, sender="BE", forward=forward, signed="a.b.c"))
    inbox.append(entry("f-2", NOW_MS + 3 * DAY_MS))
    assert NOW_MS == inbox.received_at_ms("BE", "f-long")
    inbox.close()
    again = opened(tmp_path, keep_days=1, now_ms=NOW_MS + 4 * DAY_MS)
    assert NOW_MS == again.received_at_ms("BE", "f-long")
    assert forward.plate not in "".join(file.read_text() for file in tmp_path.glob("*.jsonl"))
    again.close()
    assert opened(tmp_path, keep_days=1, now_ms=NOW_MS + 9 * DAY_MS).received_at_ms("BE", "f-long") is None


def test_an_id_is_known_of_the_sender_that_used_it_alone(tmp_path: Path) -> None:
    """Ids can be foreseen: one country's says nothing of another's, now, after a restart, and when its day is gone."""
    inbox = opened(tmp_path, keep_days=1)
    inbox.append(entry("f-1", sender="FR"))
    assert (NOW_MS, None) == (inbox.received_at_ms("FR", "f-1"), inbox.received_at_ms("BE", "f-1"))
    inbox.append(entry("f-1", NOW_MS + 5))
    inbox.close()
    again = opened(tmp_path, keep_days=1)
    assert (NOW_MS, NOW_MS + 5) == (again.received_at_ms("FR", "f-1"), again.received_at_ms("BE", "f-1"))
    forward = make_forward("f-long", expires_after_ms=5 * DAY_MS)
    again.append(InboxEntry(received_at_ms=NOW_MS, sender="FR", forward=forward, signed="a.b.c"))
    again.close()
    later = opened(tmp_path, keep_days=1, now_ms=NOW_MS + 3 * DAY_MS)
    assert (NOW_MS, None) == (later.received_at_ms("FR", "f-long"), later.received_at_ms("BE", "f-long"))


def test_what_an_earlier_version_kept_of_unexpired_ids_is_of_any_sender(tmp_path: Path) -> None:
    """It had one sender, and named none."""
    line = {"received_at_ms": NOW_MS, "forward": {"forward_id": "f-old", "expires_at_ms": NOW_MS + 9 * DAY_MS}}
    (tmp_path / "unexpired.jsonl").write_text(json.dumps(line) + "\n")
    assert NOW_MS == opened(tmp_path).received_at_ms("BE", "f-old")


def test_two_desks_cannot_share_an_inbox(tmp_path: Path) -> None:
    """The second is told that the folder is in use; after the first has closed, it is free."""
    first = opened(tmp_path)
    with pytest.raises(Misconfigured, match="in use"):
        opened(tmp_path)
    first.close()
    opened(tmp_path).close()
