"""Accounts of the test pool for tests of the back office, and what happens to them behind its back."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.test import Client

from shop.aws import cognito_client
from tests.journeys.conftest import PASSWORD, make_account


@dataclass(frozen=True)
class Colleague:
    """An account of the pool."""

    email: str
    sub: str

    def join(self, group: str) -> None:
        cognito_client().admin_add_user_to_group(**self._named(), GroupName=group)

    def leave(self, group: str) -> None:
        cognito_client().admin_remove_user_from_group(**self._named(), GroupName=group)

    def disable(self) -> None:
        cognito_client().admin_disable_user(**self._named())

    def delete(self) -> None:
        cognito_client().admin_delete_user(**self._named())

    def is_enabled(self) -> bool:
        return cognito_client().admin_get_user(**self._named())["Enabled"]

    def rename(self, email: str) -> None:
        cognito_client().admin_update_user_attributes(
            **self._named(),
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
        )

    def _named(self) -> dict[str, Any]:
        return {"UserPoolId": settings.COGNITO_USER_POOL_ID, "Username": self.sub}


def new_colleague(*groups: str, email: str = "") -> Colleague:
    """Make a confirmed account in these groups of the pool."""
    email = email or f"{uuid4().hex}@example.com"
    make_account(email)
    found = cognito_client().admin_get_user(UserPoolId=settings.COGNITO_USER_POOL_ID, Username=email)
    sub = next(each["Value"] for each in found["UserAttributes"] if each["Name"] == "sub")
    colleague = Colleague(email=email, sub=sub)
    for group in groups:
        colleague.join(group)
    return colleague


def try_to_sign_in(
    name: str, password: str = PASSWORD, *, client: Client | None = None, **headers: str
) -> Any:
    """Send the form; the answer has the client that sent it."""
    form = {"username": name, "password": password, "next": "/admin/"}
    return (client or Client()).post("/admin/login/", form, headers=headers)


def signed_in(colleague: Colleague) -> Client:
    """Return a client that has signed in by the form."""
    client = Client()
    answer = try_to_sign_in(colleague.email, client=client)
    assert answer.status_code == 302, answer.content
    return client
