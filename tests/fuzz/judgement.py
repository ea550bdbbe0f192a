"""What counts as a failure: schemathesis's own checks, three of ours, and the one allowance that is made.

The allowance: a request that is valid by the schema may be refused for what it *means* (an unknown product, a wrong
code), with a code of its own; it may never be refused for how it is written (``invalid_request``, ``invalid_json``…).
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

# A refusal with one of these says: this is not what the call takes. The schema said it was.
OF_THE_FORM = frozenset({"invalid_request", "invalid_json", "unsupported_media_type", "not_acceptable"})
# …but for what JSON Schema cannot say, or no client generator could use; each named in the schema's words.
BEYOND_JSON_SCHEMA = frozenset({"nothing_to_change", "too_many_lines", "max_value", "invalid_range"})
INNER_WORDS = (b"Traceback", b"botocore", b"MySQLdb", b"pynamodb", b"django.", b"SELECT ", b"INSERT INTO")

CHECKS: Mapping[str, Any] = {
    # Its probes do not work on WSGI applications in schemathesis 4.32; `asks_for_a_token` is in its place.
    "ignored_auth": {"enabled": False},
}


def problem_of(response: Any) -> dict[str, Any]:
    """Return the problem that an answer is, or {}."""
    if "problem+json" not in "".join(response.headers.get("content-type", [])):
        return {}
    problem: dict[str, Any] = json.loads(response.content)
    return problem


@schemathesis.check
def documented_code(ctx: Any, response: Any, case: Any) -> None:
    """The problem's code is among those that the schema names for this status."""
    problem = problem_of(response)
    documented = case.operation.definition.raw["responses"].get(str(response.status_code))
    if problem and documented and f"`{problem['code']}`" not in documented["description"]:
        raise AssertionError(f"{problem['code']} is not documented for {response.status_code}")


@schemathesis.check
def asks_for_a_token(ctx: Any, response: Any, case: Any) -> None:
    """Nothing that needs a token is done without one."""
    security = case.operation.definition.raw.get("security", [])
    needed = bool(security) and {} not in security
    sent = any(name.lower() == "authorization" for name in response.request.headers)
    if needed and not sent and 200 <= response.status_code < 400 and response.request.method != "OPTIONS":
        raise AssertionError(f"{response.status_code} without a token")


@schemathesis.check
def keeps_its_inside_to_itself(ctx: Any, response: Any, case: Any) -> None:
    """No answer has a stack trace, SQL, or a library's words, but for those that the caller wrote."""
    request = response.request
    said = unquote_to_bytes(request.url) + (request.body if isinstance(request.body, bytes) else b"")
    found = [word.decode() for word in INNER_WORDS if word in response.content and word not in said]
    if found and response.status_code >= 400:
        raise AssertionError(f"the answer says {found}")


def is_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Make the allowance; everything else that a check says counts."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = problem_of(response)
    if problem.get("code") not in OF_THE_FORM:
        return not problem
    faults = {fault["code"] for fault in problem["errors"]}
    return not faults or not faults <= BEYOND_JSON_SCHEMA
