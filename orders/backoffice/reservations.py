"""Units that are held for no order: what a restored database or a deletion by hand leaves behind. Find them, give them back."""

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from orders import staff
from orders.backoffice.actions import ReasonForm
from orders.backoffice.page import StaffPage
from orders.backoffice.roles import RELEASE
from orders.staff import NotDone
from shop.deadline import Deadline
from shop.errors import DomainError

UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECONDS = 8.0


class OrphansPage(StaffPage):
    """List them, a part of the table at a time; release one, with a reason."""

    title = "Orphan reservations"
    route = "reservations/"
    name = "reservations"
    permission_required = RELEASE
    template_name = "backoffice/reservations.html"
    http_method_names = ["get", "head", "post"]
    form: ReasonForm | None = None
    asked_for = ""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Release one. A second time finds nothing held."""
        uid = request.POST.get("uid", "")
        self.form = ReasonForm(request.POST)
        if not UUID_TEXT.fullmatch(uid) or not self.form.is_valid():
            self.asked_for = uid
            return self.render_to_response(self.get_context_data())
        try:
            staff.release_orphan(uid, deadline=Deadline(SECONDS))
        except NotDone as refusal:
            messages.warning(request, str(refusal))
        except DomainError as error:
            messages.error(request, error.message)
        else:
            why = self.form.cleaned_data["why"]
            message = f"Released, held for no order. Reason: {why}"
            self.write_down(message=message, about=f"reservation {uid}", object_id=uid)
            messages.success(request, f"The units of {uid} are back on the shelf.")
        return redirect(reverse(f"admin:{self.name}"))

    def page_context(self) -> dict[str, Any]:
        """Look at the next part of the reservations."""
        after = self.request.GET.get("after", "")
        context = {
            "form": self.form or ReasonForm(),
            "looked_at": staff.ORPHANS_LOOKED_AT,
            "asked_for": self.asked_for,
        }
        try:
            found, position = staff.find_orphans(after=after if UUID_TEXT.fullmatch(after) else None)
        except DomainError:
            return {**context, "unavailable": True}
        return {**context, "orphans": sorted(found.items()), "position": position}
