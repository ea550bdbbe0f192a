"""The picture of the dashboard in the documentation is that of the template."""

from deploy import picture


def test_the_picture_is_drawn_from_the_dashboard_as_it_is_now() -> None:
    assert picture.PICTURE.read_text(encoding="utf-8") == picture.draw(), "python -m deploy.picture"


def test_it_says_that_its_figures_are_made_up() -> None:
    text = picture.draw()
    assert "Sample data, made up" in text
    assert "no figure was measured" in text


def test_every_widget_is_drawn_with_its_title_and_at_least_one_line() -> None:
    text = picture.draw()
    found = picture.widgets()
    assert len(found) == 16
    for widget in found:
        assert widget["properties"]["title"].replace("&", "&amp;") in text
        assert picture.names(widget), widget["properties"]["title"]
    assert text.count("<polyline") == sum(len(picture.names(widget)) for widget in found)


def test_there_are_no_samples_for_what_the_dashboard_does_not_show() -> None:
    shown = {name for widget in picture.widgets() for name, _right in picture.names(widget)}
    assert set(picture.SAMPLES) - shown == set()
