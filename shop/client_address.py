"""Whose requests these are, as far as the network tells: the client's address behind our own proxies."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

IPV6_PREFIX = 64  # the smallest network a customer gets: all of it counts as one client

_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::\d*)?|(?P<v4>[0-9.]+):\d*")


def client_address(meta: Mapping[str, Any]) -> str:
    """Return the address that a request's client is counted by.

    Each proxy appends the address that called it, so of ``X-Forwarded-For`` only the last entries are our own
    proxies' words: the one that the outermost of them wrote is the client. Whatever stands before it, anybody may
    have written. (The server has joined repeated headers in their order.)

    Args:
        meta: a request's ``META``. ``TRUSTED_PROXY_HOPS`` says how many proxies of ours stand before this process.

    Returns:
        An IPv4 address (``192.0.2.1``) or an IPv6 network (``2001:db8::/64``). If the header does not hold one at
        its place, the address of whoever is connected; empty if that is none either (a Unix socket).
    """
    hops: int = settings.TRUSTED_PROXY_HOPS
    entries = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    forwarded = _counted_by(entries[-hops]) if 0 < hops <= len(entries) else None
    return forwarded or _counted_by(str(meta.get("REMOTE_ADDR", ""))) or ""


def _counted_by(written: str) -> str | None:
    """Return what an address is counted by; None if it is no address."""
    text = written.strip()
    if with_port := _WITH_PORT.fullmatch(text):
        text = with_port["v6"] or with_port["v4"] or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), IPV6_PREFIX), strict=False))
