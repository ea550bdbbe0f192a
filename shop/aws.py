"""The one place that makes AWS clients: region, endpoints, time-outs, retries.

Endpoints are AWS's own unless botocore's standard variables name others
(``AWS_ENDPOINT_URL``, ``AWS_ENDPOINT_URL_DYNAMODB``, ``AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER``,
``AWS_ENDPOINT_URL_SQS``).
"""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from django.conf import settings
from pynamodb.connection import Connection

from shop.dynamo_reads import LeanReads

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_sqs import SQSClient

DYNAMODB_CONNECT_SECONDS = 0.5
DYNAMODB_READ_SECONDS = 1.0
COGNITO_CONNECT_SECONDS = 1.0
COGNITO_READ_SECONDS = 3.0
SQS_CONNECT_SECONDS = 1.0
SQS_READ_SECONDS = 3.0
# SQS holds a request for messages open for up to 20 s while there are none.
SQS_POLL_READ_SECONDS = 25.0

# Building a client is slow (100–300 ms) and not locked inside botocore: threads that meet a cold process
# would each build their own.
_building = Lock()


def dynamodb_connection() -> Connection:
    """Return the process's only DynamoDB connection (thread-safe; one botocore client, no botocore retries).

    Retries belong to :mod:`shop.dynamo`, in one layer, within the caller's time budget.
    """
    with _building:
        return _dynamodb_connection()


@cache
def _dynamodb_connection() -> Connection:
    # The spans of traces are made inside botocore, so there all calls go through it.
    short = settings.DYNAMODB_LEAN_READS and settings.TRACES == "off"
    connection = (LeanReads if short else Connection)(
        region=settings.AWS_REGION,
        connect_timeout_seconds=DYNAMODB_CONNECT_SECONDS,
        read_timeout_seconds=DYNAMODB_READ_SECONDS,
        max_retry_attempts=0,
        max_pool_connections=settings.AWS_MAX_POOL_CONNECTIONS,
    )
    _ = connection.client  # build it now, under the lock
    return connection


def cognito_client() -> "CognitoIdentityProviderClient":
    """Return the process's only Cognito client (thread-safe)."""
    with _building:
        return _cognito_client()


@cache
def _cognito_client() -> "CognitoIdentityProviderClient":
    # A second try of a sign-up whose reply was lost would answer "address taken".
    config = _one_try(connect_seconds=COGNITO_CONNECT_SECONDS, read_seconds=COGNITO_READ_SECONDS)
    return boto3.session.Session(region_name=settings.AWS_REGION).client("cognito-idp", config=config)


def sqs_client(*, polling: bool = False) -> "SQSClient":
    """Return one of the process's SQS clients (thread-safe).

    Args:
        polling: the one that waits for messages to come; the other one is for everything else, and waits for nothing.
    """
    with _building:
        return _sqs_client(SQS_POLL_READ_SECONDS if polling else SQS_READ_SECONDS)


@cache
def _sqs_client(read_seconds: float) -> "SQSClient":
    # No second try: the queue is a shortcut, and what it loses is found in the table of orders.
    config = _one_try(connect_seconds=SQS_CONNECT_SECONDS, read_seconds=read_seconds)
    return boto3.session.Session(region_name=settings.AWS_REGION).client("sqs", config=config)


def _one_try(*, connect_seconds: float, read_seconds: float) -> Config:
    return Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=settings.AWS_MAX_POOL_CONNECTIONS,
    )
