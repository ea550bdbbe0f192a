"""The rule of expand and contract: what is in the tree keeps it, and what breaks it is found."""

import re

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Now

from tests.migration_rules import unsafe
from tests.pages import DOCS, read

LOADER = MigrationLoader(None)
OURS = sorted(key for key in LOADER.disk_migrations if key[0] in {"shop", "products", "users", "orders"})


@pytest.mark.parametrize("key", OURS, ids="-".join)
def test_the_version_before_can_live_with_each_migration(key):
    before = LOADER.project_state([parent.key for parent in LOADER.graph.node_map[key].parents])

    assert unsafe(LOADER.disk_migrations[key], before) == []


@pytest.mark.parametrize("key", OURS, ids="-".join)
def test_a_contraction_names_the_version_since_which_nobody_needs_what_it_takes_away(key):
    contract = getattr(LOADER.disk_migrations[key], "contract", "since 0.1.0")

    assert re.match(r"since \d+\.\d+\.\d+", contract)


def test_the_models_and_the_migrations_agree():
    from django.db.migrations.autodetector import MigrationAutodetector

    changes = MigrationAutodetector(LOADER.project_state(), ProjectState.from_apps(apps)).changes(
        LOADER.graph
    )

    assert changes == {}


# ---- what is found -----------------------------------------------------------------------------------------


@pytest.fixture
def state():
    state = ProjectState()
    fields: list[tuple[str, models.Field]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=40)),
        ("note", models.CharField(max_length=40, null=True)),
        ("made", models.DateTimeField(db_default=Now())),
    ]
    state.add_model(ModelState("orders", "Thing", fields))
    return state


def migration_of(operation, **words):
    migration = migrations.Migration("0009_test", "orders")
    migration.operations = [operation]  # type: ignore[misc]  # Django reads it from the instance too
    for name, word in words.items():
        setattr(migration, name, word)
    return migration


BREAKING = {
    "a column is taken away": migrations.RemoveField("thing", "note"),
    "a column is renamed": migrations.RenameField("thing", "name", "title"),
    "a table is taken away": migrations.DeleteModel("Thing"),
    "a table is renamed": migrations.RenameModel("Thing", "Item"),
    "a table gets another name": migrations.AlterModelTable("thing", "items"),
    "a column is required": migrations.AddField("thing", "colour", models.CharField(max_length=9)),
    "a column's default is Django's alone": migrations.AddField(
        "thing", "colour", models.CharField(max_length=9, default="red")
    ),
    "a new column is unique": migrations.AddField(
        "thing", "code", models.CharField(max_length=9, unique=True, db_default="")
    ),
    "NULL is forbidden": migrations.AlterField("thing", "note", models.CharField(max_length=40)),
    "a text is shortened": migrations.AlterField("thing", "name", models.CharField(max_length=20)),
    "a type changes": migrations.AlterField("thing", "name", models.IntegerField()),
    "a value becomes unique": migrations.AlterField(
        "thing", "name", models.CharField(max_length=40, unique=True)
    ),
    "a default goes": migrations.AlterField("thing", "made", models.DateTimeField()),
    "a constraint is new": migrations.AddConstraint(
        "thing", models.CheckConstraint(condition=~models.Q(name=""), name="named")
    ),
    "nobody can tell": migrations.RunSQL("DROP TABLE orders"),
}
HARMLESS = {
    "a table is new": migrations.CreateModel("Box", [("id", models.BigAutoField(primary_key=True))]),
    "a column may be NULL": migrations.AddField("thing", "colour", models.CharField(max_length=9, null=True)),
    "the database fills it": migrations.AddField(
        "thing", "colour", models.CharField(max_length=9, db_default="red")
    ),
    "a text may be longer": migrations.AlterField("thing", "name", models.CharField(max_length=80)),
    "NULL is allowed": migrations.AlterField("thing", "name", models.CharField(max_length=40, null=True)),
    "an index is new": migrations.AddIndex("thing", models.Index(fields=["name"], name="by_name")),
}


@pytest.mark.parametrize("operation", BREAKING.values(), ids=BREAKING)
def test_what_old_code_cannot_live_with_is_found(operation, state):
    fault, *_ = unsafe(migration_of(operation), state)

    assert fault.startswith("orders.0009_test: ")


@pytest.mark.parametrize("operation", HARMLESS.values(), ids=HARMLESS)
def test_what_old_code_can_live_with_is_allowed(operation, state):
    assert unsafe(migration_of(operation), state) == []


def test_a_declared_contraction_may_take_away(state):
    assert (
        unsafe(migration_of(BREAKING["a column is taken away"], contract="since 1.4.0 unread"), state) == []
    )


def test_a_migration_of_data_may_be_explained(state):
    assert (
        unsafe(migration_of(BREAKING["nobody can tell"], expand="fills a column nobody reads yet"), state)
        == []
    )


def test_the_page_names_every_kind_of_operation_that_needs_a_contraction():
    page = read(DOCS / "migrations.md")

    for kind in ("RemoveField", "RenameField", "DeleteModel", "RenameModel", "AddConstraint", "AlterField"):
        assert f"`{kind}`" in page
