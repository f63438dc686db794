"""Routes that export the violations that officers accepted."""

import csv
import io
from datetime import UTC, datetime

from pipeline.access.rights import Allowed
from pipeline.desks.case_bodies import MOST_EXPORTED, Accepted, AcceptedList, ExportWanted
from pipeline.desks.case_routes import judged_in, violation_in
from pipeline.desks.events import Shown
from pipeline.desks.problems import Problem
from pipeline.desks.route import Asked, Route, RouteAnswer
from pipeline.tables.cells import safe_cell
from schemas.judgements import Judged


async def export_json(asked: Asked) -> RouteAnswer:
    """The accepted violations, as JSON."""
    every = _accepted(asked)
    kept = tuple(every[:MOST_EXPORTED])
    return RouteAnswer(value=AcceptedList(items=kept, left_out=len(every) - len(kept)), count=len(kept))


async def export_csv(asked: Asked) -> RouteAnswer:
    """The accepted violations, as CSV that no spreadsheet takes for formulas. Raises Problem for more than one answer may hold."""
    every = _accepted(asked)
    if len(every) > MOST_EXPORTED:
        raise Problem(
            422, "too_many", "These are too many at once.", detail=f"{len(every)}, at most {MOST_EXPORTED}",
            permits="a shorter time: from_ms, until_ms",
        )  # fmt: skip
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Accepted.__struct_fields__)
    for one in every:
        writer.writerow([_cell(getattr(one, name)) for name in Accepted.__struct_fields__])
    return RouteAnswer(raw=b"\xef\xbb\xbf" + text.getvalue().encode(), count=len(every))


def _cell(value: object) -> str:
    return (
        safe_cell(value)
        if isinstance(value, str)
        else ("yes" if value else "no")
        if isinstance(value, bool)
        else f"{value}"
    )


def _accepted(asked: Asked) -> list[Accepted]:
    """What was accepted and this person may see, by the moment of leaving the section."""
    wanted = asked.given(ExportWanted)
    rows = [
        row
        for shown in asked.house.live.items["violation"].values()
        if wanted.from_ms <= violation_in(shown).exit.captured_at_ms < wanted.until_ms
        and (row := _row(shown, judged_in(asked, violation_in(shown)))) is not None
        and isinstance(asked.may(shown.event.matter), Allowed)
    ]
    return sorted(rows, key=lambda one: (one.exit_at, one.violation_id))


def _row(shown: Shown, judged: Judged | None) -> Accepted | None:
    """The row of a violation; None: it is not accepted."""
    if judged is None or judged.verdict != "accepted":
        return None
    one, step = violation_in(shown), [step for step in judged.steps if step.verdict == "accepted"][-1]
    return Accepted(
        violation_id=one.violation_id,
        plate=one.plate,
        country=one.country or "",
        section_id=one.section_id,
        entry_camera=one.entry.camera_id,
        entry_at=_iso(one.entry.captured_at_ms),
        exit_camera=one.exit.camera_id,
        exit_at=_iso(one.exit.captured_at_ms),
        distance_m=one.distance_m,
        travel_ms=one.travel_ms,
        measured_kmh=one.measured_kmh,
        corrected_kmh=one.corrected_kmh,
        limit_kmh=one.limit_kmh,
        rule=one.rule,
        rule_version=one.rule_version,
        certificate=one.certificate.number,
        accepted_by=step.who,
        accepted_at=_iso(step.at_ms),
        note=step.note or "",
        withdrawn=shown.withdrawal is not None,
    )


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


ROUTES = (
    Route(method="GET", path="/exports/violations", about="The accepted violations.", handle=export_json,
          act="violations.see", entry="export", query=ExportWanted, answer=AcceptedList, work="much"),
    Route(method="GET", path="/exports/violations.csv", about="The accepted violations, for a spreadsheet.",
          handle=export_csv, act="violations.see", entry="export", query=ExportWanted, media="text/csv", work="much"),
)  # fmt: skip
