"""Probe, to be deleted."""
import pytest
from django.test import Client
from users.models import StaffEvent
pytestmark = [pytest.mark.django_db, pytest.mark.dynamodb, pytest.mark.usefixtures("tables")]


@pytest.mark.parametrize("url", [
    "/admin/catalogue/?q=prod_a&after=prod_b",
    "/admin/catalogue/?q=prod_a&after=aaa",
    "/admin/catalogue/?after=zzz",
    "/admin/catalogue/?category=%00&after=zzz",
    "/admin/catalogue/?low=3&category=%00&after=zzz",
    "/admin/catalogue/product/?id=%00",
    "/admin/catalogue/product/?id=prod_x&after=%00",
    "/admin/orders/order/?total_from=9999999999999.999",
    "/admin/orders/order/?total_to=1e-999999",
    "/admin/orders/order/?q=%00",
    "/admin/orders/order/?product=%00",
    "/admin/orders/order/?placed_from=9998-12-31",
    "/admin/orders/order/?p=99999999999999999999999",
    "/admin/orders/order/?o=1.2.3",
    "/admin/orders/order/?user_email__regex=(",
    "/admin/users/staffevent/?details__regex=(",
    "/admin/users/staffevent/?o=3",
    "/admin/users/staffevent/?user__id__exact=abc",
    "/admin/users/staffevent/99999999999999999999999/change/",
    "/admin/users/staffevent/%00/change/",
    "/admin/orders/order/999999999999999999/change/",
    "/admin/search/?s=x&page=abc",
    "/admin/search/?s=x&page=0",
    "/admin/sales/?from=9998-12-31",
    "/admin/orders/retry/?order=999999999999999999",
])
def test_probe(admin, url, capsys):
    admin.raise_request_exception = False
    a = admin.get(url)
    with capsys.disabled():
        print(url, a.status_code)


def test_multipart_import(admin, capsys):
    import re
    from django.contrib.auth.models import User
    c = Client(enforce_csrf_checks=True, raise_request_exception=False)
    c.force_login(User.objects.get(username="admin-1"))
    page = c.get("/admin/catalogue/import/").content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    a = c.post("/admin/catalogue/import/", {"csrfmiddlewaretoken": token, "step": "begin"})
    with capsys.disabled():
        print("multipart", a.status_code)


def test_names(capsys):
    for name in ("P@ssw0rd", "hunter2 a@b.c"):
        Client().post("/admin/login/", {"username": name, "password": "x"})
        with capsys.disabled():
            print(name, list(StaffEvent.objects.order_by("-pk").values_list("who", "details")[:1]))
