"""The systems of the world that are not the shop's own: MariaDB, DynamoDB Local, the keys of the user pool.

Starts them and puts the proxies before them. Knows nothing of Django, so that its settings can follow from this.
"""

import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from shop.local import dynamodb, environment, ministack, processes
from tests.chaos.http_proxy import HttpProxy
from tests.chaos.mariadb import MariaDB
from tests.chaos.tcp_proxy import TcpProxy

POOL = f"{environment.REGION}_chaos"
CLIENT = "chaos"


class KeyServer:
    """Serves the user pool's signing keys, and signs tokens with them as Cognito does."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        document = json.dumps({"keys": [{**public, "kid": "1", "alg": "RS256", "use": "sig"}]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="keys", daemon=True).start()

    def token(self, user: str, *, seconds: int = 900) -> str:
        """Return an access token; Cognito's of ours are good for 15 minutes."""
        now = int(time.time())
        claims = {
            "sub": user,
            "iss": f"https://cognito-idp.{environment.REGION}.amazonaws.com/{POOL}",
            "client_id": CLIENT,
            "username": user,
            "token_use": "access",
            "iat": now - 1,
            "exp": now - 1 + seconds,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "1"})

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


class Servers:
    """The running systems and the proxies before them: ``mysql``, ``dynamo`` (TCP), ``dynamo_http``, ``keys``, ``sqs``."""

    def __init__(
        self,
        scratch: Path,
        stack: ExitStack,
        *,
        seed: str,
        with_queue: bool = False,
        database_options: Sequence[str] = (),
    ) -> None:
        self.mariadb = MariaDB(Path(tempfile.mkdtemp(dir=scratch)), options=database_options)
        self.mariadb.start()
        stack.callback(self.mariadb.stop)
        self.dynamo_url = dynamodb.installed(Path(tempfile.mkdtemp(dir=scratch)), stack)
        dynamo_port = urlsplit(self.dynamo_url).port
        assert dynamo_port
        sqs_port = _start_ministack(scratch, stack) if with_queue else 9  # nobody listens at the discard port
        self.sqs_http = HttpProxy("sqs-http", sqs_port, seed=seed)
        self.sqs = TcpProxy("sqs", self.sqs_http.port, seed=seed)
        self.queue_url = f"http://127.0.0.1:{sqs_port}/000000000000/orders" if with_queue else ""
        self.key_server = KeyServer()
        self.dynamo_http = HttpProxy("dynamodb-http", dynamo_port, seed=seed)
        self.mysql = TcpProxy("mysql", self.mariadb.port, seed=seed)
        self.dynamo = TcpProxy("dynamodb", self.dynamo_http.port, seed=seed)
        self.keys = TcpProxy("keys", self.key_server.port, seed=seed)
        self._wires = (self.mysql, self.dynamo, self.keys, self.sqs)
        for closing in (self.key_server, self.dynamo_http, self.sqs_http, *self._wires):
            stack.callback(closing.close)
        self._common = {
            **_inherited(),
            **environment.local_settings(),
            **environment.aws("http://127.0.0.1:9"),  # nobody listens at the discard port
            "ENV_FILE": os.devnull,
            "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
            "COGNITO_USER_POOL_ID": POOL,
            "COGNITO_CLIENT_ID": CLIENT,
            "LOG_FORMAT": "json",
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamo_url,
            "DATABASE_URL": self.mariadb.url(self.mariadb.port),
            "AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{sqs_port}",
            "ORDER_QUEUE_URL": self.queue_url,
            "COGNITO_JWKS_URL": f"http://127.0.0.1:{self.keys.port}/jwks.json",
        }

    def straight(self) -> Mapping[str, str]:
        """Return the settings of a process that reaches the servers past the proxies."""
        return {**self._common, "LOG_LEVEL": "ERROR"}

    def through_proxies(self) -> Mapping[str, str]:
        """Return the settings of the shop's processes."""
        return {
            **self._common,
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{self.dynamo.port}",
            "AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{self.sqs.port}",
            "DATABASE_URL": self.mariadb.url(self.mysql.port),
        }

    def heal(self) -> None:
        """End every fault of the proxies."""
        self.dynamo_http.fault = self.sqs_http.fault = None
        for proxy in self._wires:
            proxy.set(None)


def _start_ministack(scratch: Path, stack: ExitStack) -> int:
    port = processes.free_port()
    child = ministack.begin(port=port, directory=Path(tempfile.mkdtemp(dir=scratch)))
    stack.callback(processes.stop, child)
    ministack.wait(child, port=port)
    return port


def _inherited() -> dict[str, str]:
    names = environment.setting_names()
    return {name: value for name, value in environment.inherited().items() if name not in names}
