"""What belongs to one passage is tied only to what was kept; what must be sent again is not taken for a repetition."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Unavailable
from pipeline.gateway.bindings import fault_in_cameras
from pipeline.gateway.http_bodies import unpacked
from pipeline.gateway.items import CameraRead
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.personal import count_personal
from pipeline.gateway.pictures import without_pictures
from pipeline.gateway.request import Request
from schemas.senders import SenderCamera
from tests.unit.gateway.payloads import around, got, reasons
from tests.unit.gateway.samples import _REKOR, j

AT_MS = 1_777_888_800_000


def make_read(plate: str = "1ABC234", *, at_ms: int = AT_MS, key: str | None = "7", synced: bool = True) -> CameraRead:
    """A read as a parser gives it. key: the sender's passage key. synced False: dated by its arrival."""
    return CameraRead(
        plate=plate, plate_as_sent=plate, captured_at_ms=at_ms, time_from="", confidence=None, camera={"id": "1"},
        event_key=key, clock_synced=synced,
    )  # fmt: skip


def said(memory: PassageMemory, read: CameraRead, at_ms: int = AT_MS, *, kept: bool = True) -> CameraRead:
    """What a message with this one read becomes; then it is kept, or not."""
    message = memory.message("CAM-1")
    found = message.related(read, "axis", at_ms)
    message.keep() if kept else message.drop()
    assert isinstance(found, CameraRead)
    return found


def test_nothing_is_tied_to_a_message_that_may_not_be_kept() -> None:
    """A repetition and a correction have to come again, until it is known what became of the first one."""
    memory = PassageMemory()
    first = memory.message("CAM-1")
    first.related(make_read(), "axis", AT_MS)
    for plate in ("1ABC234", "1ABC235"):
        later = memory.message("CAM-1")
        with pytest.raises(Unavailable):
            later.related(make_read(plate), "axis", AT_MS)
        later.drop()
    first.keep()
    assert "correction" == said(memory, make_read("1ABC235")).relation


def test_what_was_not_kept_is_new_when_it_comes_again_and_what_was_kept_before_it_stays_known() -> None:
    """A correction that was lost still corrects the read before it."""
    memory = PassageMemory()
    assert said(memory, make_read(), kept=False).relation is None
    assert said(memory, make_read()).relation is None
    assert "1ABC234" == said(memory, make_read("1ABC235"), kept=False).corrects
    assert "1ABC234" == said(memory, make_read("1ABC235")).corrects


def test_what_was_refused_is_no_repetition_when_it_comes_right() -> None:
    """Its message was kept, as a dead letter alone."""
    memory = PassageMemory()
    message = memory.message("CAM-1")
    message.related(make_read(), "axis", AT_MS)
    message.keep(refused={0})
    assert said(memory, make_read()).relation is None


@pytest.mark.parametrize("key", [None, "7"])
@pytest.mark.parametrize("kept", [True, False])
def test_a_read_without_a_time_has_one_id_however_often_it_is_sent(key: str | None, kept: bool) -> None:
    """The time of its first arrival, whether that one was kept or nobody knows; another plate has its own."""
    memory = PassageMemory()
    said(memory, make_read(key=key, synced=False), kept=kept)
    again = said(memory, make_read(key=key, at_ms=AT_MS + 9_000, synced=False), AT_MS + 9_000)
    assert AT_MS == again.captured_at_ms
    other = said(memory, make_read("2XYZ999", key=None, at_ms=AT_MS + 9_500, synced=False), AT_MS + 9_500)
    assert AT_MS + 9_500 == other.captured_at_ms


@pytest.mark.parametrize("first", [None, "two hours behind"])
def test_a_repeat_says_no_more_of_the_clock_than_the_first_did(first: str | None) -> None:
    """That it comes late says nothing of the clock: it was sent before."""
    memory = PassageMemory()
    said(memory, msgspec.structs.replace(make_read(), clock_suspect=first))
    again = said(memory, msgspec.structs.replace(make_read(), clock_suspect="61 s old"), AT_MS + 61_000)
    assert ("repeat", first is not None) == (again.relation, again.clock_suspect is not None)


def test_a_vehicle_that_comes_back_is_seen_again() -> None:
    """A minute later the same words are another passage, since the first was answered."""
    memory = PassageMemory()
    said(memory, make_read(key=None, synced=False))
    again = said(memory, make_read(key=None, at_ms=AT_MS + 60_000, synced=False), AT_MS + 60_000)
    assert (AT_MS + 60_000, None) == (again.captured_at_ms, again.relation)


def test_persons_are_found_wherever_they_stand_in_a_message() -> None:
    """After megabytes of pictures, in any case, in UTF-16."""
    picture = b'{"Image": "' + b"A" * 3_000_000 + b'", '
    assert {"owner": 1, "phone": 1} == count_personal(picture + b'"ownername": "x", "LPR_PHONE": "y"}')
    assert {"person": 1} == count_personal(unpacked('{"DriverName": "x"}'.encode("utf-16"), {})[0])
    assert {} == count_personal(picture + b'"OwnerName": ""}')


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b'{"a": "' + base64.b64encode(b"\xff\xd8\xff" * 3_000) + b'", "owner": "x"}', b'{"a": "", "owner": "x"}'),
        (b"<a>" + base64.b64encode(b"\xff\xd8\xff" * 3_000) + b'</a><b c="d"/>', b'<a></a><b c="d"/>'),
        (b"--x\n\n\xff\xd8\xff" + b"p" * 9_000 + b"\n--x\n\nowner\n--x--", b"--x\n\n\n--x\n\nowner\n--x--"),
        (b"\xff\xd8\xff" + b"owner" * 3_000, None),
        (b"/9j/" + b"owner" * 3_000, None),
    ],
)
def test_words_are_looked_for_outside_of_pictures(message: bytes, words: bytes | None) -> None:
    """Wherever a message holds them; what has no end is no picture."""
    assert (message if words is None else words) == Request(body=message, circumstances=around()).words


@given(st.lists(st.sampled_from([b"/9j", b"\xff\xd8\xff", b"\n--", b'"', b"<", b"a" * 3_000]), max_size=30))
def test_leaving_pictures_out_adds_nothing(pieces: list[bytes]) -> None:
    """What is left stands in the message, in its order."""
    message, at = b"".join(pieces), 0
    for byte in without_pictures(message):
        at = message.index(byte, at) + 1


def camera(camera_id: str, **identities: str) -> SenderCamera:
    """A camera that is told by these."""
    return SenderCamera(camera_id=camera_id, identities=identities)


def test_the_cameras_of_a_sender_must_be_told_apart() -> None:
    """Each two by a field that both name; one that is alone needs none."""
    assert fault_in_cameras([camera("A")]) is None
    assert fault_in_cameras([camera("A", channel="1"), camera("B", channel="2", lane="1")]) is None
    assert fault_in_cameras([camera("A"), camera("B", channel="2")])
    assert fault_in_cameras([camera("A", channel="1"), camera("B", channel="1")])
    assert fault_in_cameras([camera("A", channel="1"), camera("B", serial="2")])
    assert fault_in_cameras([camera("A", channel="1", lane="1"), camera("B", channel="1")])


def test_an_earlier_word_that_comes_after_the_last_one_corrects_nothing() -> None:
    """A preview that is sent again after its final group."""
    memory = PassageMemory()
    group = {**_REKOR, "is_preview": False}
    preview = {**_REKOR, "is_preview": True, "best_plate_number": "2VIGO20"}
    assert ["read"] == reasons(got(j(group), memory=memory))
    for _ in range(2):
        assert ["repeat_of_passage"] == reasons(got(j(preview), memory=memory))
