"""Whether a camera's overview pictures still show what they used to show: nothing at all (black, blinded, covered, far out of
focus), or another view than before.

The rules. One overview in ten minutes is looked at, of a fixed camera, by daylight: at night black is normal. The pictures of the
last hour (LATELY) are judged together, so that no vehicle, shadow or shower decides. `blind`: each of them has less than FAINT of
the usual detail. `moved`: their edges, taken together, are clearly less alike to the usual ones than ever before. What is usual is
learned while nothing is wrong, from a day's pictures (KNOWN) at least, and anew after a week. Nothing is said of a camera whose
pictures always show little (a tunnel) or always differ (one that is turned); nor of many at once, which is fog or snow: see
`Watch`. A camera that sends no reads is silent, not blind.
"""

from collections import deque
from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.glance import COLUMNS, ROWS, Glance
from schemas.health import CameraTrouble, TroubleKind

EVERY_MS = 600_000
LATELY = 6
KNOWN = 48
FAINT, FAINT_ENDS = 0.25, 0.5
"""Shares of the usual detail: fog leaves more of the foreground. An own choice, like the next."""
UNLIKE, UNLIKE_ENDS = 0.6, 0.8
"""Shares of the least likeness that there usually is."""
LEAST_DETAIL, LEAST_LIKENESS = 0.5, 0.4
"""Below these nothing can be told."""
RISES = 0.01
"""The least likeness forgets a single bad hour in a week or two."""


class View(msgspec.Struct, array_like=True, gc=False):
    """What a camera's pictures usually show. edges: float16, as of a Glance; detail: mean; likeness: the least of an hour's
    pictures to these edges, -1..1; count: pictures it was learned from."""

    edges: bytes = b""
    detail: float = 0.0
    likeness: float = 1.0
    count: int = 0

    def learn(self, glance: Glance, likeness: float | None) -> None:
        """Take in a picture of a time when nothing was wrong. likeness: of its hour, None while that is not known."""
        weight = 1 / min(self.count + 1, KNOWN)
        edges = glance.edges if not self.edges else _mixed(_edges_of(self), glance.edges, weight)
        self.edges = edges.astype(np.float16).tobytes()
        self.detail += (glance.detail - self.detail) * weight
        if likeness is not None and self.count >= LATELY:
            self.likeness = min(likeness, self.likeness + (likeness - self.likeness) * RISES)
        self.count += 1

    @property
    def is_known(self) -> bool:
        """Whether something can be told by it."""
        return self.count >= KNOWN


def likeness_of(view: View, lately: "deque[Glance]") -> float | None:
    """How alike these pictures together are to the view, -1..1; None: nothing can be compared."""
    if len(lately) < LATELY or not view.edges:
        return None
    here, usual = np.mean([one.edges for one in lately], axis=0).ravel(), _edges_of(view).ravel()
    here, usual = here - here.mean(), usual - usual.mean()
    size = float(np.linalg.norm(here) * np.linalg.norm(usual))
    return float(here @ usual) / size if size > 0 else None


def view_troubles(
    view: View, lately: "deque[Glance]", before: Mapping[TroubleKind, CameraTrouble], now_ms: int
) -> Iterator[CameraTrouble]:
    """What is wrong with the pictures of the last hour at now_ms (UTC). before: what was wrong until now."""
    if not view.is_known or len(lately) < LATELY or view.detail < LEAST_DETAIL:
        yield from (before[kind] for kind in _KINDS if kind in before and view.is_known)
        return
    detail = float(np.mean([one.detail for one in lately])) / view.detail
    faint = max(one.detail for one in lately) < FAINT * view.detail
    if faint or ("blind" in before and detail < FAINT_ENDS):
        yield _trouble("blind", before, now_ms, detail, 1.0)
        return
    likeness = likeness_of(view, lately)
    bound = (UNLIKE_ENDS if "moved" in before else UNLIKE) * view.likeness
    if view.likeness >= LEAST_LIKENESS and likeness is not None and likeness < bound:
        yield _trouble("moved", before, now_ms, likeness, view.likeness)


_KINDS: tuple[TroubleKind, ...] = ("blind", "moved")


def _trouble(
    kind: TroubleKind, before: Mapping[TroubleKind, CameraTrouble], now_ms: int, found: float, usual: float
) -> CameraTrouble:
    since_ms = before[kind].since_ms if kind in before else now_ms
    return CameraTrouble(kind=kind, since_ms=since_ms, found=found, usual=usual)


def _edges_of(view: View) -> NDArray[np.float32]:
    return np.frombuffer(view.edges, np.float16).astype(np.float32).reshape(ROWS, COLUMNS)


def _mixed(usual: NDArray[np.float32], one: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    return usual + (one - usual) * np.float32(weight)
