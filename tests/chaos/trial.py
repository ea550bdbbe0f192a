"""One fault, tried: load, fault, fault removed, quiet, every promise checked."""

import random
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.chaos import stores
from tests.chaos.load import Load
from tests.chaos.report import RECOVERY_SECONDS, Row
from tests.chaos.world import ASYNC, STRIPE, SYNC, World

BEFORE_SECONDS = 0.7
AFTER_SECONDS = 0.7
DRAIN_SECONDS = 60.0


@dataclass
class Trial:
    """What a fault has at hand.

    Attributes:
        fired: how often the fault really happened; one that never did is a failure of the test.
        found: broken promises that the fault itself saw.
        began: ``time.monotonic()`` at its beginning.
        may_stay: messages that are on the queue for longer than a trial waits, by design.
    """

    world: World
    load: Load
    chance: random.Random
    fired: int = 0
    found: list[str] = field(default_factory=list)
    may_stay: int = 0
    began: float = field(default_factory=time.monotonic)

    def wait_for_hits(self, name: str, *, count: int = 1, seconds: float = 12.0) -> None:
        """Wait until a failpoint was reached; note how often it was."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and len(self.world.hits(name)) < count:
            time.sleep(0.05)
        self.fired += len(self.world.hits(name))

    def expect(self, holds: bool, words: str) -> None:
        """Note a promise that does not hold while the fault lasts."""
        if not holds:
            self.found.append(words)


@dataclass(frozen=True)
class Case:
    """One fault of the catalogue.

    Attributes:
        name: for ``ONLY=``.
        group: the system that suffers.
        does: what happens, in words, for the report.
        inflict: makes it happen while customers are at work, and ends it.
        settings: of web and reconciler, where they differ from the usual ones.
        prices_hold: False where the fault changes prices.
        signed_in: customers carry access tokens.
        mode: sync, async (queue and worker) or stripe (payments over HTTP, from the mock provider's server).
    """

    name: str
    group: str
    does: str
    inflict: Callable[[Trial], None]
    settings: Mapping[str, str] = field(default_factory=dict)
    prices_hold: bool = True
    signed_in: bool = False
    mode: str = SYNC


def run(case: Case, *, world: World, seed: str) -> Row:
    """Try one fault."""
    began = time.monotonic()
    own_seed = f"{seed}/{case.name}"
    world.servers.heal()
    world.reset()
    world.use(case.settings, mode=case.mode)
    token = world.servers.key_server.token("ann") if case.signed_in else ""
    load = Load(world, seed=own_seed, token=token, cards=case.mode == STRIPE)
    trial = Trial(world, load, random.Random(zlib.crc32(own_seed.encode())))
    load.start()
    time.sleep(BEFORE_SECONDS)
    try:
        case.inflict(trial)
    finally:
        _end_faults(world)
    removed = time.monotonic()
    settled_at = _recover(world, load)
    load.finish()
    settled = world.wait_settled() and settled_at is not None
    found = [*trial.found, *load.facts.check(prices_hold=case.prices_hold), *world.verify()]
    if not settled:
        found.append(f"I17  {stores.open_orders()} orders are open {RECOVERY_SECONDS:.0f} s after the fault")
    if case.mode == ASYNC and not _drained(trial.may_stay):
        found.append(f"{stores.messages()} messages stay on the queue")
    if not trial.fired:
        found.append("the fault never happened")
    return Row(
        name=case.name,
        group=case.group,
        does=case.does,
        fired=trial.fired,
        recovery_seconds=settled_at - removed if settled_at is not None else None,
        orders=sum(bool(attempt.answers) for attempt in load.facts.attempts),
        requests=load.facts.codes.total(),
        found=found,
        seconds=time.monotonic() - began,
    )


def _drained(may_stay: int) -> bool:
    """Wait until every message has served its purpose, or is a dead letter."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while stores.messages() > may_stay:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def _end_faults(world: World) -> None:
    world.servers.heal()
    for service in world.running:
        world.arm(service, "")
        service.wanted = True
    if world.mode == STRIPE:
        world.control_provider({"reset": True})


def _recover(world: World, load: Load) -> float | None:
    """Let customers go on for a moment, then wait; return the time at which all was settled."""
    time.sleep(AFTER_SECONDS)
    began = time.monotonic()
    load.stop()
    return time.monotonic() if world.wait_settled(RECOVERY_SECONDS - (time.monotonic() - began)) else None
