"""The one place that makes AWS clients for the commands, reads what the stacks tell, and puts AWS's errors into words.

Every client is given the stage's region; none ever takes one from the environment.
"""

import os
from collections.abc import Callable
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from deploy.commands.outcome import Failed, Refused
from deploy.options import PROJECT, Stage

PARTS = ("network", "data", "identity", "cluster", "service", "observability")
"""A stage's stacks, in the order in which they are made."""
PIPELINE_STACK = f"{PROJECT}-pipeline"
SIGN_IN = "aws sso login (or aws configure), and AWS_PROFILE=… for another profile"
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})


def code_of(error: ClientError) -> str:
    """Return AWS's word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return AWS's sentence for it."""
    return str(error.response.get("Error", {}).get("Message", ""))


def in_words(error: BotoCoreError | ClientError) -> Refused | Failed:
    """Return what to tell an operator: a missing credential is no reason to show a traceback."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
        return Refused(f"no AWS credentials ({error}). Cure: {SIGN_IN}")
    if isinstance(error, EndpointConnectionError):
        return Refused(f"AWS cannot be reached ({error}). Cure: check the internet connection and the region")
    if not isinstance(error, ClientError):
        # Credentials that a profile makes (SSO, another program) fail with exceptions of many names.
        return Refused(f"AWS could not be asked: {error}. Cure: {SIGN_IN}")
    code, message = code_of(error), message_of(error)
    if code in EXPIRED:
        return Refused(f"the AWS credentials have expired. Cure: {SIGN_IN}")
    if code in UNKNOWN:
        return Refused(f"AWS does not know these credentials ({code}). Cure: {SIGN_IN}")
    if code in DENIED:
        return Failed(f"AWS does not allow {error.operation_name}: {message}")
    return Failed(f"AWS refused {error.operation_name}: {code}: {message}")


class Aws:
    """AWS, as one stage sees it.

    Attributes:
        stage: decides account and region.
    """

    def __init__(self, stage: Stage, *, client: Callable[[str], Any] | None = None) -> None:
        self.stage = stage
        self._clients: dict[str, Any] = {}
        self._make = client or self._real_client

    def _real_client(self, service: str) -> Any:
        session: Any = boto3.session.Session(region_name=self.stage.region)
        return session.client(service, config=CONFIG)

    def client(self, service: str) -> Any:
        """Return the client of a service, by boto3's name."""
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    @cached_property
    def account(self) -> str:
        """The caller's account, which must be the stage's own.

        Raises:
            Refused: there are no credentials, or they are for another account.
        """
        try:
            identity = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise in_words(error) from error
        found, wanted = str(identity["Account"]), self.stage.account
        if wanted and found != wanted:
            raise Refused(
                f"these credentials are for account {found}, and {self.stage.name} belongs to {wanted}. "
                "Cure: AWS_PROFILE=… of the right account"
            )
        return found

    def stack(self, name: str) -> dict[str, Any] | None:
        """Return what CloudFormation knows of a stack, or None where there is none."""
        try:
            found = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
                return None
            raise
        return next((each for each in found if each["StackStatus"] != "DELETE_COMPLETE"), None)

    def stacks(self) -> dict[str, dict[str, Any]]:
        """Return the stage's stacks that there are, by part."""
        found = {part: self.stack(self.stage.named(part)) for part in PARTS}
        return {part: stack for part, stack in found.items() if stack}

    def outputs(self, *parts: str) -> dict[str, str]:
        """Return what these stacks publish.

        Raises:
            Refused: one of them is not there.
        """
        together: dict[str, str] = {}
        for part in parts:
            stack = self.stack(self.stage.named(part))
            if stack is None:
                if part in {"service", "observability"}:
                    raise Refused(
                        f"{self.stage.name} is paused or not deployed. "
                        f"Cure: make resume STAGE={self.stage.name}, or make deploy STAGE={self.stage.name}"
                    )
                raise Refused(f"{self.stage.name} is not deployed. Cure: make deploy STAGE={self.stage.name}")
            together |= {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        return together

    def if_allowed(self, call: Callable[[], Any]) -> Any:
        """Return what a call tells, or None where the caller may not ask: GitHub's role may do little."""
        try:
            return call()
        except ClientError as error:
            if code_of(error) in DENIED:
                return None
            raise


def child_environment(stage: Stage) -> dict[str, str]:
    """Return the environment for programs that call AWS by themselves: the stage's region, whatever was set."""
    return {**os.environ, "AWS_REGION": stage.region, "AWS_DEFAULT_REGION": stage.region}
