"""The catalogue from a CSV file: the browser sends it piece by piece, first to be checked, then to be written.

No state is kept here, so any task may take any piece, and a file may be of any length. What the pieces have come to so
far travels with them in a signed ticket: who, why, and the sums. A piece is written only if the whole table was checked
without a fault and this very piece was part of that. To write a piece again changes nothing, so what got lost is sent
once more; whoever closes the page chooses the file again and finds most of it unchanged.
"""

import hashlib
import io
import re
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from django import forms
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.urls import reverse
from unfold.widgets import UnfoldBooleanWidget

from orders.backoffice.catalogue_forms import WhyForm
from orders.backoffice.models import Desk
from orders.backoffice.page import Crumb, StaffPage, allowed
from orders.backoffice.roles import ADJUST_STOCK, EDIT_CATALOGUE
from products.exports import COLUMNS
from products.imports import REQUIRED, BadTable, Fault, Row, import_row, read_table
from shop.errors import UnavailableError

log = structlog.get_logger("orders.backoffice")

PIECE_ROWS = 50  # that a browser sends at once
MOST_ROWS = 200  # that are taken at once
WRITE_SECONDS = 10.0  # of one piece; the rest of it is asked for again
TICKET_SECONDS = 24 * 3600
OUTCOMES = ("created", "changed", "unchanged", "deleted")
_SALT = "backoffice.import"

Ticket = dict[str, Any]


class Refused(Exception):
    """What came is no piece of a sound import."""


class ImportForm(WhyForm):
    """Why, and what about stocks."""

    file_name = forms.CharField(max_length=100, widget=forms.HiddenInput)
    set_stock = forms.BooleanField(
        label="The file's stock replaces that of products that are there",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Each difference is a movement. Without it they keep their stock, which sales change.",
    )


class ImportPage(StaffPage):
    """Show the page; answer the pieces that its script sends, in JSON."""

    title = "Import products"
    route = "catalogue/import/"
    name = "catalogue_import"
    permission_required = EDIT_CATALOGUE
    template_name = "backoffice/catalogue_import.html"
    http_method_names = ["get", "head", "post"]

    def breadcrumbs(self) -> list[Crumb]:
        """Lead back to the list."""
        return [("Catalogue", reverse("admin:catalogue"))]

    def page_context(self) -> dict[str, Any]:
        """Give the template the form and the limits."""
        form = ImportForm()
        if not allowed(self.request, ADJUST_STOCK):
            del form.fields["set_stock"]
        return {"form": form, "piece_rows": PIECE_ROWS, "columns": COLUMNS, "required": REQUIRED}

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take one step of an import."""
        steps = {"begin": self._begin, "check": self._check, "start": self._start}
        steps |= {"write": self._write, "end": self._end}
        self.asked = _texts(request)
        step = steps.get(self.asked.get("step", ""))
        if step is None:
            return JsonResponse({"message": "There is no such step."}, status=400)
        try:
            ticket = {} if step == self._begin else self._open(self.asked.get("ticket", ""))
            if ticket.get("set_stock") and not allowed(request, ADJUST_STOCK):
                raise PermissionDenied
            answer = step(ticket)
        except (Refused, BadTable) as error:
            return JsonResponse({"message": str(error)}, status=400)
        except UnavailableError as error:
            return JsonResponse({"message": error.message}, status=503)
        return JsonResponse({"ticket": signing.dumps(ticket, salt=_SALT, compress=True), **answer})

    # ---- steps; each changes the ticket and answers with what the page shows ----

    def _begin(self, ticket: Ticket) -> Mapping[str, Any]:
        form = ImportForm(self.asked)
        if not form.is_valid():
            raise Refused(
                " ".join(f"{form[name].label}: {errors[0]}" for name, errors in form.errors.items())
            )
        if form.cleaned_data["set_stock"] and not allowed(self.request, ADJUST_STOCK):
            raise PermissionDenied
        ticket |= {"id": uuid.uuid4().hex, "user": self.request.user.pk, "started": False, "skip": 0}
        ticket |= {**form.cleaned_data, "rows": 0, "faults": 0, "checked": {}, "written": {}}
        return {}

    def _check(self, ticket: Ticket) -> Mapping[str, Any]:
        """Judge a piece, and tell what it would do; nothing is written."""
        rows, faults = self._piece()
        outcomes = [
            import_row(row, set_stock=ticket["set_stock"], dry_run=True, actor="", reason="") for row in rows
        ]
        ticket["rows"] += len(rows) + len(faults)
        ticket["faults"] += len(faults)
        ticket["checked"] = _sum(ticket["checked"], outcomes)
        notes = [
            _fault(Fault(row.number, row.product_id, "was deleted for good; it is left alone"))
            for row, outcome in zip(rows, outcomes, strict=True)
            if outcome == "deleted"
        ]
        return {
            "counts": ticket["checked"],
            "faults": [_fault(fault) for fault in faults],
            "notes": notes,
            "products": [[row.number, row.product_id] for row in rows],
            "seal": "" if faults else _signer(ticket).sign(self._digest()),
        }

    def _start(self, ticket: Ticket) -> Mapping[str, Any]:
        """Write down that it begins, once all of it was checked."""
        if ticket["faults"] or not ticket["rows"]:
            raise Refused("Only a table that was checked, without a fault, can be imported.")
        ticket["started"] = True
        kind = "stocks replaced" if ticket["set_stock"] else "stocks kept"
        self._note(
            ticket, f"Import of {ticket['rows']} rows begun, {kind}. To do: {_told(ticket['checked'])}."
        )
        return {}

    def _write(self, ticket: Ticket) -> Mapping[str, Any]:
        """Write a piece, or go on with it. What stops it is answered beside how far it got."""
        if not ticket["started"] or not self._sealed(ticket):
            raise Refused("This piece was not checked; begin again.")
        rows, _ = self._piece()
        outcomes: list[str] = []
        stopped, until = "", time.monotonic() + WRITE_SECONDS
        for row in rows[ticket["skip"] :]:
            if time.monotonic() > until:
                break
            try:
                outcomes.append(self._import(row, ticket))
            except UnavailableError as error:
                stopped = f"Stopped at row {row.number} ({row.product_id}): {error.message}"
                break
        done = ticket["skip"] + len(outcomes)
        ticket["skip"] = 0 if done == len(rows) else done
        ticket["written"] = _sum(ticket["written"], outcomes)
        return {"counts": ticket["written"], "done": done == len(rows), "stopped": stopped}

    def _end(self, ticket: Ticket) -> Mapping[str, Any]:
        """Write down what came of it."""
        if not ticket["started"]:
            raise Refused("This import was not begun.")
        told = _told(ticket["written"])
        self._note(ticket, f"Import ended: {told}.")
        return {"told": told}

    # ---- what the steps share ----

    def _import(self, row: Row, ticket: Ticket) -> str:
        who = self.request.user.get_username()
        return import_row(row, set_stock=ticket["set_stock"], dry_run=False, actor=who, reason=ticket["why"])

    def _open(self, text: str) -> Ticket:
        """Read a ticket of this person's."""
        try:
            ticket: Ticket = signing.loads(text, salt=_SALT, max_age=TICKET_SECONDS)
        except signing.BadSignature as error:
            raise Refused("This import is no longer known; begin again.") from error
        if ticket["user"] != self.request.user.pk:
            raise Refused("Somebody else began this import; begin again.")
        return ticket

    def _piece(self) -> tuple[list[Row], list[Fault]]:
        first = self.asked.get("first", "")
        if not re.fullmatch(r"[1-9][0-9]{0,8}", first):
            raise Refused("A piece has a first row.")
        rows, faults = read_table(
            io.StringIO(self.asked.get("columns", "") + self.asked.get("rows", ""), newline=""),
            first=int(first),
        )
        if len(rows) + len(faults) > MOST_ROWS:
            raise Refused(f"A piece has at most {MOST_ROWS} rows.")
        return rows, faults

    def _digest(self) -> str:
        parts = [self.asked.get(name, "") for name in ("first", "columns", "rows")]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _sealed(self, ticket: Ticket) -> bool:
        """Tell whether this piece was checked, and found sound, in this import."""
        try:
            return _signer(ticket).unsign(self.asked.get("seal", "")) == self._digest()
        except signing.BadSignature:
            return False

    def _note(self, ticket: Ticket, what: str) -> None:
        self.write_down(
            message=f"{what} Reason: {ticket['why']}",
            about=f"import of {ticket['file_name']}",
            object_id=ticket["id"],
            model=Desk,
        )
        log.info("staff imported products", import_id=ticket["id"], **ticket["written"])


def _texts(request: HttpRequest) -> dict[str, str]:
    """Read a JSON object of texts: a form would come with other ends of lines than the file has."""
    try:
        sent = orjson.loads(request.body)
    except (ValueError, RawPostDataException):  # of a form with files there is no body left
        return {}
    return (
        {name: text for name, text in sent.items() if isinstance(text, str)} if isinstance(sent, dict) else {}
    )


def _signer(ticket: Ticket) -> signing.Signer:
    return signing.Signer(salt=f"{_SALT}.{ticket['id']}")


def _sum(before: Mapping[str, int], outcomes: list[str]) -> dict[str, int]:
    return dict(Counter(before) + Counter(outcomes))


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts.get(outcome, 0)} {outcome}" for outcome in OUTCOMES)


def _fault(fault: Fault) -> dict[str, Any]:
    return {"row": fault.number, "product": fault.product_id, "words": fault.words}
