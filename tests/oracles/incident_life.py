"""What becomes of an incident, written a second time for tests, from the rule in words: with a present state that actions change,
and a snapshot before each action to go back to. pipeline.hotlist computes the state anew from all steps.

The rule: a person's word is about the hits that he saw. A hit that was put away stands again by an undo alone. A hit of which
nobody spoke opens what is over, and then nobody holds it; but a look-alike of a text that was put away does not (of a misread: at
that camera), and a dismissal which only says that nobody acts gives way to a ring alone, or to what its person had not seen.
"""

import copy
from dataclasses import dataclass, field

from schemas.incidents import IncidentAction
from schemas.outcomes import Alert

NOT_MEANT = {"not_wanted_any_more", "innocent_vehicle", "exercise"}
OVER = {"misread", "dismissed", "closed", "withdrawn", "expired"}


@dataclass
class Desk:
    """What persons see: who holds it, how it ended, which hits are confirmed, misread, or not meant."""

    holder: str | None = None
    waits_for: str | None = None
    ended: str | None = None
    only_nobody_acts: bool = False
    confirmed: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    not_meant: set[str] = field(default_factory=set)


@dataclass
class Told:
    """The answer to an action: counted, or why not, and who was first."""

    why: str | None
    first: str | None = None


@dataclass
class Reference:
    """One incident. hits: by alert_id. done: who did each action that counted. open: what can be undone, and what was before."""

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
        before = self.phase if self.hits else "new"
        self.hits[alert.alert_id] = alert
        self._hear(alert, before, by_itself=alert.rings)

    def _hear(self, alert: Alert, before: str, *, by_itself: bool, unseen: bool = False) -> None:
        """A hit that nobody spoke of stands in an incident of this phase."""
        opens = before in OVER and (by_itself or self._is_news(alert, unseen))
        if opens:
            for desk in (self.now, *(earlier for _, earlier in self.open)):
                desk.holder = desk.waits_for = desk.ended = None
                desk.only_nobody_acts = False
        if by_itself or (opens and before != "withdrawn" and alert.live and not alert.silent):
            self.rings += 1

    def _is_news(self, alert: Alert, unseen: bool) -> bool:
        if self.now.only_nobody_acts and not unseen:
            return False
        mine = alert.alert_id
        innocent = {self._text(one) for one in self.now.not_meant if one != mine} - {None}
        wrong = {self._there(one) for one in self.hits if one != mine and self.wrong(one)} - {None}
        return self._text(mine) not in innocent and self._there(mine) not in wrong

    def _there(self, alert_id: str) -> tuple[str, str] | None:
        """What a look-alike shows, and at which camera; None: it shows the wanted text."""
        text = self._text(alert_id)
        return None if text is None else (self.hits[alert_id].read.camera_id, text)

    def _text(self, alert_id: str) -> str | None:
        """What a look-alike shows; None: it shows the wanted text."""
        alert = self.hits[alert_id]
        return None if alert.match == "exact" else alert.read.plate

    def withdraw(self, alert_id: str) -> None:
        """An alert is withdrawn."""
        if alert_id in self.hits:
            self.gone.add(alert_id)

    def wrong(self, alert_id: str) -> bool:
        """Whether the hit is a misread: called so, or of the same wrong text, by the same camera, as one that was."""
        seen = {self._there(one) for one in self.now.wrong} - {None}
        return alert_id in self.now.wrong or self._there(alert_id) in seen

    def put_away(self, alert_id: str) -> bool:
        """Whether the hit is a misread, or its vehicle is not meant."""
        return self.wrong(alert_id) or alert_id in self.now.not_meant

    @property
    def meant(self) -> set[str]:
        """The hits that stand and that nobody put away."""
        return {one for one in self.hits.keys() - self.gone if not self.put_away(one)}

    @property
    def phase(self) -> str:
        """The phase's name."""
        standing = self.hits.keys() - self.gone
        if self.now.ended:
            return self.now.ended
        if not standing:
            return "withdrawn"
        if not self.meant:
            return "misread" if any(map(self.wrong, standing)) else "dismissed"
        if self.now.waits_for:
            return "handed_over"
        if not self.now.holder:
            return "new"
        return "confirmed" if self.confirmed else "taken"

    @property
    def confirmed(self) -> set[str]:
        """The hits that stand confirmed."""
        return self.now.confirmed & self.meant

    def must_look(self, alert_id: str) -> bool:
        """Whether a person must confirm the hit before anybody acts on it."""
        sure = not self.hits[alert_id].confirm or alert_id in self.now.confirmed
        return self.put_away(alert_id) or not sure

    def act(self, action: IncidentAction) -> Told:
        """A person acts."""
        if action.revision < len(self.done):
            return Told("acted_before", self.done[action.revision])
        if action.did in ("misread", "dismiss", "close") and action.rings < self.rings:
            return Told("rang_since")
        if self.phase in ("withdrawn", "expired") or (self.phase in OVER and action.did != "undo"):
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
            if self.put_away(one) or (action.did == "confirm" and one in self.now.confirmed):
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
            case "dismiss" | "close":
                self._end(action)

    def _end(self, action: IncidentAction) -> None:
        standing = [one for one in self.hits if one not in self.gone]
        named = set(action.alert_ids or standing)
        self.now.ended = "dismissed" if action.did == "dismiss" else "closed"
        if action.did == "dismiss" and action.dismissal in NOT_MEANT:
            self.now.not_meant |= named
        self.now.only_nobody_acts = action.did == "dismiss" and action.dismissal not in NOT_MEANT
        for one in standing:
            if one not in named:
                self._hear(self.hits[one], self.phase, by_itself=False, unseen=True)

    def expire(self) -> None:
        """Its time is over."""
        if self.phase not in OVER:
            for desk in (self.now, *(earlier for _, earlier in self.open)):
                desk.ended, desk.only_nobody_acts = "expired", False
