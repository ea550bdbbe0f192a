"""What a migration may do while the version before it still serves: docs/migrations.md, as code."""

from collections.abc import Iterator
from typing import Any

from django.db import migrations, models
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

SAFE = (
    migrations.CreateModel,
    migrations.AddIndex,
    migrations.RemoveIndex,
    migrations.RenameIndex,
    migrations.RemoveConstraint,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
    migrations.AlterModelTableComment,
)


def unsafe(migration: Migration, before: ProjectState) -> list[str]:
    """Return what the version before could not live with; nothing for a declared contraction.

    Args:
        migration: with ``contract = "since 1.4.0 no code reads it"`` if it takes away what no serving version uses.
        before: the models as they are before it.
    """
    if getattr(migration, "contract", ""):
        return []
    state, found = before.clone(), []
    for operation in migration.operations:
        found += [
            f"{migration.app_label}.{migration.name}: {fault}"
            for fault in _faults(operation, migration, state)
        ]
        operation.state_forwards(migration.app_label, state)
    return found


def _faults(operation: Operation, migration: Migration, state: ProjectState) -> Iterator[str]:
    what = operation.describe()
    if isinstance(operation, SAFE):
        return
    if isinstance(operation, migrations.AddField):
        yield from (f"{what}: {fault}" for fault in _demanding(operation.field))
    elif isinstance(operation, migrations.AlterField):
        model = state.models[migration.app_label, operation.model_name_lower]
        yield from (f"{what}: {fault}" for fault in _narrower(model.fields[operation.name], operation.field))
    elif isinstance(operation, migrations.RunPython | migrations.RunSQL):
        if not getattr(migration, "expand", ""):
            yield f"{what}: nobody can tell what it does; say why old code lives with it in `expand`"
    elif isinstance(operation, migrations.SeparateDatabaseAndState):
        yield f"{what}: declare it as a contraction, or write it plainly"
    else:
        yield f"{what}: old code still needs what it takes away or renames, or breaks the new rule"


def _demanding(field: "models.Field[Any, Any]") -> Iterator[str]:
    """Yield why rows that know nothing of a new column could not be inserted."""
    if not (field.null or field.many_to_many or field.db_default is not NOT_PROVIDED):
        yield "old code inserts rows without it; give it db_default, or allow NULL"
    if field.unique and not field.null:
        yield "two rows of old code would have the same value"


def _narrower(old: "models.Field[Any, Any]", new: "models.Field[Any, Any]") -> Iterator[str]:
    """Yield why values or inserts that fit the old column would not fit the new one."""
    if type(old) is not type(new):
        yield f"{type(old).__name__} becomes {type(new).__name__}"
    if old.null and not new.null:
        yield "old code writes NULL"
    if new.unique and not old.unique:
        yield "old code writes the same value twice"
    if old.db_column != new.db_column:
        yield "old code knows the column by its old name"
    if old.db_default is not NOT_PROVIDED and new.db_default is NOT_PROVIDED:
        yield "old code leaves the value to the database"
    for size in ("max_length", "max_digits", "decimal_places"):
        if (getattr(new, size, None) or 0) < (getattr(old, size, None) or 0):
            yield f"{size} shrinks"
