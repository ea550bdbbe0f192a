"""What ``make bench`` measures beside its rounds, a module each with ``measure(bench) -> Findings``."""

ROUNDS = "rounds"  # of tests/bench/measure.py
QUEUE = "queue"
NAMES = ("cold", "tokens", "workers", "limits", QUEUE, "hot", "profiles")
"""The modules, in the order in which they are run."""
