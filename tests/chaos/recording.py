"""A screen that remembers when it said what: prints lines, and writes them as an asciicast or an animated SVG."""

import json
import re
import time
from html import escape
from pathlib import Path

COLUMNS, LINE, CHARACTER, MARGIN = 110, 19, 7.85, 14
_SGR = re.compile(r"\x1b\[(\d+)m")
_COLOURS = {"31": "#ff6b6b", "32": "#69db7c"}


class Screen:
    """Lines of text with ANSI colours, each at its time."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lines: list[tuple[float, str]] = []

    def restart(self) -> None:
        """Begin the recording's time here."""
        self._began = time.monotonic()
        self._lines.clear()

    def say(self, line: str, *, pause: float = 0.4) -> None:
        """Print a line and leave time to read it."""
        self._lines.append((time.monotonic() - self._began, line))
        print(line, flush=True)
        time.sleep(pause)

    def _timed(self) -> list[tuple[float, str]]:
        """Return the lines with the first at 0.5 s: nobody wants to watch servers start."""
        first = self._lines[0][0] if self._lines else 0
        return [(at - first + 0.5, line) for at, line in self._lines]

    def write_cast(self, path: Path) -> None:
        """Write asciicast version 2."""
        head = {"version": 2, "width": COLUMNS, "height": len(self._lines) + 2, "title": "make demo-crash"}
        rows = [[round(at, 3), "o", f"{line}\r\n"] for at, line in self._timed()]
        path.write_text("".join(json.dumps(row) + "\n" for row in [head, *rows]), encoding="utf-8")

    def write_svg(self, path: Path) -> None:
        """Write a picture whose lines appear when they were said, over and over."""
        timed = self._timed()
        total = timed[-1][0] + 6
        width, height = round(COLUMNS * CHARACTER + 2 * MARGIN), len(timed) * LINE + 2 * MARGIN
        styles, texts = [], []
        for number, (at, line) in enumerate(timed):
            share = at / total * 100
            styles.append(
                f"@keyframes l{number}{{0%,{share:.2f}%{{opacity:0}}{share + 0.01:.2f}%,100%{{opacity:1}}}}"
            )
            y = MARGIN + LINE * number + 13
            texts.append(
                f'<text x="{MARGIN}" y="{y}" style="animation:l{number} {total:.1f}s infinite">{_spans(line)}</text>'
            )
        document = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            "<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e6e6e6;white-space:pre}",
            *styles,
            "</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#16181d"/>',
            *texts,
            "</svg>",
            "",
        ]
        path.write_text("\n".join(document), encoding="utf-8")


def _spans(line: str) -> str:
    parts, style = [], {"fill": "", "bold": False, "dim": False}
    for number, piece in enumerate(_SGR.split(line)):
        if number % 2 == 0:
            if piece:
                parts.append(_span(piece, style))
        elif piece == "0":
            style = {"fill": "", "bold": False, "dim": False}
        elif piece in _COLOURS:
            style["fill"] = _COLOURS[piece]
        else:
            style["bold" if piece == "1" else "dim"] = True
    return "".join(parts)


def _span(text: str, style: dict[str, object]) -> str:
    marks = f' fill="{style["fill"]}" style="fill:{style["fill"]}"' if style["fill"] else ""
    marks += ' font-weight="bold"' if style["bold"] else ""
    marks += ' opacity="0.6"' if style["dim"] else ""
    return f'<tspan xml:space="preserve"{marks}>{escape(text)}</tspan>'
