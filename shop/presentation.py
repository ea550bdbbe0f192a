"""How the shop shows itself to people: the theme of the back office and the description of the API. For the settings alone."""

from typing import Any


def back_office_theme(static_url: str) -> dict[str, Any]:
    """Return django-unfold's settings; every file is the shop's own, below ``static_url``."""
    return {
        "SITE_TITLE": "shop back office",
        "SITE_HEADER": "shop back office",
        "SITE_SYMBOL": "storefront",
        "SITE_FAVICONS": [
            {"rel": "icon", "type": "image/svg+xml", "href": f"{static_url}backoffice/favicon.svg"}
        ],
        "GLOBAL_CALLBACK": "orders.backoffice.navigation.no_inline_colours",
        "DASHBOARD_CALLBACK": "orders.backoffice.start.dashboard",
        "SIDEBAR": {"navigation": "orders.backoffice.navigation.sidebar"},
        "STYLES": [f"{static_url}backoffice/colours.css", f"{static_url}backoffice/backoffice.css"],
        "SCRIPTS": [
            f"{static_url}backoffice/quiet.js",
            f"{static_url}backoffice/once.js",
            f"{static_url}backoffice/spoken.js",
        ],
    }


def api_description(version: str) -> dict[str, Any]:
    """Return drf-spectacular's settings for the API of this version."""
    return {
        "TITLE": "shop",
        "DESCRIPTION": (
            "Catalogue, identity and orders. Every success has `success: true`; every failure is an RFC 9457 problem whose "
            "`code` is listed at [/docs/errors](/docs/errors). Authorize takes the access token of `POST /users/login`."
        ),
        "VERSION": version,
        "OAS_VERSION": "3.1.1",
        "SERVE_INCLUDE_SCHEMA": False,
        "SORT_OPERATIONS": False,  # the order of the URL tables: the order in which one tries them
        "COMPONENT_SPLIT_REQUEST": True,
        "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
        "ENUM_NAME_OVERRIDES": {
            "OrderStatus": "orders.states.OrderStatus",
            "PaymentStatus": "orders.states.PaymentStatus",
            "CancelReason": "orders.states.CancelReason",
        },
    }
