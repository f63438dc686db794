"""A message of twice the size costs about twice as much, whatever comes in it again and again."""

import time

import pytest

from pipeline.gateway.protocols.platerecognizer import parse as parse_platerecognizer
from pipeline.gateway.pulling.digest import proof_of
from pipeline.gateway.pulling.parts import PartCutter
from pipeline.gateway.reading import parsed
from pipeline.gateway.request import Request
from tests.unit.gateway.payloads import around

BEGINS = (
    b'{"carState":"', b'{"results":[],"hook":"', b"LPR0=A,LPR_TIME0=\n", b"<CAR_PLATE><!--", b"\x021234567890123456", b"<a><b/>",
    b"Code=A;action=B;data=", b"Events[0].a=", b"<EventNotificationAlert>", b"<MetadataStream>", b"timestamp,plate,score\n",
    b"kenteken;datum;uur\n", b'{"type":"AnprFlowObserved","data":[', b'{"camera_id":"A","plate":"1ABC234","captured_at_ms":1,"x":"',
    b"--a\nContent-Type: text/plain\n\n", b"",
)  # fmt: skip
TOKENS = (
    b" ", b"\n", b"\r\n", b"<", b"<!--", b"<!-- A", b"<a>", b"<a b='", b"{", b"{}", b"[", b'"', b"\\", b"'", b"\\'", b",", b";",
    b"0,", b"Code=A;", b"Code=A;action=B;data={", b"Code=A;action=B;data= ", b"Events[0].a=1\n", b"Events[0].a.b[1]=1\n",
    b"LPR0=A,",
    b"LPR_TIME0=A,", b"--a\n", b"--a\nx\n", b"--a\n\n", b"--a--x\n", b"--a\nContent-Length: 9\n\n",
    b"--a\nContent-Length: 999999\n\n",
    b"1-", b"\x02", b"\x03", b"\x0212345678901234", b"a=1&", b"<?xml ", b"data:image/jpeg;base64,", b'"phone":', b'"phone":"',
    b"<username>", b'"face" : [', b"\xff\xd9", b"\xff\xd8\xff", b"['", b'["\'',
)  # fmt: skip
FORM = {"content-type": "multipart/form-data; boundary=a"}
SIZE = 10_000


def cost_s(body: bytes, tries: int = 1) -> float:
    """The processor time of reading it, the least of so many tries."""
    request = Request(body=body, method="POST", target="/", headers=FORM, circumstances=around(file_name="x.csv"))
    found = []
    for _ in range(tries):
        begun = time.thread_time()
        parsed(request)
        found.append(time.thread_time() - begun)
    return min(found)


def repeated(begin: bytes, token: bytes, size: int) -> bytes:
    """A message of this size."""
    return begin + token * (size // len(token))


@pytest.mark.parametrize("begin", BEGINS, ids=lambda begin: begin[:12].decode("latin-1"))
def test_no_message_grows_dearer_than_it_grows(begin: bytes) -> None:
    """Where a small one takes more than a few milliseconds, one four times as large takes less than ten times as much; what is
    quadratic takes sixteen times."""
    for token in TOKENS:
        if cost_s(repeated(begin, token, SIZE)) > 0.003:
            small, large = (cost_s(repeated(begin, token, size), 2) for size in (SIZE, 4 * SIZE))
            assert large < 10 * max(small, 0.002), (begin, token, small, large)


def test_many_results_beside_a_long_list_or_text_cost_little() -> None:
    """What all results share is looked through for none of them."""
    results = b'{"plate":"1ABC234"},' * 1_000
    for shared in (
        b'{"data":[' + b"0," * 100_000 + b"{%s}]",
        b'{"camera_id":"' + b" " * 400_000 + b'","timestamp":"x",%s',
    ):
        body = shared.replace(b"%s", b'"results":[' + results[:-1] + b"]") + b',"hook":1}'
        items = parse_platerecognizer(Request(body=body, circumstances=around()))
        assert len(items) <= 1_000
        assert cost_s(body) < 1.0


@pytest.mark.parametrize("token", ["a", "a ", "a=", 'a="', 'a="\\"', ",", ", ", " =", '"', 'qop="auth,'])
def test_what_a_camera_asks_a_proof_by_is_looked_through_once(token: str) -> None:
    """It stands in the head of an answer, which may be of 64 kB."""

    def cost(size: int) -> float:
        asked = "Digest " + token * (size // len(token))
        found = []
        for _ in range(2):
            begun = time.thread_time()
            proof_of([asked], "user", "password", "DESCRIBE", "rtsp://a", 1)
            found.append(time.thread_time() - begun)
        return min(found)

    assert cost(4 * SIZE) < 10 * max(cost(SIZE), 0.002)


def test_an_endless_answer_is_looked_through_once() -> None:
    """A part without a length that comes in small pieces: four times as many take less than ten times as long."""

    def fed(pieces: int) -> float:
        cutter = PartCutter("multipart/x-mixed-replace; boundary=a")
        cutter.feed(b"--a\r\nContent-Type: image/jpeg\r\n\r\n")
        begun = time.thread_time()
        for _ in range(pieces):
            cutter.feed(bytes(1_000))
            assert cutter.next() is None
        found = time.thread_time() - begun
        cutter.feed(b"\r\n--a\r\n")
        part = cutter.next()
        assert part is not None
        assert pieces * 1_000 == len(part.body)
        return found

    assert fed(1_000) < 10 * max(fed(250), 0.002)
