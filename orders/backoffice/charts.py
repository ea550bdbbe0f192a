"""Charts as SVG, drawn on the server: shapes for ``backoffice/chart.html``, which puts the same numbers in a table.

The theme has a library of charts, but it draws on a canvas: nothing there can be read, searched or coloured by the
page's own style sheet. Knows nothing of orders.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Value = int | float | Decimal | None
WIDTH, HEIGHT = 480, 200
LEFT, RIGHT, TOP, BOTTOM = 46, 20, 12, 24  # room for the marks of the axes
GAP = 0.25  # of a bar's place
LABELS = 6  # along the bottom, at most
ROW, NAME_WIDTH, SUM_WIDTH = 24, 180, 106  # of a ranking


@dataclass(frozen=True)
class Series:
    """One row of numbers.

    Attributes:
        name: in the legend and the table's head.
        colour: the name of a colour in the style sheet: ``bo-<colour>``.
        values: one for each label; None where there is none.
    """

    name: str
    colour: str
    values: Sequence[Value]


@dataclass(frozen=True)
class Box:
    """A bar, or a part of one; with what is said when a pointer rests on it."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    words: str


@dataclass(frozen=True)
class Mark:
    """A mark of an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """A curve, in pieces: it is broken where there is no number."""

    colour: str
    pieces: list[str]
    dots: list[Box]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """All that the template draws.

    Attributes:
        key: for ids in the page.
        rows: of the table: a label, then each series' number in words.
    """

    key: str
    title: str
    summary: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    width: int = WIDTH
    height: int = HEIGHT
    boxes: Sequence[Box] = ()
    lines: Sequence[Line] = ()
    legend: Sequence[Series] = ()
    across: Sequence[Mark] = ()
    up: Sequence[Mark] = ()
    names: Sequence[Mark] = ()
    sums: Sequence[Mark] = ()
    floor: float = HEIGHT - BOTTOM
    left: float = LEFT
    right: float = field(default=WIDTH - RIGHT)


def _written(
    labels: Sequence[str], series: Sequence[Series], say: Callable[[Value], str]
) -> list[tuple[str, list[str]]]:
    return [(label, [say(one.values[number]) for one in series]) for number, label in enumerate(labels)]


def bars(
    key: str, title: str, *, summary: str, labels: Sequence[str], series: Sequence[Series],
    say: Callable[[Value], str] = str, head: str = "Day (UTC)", most: float | None = None,
) -> Chart:  # fmt: skip
    """Draw bars side by side, the series stacked.

    Args:
        key: for ids in the page.
        title: the heading.
        summary: what it shows, in words: a chart's alternative text.
        labels: one for each bar.
        series: from the bottom up.
        say: writes a number.
        head: what the labels are.
        most: the upper end of the scale; else the highest bar decides.
    """
    stacks = [sum(float(one.values[at] or 0) for one in series) for at in range(len(labels))]
    ticks = scale(most if most is not None else max(stacks, default=0))
    place = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    boxes = []
    for at, label in enumerate(labels):
        foot = 0.0
        for one in series:
            if value := float(one.values[at] or 0):
                top, bottom = _y(foot + value, ticks), _y(foot, ticks)
                words = f"{label}, {one.name}: {say(one.values[at])}"
                x = LEFT + (at + GAP / 2) * place
                boxes.append(Box(_r(x), _r(top), _r(place * (1 - GAP)), _r(bottom - top), one.colour, words))
                foot += value
    return Chart(
        key=key, title=title, summary=summary, heads=[head, *(one.name for one in series)],
        rows=_written(labels, series, say), boxes=boxes, legend=series if len(series) > 1 else (),
        across=_labels_across(labels, place), up=_marks_up(ticks),
    )  # fmt: skip


def curves(
    key: str, title: str, *, summary: str, labels: Sequence[str], series: Sequence[Series],
    say: Callable[[Value], str] = str, head: str = "Day (UTC)",
) -> Chart:  # fmt: skip
    """Draw a curve for each series, broken where there is no number. Parameters as for :func:`bars`."""
    highest = max((float(value) for one in series for value in one.values if value is not None), default=0)
    ticks = scale(highest)
    place = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    lines = []
    for one in series:
        pieces: list[list[str]] = [[]]
        dots = []
        for at, value in enumerate(one.values):
            if value is None:
                pieces.append([])
                continue
            x, y = _r(LEFT + (at + 0.5) * place), _r(_y(float(value), ticks))
            pieces[-1].append(f"{x},{y}")
            dots.append(Box(x, y, 0, 0, one.colour, f"{labels[at]}, {one.name}: {say(value)}"))
        lines.append(Line(one.colour, [" ".join(piece) for piece in pieces if piece], dots))
    return Chart(
        key=key, title=title, summary=summary, heads=[head, *(one.name for one in series)],
        rows=_written(labels, series, say), lines=lines, legend=series,
        across=_labels_across(labels, place), up=_marks_up(ticks),
    )  # fmt: skip


def ranking(
    key: str, title: str, *, summary: str, entries: Sequence[tuple[str, Decimal]], say: Callable[[Value], str]
) -> Chart:
    """Draw names with a bar each, the longest first, as they are given. It has no table: the page has."""
    most = max((float(value) for _, value in entries), default=0) or 1.0
    room = WIDTH - NAME_WIDTH - SUM_WIDTH
    boxes, names, sums = [], [], []
    for at, (name, value) in enumerate(entries):
        y = at * ROW
        width = max(float(value) / most * room, 1.0)
        boxes.append(Box(NAME_WIDTH, y + 4, _r(width), ROW - 8, "blue", f"{name}: {say(value)}"))
        names.append(Mark(y + 16, name if len(name) <= 22 else f"{name[:21]}…"))
        sums.append(Mark(y + 16, say(value)))
    return Chart(
        key=key, title=title, summary=summary, heads=(), rows=(), boxes=boxes, names=names, sums=sums,
        height=max(len(entries) * ROW, ROW), left=NAME_WIDTH, floor=len(entries) * ROW,
    )  # fmt: skip


def scale(highest: float) -> list[float]:
    """Return the marks of an axis from 0 to at least the highest value: three to six of them, round numbers."""
    if highest <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(highest / 5))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * 5 >= highest * 0.999999)
    return [number * step for number in range(math.ceil(highest / step - 1e-6) + 1)]


def short(value: float) -> str:
    """Write a mark of an axis: ``0.5``, ``40``, ``12k``, ``3.5M``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _marks_up(ticks: list[float]) -> list[Mark]:
    return [Mark(_r(_y(tick, ticks)), short(tick)) for tick in ticks]


def _labels_across(labels: Sequence[str], place: float) -> list[Mark]:
    every = max(math.ceil(len(labels) / LABELS), 1)
    # Counted from the end: the newest is always named. Days without their year.
    return [
        Mark(_r(LEFT + (at + 0.5) * place), labels[at][5:] if len(labels[at]) == 10 else labels[at])
        for at in range(len(labels) - 1, -1, -every)
    ]


def _y(value: float, ticks: list[float]) -> float:
    return HEIGHT - BOTTOM - value / ticks[-1] * (HEIGHT - TOP - BOTTOM)


def _r(number: float) -> float:
    return round(number, 1)
