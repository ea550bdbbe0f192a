"""Every address of the service. The one place that joins the rooms."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from shop import pages
from shop.health import LiveView, ReadyView

admin.site.index_title = "What there is"

urlpatterns = [
    path("", pages.FrontView.as_view()),
    path("", include("products.urls")),
    path("", include("users.urls")),
    path("", include("orders.urls")),
    path("schema", pages.SchemaView.as_view(), name="schema"),
    path("docs", pages.DocsView.as_view()),
    path("docs/errors", pages.ErrorsView.as_view()),
    path("health/live", LiveView.as_view()),
    path("health/ready", ReadyView.as_view()),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    # Paths have no trailing slash. Never "//host": that would lead a browser to another site.
    re_path(r"^(?P<path>(?!admin/)[^/].*[^/]|[^/])/$", pages.without_slash),
]

handler400 = pages.bad_request
handler403 = pages.permission_denied
handler404 = pages.not_found
handler500 = pages.server_error
