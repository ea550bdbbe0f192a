"""A storm: processes killed at random, without pause, while customers repeat the same orders again and again."""

import random
import time

from tests.chaos.load import Attempt, Load
from tests.chaos.world import World, kill

REPEATS = 12
CUSTOMERS = 10
CALM_SECONDS = 300.0  # after the last kill, at most, to come to as many posts as were asked for
WHOLE_WEB_EVERY = 40
RECONCILER_EVERY = 15


class _Stormers(Load):
    """Customers who send each order, key and all, a dozen times."""

    def _order(self, attempt: Attempt, chance: random.Random) -> None:
        attempt.key = attempt.key or f"key-{attempt.name}"
        for _ in range(REPEATS):
            if self._stop.is_set():
                return
            if not self.post(attempt):
                time.sleep(0.2)


def run_storm(world: World, *, kills: int, posts: int, seed: str) -> int:
    """Kill that many processes at random moments, go on to so many answered posts, then check everything.

    Returns:
        The exit code.
    """
    world.reset()
    world.use({})
    load = _Stormers(world, seed=seed, customers=CUSTOMERS)
    chance = random.Random(seed)
    began = time.monotonic()
    load.start()
    done = 0
    while done < kills:
        time.sleep(chance.uniform(0.05, 0.6))
        done += _kill_something(world, chance, done)
        if done and done % 100 == 0:
            print(
                f"{done} kills, {load.facts.codes.total()} requests, {time.monotonic() - began:.0f} s",
                flush=True,
            )
    enough = time.monotonic() + CALM_SECONDS
    while load.facts.posts < posts and time.monotonic() < enough:
        time.sleep(0.2)
    removed = time.monotonic()
    load.stop()
    settled = world.wait_settled()
    recovery = time.monotonic() - removed
    load.finish()
    world.wait_settled()
    found = [*load.facts.check(), *world.verify()]
    codes = load.facts.codes
    lost = codes.pop("no answer", 0)
    print(
        f"storm: {done} random kills; {load.facts.posts} same-key posts of {len(load.facts.attempts)} keys; {codes.total()} requests "
        f"answered ({dict(codes)}), {lost} without an answer; settled {recovery:.1f} s after the customers left; "
        f"{len(found)} promises broken; seed {seed}; {time.monotonic() - began:.0f} s"
    )
    print(*found[:20], sep="\n")
    return 0 if settled and not found else 1


def _kill_something(world: World, chance: random.Random, done: int) -> int:
    if done and done % WHOLE_WEB_EVERY == 0:
        world.kill(world.web)
        time.sleep(2)
        return 1
    if done % RECONCILER_EVERY == RECONCILER_EVERY - 1:
        world.kill(world.reconciler)
        return 1
    workers = world.web_workers()
    if not workers:
        return 0
    kill(chance.choice(workers))
    return 1
