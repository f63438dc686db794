"""The pace of aiokafka's fetcher, mended: it fetches every few milliseconds at most, and never without the partitions just read.

aiokafka 0.14 sends its next fetch the moment that an answer is in, before anybody has read it. A partition that the answer brought
records of is then left out of that fetch, and has to wait for it to return: up to `fetch_max_wait_ms` where the others are quiet.
And where they are not, the broker answers with a record or two at a time, so that most of both sides' processor time goes
into fetching. Here the readers are woken first, and the next fetch goes out after a pause, with all partitions.

And a fetch is marked as over by a callback, which may run after the fetcher has looked: it then sees a fetch in flight that is
none, and sleeps for 200 ms. Here it is marked before the fetch ends.
"""

import asyncio
import time
from typing import Any

EVERY_S = 0.010  # at most so often while records come; a wait at an idle broker is not held up
LEAST_S = 0.001  # for the readers to take what came


def pace(consumer: Any, every_s: float = EVERY_S) -> None:
    """Pace a started AIOKafkaConsumer. Call it in the consumer's event loop."""
    fetcher = consumer._fetcher
    fetch = fetcher._proc_fetch_request

    async def paced(assignment: Any, node_id: Any, request: Any) -> bool:
        sent_s = time.monotonic()
        brought = bool(await fetch(assignment, node_id, request))
        if brought:
            for reader in list(fetcher._fetch_waiters):
                fetcher._notify(reader)
            try:
                await asyncio.sleep(max(LEAST_S, sent_s + every_s - time.monotonic()))
            except (
                asyncio.CancelledError
            ):  # closed, or its partitions are gone: a fetch ends quietly then, as aiokafka's own
                return False
        fetcher._in_flight.discard(node_id)
        return brought

    fetcher._proc_fetch_request = paced
