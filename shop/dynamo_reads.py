"""DynamoDB's three reads by the shortest way: GetItem, BatchGetItem and Query, signed here and sent over kept connections.

botocore takes 2 ms of CPU for a read, this a quarter (docs/performance.md). botocore still gives credentials, endpoint and
time-outs, reads every refusal, and makes all other calls; PynamoDB sees no difference. No retries: they belong to
:mod:`shop.dynamo`. No proxies; no binary attributes. Source: AWS Signature Version 4, "Create a signed AWS API request".
"""

import hashlib
import hmac
import http.client
import ssl
import time
from collections import deque
from contextlib import suppress
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import orjson
from botocore import exceptions as errors
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.httpsession import get_cert_path
from botocore.parsers import create_parser
from pynamodb.connection import Connection
from pynamodb.exceptions import VerboseClientError
from urllib3.util.wait import wait_for_read

READS = frozenset({"GetItem", "BatchGetItem", "Query"})
UNCONNECTED: dict[type[Exception], type[errors.BotoCoreError]] = {
    TimeoutError: errors.ConnectTimeoutError,
    ssl.SSLError: errors.SSLError,
    OSError: errors.EndpointConnectionError,
}


@lru_cache(maxsize=4)  # today's, and those of credentials that were just replaced
def _signing_key(secret_key: str, scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signed_headers(body: bytes, *, target: str, host: str, region: str, credentials: Any) -> Any:
    """Return the headers of a request to ``/``; ``host`` as in the endpoint's URL, ``credentials`` botocore's, frozen."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{moment[:8]}/{region}/dynamodb/aws4_request"
    headers: dict[str, Any] = {"host": host, "x-amz-date": moment}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    headers["x-amz-target"] = target
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(_signing_key(credentials.secret_key, scope), text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    headers |= {"content-type": "application/x-amz-json-1.0", "x-amz-target": target.encode()}
    return HeadersDict(headers)


class Wire:
    """Connections to botocore's endpoint, kept for all threads; what goes wrong has botocore's names."""

    def __init__(self, client: Any) -> None:
        self._idle: deque[http.client.HTTPConnection] = deque()
        self.url, self._config = client.meta.endpoint_url, client.meta.config
        self.host = urlsplit(self.url).netloc
        self._options: dict[str, Any] = {"timeout": self._config.connect_timeout}
        self._kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
        if self.url.startswith("https:"):
            self._kind = http.client.HTTPSConnection
            authorities = get_cert_path(client._endpoint.http_session._verify)  # noqa: SLF001 (AWS_CA_BUNDLE is in it)
            self._options["context"] = ssl.create_default_context(cafile=authorities)

    def __del__(self) -> None:
        for wire in self._idle:
            wire.close()

    def exchange(self, request: Any) -> Any:
        """Send a request and read its answer; a BotoCoreError if there is none in time."""
        wire = self._take()
        try:
            wire.request("POST", "/", request.body, request.headers)
            answer = wire.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            wire.close()
            kind = (
                errors.ReadTimeoutError if isinstance(error, TimeoutError) else errors.ConnectionClosedError
            )
            raise kind(endpoint_url=self.url, error=error) from error
        if answer.will_close or len(self._idle) >= self._config.max_pool_connections:
            wire.close()
        else:
            self._idle.append(wire)
        return SimpleNamespace(status_code=answer.status, headers=answer.headers, content=content)

    def _take(self) -> http.client.HTTPConnection:
        with suppress(IndexError):  # none is kept
            while wait_for_read((kept := self._idle.pop()).sock, timeout=0):  # the other side has closed it
                kept.close()
            return kept
        wire = self._kind(self.host, **self._options)
        try:
            wire.connect()
        except OSError as error:
            wire.close()
            kind = next(ours for theirs, ours in UNCONNECTED.items() if isinstance(error, theirs))
            raise kind(endpoint_url=self.url, error=error) from error
        wire.sock.settimeout(self._config.read_timeout)
        return wire


class LeanReads(Connection):
    """PynamoDB's connection, whose reads take the short way."""

    @cached_property
    def _wire(self) -> Wire:
        return Wire(self.client)

    def _make_api_call(self, operation_name: str, operation_kwargs: dict[str, Any]) -> Any:
        client = self.client
        credentials = client._request_signer._credentials  # noqa: SLF001 (as PynamoDB itself does)
        if operation_name not in READS or credentials is None:
            return super()._make_api_call(operation_name, operation_kwargs)
        body, target = orjson.dumps(operation_kwargs), f"DynamoDB_20120810.{operation_name}"
        frozen, region = credentials.get_frozen_credentials(), client.meta.region_name
        headers = signed_headers(body, target=target, host=self._wire.host, region=region, credentials=frozen)
        request = AWSPreparedRequest("POST", self._wire.url, headers, body, stream_output=False)
        hooks: Any = client.meta.events
        given = hooks.emit_until_response(f"before-send.dynamodb.{operation_name}", request=request)[1]
        answer = given or self._wire.exchange(request)
        if answer.status_code != 200:
            raise self._refusal(answer, operation_name, operation_kwargs)
        try:
            return orjson.loads(answer.content)
        except ValueError as error:  # not DynamoDB's, but a proxy's before it
            raise errors.HTTPClientError(error=error) from error

    def _refusal(self, answer: Any, operation: str, kwargs: dict[str, Any]) -> VerboseClientError:
        """Let botocore read a refusal, and put it as PynamoDB does."""
        parts = {"status_code": answer.status_code, "headers": answer.headers, "body": answer.content}
        refused = create_parser("json").parse(parts, None).get("Error", {})  # type: ignore[arg-type]
        asked = {"request_id": answer.headers.get("x-amzn-requestid", "")}
        asked["table_name"] = self._get_table_name_for_error_context(kwargs)
        return VerboseClientError({"Error": refused}, operation, asked)
