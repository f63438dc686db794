"""What happened before: hits of one vehicle make one incident, and what was done once is not done again."""

import uuid
from collections.abc import Sequence

import msgspec
import redis.asyncio

from pipeline.state.redis_port import Argument, Script
from schemas.outcomes import Alert

WINDOW_MS = 30 * 60_000  # a vehicle not seen for this long starts a new incident
INCIDENT_TTL_MS = 24 * 3_600_000  # so long after the last hit, a replayed alert still finds its incident
MOST_INCIDENTS = 32  # remembered per wanted plate; the oldest goes first

# An incident: 1 first and 2 last capture, 3 its id. They never overlap, so the one that spans a capture time is its only home.
_INCIDENTS = Script("""
local window, ttl, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held = redis.call('GET', KEYS[1])
local incidents, out = held and cmsgpack.unpack(held) or {}, {}
for _, alert in ipairs(cmsgpack.unpack(ARGV[1])) do
  local at, home, nearest = alert[1], nil, window
  for _, incident in ipairs(incidents) do
    local away = math.max(incident[1] - at, at - incident[2], 0)
    if away < nearest or (away == nearest and not home) then home, nearest = incident, away end
  end
  if home then
    home[1], home[2] = math.min(home[1], at), math.max(home[2], at)
  else
    home = {at, at, alert[2]}
    incidents[#incidents + 1] = home
    table.sort(incidents, function(a, b) return a[1] < b[1] end)
  end
  out[#out + 1] = home[3]
end
while #incidents > most do table.remove(incidents, 1) end
redis.call('SET', KEYS[1], cmsgpack.pack(incidents), 'PX', ttl)
return out
""")

_FIRST = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
""")


class Incidents:
    """Which incident a hit belongs to: the hits on one entry and wanted plate, none further than the window from the next.

    By capture time, in any order of arrival; an incident bears the id of the alert that came first, and keeps it.
    """

    def __init__(
        self,
        client: redis.asyncio.Redis,
        namespace: str,
        window_ms: int = WINDOW_MS,
        *,
        ttl_ms: int = INCIDENT_TTL_MS,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._limits = (window_ms, max(ttl_ms, window_ms), MOST_INCIDENTS)

    async def incidents_of(self, alerts: Sequence[Alert]) -> list[str]:
        """The incident_id of each alert, in order, in one round trip. The same alert again gets the same answer.

        Uses alert_id, entry_id, wanted_plate, match and the read; two vehicles that match one pattern are two incidents.
        Raises Unavailable when Redis is away.
        """
        subjects: dict[str, list[int]] = {}
        for index, alert in enumerate(alerts):
            plate = alert.read.plate if alert.match == "pattern" else alert.wanted_plate
            subjects.setdefault(f"{alert.entry_id}/{plate}", []).append(index)
        calls: list[tuple[list[str], list[Argument]]] = []
        for subject, indexes in subjects.items():
            hits = [(alerts[index].read.captured_at_ms, alerts[index].alert_id) for index in indexes]
            key = f"{{{self._namespace}:incident:{subject}}}"
            calls.append(([key], [msgspec.msgpack.encode(hits), *self._limits]))
        answers = await _INCIDENTS.run(self._client, "incident memory", calls)
        found = [""] * len(alerts)
        for indexes, answer in zip(subjects.values(), answers, strict=True):
            for index, incident_id in zip(indexes, answer, strict=True):
                found[index] = incident_id.decode()
        return found


class SeenOnce:
    """Whether something is seen for the first time, remembered for ttl_ms."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str, name: str, ttl_ms: int) -> None:
        self._client = client
        self._prefix = f"{namespace}:seen:{name}"
        self._ttl_ms = ttl_ms

    async def first_time(self, ids: Sequence[str], claims: Sequence[str] | None = None) -> list[bool]:
        """For each id, whether nobody asked before; in order, in one round trip. Raises Unavailable when Redis is away.

        claims: who asks, one per id (a record's topic, partition and offset, say): whoever was first is first again when it asks
        again, so that a replay after a crash is not taken for a second copy. Without claims only this very call is first.
        """
        once = uuid.uuid4().hex  # a retry inside the client stays this call
        asking = claims if claims is not None else [f"{once}/{index}" for index in range(len(ids))]
        calls: list[tuple[list[str], list[Argument]]] = [
            ([self._key(id_)], [claim, self._ttl_ms]) for id_, claim in zip(ids, asking, strict=True)
        ]
        return [answer == 1 for answer in await _FIRST.run(self._client, "dedup memory", calls)]

    async def forget(self, ids: Sequence[str]) -> None:
        """As if these had never been seen."""
        await _DELETE.run(self._client, "dedup memory", [([self._key(id_)], []) for id_ in ids])

    def _key(self, id_: str) -> str:
        return f"{{{self._prefix}:{id_}}}"


_DELETE = Script("return redis.call('DEL', KEYS[1])")
