"""What `vigie doctor` finds, and its check of the law."""

from dataclasses import dataclass
from typing import Literal

from pipeline.neighbours.policy import nothing_may_be_told
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. cure: what to do about it; empty when nothing is wrong."""

    check: str
    state: Literal["ok", "warning", "wrong"]
    detail: str
    cure: str = ""


def law_of_neighbours(settings: Settings) -> Finding:
    """Whether our law has a rule of what a neighbour may be told. Without one nothing is forwarded."""
    check, home = "law of neighbours", settings.liaison.sender
    why = nothing_may_be_told(home, platform_now_ms())
    if why is None:
        return Finding(check, "ok", f"{home} has a rule of what a neighbour may be told")
    cure = "add the rule with its source, or set VIGIE_LIAISON__SENDER to the country whose law holds"
    return Finding(check, "warning", why, cure)
