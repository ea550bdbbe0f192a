"""What identity keeps in MySQL: who of the pool is staff, what staff did, and whose tokens are refused before their time."""

from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now


class StaffMember(models.Model):
    """The tie between an account of the user pool and the Django user that its owner acts as.

    The pool's ``sub`` is the key: it never changes and is never given twice, which addresses and names may.
    """

    sub = models.CharField(max_length=64, primary_key=True)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="staff_member")
    username = models.CharField(max_length=128)  # Cognito's, for its calls

    class Meta:
        db_table = "staff_members"
        default_permissions = ()

    def __str__(self) -> str:
        return f"staff member {self.sub}"


class StaffEvent(models.Model):
    """One line of the audit log. Written once, never changed, deleted after ``STAFF_LOG_DAYS``."""

    class Kind(models.TextChoices):
        """What happened."""

        SIGNED_IN = "signed_in", "Signed in"
        REFUSED = "refused", "Sign-in refused"
        SIGNED_OUT = "signed_out", "Signed out"
        ACCESS_LOST = "access_lost", "Access lost"
        ROLE_CHANGED = "role_changed", "Role changed"
        ACTED = "acted", "Acted"
        EXPORTED = "exported", "Exported"
        LOOKED_UP = "looked_up", "Looked up a customer"

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField("time (UTC)", db_default=Now())
    kind = models.CharField("what", max_length=16, choices=Kind.choices)
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, db_index=False, verbose_name="person"
    )
    who = models.CharField(max_length=254, blank=True)  # the name as it was then; of strangers masked
    network = models.CharField(max_length=64, blank=True)  # where from: no whole address
    about = models.CharField(max_length=200, blank=True)
    details = models.CharField(max_length=1000, blank=True)
    request_id = models.CharField(max_length=128, blank=True)

    class Meta:
        db_table = "staff_events"
        verbose_name = "event"
        verbose_name_plural = "audit log"
        default_permissions = ("view",)
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="staff_events_newest"),
            models.Index(fields=["user", "-created_at", "-id"], name="staff_events_user_newest"),
            models.Index(fields=["kind", "-created_at", "-id"], name="staff_events_kind_newest"),
        ]

    def __str__(self) -> str:
        return f"event {self.pk}"


class DisabledCustomer(models.Model):
    """Whose access tokens are refused although their time is not up: those issued before ``since``.

    Cognito's word counts for everything else; a row matters for an hour, the longest that a token lives.
    """

    sub = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        db_table = "disabled_customers"
        default_permissions = ()

    def __str__(self) -> str:
        return f"disabled customer {self.sub}"
