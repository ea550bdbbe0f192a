"""The canary's function: the walk's outcome is its own."""

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

CANARY = Path(__file__).resolve().parents[1] / "canary"


def handler_after(monkeypatch: pytest.MonkeyPatch, *, code: int) -> tuple[ModuleType, list[list[str]]]:
    """Return the function's module beside a walk that ends with ``code``, and the arguments that the walk saw."""
    seen: list[list[str]] = []

    def walk() -> int:
        seen.append(sys.argv)
        return code

    monkeypatch.setitem(sys.modules, "smoke", SimpleNamespace(main=walk))
    monkeypatch.delitem(sys.modules, "handler", raising=False)
    monkeypatch.syspath_prepend(str(CANARY))
    monkeypatch.setenv("SHOP_URL", "https://shop.example.com")
    monkeypatch.setattr(sys, "argv", ["pytest"])
    return importlib.import_module("handler"), seen


def test_it_reads_only_at_the_configured_address(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, seen = handler_after(monkeypatch, code=0)
    handler.handle({}, None)
    assert seen == [["smoke.py", "https://shop.example.com", "--read-only"]]


def test_a_walk_that_fails_fails_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, _seen = handler_after(monkeypatch, code=1)
    with pytest.raises(handler.WalkFailed, match="ended with 1"):
        handler.handle({}, None)
