"""What it costs to look at an access token: one that was never seen, and one that was.

The shop has no call that does nothing else: ``GET /users/me`` asks Cognito for the rest of the profile. So a customer asks for
what is an administrator's: the token is verified, the list of the disabled looked at, and the answer is 403 before anything
is read. The reference answers who the caller is.
"""

from tests.bench.measure import Sample
from tests.bench.parts.base import Bench, median_ratio
from tests.bench.report import Findings, Goal, make_table
from tests.bench.targets import Target, request

ROUNDS, FRESH, SECONDS, CONNECTIONS = 3, 300, 1.0, 16
NEW, KNOWN = "token check, a new token each time", "token check, known tokens"
CALLS = {"shop": ("POST", "/products", 403), "thin": ("GET", "/users/me", 200)}


def _ask(bench: Bench, *, name: str, service: str, tokens: list[str], most: int) -> Sample:
    method, path, status = CALLS[service]
    requests = [request(method, path, token=token) for token in tokens]
    target = Target(name=name, requests=requests, status=status)
    return bench.measure(target, service=service, connections=CONNECTIONS, seconds=SECONDS, most=most)


def measure(bench: Bench) -> Findings:
    """Ask with tokens that nobody has seen, as often as there are such, and with the customers' own."""
    sign = bench.stage.servers.key_server.token
    samples: dict[tuple[str, str], Sample] = {}
    for number in range(bench.times(ROUNDS)):
        fresh = [sign(f"visitor-{number}-{each}") for each in range(FRESH)]
        for name, tokens, most in ((NEW, fresh, FRESH), (KNOWN, bench.stage.tokens, 10**6)):
            for service in CALLS:
                samples[name, service] = _ask(bench, name=name, service=service, tokens=tokens, most=most)
    rows, goals = [], []
    for name in (NEW, KNOWN):
        shop, thin = (samples[name, service] for service in CALLS)
        ratio = median_ratio(zip(shop.cpu_ms, thin.cpu_ms, strict=True))
        figures = [
            f"{value:.2f}" for value in (shop.cpu, thin.cpu, ratio, shop.percentile(50), shop.percentile(99))
        ]
        rows.append([name, *figures])
        goals.append(Goal(figure=f"{name}: CPU ÷ thin", at_most="published", measured=ratio, limit=None))
    head = ("call", "shop: CPU-ms/request", "thin", "shop ÷ thin", "shop: p50 ms", "p99 ms")
    return Findings(goals=goals, sections={"tokens": make_table(head, rows)})
