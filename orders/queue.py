"""The queue between the web and the workers, and the only module that talks to SQS.

A message is ``{"uid": "…"}`` and nothing else: it names an order that is worth a look now. What the order is, and
how far it has come, is in the table, so a message may be lost, doubled, late or out of order without harm.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import orjson
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.conf import settings

from shop.aws import SQS_CONNECT_SECONDS, SQS_READ_SECONDS, sqs_client

SEND_SECONDS = SQS_CONNECT_SECONDS + SQS_READ_SECONDS
"""The longest that sending may take."""
BATCH = 10
"""The most messages that SQS takes or gives at once."""
MAX_RECEIVES = 5
"""A message that was received so often without being deleted goes to the dead-letter queue."""
LONGEST_POLL_SECONDS = 20
DEAD_LETTERS_SUFFIX = "-dead-letters"
_RETENTION_SECONDS = 14 * 24 * 3600  # the longest that SQS keeps anything


class QueueUnavailable(Exception):
    """SQS did not answer, or refused. What was asked for may have happened all the same."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One delivery of a message.

    Attributes:
        id: SQS's name for the message, the same at every delivery.
        receipt: what deleting and hiding this delivery takes.
        body: the text, from whoever may write to the queue.
        received: how many times it has been delivered, this one included.
    """

    id: str
    receipt: str
    body: str
    received: int


@dataclass(frozen=True)
class Depth:
    """How full the queues are, roughly: SQS counts no better.

    Attributes:
        messages: on the queue of orders: waiting, and in a worker's hands.
        dead_letters: on its dead-letter queue; 0 if it has none.
    """

    messages: int
    dead_letters: int


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise QueueUnavailable(repr(error)) from error


def send(uid: UUID) -> None:
    """Put an order's name on the queue, in one try of at most :data:`SEND_SECONDS`.

    Raises:
        QueueUnavailable: no answer; the message may have arrived.
    """
    with _answering():
        sqs_client().send_message(
            QueueUrl=settings.ORDER_QUEUE_URL, MessageBody=orjson.dumps({"uid": str(uid)}).decode()
        )


def uid_of(message: Message) -> UUID | None:
    """Return the order that a message names; None if it is not one of ours."""
    try:
        return UUID(orjson.loads(message.body)["uid"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def receive(*, most: int, wait_seconds: int, hide_seconds: int) -> list[Message]:
    """Take messages that are due, waiting for the first one to come.

    Args:
        most: how many at most; more than :data:`BATCH` are never given.
        wait_seconds: how long to wait, at most :data:`LONGEST_POLL_SECONDS`.
        hide_seconds: for how long nobody else is given them.

    Raises:
        QueueUnavailable: no answer.
    """
    with _answering():
        answer = sqs_client(polling=True).receive_message(
            QueueUrl=settings.ORDER_QUEUE_URL,
            MaxNumberOfMessages=min(most, BATCH),
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=hide_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
    return [
        Message(
            id=message.get("MessageId", ""),
            receipt=message.get("ReceiptHandle", ""),
            body=message.get("Body", ""),
            received=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
        )
        for message in answer.get("Messages", [])
    ]


def delete(message: Message) -> None:
    """Take a message off the queue for good.

    Raises:
        QueueUnavailable: no answer; the message may come again.
    """
    with _answering():
        sqs_client().delete_message(QueueUrl=settings.ORDER_QUEUE_URL, ReceiptHandle=message.receipt)


def hide(messages: Sequence[Message], *, seconds: int) -> None:
    """Keep messages from everybody for so long from now on; 0 gives them back at once.

    Messages that are gone meanwhile are passed over in silence.

    Raises:
        QueueUnavailable: no answer; those messages come again when their present time is over.
    """
    for first in range(0, len(messages), BATCH):
        some = messages[first : first + BATCH]
        with _answering():
            sqs_client().change_message_visibility_batch(
                QueueUrl=settings.ORDER_QUEUE_URL,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt, "VisibilityTimeout": seconds}
                    for index, message in enumerate(some)
                ],
            )


def check_answers() -> None:
    """Raise unless the queue is there and answers."""
    with _answering():
        sqs_client().get_queue_attributes(QueueUrl=settings.ORDER_QUEUE_URL, AttributeNames=["QueueArn"])


def depth() -> Depth:
    """Count what is queued, in one or two calls.

    Raises:
        QueueUnavailable: no answer.
    """
    with _answering():
        found = sqs_client().get_queue_attributes(QueueUrl=settings.ORDER_QUEUE_URL, AttributeNames=["All"])[
            "Attributes"
        ]
        counts = {str(name): value for name, value in found.items()}
        dead = orjson.loads(counts.get("RedrivePolicy") or "{}").get("deadLetterTargetArn", "")
        return Depth(_messages_in(counts), _dead_letters(dead.rpartition(":")[2]) if dead else 0)


def _dead_letters(name: str) -> int:
    # The dead-letter queue stands beside the queue: same account, same region, and so the same address.
    url = f"{settings.ORDER_QUEUE_URL.rpartition('/')[0]}/{name}"
    found = sqs_client().get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return _messages_in({str(name): value for name, value in found.items()})


def _messages_in(counts: Mapping[str, str]) -> int:
    names = ("Messages", "MessagesNotVisible", "MessagesDelayed")
    return sum(int(counts[f"ApproximateNumberOf{name}"]) for name in names)


def create_queues() -> str:
    """Make the queue that ``ORDER_QUEUE_URL`` names and its dead-letter queue; what exists is set right.

    Returns:
        The address of the queue as SQS has it.
    """
    client = sqs_client()
    name = settings.ORDER_QUEUE_URL.rsplit("/", 1)[-1]
    # Made without attributes: asking for others than those of a queue that exists is an error.
    dead_letters = client.create_queue(QueueName=name + DEAD_LETTERS_SUFFIX)["QueueUrl"]
    url = client.create_queue(QueueName=name)["QueueUrl"]
    client.set_queue_attributes(
        QueueUrl=dead_letters, Attributes={"MessageRetentionPeriod": str(_RETENTION_SECONDS)}
    )
    known = client.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]
    redrive = {"deadLetterTargetArn": known["QueueArn"], "maxReceiveCount": MAX_RECEIVES}
    client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": orjson.dumps(redrive).decode()})
    return url
