"""Liveness and readiness. Rooms register a check for each system they need; none may take longer than its time-outs."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, connections
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.errors import UnavailableError
from shop.exception_handler import PROBLEM_JSON, problem
from shop.logging import note
from shop.schema import describe

log = structlog.get_logger("shop.health")

Check = Callable[[], None]
Info = Callable[[], str]
_checks: dict[str, Check] = {}
_infos: dict[str, Info] = {}


class NotReady(UnavailableError):
    """A system that orders need does not answer; `checks` tells which."""

    code = "not_ready"
    title = "Not ready"


class LiveAnswer(serializers.Serializer[Any]):
    """The process is alive."""

    success = serializers.BooleanField()
    status = serializers.CharField()
    version = serializers.CharField()


class CheckResult(serializers.Serializer[Any]):
    """One system."""

    ok = serializers.BooleanField()
    ms = serializers.FloatField(help_text="Milliseconds it took to answer.")


class ReadyAnswer(LiveAnswer):
    """Every system answers."""

    checks = serializers.DictField(child=CheckResult(), help_text="By name of the system.")
    info = serializers.DictField(
        child=serializers.CharField(), help_text="What is good to know and decides nothing."
    )


def register(name: str, check: Check) -> None:
    """Add a readiness check: a callable that raises when its system does not answer."""
    _checks[name] = check


def register_info(name: str, info: Info) -> None:
    """Add a word to the readiness answer that decides nothing, such as a circuit breaker's state."""
    _infos[name] = info


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


register("database", _database)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of asking a system something.

    Attributes:
        ok: it answered.
        ms: milliseconds it took.
        value: what it said; None if it did not.
        late: nobody waited for it any longer.
    """

    ok: bool
    ms: float
    value: Any = None
    late: bool = False


def registered() -> Mapping[str, Check]:
    """Return the readiness checks by name."""
    return dict(_checks)


def run_checks() -> dict[str, dict[str, Any]]:
    """Run every check; return per name ``{"ok": bool, "ms": float}``. Causes are logged, not shown."""
    answers = {name: _ask(name, check) for name, check in _checks.items()}
    return {name: {"ok": answer.ok, "ms": answer.ms} for name, answer in answers.items()}


def ask_all(questions: Mapping[str, Callable[[], Any]], *, seconds: float) -> dict[str, Answer]:
    """Ask everything at the same time, and wait no longer than so many seconds for all of it.

    Args:
        questions: by name; each raises when its system does not answer, and has time-outs of its own: a late one goes
            on in its thread until they end it.
        seconds: how long to wait.
    """
    pool = ThreadPoolExecutor(max_workers=len(questions) or 1, thread_name_prefix="health")
    asked = {
        name: pool.submit(copy_context().run, _ask_alone, name, question)
        for name, question in questions.items()
    }
    wait(asked.values(), timeout=seconds)
    pool.shutdown(wait=False)
    late = Answer(ok=False, ms=seconds * 1000, late=True)
    return {name: future.result() if future.done() else late for name, future in asked.items()}


def _ask_alone(name: str, question: Callable[[], Any]) -> Answer:
    """Ask in a thread of its own, which leaves no connection behind."""
    try:
        return _ask(name, question)
    finally:
        connections.close_all()


def _ask(name: str, question: Callable[[], Any]) -> Answer:
    began = time.perf_counter()
    try:
        value, ok = question(), True
    except Exception as error:  # noqa: BLE001 (whatever it is, the system is not ready)
        value, ok = None, False
        log.warning("readiness check failed", check=name, error=repr(error))
    return Answer(ok=ok, ms=round((time.perf_counter() - began) * 1000, 1), value=value)


class HealthView(APIView):
    """Answers anyone, by any host name, over plain HTTP: load balancers are no guests to turn away."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class LiveView(HealthView):
    """The process answers."""

    @describe(operation_id="health_live", success={200: (LiveAnswer, "The process answers.")}, auth=False)
    def get(self, _request: Request) -> Response:
        """Tell that the process is alive; says nothing of the systems behind it."""
        return Response({"success": True, "status": "live", "version": settings.VERSION})


class ReadyView(HealthView):
    """Every system that orders need answers."""

    @describe(
        operation_id="health_ready",
        success={200: (ReadyAnswer, "Every system answers.")},
        errors=[NotReady],
        auth=False,
    )
    def get(self, request: Request) -> Response:
        """Report on each system; 503 when one does not answer."""
        checks = run_checks()
        info = {name: tell() for name, tell in _infos.items()}
        if all(check["ok"] for check in checks.values()):
            return Response(
                {
                    "success": True,
                    "status": "ready",
                    "version": settings.VERSION,
                    "checks": checks,
                    "info": info,
                }
            )
        note(request, problem=NotReady.code)
        failed = ", ".join(name for name, check in checks.items() if not check["ok"])
        body = problem(
            status=503,
            code=NotReady.code,
            title=NotReady.title,
            detail=f"Not answering: {failed}.",
            instance=request.path,
        )
        return Response(
            {**body, "checks": checks, "info": info},
            status=503,
            headers={"Retry-After": "5"},
            content_type=PROBLEM_JSON,
        )
