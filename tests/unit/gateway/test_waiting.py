"""Who waits is told, and who only had to be asked first is not."""

import pytest
from redis.asyncio import Redis

from pipeline.gateway.senders import Claim
from pipeline.gateway.waiting import Knocks
from pipeline.state.waiting_room import Sample, WaitingRoom
from tests.gateways import make_sender


@pytest.fixture
def knocks() -> Knocks:
    """Of a gateway whose Redis is never asked."""
    return Knocks(WaitingRoom(Redis(), "test"))


def test_who_answers_when_asked_did_not_knock(knocks: Knocks) -> None:
    """A request without a name waits once before it is told; each answer from there takes one away."""
    for _ in range(3):
        knocks.note(None, None, "10.0.0.5", "-", 1_000)
    knocks.note(Claim("CAM-9", "x", "password", "/"), None, "10.0.0.5", "-", 1_000)
    assert ["CAM-9"] == list(knocks.due())
    knocks.answered("10.0.0.5")
    knocks.answered("10.0.0.6")
    assert {"from 10.0.0.5": 2} == {name: one.count for name, one in knocks.due().items()}
    knocks.note(None, None, "10.0.0.7", "-", 1_000)
    knocks.answered("10.0.0.7")
    assert [{}, {}] == [knocks.due(), knocks.due()]


def test_one_sample_an_hour_is_taken_of_whom_nobody_knows(knocks: Knocks) -> None:
    """Of each name one, two of an address in a second; it stays with the later knocks. Of a sender that is known it is taken as of
    any other, and not kept, so that the time of an answer tells nobody which names there are."""
    sample = Sample(maker="rekor", content_type="application/json", text="{}")
    first, second, third = (Claim(f"CAM-{number}", "x", "password", "/") for number in range(3))
    assert knocks.wants_sample(first, "10.0.0.5", 1_000)
    knocks.note(first, None, "10.0.0.5", "-", 1_000, sample)
    knocks.note(first, None, "10.0.0.5", "-", 1_500)
    assert not knocks.wants_sample(first, "10.0.0.5", 2_000)
    assert knocks.wants_sample(second, "10.0.0.5", 2_000)
    assert not knocks.wants_sample(third, "10.0.0.5", 2_000)
    knocks.note(second, make_sender(), "10.0.0.5", "-", 2_000, sample)
    told = {name: (one.count, one.sample) for name, one in knocks.due().items()}
    assert {"CAM-0": (2, sample), "CAM-1": (1, None)} == told
    assert not knocks.wants_sample(second, "10.0.0.5", 3_000)
    assert knocks.wants_sample(third, "10.0.0.5", 3_000)
    assert knocks.wants_sample(first, "10.0.0.5", 3_602_000)
