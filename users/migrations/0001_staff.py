import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DisabledCustomer",
            fields=[
                ("sub", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "since",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True),
                ),
            ],
            options={
                "db_table": "disabled_customers",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="StaffMember",
            fields=[
                ("sub", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("username", models.CharField(max_length=128)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staff_member",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "staff_members",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="StaffEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="time (UTC)"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("signed_in", "Signed in"),
                            ("refused", "Sign-in refused"),
                            ("signed_out", "Signed out"),
                            ("access_lost", "Access lost"),
                            ("role_changed", "Role changed"),
                            ("acted", "Acted"),
                            ("exported", "Exported"),
                            ("looked_up", "Looked up a customer"),
                        ],
                        max_length=16,
                        verbose_name="what",
                    ),
                ),
                ("who", models.CharField(blank=True, max_length=254)),
                ("network", models.CharField(blank=True, max_length=64)),
                ("about", models.CharField(blank=True, max_length=200)),
                ("details", models.CharField(blank=True, max_length=1000)),
                ("request_id", models.CharField(blank=True, max_length=128)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "audit log",
                "db_table": "staff_events",
                "ordering": ["-created_at", "-id"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="staff_events_newest"),
                    models.Index(fields=["user", "-created_at", "-id"], name="staff_events_user_newest"),
                    models.Index(fields=["kind", "-created_at", "-id"], name="staff_events_kind_newest"),
                ],
            },
        ),
    ]
