"""A line chart as SVG, by hand: logarithmic x, linear y from zero, every point with its value."""

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 20, 60, 50
COLOURS = ("#1f5fa8", "#c2571a", "#3a7d44", "#7a4b94")


def line_chart(
    title: str, x_label: str, y_label: str, series: Mapping[str, Sequence[tuple[float, float]]], note: str = ""
) -> str:
    """The chart as SVG text. series: name -> (x, y) points in order; x above 0, y from 0. note: machine and date, written
    under the title."""
    xs = sorted({x for points in series.values() for x, _ in points})
    top = 1.15 * max(y for points in series.values() for _, y in points)
    low, high = log10(xs[0]), log10(xs[-1])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - low) / (high - low or 1.0)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 20, title, size=15),
        _text(LEFT, 36, note, colour="#666", size=10),
        _text(LEFT, TOP - 8, y_label, colour="#444"),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_label, anchor="middle", colour="#444"),
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(xs[0], top * share)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{top * share:.3g}", anchor="end"))
    for x_value in xs:
        parts.append(_text(place(x_value, 0)[0], HEIGHT - BOTTOM + 18, f"{x_value:,.0f}", anchor="middle"))
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [place(x, y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), (_, value) in zip(places, points, strict=True):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
            parts.append(_text(x, y - 7, f"{value:.3g}", anchor="middle", colour=colour, size=10))
        parts.append(_text(WIDTH - RIGHT, TOP + 14 + 16 * number, name, anchor="end", colour=colour))
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#111", size: int = 12) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">'
            f"{escape(text)}</text>")  # fmt: skip
