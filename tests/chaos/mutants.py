"""Eight bugs and two more, each of which would break a promise, put into the real code one by one: do the tests see them?

``python -m tests.chaos.mutants [NAME…]`` (``make mutants``) copies the tree, changes one place, runs the tests that
are named beside it and expects them to fail, and to pass without the change.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shop.local import environment, places, processes
from shop.local.test import start_servers

ORDERS = "tests/integration/orders"
LATECOMERS = f"{ORDERS}/test_latecomers.py"
RECOVERY = f"{ORDERS}/test_recovery.py"
RESERVATIONS = "tests/integration/products/test_reservations.py"
COPIED = (
    "shop",
    "products",
    "users",
    "orders",
    "tests",
    "conftest.py",
    "manage.py",
    "pyproject.toml",
    "openapi.yaml",
)


@dataclass(frozen=True)
class Mutant:
    """One bug.

    Attributes:
        promise: what it would break.
        file, old, new: the change; ``old`` stands there exactly once.
        tests: those that must see it.
    """

    name: str
    promise: str
    file: str
    old: str
    new: str
    tests: Sequence[str]


MUTANTS = (
    Mutant(
        name="no-compare-and-set",
        promise="a decision is taken once (rule 1)",
        file="orders/record.py",
        old="filter(pk=order.pk, step=came_from, status=was, **conditions)",
        new="filter(pk=order.pk, **conditions)",
        tests=[LATECOMERS],
    ),
    Mutant(
        name="no-reservation-tombstone",
        promise="a late reservation of a cancelled order does nothing (rule 2)",
        file="products/inventory.py",
        old="                _bury(order_uid, deadline=deadline)",
        new="                return",
        tests=[RESERVATIONS],
    ),
    Mutant(
        name="no-void-tombstone",
        promise="a late charge of a cancelled order takes nothing (rule 2)",
        file="orders/payments/mock.py",
        old="""        self._write_once(
            uid,
            status=PaymentStatus.VOIDED,
            amount=Decimal(0),
            currency=settings.CURRENCY,
            decline_code="voided",
        )
""",
        new="""        if not MockLedgerEntry.objects.filter(key=uid).exists():
            now = timezone.now()
            return Charge(
                uid=uid,
                reference="",
                status=PaymentStatus.VOIDED,
                amount=Decimal(0),
                refunded=Decimal(0),
                currency=settings.CURRENCY,
                decline_code="voided",
                created_at=now,
            )
""",
        tests=[LATECOMERS],
    ),
    Mutant(
        name="no-stock-condition",
        promise="no unit is sold that is not there (I2, I15)",
        file="products/inventory.py",
        old="condition=_listed() & (Product.stock >= units)",
        new="condition=_listed()",
        tests=[RESERVATIONS],
    ),
    Mutant(
        name="no-reservation-condition",
        promise="an order takes its units once (I1)",
        file="products/inventory.py",
        old="transaction.save(reservation, condition=StockReservation.order_uid.does_not_exist())",
        new="transaction.save(reservation)",
        tests=[RESERVATIONS],
    ),
    Mutant(
        name="fresh-payment-key",
        promise="an order is charged once (I5)",
        file="orders/saga.py",
        old="            uid=order.uid,\n            amount=order.total,",
        new="            uid=__import__('uuid').uuid4(),\n            amount=order.total,",
        tests=[RECOVERY],
    ),
    Mutant(
        name="cancelled-at-once",
        promise="CANCELLED is written last (rule 3)",
        file="orders/saga.py",
        old="        record.request_cancel(order, reason=reason, note=note)\n",
        new="        Order.objects.filter(pk=order.pk).update(status='CANCELLED', step='DONE', cancel_reason=reason)\n",
        tests=[f"{ORDERS}/test_cancel_order.py"],
    ),
    Mutant(
        name="compensate-before-deciding",
        promise="decide before acting outside (rule 1)",
        file="orders/saga.py",
        old='        record.decide(order, to=Step.ABORT, kind="aborting", reason=reason)\n        return\n',
        new="        inventory.release(str(order.uid), deadline=deadline)\n"
        '        record.decide(order, to=Step.ABORT, kind="aborting", reason=reason)\n        return\n',
        tests=[LATECOMERS],
    ),
    Mutant(
        name="cancel-unheeded",
        promise="a cancellation that was accepted is heeded (I14)",
        file="orders/record.py",
        old='{"cancel_requested_at": None} if heed_cancel else {}',
        new="{}",
        tests=[LATECOMERS],
    ),
    Mutant(
        name="silence-is-no",
        promise="only a no cancels (rule 5)",
        file="orders/saga.py",
        old="    except PaymentDeclined as declined:",
        new="    except PaymentOutcomeUnknown:\n"
        "        record.decide(\n"
        '            order, to=Step.ABORT, kind="aborting", reason=CancelReason.PAYMENT_DECLINED\n'
        "        )\n"
        "        return\n"
        "    except PaymentDeclined as declined:",
        tests=[LATECOMERS],
    ),
)


def _copy(into: Path) -> None:
    for name in COPIED:
        source = places.ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache"))
        else:
            shutil.copy(source, into / name)


def _apply(mutant: Mutant, tree: Path) -> None:
    path = tree / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        sys.exit(
            f"{mutant.name}: {mutant.file} does not hold its place exactly once; mend tests/chaos/mutants.py"
        )
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def _run(
    tests: Sequence[str], *, tree: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--reuse-db",
        "--tb=line",
    ]
    return subprocess.run(
        [*command, *tests],
        cwd=tree,
        env=dict(variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def _first_failure(output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0].partition("::")[2].partition(" - ")[0] if lines else "?"


def _hunt(mutants: Sequence[Mutant], *, variables: Mapping[str, str], scratch: Path) -> int:
    sound = scratch / "sound"
    _copy(sound)
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    baseline = _run(tests, tree=sound, variables=variables)
    if baseline.returncode != 0:
        print(
            baseline.stdout[-3000:], baseline.stderr[-1000:], "without any bug the tests must pass", sep="\n"
        )
        return 1
    found = 0
    for mutant in mutants:
        tree = scratch / mutant.name
        _copy(tree)
        _apply(mutant, tree)
        began = time.monotonic()
        done = _run(mutant.tests, tree=tree, variables=variables)
        seen = done.returncode == 1
        found += seen
        by = f"by {_first_failure(done.stdout)}" if seen else "BY NOTHING"
        print(
            f"{'found' if seen else 'MISSED'}  {mutant.name:28} {mutant.promise}: {by} ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        shutil.rmtree(tree)
    print(f"seeded bugs found: {found}/{len(mutants)}")
    return 0 if found == len(mutants) else 1


def main(names: Sequence[str]) -> int:
    """Run the hunt and return the exit code."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    environment.isolate()
    try:
        with processes.until_signalled(), processes.scratch("mutants") as (scratch, stack):
            variables, missing = start_servers(scratch, stack)
            if missing:
                print("Needs the real servers:", *missing, sep="\n  ", file=sys.stderr)
                return 1
            return _hunt(chosen, variables={**os.environ, **variables}, scratch=scratch)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
