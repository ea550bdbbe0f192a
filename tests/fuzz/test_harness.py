"""The fuzzer sees what it is there to see, allows what it must, and keeps its figures."""

import copy
import json
from collections import Counter
from types import SimpleNamespace

import pytest
from schemathesis.openapi.checks import RejectedPositiveData

from shop.health import LiveView
from tests.fuzz import campaign, judgement, plan
from tests.fuzz.campaign import Campaign, Tally

LIVE = "/health/live"


@pytest.fixture
def document(monkeypatch):
    """The document of one operation alone."""
    small = copy.deepcopy(campaign.DOCUMENT)
    small["paths"] = {LIVE: small["paths"][LIVE]}
    monkeypatch.setattr(campaign, "DOCUMENT", small)
    return small


@pytest.fixture
def titles():
    """What a campaign of one operation finds."""

    def find():
        tally = Tally()
        Campaign(account=None, open_mode=True, seed=1, examples=1, systematic=True, limit=50).run(tally)
        assert tally.requests > 3
        return {name.split(": ")[1] for name in tally.failures}

    return find


def test_a_sound_operation_has_no_failures(document, titles):
    assert titles() == set()


def test_an_answer_of_another_shape_is_seen(document, titles):
    document["components"]["schemas"]["LiveAnswer"]["required"].append("mood")

    assert titles() == {"Response violates schema"}


def test_a_status_that_is_not_documented_is_seen(document, titles):
    document["paths"][LIVE]["get"]["responses"].pop("200")

    assert titles() == {"Undocumented status code"}


def test_an_operation_that_asks_for_no_token_although_it_should_is_seen(document, titles, monkeypatch):
    document["paths"][LIVE]["get"]["security"] = [{"accessToken": []}]
    monkeypatch.setattr(campaign, "_need_tokens_for_accounts_only", lambda document: None)

    assert titles() == {
        "Custom check failed",
        "Missing required header accepted",
        "Schema-violating request accepted",
    }


def test_a_crash_is_seen(document, titles, monkeypatch):
    def crash(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(LiveView, "get", crash)

    assert "Server error" in titles()


def answer(code, *faults):
    body = {"code": code, "errors": [{"field": "", "code": fault, "message": ""} for fault in faults]}
    return SimpleNamespace(
        headers={"content-type": ["application/problem+json"]}, content=json.dumps(body).encode()
    )


REFUSED = RejectedPositiveData(operation="", message="", status_code=400, allowed_statuses=[])


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (answer("unknown_product"), False),
        (answer("invalid_request", "nothing_to_change"), False),
        (answer("invalid_request", "nothing_to_change", "invalid"), True),
        (answer("invalid_request"), True),
        (answer("invalid_json"), True),
        (SimpleNamespace(headers={"content-type": ["text/html"]}, content=b""), True),
    ],
)
def test_what_is_valid_by_the_schema_is_refused_for_its_meaning_alone(response, failure):
    assert judgement.is_failure(None, REFUSED, None, response) is failure


def test_whole_numbers_are_written_as_such():
    assert json.dumps(campaign._whole_numbers({"a": [5.0, 0.5, True], "b": "5.0"})) == (
        '{"a": [5, 0.5, true], "b": "5.0"}'
    )


def test_the_figures_go_between_the_marks_of_the_page_and_nowhere_else(tmp_path):
    page = tmp_path / "security.md"
    page.write_text("before\n<!-- fuzz -->\nold\n<!-- /fuzz -->\nafter\n")

    plan.insert(page, "new\n")

    assert page.read_text() == "before\n<!-- fuzz -->\n\nnew\n\n<!-- /fuzz -->\nafter\n"


def test_without_marks_the_figures_are_said_to_be_lost(tmp_path, capsys):
    page = tmp_path / "security.md"
    page.write_text("a page\n")

    plan.insert(page, "new\n")

    assert page.read_text() == "a page\n"
    assert "the figures are not kept" in capsys.readouterr().out


def test_the_table_counts_by_operation_and_status():
    tally = Tally(requests=3, by_operation={"GET /": Counter({200: 2, 405: 1})})

    assert plan.table(tally, seed=7, seconds=120).splitlines()[-4:] == [
        "| operation | requests | 200 | 405 |",
        "|---|---|---|---|",
        "| GET / | 3 | 2 | 1 |",
        "| **all** | 3 | 2 | 1 |",
    ]


def judged(url):
    request = SimpleNamespace(url=url, body=None)
    answer = SimpleNamespace(request=request, status_code=404, content=b"There is no order 'SELECT 1'.")
    judgement.keeps_its_inside_to_itself(None, answer, None)


def test_an_inner_word_is_seen():
    with pytest.raises(AssertionError, match="SELECT"):
        judged("http://shop/orders/7")


def test_what_the_caller_wrote_is_no_inner_word():
    judged("http://shop/orders/SELECT%201")
