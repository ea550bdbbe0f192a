"""The faults of a payment provider over HTTP: the mock provider's server does them, the shop speaks Stripe's API to it."""

import time
from collections.abc import Callable

from tests.chaos.trial import Case, Trial
from tests.chaos.world import STRIPE

FAULT_SECONDS = 4.0


def _provider(*orders: dict[str, object], seconds: float = FAULT_SECONDS) -> Callable[[Trial], None]:
    def inflict(trial: Trial) -> None:
        for order in orders:
            trial.world.control_provider(order)
        time.sleep(seconds)
        trial.fired = sum(fault["fired"] for fault in trial.world.control_provider()["faults"])

    return inflict


def _declines(trial: Trial) -> None:
    trial.world.control_provider({"fault": "decline", "on": "confirm"})
    time.sleep(FAULT_SECONDS)
    trial.fired = sum(fault["fired"] for fault in trial.world.control_provider()["faults"])


def _killed(trial: Trial) -> None:
    for _ in range(3):
        trial.world.kill(trial.world.provider)
        trial.fired += 1
        time.sleep(1.2)


def _down(trial: Trial) -> None:
    """Gone for 5 s: the breaker opens, new orders are refused before anything is held."""
    with trial.world.paused():
        trial.world.kill(trial.world.provider)
        trial.fired += 1
        time.sleep(5)


def _kill_web_while_confirming(trial: Trial) -> None:
    """The web process dies while the provider takes its time."""
    trial.world.control_provider({"fault": "delay", "on": "confirm", "seconds": 1})
    for _ in range(3):
        time.sleep(1)
        trial.world.kill(trial.world.web)
        trial.fired += 1
        time.sleep(1.5)


def cases() -> list[Case]:
    """Return the cases of this module."""
    faults: list[tuple[str, str, Callable[[Trial], None]]] = [
        ("stripe-drops", "every confirmation is dropped, not done", _provider({"fault": "drop"})),
        ("stripe-timeout-captured", "the money is taken, the answer held back for 6 s", _provider({"fault": "hold_after", "seconds": 6})),
        ("stripe-timeout-not-captured", "nothing is done, the line held for 6 s", _provider({"fault": "hold_before", "seconds": 6})),
        ("stripe-late", "confirmations are done 6 s late, whoever still waits", _provider({"fault": "delay", "seconds": 6, "times": 10})),
        ("stripe-500-done", "the money is taken, the answer is 500", _provider({"fault": "error_after"})),
        ("stripe-500-not-done", "500, nothing is done", _provider({"fault": "error_before"})),
        ("stripe-create-lost", "intents are made, the answer is 500", _provider({"fault": "error_after", "on": "create"})),
        ("stripe-refund-lost", "refunds and cancellations are done, the answer is 500", _provider({"fault": "error_after", "on": "refund", "times": 5}, {"fault": "error_after", "on": "cancel", "times": 10})),
        ("stripe-wrong-amount", "one unit of money more than asked is taken", _provider({"fault": "wrong_amount"})),
        ("stripe-rate-limit", "429 to everything", _provider({"fault": "rate_limit", "on": "any"})),
        ("stripe-requires-action", "the customer would have to act", _provider({"fault": "requires_action"})),
        ("stripe-retrieve-lost", "reading intents fails", _provider({"fault": "error_before", "on": "retrieve"}, {"fault": "error_after", "times": 6})),
        ("stripe-all-declined", "every card is declined", _declines),
        ("stripe-killed", "the provider is killed three times", _killed),
        ("stripe-down", "nobody listens for 5 s", _down),
        ("stripe-web-killed", "the web process dies while the provider takes its time", _kill_web_while_confirming),
    ]  # fmt: skip
    return [Case(name, "provider, HTTP", does, inflict, mode=STRIPE) for name, does, inflict in faults]
