"""One sender may hold as much as it leaves free, in memory and in the spool."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Unavailable
from pipeline.gateway.room import Room, Shares
from pipeline.gateway.spool import Spool, Spooled


def test_there_is_room_for_so_many_bytes_and_it_is_given_back() -> None:
    """What a message becomes when it is unpacked counts, too."""
    room = Room(most=100)
    with room.hold("A") as first, room.hold("B") as second:
        first.be(40)
        second.be(30)
        with pytest.raises(Unavailable):
            second.be(31)
        with pytest.raises(Unavailable):
            first.be(41)
        second.be(10)
        first.be(45)
    with room.hold("C") as third:
        third.be(50)
        with pytest.raises(Unavailable):
            third.be(51)


def test_whoever_fills_the_room_crowds_out_himself_alone() -> None:
    """However many messages he has under way; another's still fit."""
    room = Room(most=1000)
    flood = [room.hold("flood") for _ in range(20)]
    refused = 0
    for one in flood:
        try:
            one.be(100)
        except Unavailable:
            refused += 1
    assert 15 == refused
    room.hold("honest").be(250)


@given(st.lists(st.tuples(st.sampled_from("ABCDEFGH"), st.integers(1, 400)), max_size=60))
def test_however_many_collude_a_newcomer_has_room(wishes: list[tuple[str, int]]) -> None:
    """For half of what is left, and something is always left: each of eight leaves half at least."""
    shares = Shares(1000)
    for who, more in wishes:
        if shares.fits(who, more):
            shares.change(who, more)
    left = 1000 - shares.total
    assert left >= 1000 // 2**8
    assert shares.fits("newcomer", left // 2)


async def test_a_flood_into_the_spool_makes_its_own_sender_wait_and_nobody_else(tmp_path: Path) -> None:
    """While nothing can be drained."""

    async def take(_message: Spooled) -> None:
        raise Unavailable("Kafka")

    spool = Spool(tmp_path, 10_000, take)
    flood = [asyncio.create_task(spool.put(message("flood", 900))) for _ in range(20)]
    await asyncio.wait(flood, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    for number in range(4):
        await asyncio.wait_for(spool.put(message(f"honest {number}", 300)), 30)
    waiting = [one for one in flood if not one.done()]
    assert len(waiting) >= 14
    for one in waiting:
        one.cancel()


async def test_one_message_has_room_in_the_smallest_spool(tmp_path: Path) -> None:
    """Else its camera would wait for ever."""

    async def take(_message: Spooled) -> None:
        return None

    await asyncio.wait_for(Spool(tmp_path, 1, take).put(message("A", 300)), 30)


def test_what_was_set_aside_is_bounded(tmp_path: Path) -> None:
    """The last hundred stay, and of those no more bytes than the spool may have."""
    for number in range(1, 131):
        (tmp_path / f"{number:020}.refused").write_bytes(bytes(10))
    Spool(tmp_path, 10_000, never)
    assert list(range(31, 131)) == [int(path.stem) for path in sorted(tmp_path.iterdir())]
    Spool(tmp_path, 50, never)
    assert list(range(126, 131)) == [int(path.stem) for path in sorted(tmp_path.iterdir())]


async def never(_message: Spooled) -> None:
    """Takes nothing."""
    raise Unavailable("Kafka")


def message(sender_id: str, size: int) -> Spooled:
    """A message of about so many bytes."""
    return Spooled(sender_id=sender_id, maker="tattile", received_at_ms=0, body=bytes(size))
