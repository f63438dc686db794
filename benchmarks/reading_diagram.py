"""A reliability diagram: what share of the reads of each confidence is right. On the diagonal, 0.95 means 95 %."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 1.000001)
_SIDE, _LEFT, _TOP = 360, 60, 30


def bins(reads: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """Mean confidence, share right and count of reads, by bin of confidence; empty bins are left out.

    >>> bins([(0.99, True), (0.99, False), (0.1, False)])
    [(0.1, 0.0, 1), (0.99, 0.5, 2)]
    """
    found = []
    for low, high in pairwise(EDGES):
        inside = [(confidence, right) for confidence, right in reads if low <= confidence < high]
        if inside:
            mean = sum(confidence for confidence, _ in inside) / len(inside)
            found.append((round(mean, 4), round(sum(right for _, right in inside) / len(inside), 4), len(inside)))
    return found


def diagram(reads: Sequence[tuple[float, bool]], title: str) -> str:
    """The diagram as SVG. A dot's area grows with the count of its reads, which stands beside it."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE + 130} {_SIDE + 90}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{_LEFT}" y="18">{title}</text>',
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#bbb" stroke-dasharray="4 4"/>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<text x="{_x(share)}" y="{_TOP + _SIDE + 18}" text-anchor="middle">{share:g}</text>')
        parts.append(f'<text x="{_LEFT - 8}" y="{_y(share) + 4}" text-anchor="end">{share:g}</text>')
    for confidence, right, count in bins(reads):
        radius = round(3 + 14 * (count / len(reads)) ** 0.5, 1)
        parts.append(
            f'<circle cx="{_x(confidence)}" cy="{_y(right)}" r="{radius}" fill="#1f6feb" fill-opacity="0.55"/>'
        )
        parts.append(f'<text x="{_x(confidence) + radius + 3}" y="{_y(right) + 14}" fill="#444">{count}</text>')
    parts.append(f'<text x="{_x(0.5)}" y="{_TOP + _SIDE + 42}" text-anchor="middle">confidence of the read</text>')
    parts.append(
        f'<text transform="translate(18 {_y(0.5)}) rotate(-90)" text-anchor="middle">share that is right</text></svg>'
    )
    return "\n".join(parts) + "\n"


def write_diagram(path: Path, reads: Sequence[tuple[float, bool]], title: str) -> None:
    """Write the SVG, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(diagram(reads, title), encoding="utf-8")


def _x(share: float) -> float:
    return round(_LEFT + share * _SIDE, 1)


def _y(share: float) -> float:
    return round(_TOP + (1 - share) * _SIDE, 1)
