"""The committed schema's links lead somewhere, and its bodies are as strict as the code."""

import re

import pytest
import yaml

from tests.pages import ROOT

DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
OPERATIONS = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}
SHAPES = DOCUMENT["components"]["schemas"]
LINKS = [
    pytest.param(operation, response, link, id=f"{name}-{status}-{link['operationId']}")
    for name, operation in OPERATIONS.items()
    for status, response in operation["responses"].items()
    for link in response.get("links", {}).values()
]


def shape_of(content):
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return SHAPES[name]


def member(shape, pointer):
    """The schema at a JSON Pointer into what this schema describes."""
    for step in pointer.split("/")[1:]:
        if "$ref" in shape:
            shape = SHAPES[shape["$ref"].rpartition("/")[2]]
        shape = shape["items"] if step.isdigit() else shape["properties"][step]
    return shape


def expressions(link):
    yield from link.get("parameters", {}).values()
    yield from re.findall(r"\$(?:request|response)\.[^\s'\"]+", str(link.get("requestBody", "")))


@pytest.mark.parametrize(("operation", "response", "link"), LINKS)
def test_a_link_names_a_call_its_parameters_and_what_is_there_to_fill_them(operation, response, link):
    target = OPERATIONS[link["operationId"]]
    known = {parameter["name"] for parameter in target.get("parameters", [])}
    needed = {parameter["name"] for parameter in target.get("parameters", []) if parameter.get("required")}

    assert needed <= set(link.get("parameters", {})) <= known
    if "requestBody" in link:
        body = shape_of(target["requestBody"]["content"])
        assert set(body.get("required", [])) <= set(link["requestBody"]) <= set(body["properties"])
    for expression in expressions(link):
        source, _, pointer = expression.partition("#")
        if source == "$response.body":
            assert member(shape_of(response["content"]), pointer)
        elif source == "$request.body":
            assert member(shape_of(operation["requestBody"]["content"]), pointer)
        else:
            assert source == "$response.header.ETag"
            assert "ETag" in response["headers"]


def test_what_is_made_or_listed_leads_on():
    leading = {name for name, operation in OPERATIONS.items() if "links" in str(operation["responses"])}

    assert leading >= {
        "create_product", "list_products", "get_product", "place_order", "list_orders", "get_order",
        "sign_up", "log_in", "refresh_tokens",
    }  # fmt: skip


def test_every_body_is_closed():
    bodies = [shape_of(o["requestBody"]["content"]) for o in OPERATIONS.values() if "requestBody" in o]

    assert bodies
    assert all(body["additionalProperties"] is False for body in bodies)


def test_a_change_names_at_least_one_member():
    assert SHAPES["PatchedUpdateProductInputRequest"]["minProperties"] == 1
    assert SHAPES["PatchedUpdateMeInputRequest"]["minProperties"] == 1
    assert "minProperties" not in SHAPES["CreateProductInputRequest"]


def test_what_was_read_of_a_product_may_be_sent_back():
    assert set(SHAPES["PatchedUpdateProductInputRequest"]["properties"]) >= set(
        SHAPES["ProductOutput"]["properties"]
    )


def test_reading_products_asks_for_no_token_and_writing_them_does():
    assert OPERATIONS["list_products"]["security"] == [{"accessToken": []}, {}]
    assert OPERATIONS["get_product"]["security"] == [{"accessToken": []}, {}]
    for name in ("create_product", "delete_product", "list_orders", "place_order", "get_me"):
        assert OPERATIONS[name]["security"] == [{"accessToken": []}]
