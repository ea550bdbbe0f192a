"""What browsers are told: what a page may load, which sites may call, what may be kept. Read by the settings.

Constants and one parser, no Django: the settings import this file before there are settings.
"""

import re
from collections.abc import Sequence

from csp.constants import NONE, SELF, UNSAFE_EVAL

# Nothing from another host, nothing inline, and no page inside another one.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Swagger UI's icons are written into its style sheet
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# The back office's theme is written in Alpine, which makes functions of the attributes in its templates. They are
# ours or the theme's own: what customers typed is escaped and stands in no attribute that Alpine reads.
BACK_OFFICE_DIRECTIVES = {**CONTENT_SECURITY_POLICY["DIRECTIVES"], "script-src": [SELF, UNSAFE_EVAL]}

# No page of ours asks for any of these; so nothing that gets into one can.
PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), midi=(), payment=(), usb=()"
)

# The back office works with cookies, and other sites have no business there.
CORS_URLS_REGEX = r"^/(?!admin(?:/|\Z))"
CORS_ALLOW_HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = ("ETag", "Location", "Retry-After", "X-Request-ID", "Idempotent-Replayed")
CORS_PREFLIGHT_MAX_AGE = 7200  # no browser keeps it longer than that

LOCAL_ORIGIN = r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?"
"""A page served by a developer's own machine, on whatever port."""

_HOST = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])"
_ORIGIN = re.compile(rf"https?://{_HOST}(?::[1-9][0-9]{{0,4}})?")
_USUAL_PORT = re.compile(r"http://.*:80|https://.*:443")


def fault_in_origins(origins: Sequence[str]) -> str | None:
    """Return the first entry that is not an origin as browsers write it (RFC 6454), or None if all are.

    ``scheme://host[:port]`` in lower case, without path, user or wildcard; a scheme's usual port is never written.
    """
    for origin in origins:
        if not _ORIGIN.fullmatch(origin) or _USUAL_PORT.fullmatch(origin):
            return origin
    return None
