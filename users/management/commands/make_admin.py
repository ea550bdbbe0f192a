"""Make somebody an administrator."""

from argparse import ArgumentParser
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from shop.errors import DomainError
from users.administrators import make_admin


class Command(BaseCommand):
    """Promote an account, or invite its owner."""

    help = (
        "Put the account of an e-mail address into the group of administrators; where there is none, make it and have "
        "a code sent to the address. Takes an operator's rights to the user pool."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whom."""
        parser.add_argument("email")

    def handle(self, *_args: Any, email: str, **_options: Any) -> None:
        """Do it; say what became of it."""
        try:
            validate_email(email)
            made = make_admin(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is no e-mail address.") from error
        except ClientError as error:
            details = error.response["Error"]
            raise CommandError(f"Cognito refused: {details['Code']}: {details['Message']}") from error
        except BotoCoreError as error:
            raise CommandError(f"Cognito could not be asked: {error}") from error
        except DomainError as error:
            raise CommandError(
                f"The account is an administrator's, but no code was sent: {error.message}"
            ) from error
        self.stdout.write(f"{email}: {made.value}")
