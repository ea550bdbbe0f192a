"""What every part of the benchmark is given, and how it measures something over several rounds."""

import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.bench import measure
from tests.bench.measure import Results, Sample
from tests.bench.stage import Stage
from tests.bench.targets import Target
from tests.chaos import stores


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The stage, and how much of everything is wanted.

    Attributes:
        stage: as started.
        targets: all of them.
        results: what the oracle needs to know goes here.
        share: of the usual times and numbers; tests want less.
        tools: where the programs of ``requirements/bench.txt`` are.
    """

    stage: Stage
    targets: Sequence[Target]
    results: Results
    share: float
    tools: Path

    def target(self, name: str) -> Target:
        """Return a target by its name."""
        return next(target for target in self.targets if target.name == name)

    def times(self, usual: int) -> int:
        """Return how often something is done that is usually done so often."""
        return max(1, round(usual * self.share))

    def warm(self, target: Target, *, service: str) -> None:
        """Send a little beforehand, which does not count."""
        measure.load(
            self.stage, target, service=service, connections=8, seconds=1.0 * self.share, results=self.results
        )

    def settle(self, *, seconds: float = 60.0) -> list[str]:
        """Wait until no order is open; return what is wrong if some stay so."""
        until = time.monotonic() + seconds
        while (left := stores.open_orders()) and time.monotonic() < until:
            time.sleep(0.5)
        return [f"{left} orders were not settled within {seconds:g} s"] if left else []

    def measure(
        self,
        target: Target,
        *,
        service: str,
        connections: int,
        seconds: float,
        name: str = "",
        **more: Any,
    ) -> Sample:
        """Measure a target of a service once more; return all that is known of it by now.

        Args:
            target: what is sent.
            service: its name on the stage.
            connections: how many.
            seconds: how long, usually.
            name: that the sample has; the target's own if empty.
            more: for the client: how many a second, how many at most.
        """
        named = replace(target, name=name or target.name)
        measure.once(
            self.stage,
            named,
            service=service,
            connections=connections,
            seconds=seconds * self.share,
            results=self.results,
            **more,
        )
        return self.results.of(named.name, service, connections)


def median_ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """Return the median of ratios that were each measured in one round."""
    return statistics.median(ours / theirs for ours, theirs in pairs if theirs)
