"""Where the time of a call goes: which code held Python's lock, by py-spy, which looks at one worker from outside.

It does not stop the worker to look (``--nonblocking``): that would wake gunicorn's main thread each time, and then see it.
"""

import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.bench.parts.base import Bench
from tests.bench.parts.cold import seconds_to
from tests.bench.report import Findings, make_table

ROOT = Path(__file__).resolve().parents[3]
TARGETS = ("order", "product by id")
SECONDS, RATE, CONNECTIONS = 8.0, 200, 4
REST = "Python's own"
PLACES: Mapping[str, tuple[str, ...]] = {
    "MySQL's driver": ("/MySQLdb/",),
    "Django's ORM": ("/django/db/",),
    "botocore, urllib3": ("/botocore/", "/boto3/", "/urllib3/"),
    "lean reads of DynamoDB": ("/shop/dynamo_reads.py",),
    "PynamoDB": ("/pynamodb/",),
    "log line, metrics": ("/structlog/", "/shop/logging.py", "/shop/metrics.py"),
    "middlewares": ("/shop/middleware.py", "/django/middleware/", "/corsheaders/", "/whitenoise/", "/csp/", "/shop/headers.py"),
    "DRF, serializers": ("/rest_framework/", "/serializers.py"),
    "tokens, users": ("/users/", "/jwt/"),
    "orders: saga, record, payment": ("/orders/",),
    "catalogue, stock": ("/products/", "/shop/dynamo.py", "/tenacity/"),
    "gunicorn": ("/gunicorn/", "/shop/http_worker.py"),
    "Django: handlers, addresses, answers": ("/django/",),
    "the shop's other code": ("/shop/",),
}  # fmt: skip
"""Whose code it is, by its path: the innermost frame that one of these knows counts, so that Python's own libraries count
for whoever called them."""


def place_of(frames: Iterable[str]) -> str:
    """Return whose code was at work, given the frames from the outermost to the innermost."""
    for frame in reversed(list(frames)):
        for name, paths in PLACES.items():
            if any(path in frame for path in paths):
                return name
    return REST


def shares(stacks: str) -> dict[str, float]:
    """Return each place's share of the samples.

    Args:
        stacks: as ``py-spy record --format raw`` writes them: frames, parted by ``;``, and how often they were seen.
    """
    counts: Counter[str] = Counter()
    for line in stacks.replace(str(ROOT), "").splitlines():  # it may itself lie in a folder named shop
        frames, _, count = line.rpartition(" ")
        counts[place_of(frames.split(";"))] += int(count)
    return {name: count / counts.total() for name, count in counts.items()}


def _record(bench: Bench, *, name: str, service: str, pid: int) -> dict[str, float] | None:
    """Load a call and look at the worker meanwhile; return the CPU-ms per request of each
    place, or None if the system lets nobody look."""
    seconds = max(2, round(SECONDS * bench.share))
    kept = Path(bench.stage.directory, f"{name}.stacks")
    command = [
        str(bench.tools / "py-spy"), "record", "--pid", str(pid), "--gil", "--nonblocking", "--full-filenames", "--nolineno", "--format", "raw",
        "--rate", str(RATE), "--duration", str(seconds), "--output", str(kept),
    ]  # fmt: skip
    looking = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sample = bench.measure(
        bench.target(name), name=f"{name}, looked at", service=service, connections=CONNECTIONS,
        seconds=(seconds + 0.5) / bench.share,
    )  # fmt: skip
    if looking.wait(timeout=60):
        return None
    return {place: share * sample.cpu for place, share in shares(kept.read_text(encoding="utf-8")).items()}


def measure(bench: Bench) -> Findings:
    """Look at one worker while it answers."""
    if not (bench.tools / "py-spy").exists():
        return _not_measured("py-spy is not installed")
    found: dict[str, dict[str, float]] = {}
    with bench.stage.beside("profiled") as running:
        seconds_to("/health/ready", service=running)
        for name in TARGETS:
            bench.warm(bench.target(name), service=running.name)
            costs = _record(bench, name=name, service=running.name, pid=running.workers[0])
            if not costs:
                return _not_measured("py-spy may not look into other processes here")
            found[name] = costs
    return Findings(sections={"profiles": table(found)})


def _not_measured(why: str) -> Findings:
    return Findings(sections={"profiles": f"Not measured: {why}.\n"})


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Return the CPU-ms per request of each place and its share, the dearest of the first call first."""
    first, *_ = found.values()
    names = sorted((*PLACES, REST), key=lambda name: -first.get(name, 0.0))
    rows = [[name, *(_cost(each, name) for each in found.values())] for name in names]
    sums = ["**all**", *(f"**{sum(each.values()):.2f}**" for each in found.values())]
    return make_table(("CPU-ms/request", *found), [*rows, sums])


def _cost(costs: Mapping[str, float], name: str) -> str:
    value = costs.get(name, 0.0)
    return f"{value:.2f} ({100 * value / sum(costs.values()):.0f} %)"
