"""What an import refuses: pieces that were not checked, tickets of others, who may not, what is no table."""

import pytest
from django.contrib.auth.models import Permission, User
from django.core import signing
from django.test import Client

from orders.backoffice import catalogue_import
from products.errors import CatalogueUnavailable
from tests.catalogue import stocks
from tests.integration.backoffice.importing import HEAD, MUG, PAGE, PAN, POT, Import

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_catalogue"),
]


def test_only_what_was_checked_is_written(browser):
    browser.begin()
    browser.check(MUG)
    browser.check(PAN, first=3)
    browser.send("start")
    seal = browser.seals[MUG]
    refusal = {"message": "This piece was not checked; begin again."}

    assert browser.write(MUG.replace("5", "6"), seal=seal) == refusal
    assert browser.write(MUG, first=3) == refusal
    assert browser.write(MUG, columns=HEAD.replace("description", "metadata")) == refusal
    assert browser.write(POT, seal="x") == refusal
    assert browser.write(MUG, seal="") == refusal
    assert stocks() == {}


def test_the_seals_of_one_import_are_not_those_of_another(browser):
    browser.begin()
    browser.check(MUG)
    seal = browser.seals[MUG]
    browser.begin(set_stock="on")
    browser.check(PAN)
    browser.send("start")

    assert browser.write(MUG, seal=seal) == {"message": "This piece was not checked; begin again."}
    assert stocks() == {}


def test_while_dynamodb_is_silent_a_check_says_so(browser, monkeypatch):
    def silent(*_, **__):
        raise CatalogueUnavailable("No answer came in time; try again.")

    browser.begin()
    monkeypatch.setattr(catalogue_import, "import_row", silent)

    assert browser.check(MUG) == {"message": "No answer came in time; try again."}
    assert browser.status == 503


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"why": ""}, "Reason: This field is required."),
        ({"why": "x"}, "Reason: Ensure this value has at least 3 characters (it has 1)."),
        ({"file_name": ""}, "File name: This field is required."),
    ],
)
def test_without_a_reason_nothing_begins(browser, fields, words):
    assert browser.begin(**fields) == {"message": words}
    assert browser.status == 400


@pytest.mark.parametrize(
    ("columns", "rows", "first", "words"),
    [
        ("", "", "2", "The first line must name the columns"),
        ("productId,name\r\n", "", "2", "price, stock, category are missing"),
        (HEAD, 'prod_a,"open', "2", "This is no CSV in UTF-8"),
        (HEAD, "", "0", "A piece has a first row."),
        (HEAD, "", "1e5", "A piece has a first row."),
        (HEAD, "".join(f"prod_{n},M,1,1,H,\r\n" for n in range(201)), "2", "A piece has at most 200 rows."),
    ],
)
def test_what_is_no_piece_of_a_table_is_refused(browser, columns, rows, first, words):
    browser.begin()

    assert words in browser.check(rows, first=first, columns=columns)["message"]
    assert (browser.status, stocks()) == (400, {})


@pytest.mark.parametrize("ticket", ["", "x", "eyJpZCI6MX0:1:x"])
def test_a_ticket_that_is_not_ours_is_refused(browser, ticket):
    browser.ticket = ticket

    assert browser.check(MUG) == {"message": "This import is no longer known; begin again."}


def test_a_ticket_of_yesterday_or_of_somebody_else_is_refused(browser, staff, monkeypatch):
    browser.begin()
    browser.check(MUG)
    User.objects.filter(username="admin-1").update(username="first")
    colleague = Import(staff("admin"))
    colleague.ticket = browser.ticket
    assert colleague.send("start") == {"message": "Somebody else began this import; begin again."}

    monkeypatch.setattr(catalogue_import, "TICKET_SECONDS", -1)
    assert browser.send("start") == {"message": "This import is no longer known; begin again."}


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"step": 1}', '{"step": "explode"}', "{"])
def test_what_is_no_step_is_refused(admin, body):
    answer = admin.post(PAGE, body, content_type="application/json")

    assert (answer.status_code, answer.json()) == (400, {"message": "There is no such step."})


def test_a_form_with_files_is_refused(admin):
    page = Client(enforce_csrf_checks=True)  # which reads the form, and leaves no body
    page.cookies = admin.cookies
    token = page.get(PAGE).context["csrf_token"]

    answer = page.post(PAGE, {"csrfmiddlewaretoken": str(token), "step": "begin"})

    assert (answer.status_code, answer.json()) == (400, {"message": "There is no such step."})


def test_only_who_may_adjust_stock_may_have_the_file_replace_it(staff, browser):
    editor = Import(staff("nobody"))
    user = User.objects.get(username="nobody-1")
    user.user_permissions.add(Permission.objects.get(codename="edit_catalogue"))
    browser.begin(set_stock="on")
    forged = signing.loads(browser.ticket, salt="backoffice.import") | {"user": user.pk}

    editor.begin(set_stock="on")
    assert editor.status == 403
    editor.ticket = signing.dumps(forged, salt="backoffice.import", compress=True)
    editor.check(MUG)
    assert editor.status == 403

    assert editor.whole(MUG) == "1 created, 0 changed, 0 unchanged, 0 deleted"
    assert "set_stock" not in editor.client.get(PAGE).context["form"].fields
    assert "set_stock" in browser.client.get(PAGE).context["form"].fields
