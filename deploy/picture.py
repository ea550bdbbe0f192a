"""Draws the dashboard as CloudWatch would lay it out, with figures that are made up: ``python -m deploy.picture``.

Widgets, titles, metrics and axes are read from the synthesised template (``make synth``); the figures come from a seed, and
the picture says so. They tell one story: for twelve minutes the payment provider is silent. Standard library only.
"""

import json
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from deploy import metrics

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "deploy/cdk.out/stages/shop-prod-observability.template.json"
PICTURE = ROOT / "docs/dashboard.svg"
SEED = 7
MINUTES = 180
SILENT = range(95, 107)
COLUMN, LINE_HEIGHT = 40, 28
HEAD = 46
LONG = 18
COLOURS = ("#2b6cb0", "#dd6b20", "#2f855a", "#c53030", "#6b46c1", "#718096")

Sample = Callable[[random.Random, int], float]


@dataclass(frozen=True)
class Curve:
    """One line of a diagram; ``right``: it belongs to the axis on the right."""

    label: str
    values: list[float]
    right: bool


def _silent(minute: int) -> bool:
    return minute in SILENT


def _around(middle: float, spread: float) -> Sample:
    return lambda dice, _minute: max(0.0, dice.gauss(middle, spread))


def _rare(chance: float) -> Sample:
    return lambda dice, _minute: float(dice.random() < chance)


def _while_silent(then: Sample, otherwise: Sample) -> Sample:
    return lambda dice, minute: (then if _silent(minute) else otherwise)(dice, minute)


def _piled(per_minute: float, otherwise: Sample) -> Sample:
    """Grow while the provider is silent, and be worked off in a third of that time."""

    def sample(dice: random.Random, minute: int) -> float:
        grown = (min(minute, SILENT.stop - 1) - SILENT.start + 1) * per_minute
        left = grown - max(0, minute - SILENT.stop + 1) * per_minute * 3
        return max(otherwise(dice, minute), left if minute >= SILENT.start else 0.0)

    return sample


ZERO: Sample = _around(0, 0)
SAMPLES: dict[str, Sample] = {
    f"{metrics.ORDERS_SETTLED} processing": _while_silent(ZERO, _around(14, 3)),
    f"{metrics.ORDERS_SETTLED} payment_declined": _while_silent(ZERO, _around(0.8, 0.7)),
    f"{metrics.ORDERS_SETTLED} out_of_stock": _rare(0.2),
    f"{metrics.STEP_MILLISECONDS} CREATED": _around(38, 6),
    f"{metrics.STEP_MILLISECONDS} CHARGING": _while_silent(_around(4800, 90), _around(640, 80)),
    f"{metrics.STEP_MILLISECONDS} ABORT": _around(160, 40),
    f"{metrics.DYNAMODB_RETRIES} conflict": _around(2, 1.5),
    f"{metrics.DYNAMODB_RETRIES} unanswered": _rare(0.03),
    metrics.OLDEST_OPEN_ORDER_SECONDS: _piled(60, _around(1.2, 0.8)),
    metrics.OPEN_ORDERS: _piled(4, _around(1, 0.8)),
    metrics.INVARIANT_VIOLATIONS: ZERO,
    metrics.PAYMENT_BREAKER_OPEN: lambda _dice, minute: float(_silent(minute)),
    "ApproximateNumberOfMessagesVisible messages": _piled(1, _rare(0.1)),
    "ApproximateNumberOfMessagesVisible dead letters": ZERO,
    "ApproximateAgeOfOldestMessage": _piled(9, _around(0.5, 0.5)),
    f"{metrics.REQUESTS} 2xx": _while_silent(_around(205, 14), _around(230, 15)),
    f"{metrics.REQUESTS} 4xx": _around(9, 3),
    f"{metrics.REQUESTS} 5xx": _while_silent(_around(13, 3), _rare(0.02)),
    "5xx (%)": _while_silent(_around(5.6, 0.6), ZERO),
    "TargetResponseTime p50": _around(0.021, 0.002),
    "TargetResponseTime p90": _while_silent(_around(0.3, 0.05), _around(0.11, 0.01)),
    "TargetResponseTime p99": _while_silent(_around(1.4, 0.2), _around(0.7, 0.06)),
    metrics.REQUESTS_THROTTLED: _rare(0.06),
    metrics.TOKENS_REFUSED: _around(1, 0.9),
    "BlockedRequests": _around(3, 2),
    f"{metrics.REQUEST_MILLISECONDS} POST /orders": _while_silent(_around(1400, 200), _around(780, 70)),
    f"{metrics.REQUEST_MILLISECONDS} GET /orders": _around(90, 15),
    f"{metrics.REQUEST_MILLISECONDS} GET /products": _around(60, 10),
    f"{metrics.REQUEST_MILLISECONDS} POST /users/login": _around(420, 40),
    "web": lambda _dice, _minute: 2.0,
    "background": lambda _dice, _minute: 2.0,
    "web CPU": _around(21, 3),
    "web memory": _around(38, 0.5),
    "background CPU": _around(7, 2),
    "background memory": _around(29, 0.5),
    "Refused calls": ZERO,
    "CPUUtilization": _around(11, 2),
    "DatabaseConnections": _around(44, 2),
    "FreeStorageSpace": lambda _dice, minute: 44.2e9 - 4e4 * minute,
}
"""By what a line is called: its value at a minute. A name that is missing is an error, so that no widget is drawn empty."""


# ---- The dashboard in the template ----------------------------------------------------------------------------


def widgets() -> list[dict[str, Any]]:
    """Return the dashboard's widgets; references to other resources read as their names."""
    resources = json.loads(TEMPLATE.read_text(encoding="utf-8"))["Resources"].values()
    (body,) = (
        each["Properties"]["DashboardBody"]
        for each in resources
        if each["Type"] == "AWS::CloudWatch::Dashboard"
    )
    if isinstance(body, dict):
        body = "".join(part if isinstance(part, str) else _name(part) for part in body["Fn::Join"][1])
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def _name(reference: dict[str, Any]) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "", json.dumps(reference))


def names(widget: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return what a widget's lines are called, and whether each is on the right axis."""
    found: list[tuple[str, bool]] = []
    for metric in widget["properties"]["metrics"]:
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        right = options.get("yAxis") == "right"
        if searched := re.search(r'MetricName="(\w+)"', options.get("expression", "")):
            found += [(name, right) for name in SAMPLES if name.startswith(f"{searched[1]} ")]
        elif options.get("visible", True):
            found.append((_line_name(metric, options), right))
    return found


def _line_name(metric: list[Any], options: dict[str, Any]) -> str:
    name, label = str(metric[1]) if len(metric) > 1 else "", options.get("label", "")
    if name == "ApproximateNumberOfMessagesVisible":
        return f"{name} {'dead letters' if 'Dead' in str(metric[3]) else 'messages'}"
    if name == "TargetResponseTime":
        return f"{name} {label}"
    return label if label in SAMPLES else name


def curves(widget: dict[str, Any], *, dice: random.Random) -> list[Curve]:
    """Return a widget's lines with made-up values, one a minute."""
    return [
        Curve(name, [SAMPLES[name](dice, minute) for minute in range(MINUTES)], right)
        for name, right in names(widget)
    ]


# ---- Drawing ---------------------------------------------------------------------------------------------------


def draw() -> str:
    """Return the picture."""
    dice = random.Random(SEED)  # noqa: S311 (made-up figures)
    found = widgets()
    width = 24 * COLUMN
    height = HEAD + max(each["y"] + each["height"] for each in found) * LINE_HEIGHT + 4
    title = "shop-prod, the dashboard. Sample data, made up: three hours, the payment provider silent for twelve minutes"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="9">',
        f'<rect width="{width}" height="{height}" fill="#f2f3f3"/>',
        f'<text x="8" y="20" font-size="14" font-weight="bold">{title}</text>',
        f'<text x="8" y="36" fill="#666666">Widgets and metrics are those of the template; no figure was measured (seed {SEED})</text>',
    ]
    for widget in found:
        parts += _widget(widget, curves(widget, dice=dice))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _widget(widget: dict[str, Any], lines: list[Curve]) -> list[str]:
    x, y = widget["x"] * COLUMN + 3, HEAD + widget["y"] * LINE_HEIGHT + 3
    width, height = widget["width"] * COLUMN - 6, widget["height"] * LINE_HEIGHT - 6
    heading = escape(widget["properties"]["title"])
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="#ffffff" stroke="#d5dbdb"/>',
        f'<text x="{x + 8}" y="{y + 15}" font-size="11" font-weight="bold">{heading}</text>',
    ]
    left, top = x + 34, y + 24
    columns = 3 if all(len(_short(line.label)) < LONG for line in lines) else 2
    area = (left, top, width - 68, height - 24 - 16 - 11 * ((len(lines) + columns - 1) // columns))
    parts += _axes(area, lines)
    for number, line in enumerate(lines):
        most = _top(lines, right=line.right)
        points = " ".join(
            f"{left + area[2] * minute / (MINUTES - 1):.0f},{top + area[3] * (1 - value / most):.1f}"
            for minute, value in enumerate(line.values)
        )
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.2"/>')
        key_x, key_y = (
            x + 8 + (number % columns) * (width - 12) / columns,
            top + area[3] + 21 + 11 * (number // columns),
        )
        parts.append(f'<rect x="{key_x:.0f}" y="{key_y - 6:.0f}" width="6" height="6" fill="{colour}"/>')
        side = " (right)" if line.right else ""
        label = escape(_short(line.label) + side)
        parts.append(f'<text x="{key_x + 9:.0f}" y="{key_y:.0f}" fill="#444444">{label}</text>')
    return parts


def _short(label: str) -> str:
    """Leave out a metric's name before the value of its dimension, as CloudWatch's legend does."""
    first, _, rest = label.partition(" ")
    short = rest if rest and first[:1].isupper() and len(first) > 6 and first != "Refused" else label
    return short.replace("Approximate", "")


def _top(lines: list[Curve], *, right: bool) -> float:
    most = max((value for line in lines if line.right == right for value in line.values), default=1.0)
    return most * 1.15 or 1.0


def _axes(area: tuple[float, float, float, float], lines: list[Curve]) -> list[str]:
    left, top, width, height = area
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = top + height * (1 - share)
        parts.append(f'<line x1="{left}" y1="{y:.0f}" x2="{left + width}" y2="{y:.0f}" stroke="#eaeded"/>')
        for right, x, anchor in ((False, left - 4, "end"), (True, left + width + 4, "start")):
            if any(line.right == right for line in lines):
                value = _number(_top(lines, right=right) * share)
                parts.append(
                    f'<text x="{x}" y="{y + 3:.0f}" text-anchor="{anchor}" fill="#666666">{value}</text>'
                )
    for hour in range(4):
        x = left + width * hour / 3
        parts.append(
            f'<text x="{x:.0f}" y="{top + height + 11:.0f}" text-anchor="middle" fill="#666666">{10 + hour}:00</text>'
        )
    return parts


def _number(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.2g}" if value < 100 else f"{value:.0f}"


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)} written\n")
