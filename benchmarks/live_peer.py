"""The peer of the live stream: a bare aiohttp server that writes each record of the topic to each reader, as it is.

Without logins, rights, desks, frames, ids, reconnection, or a bound for a slow reader. Reads one JSON line from standard input: the
arguments of the Kafka client, the topic, the port; prints a line once it serves.
"""

import asyncio
import json
import sys

import uvloop
from aiohttp import web
from aiokafka import AIOKafkaConsumer

from pipeline.runtime import batches


async def serve() -> None:
    """Serve until it is ended."""
    asked = json.loads(sys.stdin.readline())
    batches.bind()
    readers: set[web.StreamResponse] = set()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": \n\n")
        readers.add(response)
        await asyncio.Event().wait()
        return response

    app = web.Application()
    app.router.add_get("/", stream)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", asked["port"]).start()
    consumer = AIOKafkaConsumer(asked["topic"], auto_offset_reset="latest", **asked["kafka"])
    await consumer.start()
    print("serves", flush=True)
    while True:
        for records in (await consumer.getmany(timeout_ms=50)).values():
            for record in records:
                event = b"data: %b\n\n" % record.value
                for reader in readers:
                    await reader.write(event)


if __name__ == "__main__":
    uvloop.run(serve())
