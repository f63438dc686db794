"""ForwardMemory in this process alone: for deciding without servers."""

from collections.abc import Sequence

from pipeline.neighbours.passages import same_passage
from pipeline.neighbours.recalls import Sent, case_of
from pipeline.state.forward_memory import by_case
from schemas.outcomes import Alert, Forward


class LocalForwardMemory:
    """ForwardMemory in dictionaries. Nothing of it is shared or outlives the process. A forward that is marked counts as recalled
    at once: nothing is lost between mark and recall here."""

    def __init__(self) -> None:
        self._told: list[Sent] = []
        self._firsts: dict[tuple[str, ...], Forward] = {}
        self._gone: set[str] = set()
        self._claims: dict[str, str] = {}
        self._taken_back: dict[str, int] = {}
        self._freed: set[str] = set()
        self._left_out: list[tuple[Sent, str]] = []

    async def admitted(self, offered: Sequence[Sent], claims: Sequence[str]) -> list[Sent]:
        """See ForwardMemory.admitted."""
        found: list[Sent] = []
        for one, claim in zip(offered, claims, strict=True):
            forward_id = one.forward.forward_id
            if self._claims.setdefault(forward_id, claim) != claim:
                continue
            if self._is_another_copy(one):
                self._left_out.append((one, claim))
                continue
            if one.per_case:
                case = (one.forward.to_country, *case_of(one.alert))
                first = self._firsts.setdefault(case, one.forward)
                one = by_case(one, first.forward_id, first.alert_at)
            self._told.append(one)
            found.append(one)
        return found

    def _is_another_copy(self, one: Sent) -> bool:
        return any(
            other.alert.alert_id != one.alert.alert_id
            and other.forward.to_country == one.forward.to_country
            and other.alert.corrects == one.alert.corrects
            and same_passage(other.alert, one.alert)
            for other in self._told
            if other.forward.forward_id not in self._freed
        )

    async def freed(self, gone: Sequence[Sent]) -> list[tuple[Sent, str]]:
        """See ForwardMemory.freed."""
        self._freed.update(one.forward.forward_id for one in gone)
        return [
            (one, claim)
            for one, claim in self._left_out
            if any(
                same_passage(one.alert, other.alert)
                and (one.forward.to_country, one.alert.corrects) == (other.forward.to_country, other.alert.corrects)
                for other in gone
            )
        ]

    def _standing(self) -> list[Sent]:
        return [one for one in self._told if one.forward.forward_id not in self._gone]

    async def of_alerts(self, alert_ids: Sequence[str]) -> list[Sent]:
        """See ForwardMemory.of_alerts."""
        return [one for one in self._standing() if one.alert.alert_id in alert_ids]

    async def taken_back(self, revisions: Sequence[tuple[str, int]]) -> None:
        """See ForwardMemory.taken_back."""
        for alert_id, revision in revisions:
            self._taken_back[alert_id] = max(revision, self._taken_back.get(alert_id, 0))

    async def standing(self, alerts: Sequence[Alert]) -> list[bool]:
        """See ForwardMemory.standing."""
        return [one.revision > self._taken_back.get(one.alert_id, 0) for one in alerts]

    async def of_policy(self, policy_id: str) -> list[Sent]:
        """See ForwardMemory.of_policy."""
        return [one for one in self._standing() if one.policy_id == policy_id]

    async def policies(self) -> set[str]:
        """See ForwardMemory.policies."""
        return {one.policy_id for one in self._told}

    async def claimed(self, policy_ids: Sequence[str]) -> list[bool]:
        """True for each policy: nobody else could claim it from this process's memory."""
        return [True] * len(policy_ids)

    async def marked(self, gone: Sequence[Sent]) -> None:
        """See ForwardMemory.marked."""
        self._gone.update(one.forward.forward_id for one in gone)

    async def recalled(self, gone: Sequence[Sent]) -> None:
        """See ForwardMemory.recalled."""
        for one in gone:
            case = (one.forward.to_country, *case_of(one.alert))
            first = self._firsts.get(case)
            if first and first.forward_id == one.forward.forward_id:
                del self._firsts[case]

    async def corrected(self, forwards: Sequence[tuple[Sent, Sent]]) -> None:
        """See ForwardMemory.corrected."""
        now = {before.forward.forward_id: after for before, after in forwards}
        self._told = [now.get(one.forward.forward_id, one) for one in self._told]

    async def told_again(self, again: Sequence[Sent]) -> None:
        """See ForwardMemory.told_again."""
        for one in again:
            self._told.append(one)
            self._firsts.setdefault((one.forward.to_country, *case_of(one.alert)), one.forward)
