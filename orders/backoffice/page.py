"""The base of every page of the back office that is no list or form of one table."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.views.generic import TemplateView

Crumb = tuple[str, str]  # title, address


class StaffPage(PermissionRequiredMixin, TemplateView):
    """A page for staff who hold a permission; everybody else is asked to sign in, or refused.

    A subclass says what it is in class attributes, and gives its template what it shows in ``page_context``.

    Attributes:
        title: the page's heading, and its name in the browser's tab.
        route: its path below /admin/, with a trailing slash, as in :func:`django.urls.path`.
        name: its name for ``reverse("admin:<name>")``.
        permission_required: from :mod:`orders.backoffice.roles`.
        template_name: extends ``backoffice/page.html``.
    """

    title: ClassVar[str]
    route: ClassVar[str]
    name: ClassVar[str]
    raise_exception = True  # whoever is signed in and may not see it gets 403, not the login page again

    @classmethod
    def url(cls) -> URLPattern:
        """Return the page's address; ``admin_view`` asks for a signed-in member of staff and keeps it out of caches."""
        return path(cls.route, admin.site.admin_view(cls.as_view()), name=cls.name)

    def breadcrumbs(self) -> Sequence[Crumb]:
        """Return the way to here, without the page itself. The start page always comes first."""
        return ()

    def page_title(self) -> str:
        """Return the heading; override it where it depends on what is shown."""
        return self.title

    def page_context(self) -> dict[str, Any]:
        """Return what the template shows."""
        return {}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the theme needs around every page."""
        setattr(self.request, "current_app", admin.site.name)  # noqa: B010 (no attribute that types know)
        return {
            **super().get_context_data(**kwargs),
            **admin.site.each_context(self.request),
            "title": self.page_title(),
            "breadcrumbs": [("Start", reverse("admin:index")), *self.breadcrumbs()],
            **self.page_context(),
        }

    def write_down(
        self, *, message: str, about: str, object_id: str, model: type[Model] | None = None
    ) -> None:
        """Add to Django's log of what staff do.

        Args:
            message: what was done, and why.
            about: what it was done to, in words.
            object_id: the key of that.
            model: its table; None for what is in no table of MySQL's.
        """
        LogEntry.objects.create(
            user=cast(User, self.request.user),
            content_type=ContentType.objects.get_for_model(model) if model else None,
            object_id=object_id,
            object_repr=about,
            action_flag=CHANGE,
            change_message=message,
        )


def allowed(request: HttpRequest, permission: str) -> bool:
    """Return whether who is signed in is staff and holds a permission."""
    user = request.user
    return user.is_active and user.is_staff and user.has_perm(permission)
