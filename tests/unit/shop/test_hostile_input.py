"""Small requests that ask for a lot: each is answered at once, with a refusal and no traceback."""

import time
import uuid
from io import BytesIO
from typing import Any

import pytest
import structlog
from django.test import RequestFactory
from rest_framework.exceptions import ValidationError

from shop.middleware import BodyLimitMiddleware
from shop.serializers import (
    MAX_FAULTS_NAMED,
    MAX_UNKNOWN_NAMED,
    ShortListField,
    StrictSerializer,
    TextField,
)
from shop.wire import parse_json


class Form(StrictSerializer):
    name = TextField(required=False)


def test_a_repeated_member_behind_a_hundred_thousand_others_costs_no_time():
    members = ",".join(f'"m{number}":0' for number in range(100_000))
    body = f'{{{members},"m99999":1}}'.encode()
    began = time.process_time()

    with pytest.raises(ValueError, match="'m99999' stands twice"):
        parse_json(body)
    assert time.process_time() - began < 5  # a quadratic search takes minutes


@pytest.mark.parametrize(
    "number", ["1e99999999999999999999", "-1E+99999999999999999999", "0.1e-99999999999999999999"]
)
def test_a_number_beyond_all_decimals_is_no_json_of_ours(number):
    with pytest.raises(ValueError, match="no number to work with"):
        parse_json(f'{{"price": {number}}}'.encode())


def test_of_many_unknown_members_some_are_named():
    form = Form(data={f"m{number}": 0 for number in range(10_000)})

    with pytest.raises(ValidationError) as refusal:
        form.is_valid(raise_exception=True)
    assert len(refusal.value.detail) == MAX_UNKNOWN_NAMED


def test_a_body_in_chunks_is_refused_unread():
    request = RequestFactory().generic("POST", "/orders", b"", headers={"Transfer-Encoding": "chunked"})
    request.META["wsgi.input"] = BytesIO(b"never read")

    response = BodyLimitMiddleware(lambda _request: pytest.fail("passed on"))(request)

    assert response.status_code == 411
    assert b'"code":"length_required"' in response.content
    assert request.META["wsgi.input"].read() == b"never read"


class Basket(StrictSerializer):
    lines = ShortListField(child=Form(), max_length=1000)


def faults_of(*lines):
    basket = Basket(data={"lines": list(lines)})
    with pytest.raises(ValidationError) as refusal:
        basket.is_valid(raise_exception=True)
    detail: Any = refusal.value.detail
    return detail["lines"]


def test_a_list_that_is_too_long_is_refused_before_any_of_it_is_looked_at():
    began = time.process_time()

    [fault] = faults_of(*[{"unknown": 0}] * 100_000)

    assert fault.code == "max_length"
    assert time.process_time() - began < 1  # to look at each takes half a minute


def test_of_many_faulty_entries_some_are_named():
    faults = faults_of({"name": "good"}, *[{"name": 0}] * 500)

    assert list(faults) == list(range(1, MAX_FAULTS_NAMED + 1))
    assert [fault.code for fault in faults[1]["name"]] == ["invalid"]


def test_a_list_of_good_entries_is_taken_as_it_is():
    basket = Basket(data={"lines": [{"name": "a"}, {}]})

    basket.is_valid(raise_exception=True)
    assert basket.validated_data == {"lines": [{"name": "a"}, {}]}


class RefusalError(Exception):
    pass


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_neither_local_variables_nor_addresses(log_lines, log_format):
    read = log_lines(log_format)

    secret = uuid.uuid4().hex

    def refuse(password):
        raise RefusalError(f"no mail for ann@example.com{password[:0]}")

    try:
        refuse(secret)
    except RefusalError:
        structlog.get_logger("shop.test").exception("broke")

    text = "\n".join(read())
    assert "RefusalError" in text
    assert secret not in text
    assert "ann@example.com" not in text
