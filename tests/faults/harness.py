"""One run: the platform with traffic on it, faults one after the other, and the judgement."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from math import inf
from pathlib import Path

from pipeline.demo.pictures import WANTED
from pipeline.runtime.clock import platform_now_ms
from pipeline.simulation.arrivals import ReadArrival
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_big import big_network
from pipeline.simulation.play import play
from pipeline.simulation.simulate import Simulation, SimulationOptions, simulate
from pipeline.sources.producer import CameraProducer, open_producer
from schemas.reads import PlateRead
from tests.faults.ends import Ends
from tests.faults.gateways import through_gateways
from tests.faults.growth import GrowthWatch
from tests.faults.judge import Difference, Evidence, Strike
from tests.faults.kinds import DESK_KINDS, GATEWAY_KINDS, KINDS
from tests.faults.ledger import Ledger, SentReads
from tests.faults.pictures import PictureTraffic, with_pictures
from tests.faults.report import Counts, FaultsReport, StrikeReport, by_kind
from tests.faults.road import NAMESPACE, SETTLE_MS, Road, open_road
from tests.faults.schedule import Planned, schedule
from tests.search_secrets import covert_words, leaks_on, plates_of

WARM_UP_S = 8.0  # traffic before the first fault
LAST_STRIKE_S = 12.0  # before the end of the traffic
TELL_AFTER_S = 5.0  # what is waited for
GRACE_S = 3.0  # what is due for less is not behind: a busy machine takes that long without any fault
DECIDED_WITHIN_S = (
    3.0  # once a violation has settled: it is looked for every second, of partitions that are silent, too
)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to run. seconds: for how long traffic flows, at most. strikes: end after this many; None: when the time is up.
    patience_s: the time in which all must work again after a fault."""

    seed: int = 1
    seconds: float = 120.0
    cameras: int = 10_000
    rate: float = 150.0  # reads a second
    faults: tuple[str, ...] = tuple(KINDS)
    strikes: int | None = None
    patience_s: float = 150.0


@dataclass(slots=True)
class Run:
    """One run while it lasts."""

    options: Options
    say: Say
    began: float = field(default_factory=time.monotonic)
    ledger: Ledger = field(default_factory=lambda: Ledger(settles_s=SETTLE_MS / 1000 + DECIDED_WITHIN_S))
    sent: SentReads = field(default_factory=SentReads)
    strikes: list[Strike] = field(default_factory=list)
    enough_s: float = inf  # when the traffic is cut off after the last strike that was asked for, seconds of the run

    def now_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    async def on(self, road: Road, cameras: tuple[str, ...]) -> FaultsReport:
        """Do the run on this road, from the first read to the judgement, and return the report. cameras: those that send
        pictures."""
        pictures = PictureTraffic(cameras, self.ledger, self.now_s)
        simulation = await asyncio.to_thread(self._simulation, road.network)
        self.ledger.expect(simulation.truth)
        ends, growth = Ends(road, self.ledger, self.sent, pictures, self.now_s), GrowthWatch(road, self.now_s)
        await ends.start()
        watching = asyncio.create_task(growth.run())
        try:
            async with open_producer(road.pair.kafka.client_kwargs(), namespace=NAMESPACE) as producer:
                await asyncio.sleep(max(0.0, (simulation.options.start_ms - platform_now_ms()) / 1000))
                self.began = time.monotonic()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._traffic(producer, simulation, road))
                    group.create_task(pictures.run(producer, self.options.seed, self._traffic_ends_s, platform_now_ms))
                    await self._strike_all(road, ends)
            await self._complete(ends)
        finally:
            watching.cancel()
            await ends.stop()
        evidence = Evidence(self.ledger.due(simulation.truth), self.ledger, ends, pictures, self.strikes)
        return self._report(evidence, growth)

    def _simulation(self, network: RoadNetwork) -> Simulation:
        """The traffic, planned in time: a busy machine takes longer, and what begins late would be no live traffic."""
        head_start_s = 3.0 + self.options.seconds * self.options.rate / 10_000
        while True:
            began = time.monotonic()
            simulation = self._planned(network, platform_now_ms() + round(head_start_s * 1000))
            if simulation.options.start_ms > platform_now_ms():
                return simulation
            head_start_s = 2.0 * (time.monotonic() - began)

    def _planned(self, network: RoadNetwork, start_ms: int) -> Simulation:
        options = SimulationOptions(
            start_ms=start_ms,
            duration_ms=round(self.options.seconds * 1000),
            reads_per_s=self.options.rate,
            seed=self.options.seed,
            parked=frozenset(entry.entry_id for entry in WANTED),
            section_vehicles=round(self.options.seconds),
        )
        return simulate(network, options)

    async def _traffic(self, producer: CameraProducer, simulation: Simulation, road: Road) -> None:
        def sent(read: PlateRead) -> None:
            self.ledger.sent(read, self.now_s())
            road.sent(read)

        async def put(read: PlateRead) -> None:
            self.sent.add(read)
            if road.gateways is not None and through_gateways(read.camera_id):
                road.gateways.put(read, sent)
                return
            await producer.put(read)
            sent(read)

        reads = iter(simulation.reads)
        coming = asyncio.create_task(_next_of(reads))
        while (chunk := await coming) and self.now_s() < self.enough_s:
            coming = asyncio.create_task(_next_of(reads))
            await play(chunk, put, starts_ms=platform_now_ms())
        if road.gateways is not None:
            await road.gateways.idle.wait()

    async def _strike_all(self, road: Road, ends: Ends) -> None:
        await asyncio.sleep(WARM_UP_S)
        for planned in schedule(self.options.seed, self.options.faults):
            if len(self.strikes) == self.options.strikes:
                self.enough_s = self.now_s() + LAST_STRIKE_S
                return
            await asyncio.sleep(planned.calm_s)
            if self.now_s() > self.options.seconds - LAST_STRIKE_S:
                return
            ends.check()
            await self._strike(road, planned)

    def _traffic_ends_s(self) -> float:
        """When the traffic ends, as far as it is known yet. Seconds of the run."""
        return min(self.options.seconds, self.enough_s)

    async def _strike(self, road: Road, planned: Planned) -> None:
        strike, fault = Strike(planned, self.now_s()), planned.fault
        self.strikes.append(strike)
        self.say(f"{strike.began_s:6.1f} s  {fault.name}: {planned.what}")
        struck_at = datetime.now(UTC)
        try:
            try:
                await fault.strike(road)
            finally:
                await fault.mend(road)
        except Exception as error:  # it fails the run, but what came before must still be told
            strike.error = repr(error)
        strike.lifted_s = self.now_s()
        strike.well_s = await self._well(road)
        if fault.may_lose:
            strike.said = bool(await asyncio.to_thread(road.said, fault.may_lose, struck_at))
        after = (
            "not well within the limit"
            if strike.well_s is None
            else f"well {strike.well_s - strike.lifted_s:.1f} s after"
        )
        self.say(f"{self.now_s():6.1f} s    {after}{', and said what may be lost' if strike.said else ''}")

    async def _well(self, road: Road) -> float | None:
        """Wait until nothing was late and every worker well for a second. Returns when that second began, in seconds of the
        run; None: not within the limit."""
        until_s, since_s, tell_s = self.now_s() + self.options.patience_s, None, self.now_s() + TELL_AFTER_S
        await asyncio.sleep(0.3)  # a process that was killed is still taken for well until its supervisor sees it
        while self.now_s() < until_s:
            unwell, now_s = await road.unwell(), self.now_s()
            behind = Counter(item.kind for item in self.ledger.behind(now_s, GRACE_S))
            if now_s >= tell_s and (unwell or behind):
                tell_s += TELL_AFTER_S
                self.say(
                    f"{now_s:6.1f} s    waiting for {', '.join([*unwell, *(f'{n} {k}' for k, n in behind.items())])}"
                )
            if not unwell and not behind:
                since_s = now_s if since_s is None else since_s
                if now_s - since_s >= 1.0:
                    return since_s
            else:
                since_s = None
            await asyncio.sleep(0.25)
        self.ledger.give_up(self.ledger.behind(self.now_s(), GRACE_S))  # else each strike to come would wait as long
        return None

    async def _complete(self, ends: Ends) -> None:
        """Wait until everything expected has come, or as long as a fault may take; then a little longer for what should not
        come."""
        until_s = self.now_s() + self.options.patience_s
        while (
            self.ledger.behind(inf, 0.0) or any(ends.dispatchers.undecided()) or any(ends.not_pulled())
        ) and self.now_s() < until_s:
            ends.check()
            await asyncio.sleep(0.5)
        await asyncio.sleep(3.0)

    def _report(self, evidence: Evidence, growth: GrowthWatch) -> FaultsReport:
        differences = sorted(evidence.differences(), key=lambda one: one.sort == "told")  # what was told, last
        ends, ledger, end_s = evidence.ends, self.ledger, self.now_s()
        due = [item for item in ledger.items.values() if item.due_s is not None]
        nexts = [strike.began_s for strike in self.strikes[1:]] + [end_s]
        kinds = Counter[str](item.kind for item in due)
        seen = Counter[str](item.kind for item in due if item.seen_s is not None)
        raw = ledger.second_copies()
        raw["read"] = max(0, ends.reads.second_copies - self.sent.again)
        strikes = [self._one(strike, until_s, differences) for strike, until_s in zip(self.strikes, nexts, strict=True)]
        return FaultsReport(
            seed=self.options.seed, seconds=round(self._traffic_ends_s()), cameras=self.options.cameras, rate=self.options.rate,
            reads_sent=len(self.sent),
            expected={"read": len(self.sent), **kinds}, seen={"read": len(ends.reads), **seen},
            totals=_counts(differences, 0.0, float("inf"), lost_reads=len(self.sent) - len(ends.reads)),
            raw_second_copies={kind: count for kind, count in raw.items() if count},
            strikes=strikes, kinds=by_kind(strikes),
            differences=[f"{one.sort}, {one.at_s:.1f} s: {one.words}" for one in differences[:50]],
            growth=growth.report(),
        )  # fmt: skip

    def _one(self, strike: Strike, until_s: float, differences: list[Difference]) -> StrikeReport:
        due = self.ledger.between(strike.began_s, until_s)
        late = [item.late_s for item in due if item.late_s is not None]
        return StrikeReport(
            fault=strike.planned.fault.name, what=strike.planned.what, at_s=round(strike.began_s, 1),
            held_s=round(strike.lifted_s - strike.began_s, 1),
            recovered_s=None if strike.well_s is None else round(max(0.0, strike.well_s - strike.lifted_s), 1),
            worst_s=round(max(late), 1) if late else None, due=len(due),
            counts=_counts(differences, strike.began_s, until_s), error=strike.error,
        )  # fmt: skip


async def _next_of(reads: Iterator[ReadArrival]) -> list[ReadArrival]:
    """Make the next reads in a thread: the first ones take seconds, in which the event loop must serve the proxies."""
    return await asyncio.to_thread(lambda: list(islice(reads, 500)))


def _counts(differences: list[Difference], from_s: float, until_s: float, *, lost_reads: int = 0) -> Counts:
    found = Counter(one.sort for one in differences if from_s <= one.at_s < until_s)
    return Counts(
        missing=found["missing"] + lost_reads, double=found["double"], spurious=found["spurious"],
        wrong_order=found["wrong_order"], told=found["told"],
    )  # fmt: skip


async def run_faults(options: Options, folder: Path, say: Say = lambda _line: None) -> FaultsReport:
    """Do one run in a folder of its own; nothing of it runs afterwards. Raises StartFailed when the platform does not start."""
    network, cameras = with_pictures(big_network(options.cameras, options.seed))
    with_gateways = any(KINDS[name] in GATEWAY_KINDS for name in options.faults)
    with_desks = any(KINDS[name] in DESK_KINDS for name in options.faults)
    async with open_road(folder, network, gateways=with_gateways, desks=with_desks) as road:
        report = await Run(options, say).on(road, cameras)
        report.leaks = await asyncio.to_thread(lambda: asyncio.run(_leaks(folder, road)))
        return report


async def _leaks(folder: Path, road: Road) -> list[str]:
    """See FaultsReport. In a thread of its own: the road's proxies are served meanwhile."""
    entries = [entry for entry in road.network.hotlist if entry.covert]
    names = {one for entry in entries for one in (entry.entry_id, entry.case_reference) if one}
    covert = dict.fromkeys(names, "a covert entry") | await covert_words(road.settings, road.covert_key)
    return await leaks_on(folder, road.settings, plates_of(road.network), covert)
