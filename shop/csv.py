"""Tables as CSV (RFC 4180, UTF-8) that a spreadsheet shows and never runs; the only code that writes or reads CSV.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, also behind blanks, and some
take the full-width letters of an East Asian keyboard for the same. Such a *text* is written behind an apostrophe.
Numbers are written as they are: ``-5`` must stay a number, and a number of ours is no formula.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

Cell = str | int | Decimal | None

# What spreadsheets skip before they look for a formula: white space, control characters, marks without a width.
_SKIPPED = r"[\s\x00-\x20\x7f-\xa0\u00ad\u180e\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff]*"
# = + - @, the minus sign, and every letter that is one of them in other clothes (full-width, small, raised, lowered).
_STARTS = r"[=+\-@\u2212\u207a-\u207c\u208a-\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]"
# Apostrophes in front belong to it: one more is put there and one is taken away, so that reading undoes writing.
_FORMULA = re.compile(rf"'*(?:[\t\r\n]|{_SKIPPED}{_STARTS})")


class _Echo:
    """A file that returns what is written to it: the way to have each line at once."""

    def write(self, line: str) -> str:
        return line


def neutralised(text: str) -> str:
    """Return a text as a cell that no spreadsheet runs: behind an apostrophe if it could be a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(cell: str) -> str:
    """Return the text behind a cell: the inverse of :func:`neutralised`, and nothing more.

    An apostrophe that was not put there (``'tis``) stays.
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def written(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    r"""Write rows, one line at a time, so that a table of any length needs the memory of one row.

    Args:
        rows: each of at least one cell. Texts are neutralised, numbers written in plain digits, None as nothing.

    Yields:
        One record each, ending in ``\r\n``. Write it to a file opened with ``newline=""``.

    Raises:
        TypeError: a cell is something else (a float is not exact, a date has many spellings).
    """
    writer = csv.writer(_Echo())
    for row in rows:
        # What csv's writer returns is what the file's write() returned.
        yield str(writer.writerow([_cell(value) for value in row]))


def read(lines: Iterable[str]) -> Iterator[list[str]]:
    """Read rows: what :func:`written` wrote, as texts.

    Args:
        lines: a file opened with ``newline=""`` (and ``encoding="utf-8-sig"`` if a spreadsheet may have saved it).

    Raises:
        csv.Error: it is not CSV.
    """
    for row in csv.reader(lines, strict=True):
        yield [restored(cell) for cell in row]


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return neutralised(value)
    if type(value) is int or (isinstance(value, Decimal) and value.is_finite()):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    raise TypeError(f"{type(value).__name__} has no cell of its own; write it as text")
