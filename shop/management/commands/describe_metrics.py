"""Say which metrics there are, to whoever draws dashboards and sets alarms."""

import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from shop.metrics import METRICS


class Command(BaseCommand):
    """Print the metrics as JSON."""

    help = "Print every metric as JSON: name, unit, statistic, dimension and meaning."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print them."""
        found = {"namespace": settings.METRICS_NAMESPACE, "metrics": [asdict(metric) for metric in METRICS]}
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
