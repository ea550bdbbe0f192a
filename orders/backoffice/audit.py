"""The audit log: who signed in, who was refused, who did what. To read; users.audit writes it."""

from typing import Any

from django.http import HttpRequest

from orders.backoffice.filters import PlacedFilter
from orders.backoffice.paging import NextPaginator, UncountedChangeList
from orders.backoffice.read_only import ReadOnlyAdmin, display
from orders.backoffice.wording import moment
from users.models import StaffEvent

COLOURS = {
    StaffEvent.Kind.REFUSED.label: "warning",
    StaffEvent.Kind.ACCESS_LOST.label: "danger",
    StaffEvent.Kind.ROLE_CHANGED.label: "info",
    StaffEvent.Kind.EXPORTED.label: "info",
}


class DayFilter(PlacedFilter):
    """Between two days (UTC)."""

    title = "day (UTC)"
    parameter_name = "day"


class AuditAdmin(ReadOnlyAdmin):
    """The newest first, by person, kind and day, each along an index."""

    list_display = ("when", "what", "who", "about", "details", "network")
    list_display_links = ("when",)
    list_filter = ("kind", "user", DayFilter)
    list_filter_submit = True
    list_per_page = 50
    paginator = NextPaginator
    sortable_by = ()
    fields = ("created_at", "kind", "who", "user", "about", "details", "network", "request_id")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the list that counts nothing."""
        return UncountedChangeList

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest first, as the indexes have it."""
        return ("-created_at", "-id")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Name the page."""
        return super().changelist_view(request, {"title": "Audit log", **(extra_context or {})})

    @display(description="Time (UTC)")
    def when(self, event: StaffEvent) -> str:
        """Return when it happened."""
        return moment(event.created_at)

    @display(description="What")
    def what(self, event: StaffEvent) -> str:
        """Return the kind, coloured."""
        return event.get_kind_display()

    what.label = COLOURS  # type: ignore[attr-defined]  # the theme's name for it
