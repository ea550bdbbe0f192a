"""DynamoDB's three reads by the shortest way: GetItem, BatchGetItem and Query, signed here and sent over kept connections.

botocore takes 2 ms of CPU for a read, this a tenth of it (docs/performance.md). botocore still gives the credentials, the
endpoint and the time-outs, reads every refusal, and does all other calls; PynamoDB sees no difference. There are no
retries here either: they belong to :mod:`shop.dynamo`. Binary attributes, which no table of ours has, are not decoded.

Source: AWS Signature Version 4, "Create a signed AWS API request"; DynamoDB low-level API.
"""

import hashlib
import hmac
import http.client
import ssl
import time
from collections import deque
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlsplit

import orjson
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from pynamodb.connection import Connection
from pynamodb.exceptions import VerboseClientError
from urllib3.util.wait import wait_for_read

READS = frozenset({"GetItem", "BatchGetItem", "Query"})


@lru_cache(maxsize=4)  # the key of today, and of who signed before the credentials were changed
def _signing_key(secret_key: str, scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signed_headers(body: bytes, *, target: str, host: str, region: str, credentials: Any) -> dict[str, Any]:
    """Return the headers of a signed request.

    Args:
        body: what is sent.
        target: the operation, ``DynamoDB_20120810.GetItem``.
        host: of the endpoint, with its port unless that is the scheme's own.
        region: of the endpoint.
        credentials: botocore's, frozen: ``access_key``, ``secret_key``, ``token``.
    """
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{moment[:8]}/{region}/dynamodb/aws4_request"
    headers = {"host": host, "x-amz-date": moment}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    headers["x-amz-target"] = target
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(_signing_key(credentials.secret_key, scope), text.encode(), "sha256").hex()
    return {
        "Host": host,
        "X-Amz-Date": moment,
        "X-Amz-Target": target.encode(),  # bytes, as botocore has it: handlers of its events look
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
        **({"X-Amz-Security-Token": credentials.token} if credentials.token else {}),
    }


class Wire:
    """Kept connections to one endpoint, for all threads of the process; failures are botocore's own.

    Args:
        url: of the endpoint.
        connect_seconds: how long it may take to connect.
        read_seconds: how long the endpoint may be silent.
        most: connections that are kept.
    """

    def __init__(self, url: str, *, connect_seconds: float, read_seconds: float, most: int) -> None:
        parts = urlsplit(url)
        self.url, self.host = url, parts.netloc
        self._read_seconds = read_seconds
        options: dict[str, Any] = {"timeout": connect_seconds}
        self._kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
        if parts.scheme == "https":
            self._kind = http.client.HTTPSConnection
            options["context"] = ssl.create_default_context(cafile=get_cert_path(verify=True))
        self._options = options
        self._idle: deque[http.client.HTTPConnection] = deque(maxlen=most)  # last in, first out

    def exchange(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request and read its answer.

        Raises:
            ConnectTimeoutError, EndpointConnectionError, SSLError, ReadTimeoutError, ConnectionClosedError: no answer.
        """
        connection = self._take()
        try:
            connection.request("POST", "/", request.body, request.headers)
            answer = connection.getresponse()
            content = answer.read()
        except BaseException as error:
            connection.close()
            if isinstance(error, TimeoutError):
                raise ReadTimeoutError(endpoint_url=self.url, error=error) from error
            if isinstance(error, OSError | http.client.HTTPException):
                raise ConnectionClosedError(endpoint_url=self.url, error=error, request=request) from error
            raise
        if not answer.will_close:
            self._idle.append(connection)
        response = AWSResponse(self.url, answer.status, answer.headers, None)
        response._content = content  # noqa: SLF001 (what its own reading would leave there)
        return response

    def _take(self) -> http.client.HTTPConnection:
        """Return a connection that is open, as far as anybody can tell."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if not wait_for_read(connection.sock, timeout=0):  # readable while idle: the other side has closed it
                return connection
            connection.close()
        connection = self._kind(self.host, **self._options)
        try:
            connection.connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self.url, error=error) from error
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=self.url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self.url, error=error) from error
        connection.sock.settimeout(self._read_seconds)
        return connection


class LeanReads(Connection):
    """PynamoDB's connection, whose reads take the short way."""

    @cached_property
    def _wire(self) -> Wire:
        config = self.client.meta.config
        return Wire(
            self.client.meta.endpoint_url,
            connect_seconds=config.connect_timeout,
            read_seconds=config.read_timeout,
            most=config.max_pool_connections,
        )

    def _make_api_call(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        credentials = self.client._request_signer._credentials  # noqa: SLF001 (as PynamoDB itself does)
        if operation_name not in READS or credentials is None:
            answer: dict[str, Any] = super()._make_api_call(operation_name, operation_kwargs)
            return answer
        body = orjson.dumps(operation_kwargs)
        headers = signed_headers(
            body,
            target=f"DynamoDB_20120810.{operation_name}",
            host=self._wire.host,
            region=self.client.meta.region_name,
            credentials=credentials.get_frozen_credentials(),
        )
        request = AWSPreparedRequest("POST", self._wire.url, headers, body, stream_output=False)
        answers = self.client.meta.events.emit(f"before-send.dynamodb.{operation_name}", request=request)
        given = next((answer for _handler, answer in answers if answer is not None), None)
        response = given or self._wire.exchange(request)
        if response.status_code == 200:
            found: dict[str, Any] = orjson.loads(response.content)
            return found
        raise self._refusal(operation_name, operation_kwargs, response)

    def _refusal(self, operation: str, kwargs: dict[str, Any], response: AWSResponse) -> VerboseClientError:
        """Let botocore read a refusal, and put it as PynamoDB does."""
        shape = self.client.meta.service_model.operation_model(operation).output_shape
        parts = {
            "status_code": response.status_code,
            "headers": response.headers,
            "body": response.content,
            "context": {"operation_name": operation},
        }
        parsed = self.client._response_parser.parse(parts, shape)  # noqa: SLF001 (it has no other door)
        asked = {
            "request_id": response.headers.get("x-amzn-requestid", ""),
            "table_name": self._get_table_name_for_error_context(kwargs),
        }
        refusal = VerboseClientError({"Error": parsed.get("Error", {})}, operation, asked)
        refusal.__cause__ = ClientError(parsed, operation)
        return refusal
