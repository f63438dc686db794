"""Multipart as cameras send it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.gateway.multipart import parts_of
from tests.unit.gateway.payloads import PLATE, form, got, reasons
from tests.unit.gateway.samples import SAMPLES

HEAD = 'Content-Disposition: form-data; name="a"; filename="a.xml"\r\nContent-Type: text/xml'


def bodies(body: bytes, content_type: str = "multipart/form-data; boundary=x7") -> list[bytes]:
    """What the parts hold."""
    return [part.body for part in parts_of(content_type, body)]


def test_parts_are_found_in_order_with_their_names() -> None:
    """The plain case."""
    body, headers = form((HEAD, b"<a/>"), ("Content-Type: image/jpeg", PLATE))
    parts = parts_of(headers["content-type"], body)
    assert [b"<a/>", PLATE] == [part.body for part in parts]
    assert ("a", "a.xml") == parts[0].labels
    assert [True, True] == [part.whole for part in parts]


@pytest.mark.parametrize(
    ("why", "body"),
    [
        (
            "a delimiter twice in a row",
            b"--x7\r\n--x7\r\nA: b\r\n\r\none\r\n--x7\r\n--x7\r\nA: b\r\n\r\ntwo\r\n--x7--\r\n",
        ),
        ("bare line feeds", b"--x7\nA: b\n\none\n--x7\nA: b\n\ntwo\n--x7--\n"),
        ("no closing delimiter", b"--x7\r\nA: b\r\n\r\none\r\n--x7\r\nContent-Length: 3\r\n\r\ntwo"),
        ("no closing delimiter, no length", b"--x7\r\nA: b\r\n\r\none\r\n--x7\r\nA: b\r\n\r\ntwo\r\n"),
        ("the same with bare line feeds", b"--x7\nA: b\n\none\n--x7\nA: b\n\ntwo\n"),
        ("text before the first", b"preamble\r\n--x7\r\nA: b\r\n\r\none\r\n--x7\r\nA: b\r\n\r\ntwo\r\n--x7--"),
        ("a part without a head", b"--x7\r\n\r\none\r\n--x7\r\nA: b\r\n\r\ntwo\r\n--x7--"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_other_readers_lose_is_found(why: str, body: bytes) -> None:
    """Each of these is sent by a camera."""
    assert [b"one", b"two"] == bodies(body)


def test_a_picture_may_hold_what_looks_like_a_delimiter() -> None:
    """Its Content-Length leads past it, and so does a line that only begins like one."""
    tricky = b"\xff\xd8--x7\r\n--x7\r\nno\xff\xd9"
    body = b"--x7\r\nContent-Length: %d\r\n\r\n" % len(tricky) + tricky + b"\r\n--x7--\r\n"
    assert [tricky] == bodies(body)
    assert [b"a\r\n--x7y"] == bodies(b"--x7\r\nA: b\r\n\r\na\r\n--x7y\r\n--x7--")


def test_a_boundary_that_the_head_names_wrongly_is_taken_from_the_body() -> None:
    """Also one that begins with dashes, and none at all."""
    body = b"----zz\r\nA: b\r\n\r\none\r\n----zz--\r\n"
    for content_type in (
        "multipart/form-data; boundary=nothing",
        "multipart/mixed",
        'multipart/mixed; boundary="--zz"',
    ):
        assert [b"one"] == bodies(body, content_type)


def test_a_part_that_ends_before_its_length_is_not_whole() -> None:
    """What was promised and did not come is told of."""
    (part,) = parts_of("multipart/mixed; boundary=x7", b"--x7\r\nContent-Length: 30\r\n\r\nonly this")
    assert not part.whole


def test_a_part_that_ends_within_its_head_is_not_whole_and_an_empty_line_is_no_part() -> None:
    """A delimiter and blanks at the end are no part."""
    whole = b"--x7\r\nA: b\r\n\r\none\r\n--x7\r\n"
    for rest, cut in (
        (b"Content-Ty", [True]),
        (b"Content-Type: image/jpeg\r\n", [True]),
        (b"\r\n", []),
        (b" \r\n", []),
    ):
        assert cut == [part.is_cut for part in parts_of("multipart/mixed; boundary=x7", whole + rest)][1:]


@pytest.mark.parametrize(
    "maker", ["hikvision:form", "axis:json alone", "platerecognizer:newer form", "vigie:list", "dahua:snapManager"]
)
def test_a_form_that_ends_within_the_head_of_a_part_is_sent_again(maker: str) -> None:
    """Whoever sends it: what the part would have held did not come."""
    sample = SAMPLES[maker]
    if sample.headers:
        body, headers = sample.body[: sample.body.rindex(b"--x7--")], dict(sample.headers)
    else:
        body, headers = form(("Content-Type: application/json", sample.body))
        body = body[: body.rindex(b"--x7--")]
    assert reasons(got(body, headers=headers)) not in ([], ["incomplete_body"])
    assert "incomplete_body" == reasons(got(body + b"--x7\r\nContent-Dispo", headers=headers))[-1]


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_and_no_cut_break_it(noise: bytes, cut: int) -> None:
    """Whatever comes: parts or none, each no longer than the body."""
    whole, _ = form((HEAD, noise), ("Content-Length: 5", noise))
    for body in (noise, whole[:cut], whole + noise):
        assert all(len(part.body) <= len(body) for part in parts_of("multipart/mixed; boundary=x7", body))
