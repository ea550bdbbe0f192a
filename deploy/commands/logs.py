"""``make logs STAGE=``: the shop's lines as they come, all of them or those of one request or order. Reads only."""

import re
import time
from typing import Any

from deploy.commands.context import Context
from deploy.commands.outcome import Refused

EVERY_SECONDS = 2
LATE_SECONDS = 30
"""A line may arrive so long after its time."""
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def pattern(*, request: str = "", order: str = "") -> str:
    """Return CloudWatch's filter for the lines of one request (its ``X-Request-ID``), or of one order.

    Raises:
        Refused: that is no such id.
    """
    parts = []
    if request:
        if not re.fullmatch(r"[\w.:-]{1,128}", request):
            raise Refused("REQUEST is an X-Request-ID: letters, digits and . _ : -")
        parts.append(f'$.request_id = "{request}"')
    if order:
        if not re.fullmatch(r"[1-9]\d{0,18}", order):
            raise Refused("ORDER is an order's id, a number")
        parts.append(f"$.order_id = {order}")
    return f"{{ {' && '.join(parts)} }}" if parts else ""


def seconds(since: str) -> int:
    """Return how many seconds ``15m``, ``2h`` and so on are.

    Raises:
        Refused: it is none of these.
    """
    found = re.fullmatch(r"(\d{1,5})([smhd])", since)
    if not found:
        raise Refused("SINCE is a time such as 90s, 15m, 2h or 7d")
    return int(found[1]) * UNITS[found[2]]


def run(context: Context) -> None:
    """Print lines until Ctrl-C; with ``FOLLOW=no`` those that there are.

    Raises:
        Refused: a word makes no sense, or the stage is not there.
    """
    words = context.words
    wanted = pattern(request=words.get("REQUEST", ""), order=words.get("ORDER", ""))
    since = int((time.time() - seconds(words.get("SINCE") or "15m")) * 1000)
    account, group = context.aws.account, context.aws.outputs("cluster")["LogGroup"]
    context.console.doing(
        f"Lines of {group}, account {account} {wanted}".rstrip(), call="logs FilterLogEvents"
    )
    seen: dict[str, int] = {}
    while True:
        for event in _events(context, group=group, since=since, wanted=wanted):
            if event["eventId"] not in seen:
                context.console.say(event["message"].rstrip())
                seen[event["eventId"]] = event["timestamp"]
        if words.get("FOLLOW") == "no":
            return
        # Ask again from a little before the newest, and remember what was shown of that.
        since = max(since, max(seen.values(), default=0) - LATE_SECONDS * 1000)
        seen = {name: at for name, at in seen.items() if at >= since}
        context.sleep(EVERY_SECONDS)


def _events(context: Context, *, group: str, since: int, wanted: str) -> list[dict[str, Any]]:
    question: dict[str, Any] = {"logGroupName": group, "startTime": since}
    if wanted:
        question["filterPattern"] = wanted
    pages = context.aws.client("logs").get_paginator("filter_log_events").paginate(**question)
    return sorted((event for page in pages for event in page["events"]), key=lambda event: event["timestamp"])
