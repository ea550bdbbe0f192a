"""Campaigns: schemathesis sends what it makes of openapi.yaml to the application, and every answer is judged.

One campaign is one caller in one access mode. The application is called in this process, through WSGI as gunicorn
calls it; behind it are the stores of the test run (MariaDB or MySQL, DynamoDB Local, a stand-in for Cognito).
"""

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
import yaml
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from shop.wsgi import application
from tests.fuzz import judgement
from tests.fuzz.callers import Account

SCHEMA = Path(__file__).resolve().parents[2] / "openapi.yaml"
DOCUMENT = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


@dataclass
class Tally:
    """What was sent and what came of it."""

    requests: int = 0
    by_operation: dict[str, Counter[int]] = field(default_factory=dict)
    by_phase: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    on_request: Callable[[int], object] = field(default=int)

    def count(self, operation: str, status: int) -> None:
        """Count one request."""
        self.requests += 1
        self.by_operation.setdefault(operation, Counter())[status] += 1
        self.on_request(self.requests)


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """Who calls, and how much.

    Attributes:
        account: whose token is sent; None for nobody's.
        open_mode: whether the shop runs with ``REQUIRE_AUTH=false``.
        seed: decides what is sent.
        examples: so many cases per operation are made up, and so many walks along links.
        systematic: also send the schema's examples and every boundary of it; the same each time, whatever the seed.
        limit: stop once the tally has so many requests.
    """

    account: Account | None
    open_mode: bool
    seed: int
    examples: int
    systematic: bool
    limit: int

    def run(self, tally: Tally) -> None:
        """Send the requests, count them, and note what failed."""
        schema = self._schema()
        stream = from_schema(schema).execute()

        @schema.hook
        def after_call(context: Any, case: Any, response: Any) -> None:
            tally.count(case.operation.label, response.status_code)
            if self.account is not None:
                self.account.saw(case.operation.label, response.status_code)
            if tally.requests >= self.limit:
                stream.stop()

        for event in stream:
            _note(event, tally)

    def _schema(self) -> Any:
        document = copy.deepcopy(DOCUMENT)
        if self.open_mode:
            _need_tokens_for_accounts_only(document)
        schema = schemathesis.openapi.from_dict(document, config=self._config())
        schema.app = application
        schema.hook("filter_failure")(judgement.is_failure)
        schema.hook("map_body")(lambda context, body: _whole_numbers(body))
        if self.account is not None:
            schema.auth(refresh_interval=None)(_bearer(self.account))
        return schema

    def _config(self) -> SchemathesisConfig:
        made_up = {"enabled": self.examples > 0}
        return SchemathesisConfig.from_dict(
            {
                "seed": self.seed,
                "workers": 1,
                "continue-on-failure": True,
                "cache": {"enabled": False},
                "auth": {"auto-signup": False},
                # NUL is refused in every text, which JSON Schema has no short word for.
                "generation": {
                    "max-examples": max(self.examples, 1),
                    "database": "none",
                    "no-shrink": True,
                    "allow-x00": False,
                },
                "phases": {
                    "examples": {"enabled": self.systematic},
                    "coverage": {"enabled": self.systematic},
                    "fuzzing": made_up,
                    "stateful": {**made_up, "max-steps": 8, "inference": {"algorithms": []}},
                },
                "checks": judgement.CHECKS,
            }
        )


def _whole_numbers(value: Any) -> Any:
    """Write 5.0 as 5: to JSON Schema both are integers, and this API takes the latter alone."""
    if isinstance(value, dict):
        return {name: _whole_numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _need_tokens_for_accounts_only(document: dict[str, Any]) -> None:
    """With ``REQUIRE_AUTH=false`` only one's own account needs a token."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            security = operation.get("security")
            if security and not path.startswith("/users") and {} not in security:
                security.append({})


def _bearer(account: Account) -> type:
    class Bearer:
        def get(self, case: Any, context: Any) -> str:
            return account.token()

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers["Authorization"] = f"Bearer {data}"

    return Bearer


def _note(event: Any, tally: Tally) -> None:
    if isinstance(event, events.FatalError):
        raise event.exception
    if isinstance(event, events.Interrupted):
        raise KeyboardInterrupt
    if isinstance(event, events.NonFatalError):
        tally.failures.setdefault(f"{event.label}: {event.info.title}", event.info.format())
    if isinstance(event, events.ScenarioFinished):
        tally.by_phase[event.phase.value] += len(event.recorder.interactions)
        _note_failures(event.recorder, tally)


def _note_failures(recorder: Any, tally: Tally) -> None:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            failure = check.failure_info.failure
            seen = recorder.interactions.get(case_id)
            answer = seen.response.content[:600] if seen and seen.response else b""
            operation = recorder.cases[case_id].value.operation.label
            name = f"{operation}: {failure.title}: {failure.message[:200]}"
            tally.failures.setdefault(name, f"{check.failure_info.code_sample[:900]}\n{answer!r}")
