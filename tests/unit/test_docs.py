"""The pages keep up with the code: tables, links, commands and examples are compared with what they speak of.

The table of error codes is made from the code: ``UPDATE_DOCS=1 make test-fast T=tests/unit/test_docs.py`` writes it.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import shop.urls  # noqa: F401 (loads every room, and so every error)
from orders.states import CancelReason, OrderStatus, Step
from shop.errors import DomainError
from shop.pages import error_table
from tests.pages import DOCS, PAGES, ROOT, blocks, name_of, prose, read, replace_section, rows, section

ADRS = sorted((DOCS / "adr").glob("*.md"))
# This page also names commands of the earlier service, and ours that are planned.
PLANS = DOCS / "migrating.md"
ROOMS = {"shop", "products", "users", "orders"}
CODES = "<!-- generated: error codes -->\n"


each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


# ---- links -------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The fragments that a page offers, as code forges make them from headings."""
    headings = re.findall(r"^#+ +(.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not urlsplit(target).scheme:
            yield unquote(target)


@each_page
def test_every_relative_link_leads_somewhere(page):
    for target in links(page):
        path, _, fragment = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name_of(page)} links to {target}"
        if fragment:
            assert fragment in anchors(there), f"{name_of(page)} links to {target}"


def test_every_picture_is_shown_somewhere_small_and_made_by_the_script():
    pictures = {picture.resolve() for picture in (DOCS / "images").iterdir()}
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    made = re.findall(r'file="([\w-]+)"', read(ROOT / "tests" / "browser" / "screenshots.py"))

    assert pictures <= shown
    assert {picture.name for picture in pictures} == {f"{name}.webp" for name in made}
    assert {picture.name for picture in pictures if picture.stat().st_size >= 150_000} == set()


def test_every_page_can_be_reached_from_the_index():
    reached = {
        (DOCS / target.partition("#")[0]).resolve()
        for target in links(DOCS / "README.md")
        if not target.startswith("#")
    }

    assert {page for page in PAGES if page.parent != ROOT} - {DOCS / "README.md"} <= reached


# ---- commands and examples ---------------------------------------------------------------------------------


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), flags=re.MULTILINE))


@pytest.mark.parametrize("page", [page for page in PAGES if page != PLANS], ids=name_of)
def test_every_make_target_exists(page):
    named = set(
        re.findall(r"(?:`|^|PORT=\d+ |=\w+ )make (?:-s )?([a-z][a-z-]*)", read(page), flags=re.MULTILINE)
    )

    assert named <= make_targets()


def test_the_front_page_names_the_commands_that_a_newcomer_needs():
    assert "make run" in read(ROOT / "README.md")
    for target in ("test", "check", "demo", "token", "smoke", "up", "down"):
        assert f"make {target}" in read(ROOT / "README.md")


def test_each_line_of_a_shell_block_is_one_command_that_can_be_run():
    commands = [line for block in blocks(ROOT / "README.md", "sh") for line in block.splitlines()]

    assert commands
    for command in commands:
        assert re.match(r"(make|curl|docker compose) \S", command), command
        assert not command.endswith("\\"), command


@each_page
def test_every_json_example_is_json(page):
    for block in blocks(page, "json"):
        json.loads(block)


# ---- the API -----------------------------------------------------------------------------------------------


@cache
def operations() -> set[str]:
    paths = yaml.safe_load(read(ROOT / "openapi.yaml"))["paths"]
    return {
        f"{method.upper()} {re.sub('{[^}]+}', '{}', path)}"
        for path, members in paths.items()
        for method in members
        if method in {"get", "put", "post", "delete", "patch"}
    }


def test_the_request_file_holds_every_call_and_no_other():
    text = read(DOCS / "shop.http")
    text = text.replace("{{host}}", "").replace("{{product}}", "{}").replace("{{order}}", "{}")
    text = text.replace("/prod_040", "/{}")
    sent = {
        f"{method} {path.partition('?')[0]}"
        for method, path in re.findall(r"^(GET|POST|PUT|PATCH|DELETE) (\S+)$", text, flags=re.MULTILINE)
    }

    # The document does not list itself.
    assert sent - {"GET /schema"} == operations()


def test_the_request_file_has_valid_bodies():
    bodies = re.findall(r"^\{\".*?\}$", read(DOCS / "shop.http"), flags=re.DOTALL | re.MULTILINE)

    assert len(bodies) >= 15
    for body in bodies:
        json.loads(body)


def test_the_page_about_the_api_names_every_path():
    text = re.sub(r"\{[^}]+\}", "{}", read(DOCS / "api.md"))

    assert {
        path for _, _, path in (call.partition(" ") for call in operations()) if path not in text
    } == set()


def every_kind(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from every_kind(child)


def ours(kind: type[DomainError]) -> bool:
    return kind.__module__.split(".")[0] in ROOMS


def table_of_codes() -> str:
    """The table as api.md has it, without what tests have made up."""
    made_up = {kind.code for kind in every_kind() if not ours(kind)} - {
        kind.code for kind in every_kind() if ours(kind)
    }
    body = [
        f"| `{row['code']}` | {row['status']} | {row['meaning']} |\n"
        for row in error_table()
        if row["code"] not in made_up
    ]
    return "".join(["| Code | Status | Meaning |\n", "|---|---|---|\n", *body])


def test_the_table_of_error_codes_is_that_of_the_code():
    page = DOCS / "api.md"
    if os.environ.get("UPDATE_DOCS") == "1":
        replace_section(page, CODES, table_of_codes())

    assert section(page, CODES) == table_of_codes(), (
        "UPDATE_DOCS=1 make test-fast T=tests/unit/test_docs.py writes it anew"
    )


def test_two_errors_with_one_code_say_the_same():
    words: dict[str, set[str]] = {}
    for kind in filter(ours, every_kind()):
        if not kind.__subclasses__():
            words.setdefault(kind.code, set()).add(" ".join((kind.__doc__ or "").split()))

    assert {code: said for code, said in words.items() if len(said) > 1} == {}


@pytest.mark.parametrize("word", [*OrderStatus, *CancelReason])
def test_the_states_of_an_order_are_explained(word):
    assert f"`{word}`" in read(DOCS / "api.md")


@pytest.mark.parametrize("word", [*OrderStatus, *Step])
def test_the_steps_of_the_saga_are_explained(word):
    assert f"`{word}`" in read(DOCS / "saga.md")


# ---- decisions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ADRS, ids=name_of)
def test_a_decision_has_its_number_date_and_three_parts(page):
    number = int(page.name.partition("-")[0])

    assert re.match(rf"# {number}\. \S.*\n\n\d{{4}}-\d{{2}} · \w+\n", read(page))
    assert re.findall(r"^## (.+)$", read(page), flags=re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_the_decisions_are_numbered_without_gaps():
    assert [int(page.name.partition("-")[0]) for page in ADRS] == list(range(1, len(ADRS) + 1))


def test_every_dependency_has_its_reason():
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    wanted = [
        *project["project"]["dependencies"],
        *(name for extra in project["project"]["optional-dependencies"].values() for name in extra),
        *(name for group in project["dependency-groups"].values() for name in group),
        *(
            line
            for name in ("deploy", "bench")
            for line in read(ROOT / "requirements" / f"{name}.in").splitlines()
            if not line.startswith("#")
        ),
    ]
    taken = read(DOCS / "adr" / "0006-libraries.md").partition("Looked at and not taken")[0]

    named = {cells[0].strip("`") for cells in rows(taken)}
    assert named == {re.split(r"[\[<>=]", requirement)[0] for requirement in wanted}
