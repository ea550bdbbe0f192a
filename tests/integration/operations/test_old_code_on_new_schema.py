"""Each migration is applied to a real database, and the models of the state before it go on writing and reading."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState

pytestmark = [pytest.mark.django_db(transaction=True)]
LABELS = {"shop", "products", "users", "orders"}
VALUES = {
    "CharField": lambda field: uuid.uuid4().hex[: field.max_length],
    "UUIDField": lambda _: uuid.uuid4(),
    "DateField": lambda _: date(2026, 1, 1),
    "DateTimeField": lambda _: datetime(2026, 1, 1, tzinfo=UTC),
    "BooleanField": lambda _: True,
    "JSONField": lambda _: {"a": "b"},
}


def row(model):
    """An unsaved row with every column that has no default filled in, and each it points to saved."""
    filled = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField) or field.has_default() or field.has_db_default() or field.null:
            continue
        if field.is_relation:
            filled[field.name] = written(field.related_model)
        else:
            filled[field.name] = VALUES.get(field.get_internal_type(), lambda _: 1)(field)
    return model(**filled)


def written(model):
    made = row(model)
    made.save()
    return made


def use(model):
    """Write, read, change and delete as that state's code does."""
    made = written(model)
    assert model.objects.filter(pk=made.pk).count() == 1
    list(model.objects.all()[:5])
    made.save()
    made.delete()


@pytest.fixture
def at_the_end():
    """Whatever happens, the schema is whole again afterwards."""
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def steps():
    """(the state of our models before a migration, that migration), in the order in which they are applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    return [migration for migration, _ in plan if migration.app_label in LABELS]


@pytest.mark.usefixtures("at_the_end")
def test_the_code_before_each_migration_works_on_the_schema_after_it():
    tried = []
    executor = MigrationExecutor(connection)
    executor.migrate([(label, None) for label in sorted({step.app_label for step in steps()})])
    for migration in steps():
        executor = MigrationExecutor(connection)
        key = (migration.app_label, migration.name)
        parents = [parent.key for parent in executor.loader.graph.node_map[key].parents]
        before = executor.loader.project_state(parents).apps
        executor.migrate([key])
        if getattr(migration, "contract", ""):
            continue
        for model in before.get_models():
            if model._meta.app_label in LABELS:
                use(model)
                tried.append((migration.name, model.__name__))

    assert ("0002_payment_intents", "Order") in tried
    assert ("0002_payment_intents", "OrderItem") in tried


@pytest.fixture
def things():
    """A table of the test's own, and the models of before and after a change to it."""
    fields: list[tuple[str, Any]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=40)),
    ]
    before = ProjectState()
    before.add_model(ModelState("orders", "Thing", fields, {"db_table": "test_things"}))
    with connection.schema_editor() as editor:
        editor.create_model(before.apps.get_model("orders", "Thing"))

    def change(operation):
        after = before.clone()
        operation.state_forwards("orders", after)
        with connection.schema_editor() as editor:
            operation.database_forwards("orders", editor, before, after)
        return before.apps.get_model("orders", "Thing")

    yield change
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_things")


def test_a_required_column_does_break_the_code_before_it(things):
    old = things(migrations.AddField("thing", "colour", models.CharField(max_length=9, default="red")))

    with pytest.raises(DatabaseError, match="colour"):
        use(old)


def test_a_column_that_the_database_fills_does_not(things):
    use(things(migrations.AddField("thing", "colour", models.CharField(max_length=9, db_default="red"))))
