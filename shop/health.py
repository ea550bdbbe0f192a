"""Liveness and readiness. Rooms register a check for each system they need; none may take longer than its time-outs."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
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


def run_checks() -> dict[str, dict[str, Any]]:
    """Run every check; return per name ``{"ok": bool, "ms": float}``. Causes are logged, not shown."""
    results: dict[str, dict[str, Any]] = {}
    for name, check in _checks.items():
        began = time.perf_counter()
        try:
            check()
            ok = True
        except Exception as error:  # noqa: BLE001 (whatever it is, the system is not ready)
            ok = False
            log.warning("readiness check failed", check=name, error=repr(error))
        results[name] = {"ok": ok, "ms": round((time.perf_counter() - began) * 1000, 1)}
    return results


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
