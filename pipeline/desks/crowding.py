"""Which incidents the desks leave out when there are too many: first those that are over, then those that rang for nobody, urgent
or not. Open urgent ones that rang go last, taken or not, so that a flood of others moves none of them out."""

from collections.abc import Mapping, Sequence

import structlog

from pipeline.hotlist.standing import ENDED
from schemas.incidents import IncidentState

log = structlog.get_logger()
_URGENT = 3


def least_needed(incidents: Mapping[str, object], *, covert: bool) -> Sequence[str]:
    """The ids of a hundredth of these incidents, at least one: first those that are over, then those that rang for nobody, and open
    urgent ones last; of equals those that stand first. The log says when urgent ones are among them, but nothing of covert ones:
    others read it."""
    ranks = {key: _need(state) for key, state in incidents.items()}
    some = sorted(ranks, key=ranks.__getitem__)[: max(1, len(ranks) // 100)]
    urgent = sum(ranks[key] == _URGENT for key in some)
    if urgent and not covert:
        log.error("incidents.urgent_left_out", count=urgent, cure="more dispatchers, or fewer hits that ring")
    return some


def _need(state: object) -> int:
    """How much an incident needs a person."""
    if not isinstance(state, IncidentState) or state.phase in ENDED:
        return 0
    if not state.rings:
        return 1
    return _URGENT if state.priority == "urgent" else 2
