"""Reports over HTTP."""

from bisect import bisect_right
from datetime import date

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import sales
from orders.errors import SalesNotReady
from orders.report_serializers import SalesAnswer, SalesLineOutput, SalesQuery, SalesTotalOutput
from shop.deadline import Deadline
from shop.pagination import InvalidCursor, decode_cursor, encode_cursor
from shop.schema import Link, describe
from users.permissions import AdminIfRequired

ADD_UP_SECONDS = 3.0
"""How long a request may work out days that nobody has worked out yet."""


class SalesView(APIView):
    """What was sold."""

    permission_classes = (AdminIfRequired,)

    @describe(
        operation_id="report_sales",
        success={200: (SalesAnswer, "A page of the report, in order of the keys.")},
        errors=[InvalidCursor, SalesNotReady],
        parameters=[SalesQuery],
        links=[
            Link(
                "report_sales", {"cursor": "$response.body#/nextCursor"}, words="The next page, if not null."
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Add up what was sold by day, product or category. Without ``from`` and ``to``: the last thirty days."""
        query = SalesQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        group = asked["group"]
        # The range as it was asked for: what is left out moves at midnight, and the first page decides.
        given = [request.query_params.get(name, "") for name in ("from", "to")]
        scope = ":".join(["sales", group, *given])
        position = {"from": f"{asked['from']}", "to": f"{asked['to']}"}
        if "cursor" in asked:
            position = decode_cursor(asked["cursor"], scope=scope)
        report = sales.report(
            date.fromisoformat(position["from"]),
            date.fromisoformat(position["to"]),
            group=group,
            deadline=Deadline(ADD_UP_SECONDS),
        )
        keys = [line.key for line in report.lines]
        begin = bisect_right(keys, position["after"]) if "after" in position else 0
        end = begin + asked["limit"]
        page = report.lines[begin:end]
        return Response(
            {
                "success": True,
                "from": position["from"],
                "to": position["to"],
                "group": group,
                "currency": settings.CURRENCY,
                "count": len(page),
                "sales": SalesLineOutput(page, many=True).data,
                "total": SalesTotalOutput(report.total).data,
                "nextCursor": encode_cursor({**position, "after": page[-1].key}, scope=scope)
                if end < len(keys)
                else None,
            }
        )
