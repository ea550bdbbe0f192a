"""Charts: where the shapes are, and that the table says the same."""

from decimal import Decimal

import pytest

from orders.backoffice.charts import Series, bars, curves, ranking, scale, short
from orders.rollup import percentile


@pytest.mark.parametrize(
    ("highest", "marks"),
    [
        (0, [0, 1]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (7, [0, 2, 4, 6, 8]),
        (100, [0, 20, 40, 60, 80, 100]),
        (101, [0, 50, 100, 150]),
        (0.03, [0, 0.01, 0.02, 0.03]),
    ],
)
def test_the_marks_of_an_axis_are_round_and_reach_the_highest_value(highest, marks):
    assert scale(highest) == pytest.approx(marks)


@pytest.mark.parametrize("highest", [0.0013, 0.5, 3, 19, 999, 12_345, 8.7e9])
def test_an_axis_has_few_marks_and_is_not_much_too_high(highest):
    marks = scale(highest)
    assert 3 <= len(marks) <= 6
    assert highest <= marks[-1] * 1.0001 <= highest * 2.51


def test_bars_stand_on_each_other_and_the_table_has_every_number():
    chart = bars(
        "k", "Title", summary="words", labels=["2026-03-01", "2026-03-02"],
        series=[Series("Paid", "blue", [1, 3]), Series("Declined", "red", [None, 1])], say=lambda value: f"<{value}>",
    )  # fmt: skip

    assert [(box.colour, box.words) for box in chart.boxes] == [
        ("blue", "2026-03-01, Paid: <1>"),
        ("blue", "2026-03-02, Paid: <3>"),
        ("red", "2026-03-02, Declined: <1>"),
    ]
    first, second, third = chart.boxes
    assert (second.height / first.height, third.height / first.height) == pytest.approx((3, 1), rel=0.01)
    assert third.y + third.height == pytest.approx(second.y)
    assert first.y + first.height == second.y + second.height == chart.floor
    assert chart.rows == [("2026-03-01", ["<1>", "<None>"]), ("2026-03-02", ["<3>", "<1>"])]
    assert chart.heads == ["Day (UTC)", "Paid", "Declined"]
    assert [mark.text for mark in chart.across] == ["03-02", "03-01"]


def test_a_curve_is_broken_where_there_is_no_number():
    chart = curves(
        "k", "T", summary="s", labels=list("abcd"), series=[Series("p50", "blue", [1, 2, None, 0])]
    )

    (line,) = chart.lines
    assert [len(piece.split()) for piece in line.pieces] == [2, 1]
    assert [dot.words for dot in line.dots] == ["a, p50: 1", "b, p50: 2", "d, p50: 0"]


def test_a_ranking_measures_all_bars_by_the_longest():
    chart = ranking("k", "T", summary="s", entries=[("A" * 40, Decimal(200)), ("b", Decimal(50))], say=str)

    assert chart.boxes[0].width == 4 * chart.boxes[1].width
    assert [mark.text for mark in chart.names] == ["A" * 21 + "…", "b"]
    assert [mark.text for mark in chart.sums] == ["200", "50"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.5, "0.5"), (999, "999"), (12_000, "12k"), (3_500_000, "3.5M"), (2e9, "2G")],
)
def test_marks_are_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("counts", "percent", "value"),
    [
        ([], 50, None),
        ([(7, 1)], 50, 7),
        ([(7, 1)], 95, 7),
        ([(1, 1), (2, 1)], 50, 1),
        ([(1, 19), (2, 1)], 95, 1),
        ([(1, 18), (2, 2)], 95, 2),
        ([(1, 50), (5, 49), (9, 1)], 100, 9),
    ],
)
def test_a_percentile_is_the_nearest_rank(counts, percent, value):
    assert percentile(counts, percent) == value
