"""Start ministack, the stand-in for AWS: Cognito with its mail, DynamoDB and SQS on one port of this machine.

It lives in its own virtual environment, because it pins botocore. Everything that is special to it is in this
module, so that another stand-in can take its place.
"""

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shop.local import places, processes

SERVICES = "cognito-idp,dynamodb,sqs,ses"
START_SECONDS = 60.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(endpoint: str) -> bool:
    """Tell whether ministack answers there."""
    try:
        with _direct.open(f"{endpoint}/_ministack/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def begin(*, port: int, directory: Path, services: str = SERVICES) -> processes.Child:
    """Start the process and return at once; :func:`wait` makes sure that it answers.

    Args:
        port: a free port of 127.0.0.1.
        directory: an existing directory for its log and temporary files.
        services: the services to offer; empty for all that it knows.

    Raises:
        StartError: it is not installed.
    """
    return processes.start(
        "ministack (AWS stand-in)",
        [places.MINISTACK_PYTHON, "-m", "ministack"],
        env={
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "PYTHONUNBUFFERED": "1",
            "no_proxy": "*",
            "AUTH": "true",  # without it, codes, tokens and secrets go unchecked
            "SERVICES": services,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",  # both would listen on every interface
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "0",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        log=directory / "ministack.log",
    )


def wait(child: processes.Child, *, port: int) -> str:
    """Wait until ministack answers; return its endpoint, without a slash at the end.

    Raises:
        StartError: it does not.
    """
    endpoint = f"http://127.0.0.1:{port}"
    processes.wait_until(child, lambda: answers(endpoint), seconds=START_SECONDS)
    return endpoint


@dataclass(frozen=True)
class Mail:
    """A message that Cognito would have sent. ``code`` is empty if it holds none."""

    to: str
    subject: str
    text: str
    code: str


@dataclass
class Mailbox:
    """The mail that ministack kept instead of sending it."""

    endpoint: str
    _seen: set[str] = field(default_factory=set)

    def new(self) -> Iterator[Mail]:
        """Yield the messages that were not yielded before; none while ministack does not answer."""
        try:
            with _direct.open(f"{self.endpoint}/_ministack/ses/messages", timeout=2) as answer:
                by_account = json.load(answer)["messages"]
        except (OSError, http.client.HTTPException, ValueError):
            return
        for messages in by_account.values():
            for message in messages:
                if message["MessageId"] not in self._seen:
                    self._seen.add(message["MessageId"])
                    code = re.search(r"\b\d{6}\b", message["BodyText"])
                    yield Mail(
                        to=", ".join(message["To"]),
                        subject=message["Subject"],
                        text=message["BodyText"],
                        code=code.group() if code else "",
                    )
