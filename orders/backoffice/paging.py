"""Lists of tables of any length: a page knows its rows and whether another follows, and nothing is ever counted."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:  # generic to the type checker only
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator

LAST_PAGE = 200  # MySQL walks over all rows before a page; further back than that, dates lead


class NextPaginator(AnyPaginator):
    """A paginator that reads one row more than it shows, instead of counting."""

    template_name = "backoffice/pagination.html"
    object_list: QuerySet[Any]
    has_next = False

    def rows(self, number: int) -> list[Any]:
        """Return the rows of a page, counted from 1; then ``has_next`` says whether there are more.

        First their keys alone, which the index holds that gives the order: walking over the pages before reads no
        row. Then the rows.
        """
        start = (number - 1) * self.per_page
        keys = list(self.object_list.values_list("pk", flat=True)[start : start + self.per_page + 1])
        self.has_next = len(keys) > self.per_page and number < LAST_PAGE
        rows = self.object_list.model._default_manager.in_bulk(keys[: self.per_page])  # noqa: SLF001 (Django's name)
        return [rows[key] for key in keys[: self.per_page] if key in rows]


class UncountedChangeList(ChangeList):
    """Django's list of rows, without its two counts."""

    queryset: QuerySet[Any]

    def get_filters(self, request: HttpRequest) -> Any:
        """Refuse what Django would take beside the filters: any condition on any column, a scan or a regular expression."""
        found = super().get_filters(request)
        if strange := found[2].keys() - set(self.list_filter):
            raise DisallowedModelAdminLookup(f"no filters of this list: {sorted(strange)}")
        return found

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Let the address ask for no other order than the indexes have."""
        self.params.pop(ORDER_VAR, None)
        return super().get_ordering(request, queryset)

    def get_results(self, request: HttpRequest) -> None:
        """Read one page."""
        self.page_num = min(max(self.page_num, 1), LAST_PAGE)
        self.paginator = NextPaginator(self.queryset, self.list_per_page)
        self.result_list = self.paginator.rows(self.page_num)
        self.is_last_page_of_all = self.page_num == LAST_PAGE
        # What the templates compare: equal, so that no number is shown.
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = False
        self.show_admin_actions = self.multi_page = True
        self.can_show_all = False
