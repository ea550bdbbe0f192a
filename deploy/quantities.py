"""What a stage uses in a month, as far as it costs something, and what is assumed about its customers.

deploy/tests/test_prices.py compares what is counted here with the templates. Standard library only.
"""

import math
from dataclasses import dataclass

from deploy.options import Stage

HOURS = 730
DAYS = HOURS / 24
MILLION = 1_000_000
BUSY_HOURS, BUSY_FACTOR = 6, 3
"""A day: six hours with three times the average load, and eighteen with a third of it."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What customers do.

    Attributes:
        users: that sign in at least once in the month.
        requests_per_day: to the shop.
        paused: after ``make pause``: service and observability stacks gone, database stopped.
        active_share: of the hours of a month, those in which anybody comes at all.
        orders_share: of the requests, those that place an order; two lines each.
        answer_kb: size of an average answer.
        read_units: of DynamoDB for an average request; a page of the catalogue takes 10 to 20.
    """

    users: int = 0
    requests_per_day: int = 0
    paused: bool = False
    active_share: float = 1
    orders_share: float = 0.01
    answer_kb: float = 6
    read_units: float = 10

    @property
    def requests(self) -> float:
        """In a month."""
        return self.requests_per_day * DAYS

    @property
    def orders(self) -> float:
        """In a month."""
        return self.requests * self.orders_share

    @property
    def per_second(self) -> float:
        """Requests, on average."""
        return self.requests_per_day / 86_400


IDLE = Load()
PAUSED = Load(paused=True)
IN_USE = Load(users=20, requests_per_day=2_000, active_share=0.25)
TEN_THOUSAND = Load(users=10_000, requests_per_day=100_000)
TEN_TIMES = Load(users=100_000, requests_per_day=1_000_000)


WAF_RULES_OF_OURS = 3
BASE_ALARM_METRICS = 24
"""Of a stage without alarms by route; a formula of several metrics counts each of them."""
SCALING_ALARM_METRICS = 5 + 4
"""The worker's rules have five; AWS adds two for each of the web service's two targets."""


def web_tasks(stage: Stage, load: Load) -> float:
    """Return how many web tasks run on average, by the requests that each is to have."""

    def needed(per_second: float) -> int:
        wanted = math.ceil(per_second * 60 / stage.service.requests_per_task)
        return min(stage.service.web.most, max(stage.service.web.least, wanted))

    quiet_hours = 24 - BUSY_HOURS
    quiet = (24 - BUSY_HOURS * BUSY_FACTOR) / quiet_hours
    busy = needed(load.per_second * BUSY_FACTOR) * BUSY_HOURS
    return (busy + needed(load.per_second * quiet) * quiet_hours) / 24


def secrets_of(stage: Stage) -> int:
    """Return how many secrets a stage has."""
    return 4 + (stage.service.payments == "stripe")


def alarm_metrics(stage: Stage) -> int:
    """Return how many metrics the stage's alarms watch."""
    storage = stage.database.engine == "mysql"
    return BASE_ALARM_METRICS - (not storage) + len(stage.watch.p99_ms) + SCALING_ALARM_METRICS


def metric_series(stage: Stage, load: Load) -> int:
    """Return how many series of the shop's own metrics there are: each counts for the hours in which it was written."""
    quiet, all_of_them = 14, 70 if stage.watch.metrics_by_route else 30
    return quiet + round((all_of_them - quiet) * load.active_share) if load.requests_per_day else quiet


def log_gb(stage: Stage, load: Load) -> float:
    """Return GB of log lines: 1.3 KB for each request, 3 KB for each order, and what idle tasks say."""
    tasks = stage.service.background.least + stage.service.web.least
    entrance = 0 if stage.domain else 0.3
    return (load.requests * (1.3 + entrance) + load.orders * 3) / MILLION + 0.15 * tasks
