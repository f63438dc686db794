"""The demo's live screen: what rings, where and how urgent it is, and below that the load of the platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.text import Text

from pipeline.demo.agent_metrics import AgentMetrics
from pipeline.demo.watch import Watch
from pipeline.runtime.terminal import Rows as Table
from pipeline.simulation.truth import Truth
from schemas.outcomes import Alert
from schemas.reference import Camera

PRIORITY_STYLES = {"urgent": "bold white on red", "high": "bold red", "normal": "yellow", "low": "dim"}
_STATE_STYLES = {"ready": "green", "starting": "yellow", "restarting": "bold yellow", "stopped": "red"}
_LISTS = {
    "national_wanted": "wanted", "stolen": "stolen", "sis": "SIS", "no_insurance": "no insurance",
    "no_inspection": "no inspection", "ad_hoc": "watch",
}  # fmt: skip


@dataclass(slots=True)
class Screen:
    """The content of the screen. render() may be called at any time."""

    watch: Watch
    cameras: Mapping[str, Camera]
    agents: Sequence[AgentMetrics]
    truth: Truth
    total_s: float
    passed_s: float = 0.0
    note: str = ""

    def render(self, height: int = 40) -> RenderableType:
        """The whole screen. height: of the terminal, in lines."""
        rows = max(4, height - len(self.agents) - 14)
        layout = Layout()
        layout.split_column(
            Layout(self._head(), size=3),
            Layout(name="middle", minimum_size=8),
            Layout(self._agents(), size=len(self.agents) + 4),
        )
        layout["middle"].split_row(Layout(self._alerts(rows), ratio=3), Layout(name="right", ratio=2))
        half = max(2, rows // 2 - 1)
        layout["middle"]["right"].split_column(Layout(self._violations(half)), Layout(self._forwards(half)))
        return layout

    def progress_line(self) -> str:
        """The state in one line, for output that is no terminal."""
        lag = sum(agent.latest.lag for agent in self.agents)
        deciding = [agent.latency_s(0.5) for agent in self.agents if agent.agent == "hotlist"]
        return (
            f"{self.passed_s:5.0f} s  {len(self.watch.cameras)} cameras  {self.watch.read_count} reads "
            f"({self.watch.reads_per_s():.0f}/s)  alerts {self._count('alerts')}  violations {self._count('violations')}  "
            f"forwards {self._count('forwards')}  lag {lag:.0f}  capture to decision {_seconds(*deciding[:1])}  {self.note}"
        ).rstrip()

    def _count(self, kind: str) -> str:
        seen = {
            "alerts": len({alert.alert_id for alert in self.watch.simulated.alerts}),
            "violations": len({violation.violation_id for violation in self.watch.simulated.violations}),
            "forwards": len({forward.forward_id for forward in self.watch.simulated.forwards}),
        }
        return f"{seen[kind]}/{len(getattr(self.truth, kind))}"

    def _head(self) -> RenderableType:
        watch = self.watch
        acknowledged = sum(receipt.outcome == "acknowledged" for receipt in watch.receipts.values())
        figures = (
            ("cameras", f"{len(watch.cameras)}/{len(self.cameras)}"), ("reads", f"{watch.read_count:,}"),
            ("reads/s", f"{watch.reads_per_s():.0f}"), ("alerts", self._count("alerts")),
            ("violations", self._count("violations")), ("forwards", self._count("forwards")),
            ("acknowledged", str(acknowledged)), ("refused", str(sum(watch.dead_letters.values()))),
        )  # fmt: skip
        line = Text()
        for name, value in figures:
            line.append(f"{name} ", style="dim").append(f"{value}   ", style="bold")
        title = f"Vigie demo  {min(self.passed_s, self.total_s):.0f} of {self.total_s:.0f} s"
        return Panel(line, title=title, subtitle=self.note or None, title_align="left", subtitle_align="right")

    def _alerts(self, rows: int) -> RenderableType:
        table = Table(expand=True, box=None, pad_edge=False)
        for name, width in (("time", 8), ("", 6), ("plate", 9), ("list", 13)):
            table.add_column(name, width=width, no_wrap=True)
        table.add_column("place", no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column("match", width=12, no_wrap=True)
        for alert in list(self.watch.latest_alerts)[: -rows - 1 : -1]:
            table.add_row(*self._alert_cells(alert), style=None if alert.rings else "dim")
        title = "Alerts"
        if self.watch.covert_hits:
            title += f" (and {self.watch.covert_hits} covert, for their owner alone)"
        return Panel(table, title=title, title_align="left")

    def _alert_cells(self, alert: Alert) -> tuple[str | Text, ...]:
        style = PRIORITY_STYLES[alert.priority] if alert.rings else "dim"
        how = Text(f"{alert.match}?" if alert.confirm else alert.match, style="yellow" if alert.confirm else "")
        if not alert.rings:
            how.append(" trail" if alert.live else " late", style="dim")
        return (
            _clock(alert.read.captured_at_ms), Text(alert.priority, style=style), Text(alert.read.plate, style="bold"),
            _LISTS.get(alert.hotlist, alert.hotlist), self._place(alert.read.camera_id), how,
        )  # fmt: skip

    def _violations(self, rows: int) -> RenderableType:
        table = Table(expand=True, box=None, pad_edge=False)
        table.add_column("section", no_wrap=True, ratio=1, overflow="ellipsis")
        table.add_column("plate", width=9, no_wrap=True)
        for name in ("km/h", "held", "limit"):
            table.add_column(name, justify="right", width=5)
        for violation in list(self.watch.latest_violations)[: -rows - 1 : -1]:
            over = violation.corrected_kmh - violation.limit_kmh
            table.add_row(
                violation.section_id, violation.plate, f"{violation.measured_kmh:.0f}",
                Text(str(violation.corrected_kmh), style="bold red" if over > 20 else "red"), str(violation.limit_kmh),
            )  # fmt: skip
        return Panel(table, title="Average speed", title_align="left")

    def _forwards(self, rows: int) -> RenderableType:
        table = Table(expand=True, box=None, pad_edge=False)
        table.add_column("to", width=3)
        table.add_column("plate", width=9, no_wrap=True)
        table.add_column("place", no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column("answer", width=12, no_wrap=True)
        for forward in list(self.watch.latest_forwards)[: -rows - 1 : -1]:
            receipt = self.watch.receipts.get(forward.forward_id)
            answer = (
                Text(receipt.outcome, style="green" if receipt.outcome == "acknowledged" else "red")
                if receipt
                else "sent"
            )
            table.add_row(forward.to_country, forward.plate, forward.place, answer)
        return Panel(table, title="To neighbours", title_align="left")

    def _agents(self) -> RenderableType:
        table = Table(expand=True, box=None, pad_edge=False)
        table.add_column("agent", width=16)
        table.add_column("state", width=11)
        for name in ("in/s", "in", "out", "lag", "p50", "p95", "retries", "refused", "CPU", "MB"):
            table.add_column(name, justify="right")
        for agent in self.agents:
            now = agent.latest
            table.add_row(
                agent.agent, Text(agent.state, style=_STATE_STYLES[agent.state]), f"{agent.per_s():.0f}",
                f"{now.messages_in:.0f}", f"{now.messages_out:.0f}",
                Text(f"{now.lag:.0f}", style="bold yellow" if now.lag > 200 else ""), _seconds(agent.latency_s(0.5)),
                _seconds(agent.latency_s(0.95)), f"{now.retries:.0f}", f"{now.dead_lettered:.0f}",
                f"{agent.cpu_share():.0%}", f"{now.memory_mb:.0f}",
            )  # fmt: skip
        return Panel(table, title="Agents (p50, p95: from capture to output)", title_align="left")

    def _place(self, camera_id: str) -> str:
        camera = self.cameras.get(camera_id)
        return camera.name if camera else camera_id


def alert_line(alert: Alert, cameras: Mapping[str, Camera]) -> Text:
    """One ringing alert in one line, for output that is no terminal."""
    camera = cameras.get(alert.read.camera_id)
    place = camera.name if camera else alert.read.camera_id
    text = Text(f"       {_clock(alert.read.captured_at_ms)} ")
    text.append(f"{alert.priority:6}", style=PRIORITY_STYLES[alert.priority])
    text.append(f" {alert.read.plate:9} {_LISTS.get(alert.hotlist, alert.hotlist)}, {alert.category}: {place}")
    return text.append(f" ({alert.match}: confirm first)", style="yellow") if alert.confirm else text


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%H:%M:%S")


def _seconds(value: float | None = None) -> str:
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
