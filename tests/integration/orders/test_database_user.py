"""The user that the running shop signs in as may work with rows and change no table."""

import secrets
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

pytestmark = [pytest.mark.mysql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    user = f"service_{secrets.token_hex(4)}"
    monkeypatch.setenv("SERVICE_DATABASE_USER", user)
    yield user
    with connection.cursor() as cursor:
        cursor.execute("DROP USER IF EXISTS %s@'%%'", [user])


def make(monkeypatch: pytest.MonkeyPatch, *, password: str) -> str:
    monkeypatch.setenv("SERVICE_DATABASE_PASSWORD", password)
    out = StringIO()
    call_command("create_database_user", stdout=out)
    return out.getvalue()


def signed_in(user: str, password: str):
    import MySQLdb

    known = connection.get_connection_params()
    known |= {"user": user, "password": password}
    return MySQLdb.connect(**known)


def code_of(database, statement: str) -> int:
    """Run a statement that is refused and return MySQL's error code."""
    import MySQLdb

    with pytest.raises((MySQLdb.OperationalError, MySQLdb.ProgrammingError)) as caught:
        database.cursor().execute(statement)
    code: int = caught.value.args[0]
    return code


def test_it_may_work_with_rows_and_change_no_table(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    said = make(monkeypatch, password="first")
    assert said == f"{name} may SELECT, INSERT, UPDATE, DELETE in {connection.settings_dict['NAME']}\n"
    database = signed_in(name, "first")
    try:
        cursor = database.cursor()
        assert cursor.execute("SELECT COUNT(*) FROM orders") == 1
        assert cursor.execute("DELETE FROM orders WHERE id = 0") == 0
        denied = 1142
        assert code_of(database, "CREATE TABLE orders_two (id INT)") == denied
        assert code_of(database, "DROP TABLE orders") == denied
        assert code_of(database, "ALTER TABLE orders ADD COLUMN x INT") == denied
    finally:
        database.close()


def test_running_it_again_takes_the_password_that_the_secret_has_now(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import MySQLdb

    make(monkeypatch, password="first")
    make(monkeypatch, password="it's 100 % second")
    signed_in(name, "it's 100 % second").close()
    with pytest.raises(MySQLdb.OperationalError, match="Access denied"):
        signed_in(name, "first")


def test_without_a_password_nobody_is_made(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(CommandError, match="SERVICE_DATABASE_USER and SERVICE_DATABASE_PASSWORD must be set"):
        make(monkeypatch, password="")
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM mysql.user WHERE User = %s", [name])
        assert cursor.fetchone() == (0,)
