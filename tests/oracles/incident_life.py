"""What becomes of an incident, written a second time for tests: with a present state that actions change, and a snapshot before
each action to go back to. pipeline.hotlist computes the state anew from all steps."""

import copy
from dataclasses import dataclass, field

from schemas.incidents import IncidentAction
from schemas.outcomes import Alert

TAKEN_BACK_BY = {"not_wanted_any_more", "innocent_vehicle", "exercise"}


@dataclass
class Desk:
    """What persons see: who holds it, how it ended, which hits are confirmed or wrong."""

    holder: str | None = None
    waits_for: str | None = None
    ended: str | None = None
    void: bool = False
    confirmed: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)


@dataclass
class Told:
    """The answer to an action: counted, or why not, and who was first."""

    why: str | None
    first: str | None = None


@dataclass
class Reference:
    """One incident. hits: by alert_id. done: who did each action that counted, with what it was like before."""

    hits: dict[str, Alert] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    now: Desk = field(default_factory=Desk)
    done: list[str] = field(default_factory=list)
    open: list[tuple[str, Desk]] = field(default_factory=list)
    rings: int = 0

    def hit(self, alert: Alert) -> None:
        """An alert comes."""
        if alert.alert_id in self.hits:
            return
        self.hits[alert.alert_id] = alert
        if alert.rings:
            self.rings += 1
            for desk in (self.now, *(before for _, before in self.open)):
                desk.ended, desk.void = None, False

    def withdraw(self, alert_id: str) -> None:
        """An alert is withdrawn."""
        if alert_id in self.hits:
            self.gone.add(alert_id)

    def wrong(self, alert_id: str) -> bool:
        """Whether the hit is a misread: called so, or of the same wrong text as one that was."""
        this = self.hits[alert_id]
        if alert_id in self.now.wrong:
            return True
        texts = {self.hits[one].read.plate for one in self.now.wrong if self.hits[one].match != "exact"}
        return this.match != "exact" and this.read.plate in texts

    @property
    def phase(self) -> str:
        """The phase's name."""
        standing = self.hits.keys() - self.gone
        if self.now.ended:
            return self.now.ended
        if not standing:
            return "withdrawn"
        if all(self.wrong(one) for one in standing):
            return "misread"
        if self.now.waits_for:
            return "handed_over"
        if self.now.confirmed:
            return "confirmed"
        return "taken" if self.now.holder else "new"

    def must_look(self, alert_id: str) -> bool:
        """Whether a person must confirm the hit before anybody acts on it."""
        sure = not self.hits[alert_id].confirm or alert_id in self.now.confirmed
        return self.wrong(alert_id) or self.now.void or not sure

    def act(self, action: IncidentAction) -> Told:
        """A person acts."""
        if action.revision < len(self.done):
            return Told("acted_before", self.done[action.revision])
        if action.did in ("misread", "dismiss", "close") and action.rings < self.rings:
            return Told("rang_since")
        if self.phase in ("withdrawn", "expired") or (
            self.phase in ("misread", "dismissed", "closed") and action.did != "undo"
        ):
            return Told("over")
        why = self._against(action)
        if why:
            return Told(why)
        self._do(action)
        self.done.append(action.who)
        return Told(None)

    def _against(self, action: IncidentAction) -> str | None:
        mine, free = self.now.holder == action.who, self.now.holder is None
        if action.did == "take":
            return "changes_nothing" if mine else None
        if action.did in ("hand_over", "close"):
            return None if mine else "not_yours"
        if action.did == "undo":
            if not self.open:
                return "nothing_to_undo"
            return None if mine or free or self.open[-1][0] == action.who else "held"
        if action.did in ("confirm", "misread"):
            one = action.alert_id
            if one not in self.hits or one in self.gone:
                return "unknown_alert"
            if action.did == "confirm" and not self.hits[one].confirm:
                return "needs_none"
            if self.wrong(one) or (action.did == "confirm" and one in self.now.confirmed):
                return "changes_nothing"
        return None if mine or free else "held"

    def _do(self, action: IncidentAction) -> None:
        if action.did == "undo":
            _, self.now = self.open.pop()
            return
        self.open.append((action.who, copy.deepcopy(self.now)))
        now = self.now
        if action.did in ("take", "confirm", "misread"):
            now.holder, now.waits_for = action.who, None
        match action.did:
            case "confirm":
                now.confirmed.add(action.alert_id or "")
            case "misread":
                now.wrong.add(action.alert_id or "")
            case "hand_over":
                now.holder, now.waits_for = None, action.to_desk
            case "dismiss":
                now.ended, now.void = "dismissed", action.dismissal in TAKEN_BACK_BY
            case "close":
                now.ended = "closed"

    def expire(self) -> None:
        """Its time is over."""
        if self.phase not in ("misread", "dismissed", "closed", "withdrawn", "expired"):
            self.now.ended = "expired"
            for _, before in self.open:
                before.ended = "expired"
